package sink

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/loxctl/loxctl/engine"
	"github.com/loxctl/loxctl/internal/spool"
)

func TestJSONOfAJob(t *testing.T) {
	start := time.Date(2026, 7, 1, 12, 0, 0, 123456789, time.FixedZone("", 7200))
	j := &Job{
		Seq: 7, Args: []string{"a b", "\xff", ""}, Command: `echo "a b"`, Slot: 2, Attempt: 3,
		Start: start, End: start.Add(1500 * time.Millisecond), Status: 3, Err: errors.New(`exit status "3"`),
		Usage: engine.Usage{User: time.Second, System: 2 * time.Millisecond, MaxRSS: 1 << 20},
	}
	const begin = `{"seq":7,"stage":1,"args":["a b",{"$b64":"/w=="},""],"command":"echo \"a b\"",`
	const times = `"attempt":3,"slot":2,"start":"2026-07-01T10:00:00.123Z","duration":1.5,"user":1,"system":0.002,"max_rss":1048576,`
	for _, tt := range []struct {
		name   string
		change func(j *Job)
		want   string
	}{
		{"failed", func(*Job) {}, `"status":3,"signal":null,` + times + `"error":"exit status \"3\"",`},
		{"killed", func(j *Job) { j.Status, j.Signal, j.Err = 137, syscall.SIGKILL, errors.New("signal: \xff") },
			`"status":137,"signal":9,` + times + `"error":{"$b64":"c2lnbmFsOiD/"},`},
		{"ok", func(j *Job) { j.Status, j.Signal, j.Err = 0, 0, nil }, `"status":0,"signal":null,` + times},
		{"never began", func(j *Job) { j.Attempt, j.Status, j.Err = 0, -1, errors.New("not run") }, `"status":null,"error":"not run",`},
		{"never began, nobody knows why", func(j *Job) { j.Attempt, j.Err = 0, nil }, `"status":null,`},
	} {
		o := newOutputs(t)
		g := newJSON(t, o, ample, GroupOptions{Tag: seqTag})
		tt.change(j)
		g.Open(j)
		write(t, j.Stdout, "text\n")
		write(t, j.Stderr, "\x80")
		put(t, g, j)
		check(t, tt.name, o.out.take(), begin+tt.want+`"stdout":"text\n","stderr":{"$b64":"gA=="}}`+"\n")
		check(t, tt.name+": stderr", o.err.take(), "")
	}
}

func TestJSONWithoutArguments(t *testing.T) {
	o := newOutputs(t)
	g := newJSON(t, o, ample, GroupOptions{})
	put(t, g, open(g, 1)[0])
	check(t, "object", o.out.take(), `{"seq":1,"stage":1,"args":[],"command":"","status":null,"stdout":"","stderr":""}`+"\n")
}

// shown is what a program reads of a job.
type shown struct {
	Seq            int
	Args           []any
	Stdout, Stderr any
}

// decode is the text of a member, and whether it was in base64. Everything
// that is not one of the two forms is an error.
func decode(t testing.TB, v any) (text string, is64 bool) {
	t.Helper()
	switch v := v.(type) {
	case string:
		return v, false
	case map[string]any:
		text, ok := v["$b64"].(string)
		b, err := base64.StdEncoding.Strict().DecodeString(text)
		if !ok || len(v) != 1 || err != nil {
			t.Errorf("%v is not base64: %v", v, err)
		}
		return string(b), true
	}
	t.Errorf("%v is no text", v)
	return "", false
}

func checkDecoded(t testing.TB, what string, v any, want string) {
	t.Helper()
	got, is64 := decode(t, v)
	checkText(t, what, got, want)
	check(t, what+" is in base64", is64, !utf8.ValidString(want))
}

// checkJSON runs a job whose stdout, stderr and argument is text, written in
// steps, and reads back what is shown of it.
func checkJSON(t testing.TB, text string, step int, bounds spool.Options) {
	t.Helper()
	o := newOutputs(t)
	g := newJSON(t, o, bounds, GroupOptions{})
	j := &Job{Seq: 1, Args: []string{text}}
	g.Open(j)
	for rest := text; len(rest) > 0; {
		n := min(len(rest), step)
		write(t, j.Stdout, rest[:n])
		write(t, j.Stderr, rest[:n])
		rest = rest[n:]
	}
	put(t, g, j)
	line := o.out.take()
	var got shown
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		t.Fatalf("%.200q: %v", line, err)
	}
	check(t, "place of the newline", strings.IndexByte(line, '\n'), len(line)-1)
	checkDecoded(t, "stdout", got.Stdout, text)
	checkDecoded(t, "stderr", got.Stderr, text)
	checkDecoded(t, "argument", got.Args[0], text)
}

func TestEveryTextComesBack(t *testing.T) {
	var bytes, controls strings.Builder
	for c := range 256 {
		bytes.WriteByte(byte(c))
		if c < utf8.RuneSelf {
			controls.WriteByte(byte(c))
		}
	}
	for _, text := range []string{
		"", "\n", `"\"`, "</script>&", "\u2028\u2029", "\x00", controls.String(), bytes.String(),
		"é€😀\U0010ffff", "\xff", "é\xc3", "€\xe2\x82", "😀\xf0\x9f\x98", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80", "\x80a",
		strings.Repeat("€", 100000), strings.Repeat("😀", 100000) + "\xf0\x9f", strings.Repeat("a", 100000) + "\x80" + strings.Repeat("b", 100000),
	} {
		for _, step := range []int{1, 7, 1 << 16} {
			if step == 1 && len(text) > 1000 {
				continue
			}
			checkJSON(t, text, step, ample)
			checkJSON(t, text, step, spool.Options{Mem: 128 + 1, Dir: t.TempDir()}) // pieces end within runes
		}
	}
}

func FuzzJSON(f *testing.F) {
	for _, text := range []string{"text\n", "é€😀", "\xe2\x82", "\x00\x1f\"\\\u2028", strings.Repeat("😀", 40)} {
		f.Add(text, uint8(1))
		f.Add(text, uint8(200))
	}
	f.Fuzz(func(t *testing.T, text string, step uint8) { checkJSON(t, text, 1+int(step), ample) })
}

// FuzzValidator cuts text at any places: that makes no difference.
func FuzzValidator(f *testing.F) {
	f.Add("é€😀\U0010ffff", uint64(0xffffffffffffffff))
	f.Add("a\xe2\x82", uint64(0b101))
	f.Add("\xf0\x9f\x98\x80\xf0", uint64(0b110))
	f.Add("😀", uint64(0b1000))
	f.Add("\xff\xc3\xa9", uint64(0b110))
	f.Fuzz(func(t *testing.T, text string, cuts uint64) {
		var v validator
		from := 0
		for i := range len(text) {
			if cuts>>(i%64)&1 == 1 {
				write(t, &v, text[from:i])
				from = i
			}
		}
		for _, rest := range []string{text[from:], ""} {
			write(t, &v, rest)
		}
		check(t, "valid", v.valid(), utf8.ValidString(text))
	})
}

// What cannot be read back is an error, not an output that is cut short.
func TestAnOutputThatCannotBeReadBack(t *testing.T) {
	for name, text := range map[string]string{"text": "text", "bytes": "\xff"} {
		g, store := NewJSON(Streams{Out: io.Discard}, spool.Options{Dir: t.TempDir()}, GroupOptions{})
		j := open(g, 1)[0]
		write(t, j.Stdout, text)
		write(t, j.Stdout, strings.Repeat("-", 1000))
		checkErr(t, "Close", store.Close(), nil)
		checkErr(t, name, encode(bufio.NewWriter(io.Discard), j), os.ErrClosed)
		checkErr(t, name+": Put", g.Put(j), spool.ErrClosed)
	}
}

// An output of any size is shown with little memory.
func TestALargeOutputIsStreamed(t *testing.T) {
	text := strings.Repeat("a \x01 line with a \"quote\" and a €\n", 1<<20/32)
	for _, last := range []string{"", "\xff"} {
		var size counter
		bounds := spool.Options{Mem: 1 << 16, Dir: t.TempDir()}
		sink := closing[Sink](t)(NewJSON(Streams{Out: &size}, bounds, GroupOptions{}))
		j := open(sink, 1)[0]
		for range 8 {
			write(t, j.Stdout, text)
		}
		write(t, j.Stdout, last)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		put(t, sink, j)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<18 {
			t.Errorf("needs %d bytes for an output of 8 MiB", used)
		}
		if int(size) < 8*len(text) {
			t.Errorf("only %d bytes of %d are shown", size, 8*len(text))
		}
	}
}

// counter counts what is written to it.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
