package sink

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"io"
	"unicode/utf8"

	"github.com/loxctl/loxctl/internal/spool"
)

// encode writes j as {"seq":…} and a newline. Text that is not UTF-8 is
// {"$b64":"…"}. Output is streamed from the spool, however large it is.
func encode(w *bufio.Writer, j *Job) error {
	e := encoder{w: w}
	w.WriteByte('{')
	e.field("seq", j.Seq)
	e.stage(j.Stage)
	e.name("args")
	w.WriteByte('[')
	for i, arg := range j.Args {
		if i > 0 {
			w.WriteByte(',')
		}
		e.text(arg)
	}
	w.WriteByte(']')
	e.name("command")
	e.text(j.Command)
	e.outcome(j)
	e.stream("stdout", &j.stdout)
	e.stream("stderr", &j.stderr)
	w.WriteString("}\n")
	if e.err != nil {
		return e.err
	}
	return w.Flush()
}

type encoder struct {
	w    *bufio.Writer
	more bool
	err  error // of the spool; that of w is w's
}

func (e *encoder) name(s string) {
	if e.more {
		e.w.WriteByte(',')
	}
	e.more = true
	e.w.WriteString(`"` + s + `":`)
}

// field writes a member whose value cannot fail to encode.
func (e *encoder) field(name string, v any) {
	e.name(name)
	b, _ := json.Marshal(v)
	e.w.Write(b)
}

func (e *encoder) stage(s *Stage) {
	if s == nil {
		e.field("stage", 1)
		return
	}
	e.field("stage", s.Number)
	if s.Name != "" {
		e.field("name", s.Name)
	}
}

func (e *encoder) outcome(j *Job) {
	if j.Attempt == 0 {
		e.field("status", nil)
		e.failure(j.Err)
		return
	}
	e.field("status", j.Status)
	if j.Signal != 0 {
		e.field("signal", int(j.Signal))
	} else {
		e.field("signal", nil)
	}
	e.field("attempt", j.Attempt)
	e.field("slot", j.Slot)
	e.field("start", j.Start.UTC().Format("2006-01-02T15:04:05.000Z"))
	e.field("duration", j.End.Sub(j.Start).Seconds())
	e.field("user", j.Usage.User.Seconds())
	e.field("system", j.Usage.System.Seconds())
	e.field("max_rss", j.Usage.MaxRSS)
	e.failure(j.Err)
}

func (e *encoder) failure(err error) {
	if err != nil {
		e.name("error")
		e.text(err.Error())
	}
}

func (e *encoder) text(s string) {
	if !utf8.ValidString(s) {
		e.base64(func(w io.Writer) { io.WriteString(w, s) })
		return
	}
	e.w.WriteByte('"')
	stringWriter{e.w}.Write([]byte(s))
	e.w.WriteByte('"')
}

func (e *encoder) base64(write func(io.Writer)) {
	e.w.WriteString(`{"$b64":"`)
	b := base64.NewEncoder(base64.StdEncoding, e.w)
	write(b)
	b.Close()
	e.w.WriteString(`"}`)
}

// stream writes a job's output, which is read twice: once to see whether it is
// text.
func (e *encoder) stream(name string, b *spool.Buffer) {
	e.name(name)
	write := func(w io.Writer) {
		if _, err := b.WriteTo(w); err != nil {
			e.err = err
		}
	}
	var check validator
	write(&check)
	if !check.valid() {
		e.base64(write)
		return
	}
	e.w.WriteByte('"')
	write(stringWriter{e.w})
	e.w.WriteByte('"')
}

// validator finds out whether what is written to it is UTF-8.
type validator struct {
	rest [utf8.UTFMax]byte // of a rune that may go on
	n    int
	bad  bool
}

func (v *validator) Write(p []byte) (int, error) {
	size := len(p)
	for v.n > 0 && len(p) > 0 { // finish the rune
		v.rest[v.n] = p[0]
		v.n++
		p = p[1:]
		if utf8.FullRune(v.rest[:v.n]) {
			v.bad = v.bad || !utf8.Valid(v.rest[:v.n])
			v.n = 0
		}
	}
	tail := len(p)
	for i := 1; i < utf8.UTFMax && i <= len(p); i++ {
		if utf8.RuneStart(p[len(p)-i]) {
			if !utf8.FullRune(p[len(p)-i:]) {
				tail = len(p) - i
			}
			break
		}
	}
	v.bad = v.bad || !utf8.Valid(p[:tail])
	v.n += copy(v.rest[v.n:], p[tail:])
	return size, nil
}

func (v *validator) valid() bool { return !v.bad && v.n == 0 }

// stringWriter escapes what is written to it as the inside of a JSON string.
// Every byte from 0x80 on passes as it is, so pieces may end within a rune.
type stringWriter struct{ w *bufio.Writer }

func (s stringWriter) Write(p []byte) (int, error) {
	from := 0
	for i, c := range p {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		s.w.Write(p[from:i])
		from = i + 1
		switch c {
		case '"', '\\':
			s.w.WriteByte('\\')
			s.w.WriteByte(c)
		case '\n':
			s.w.WriteString(`\n`)
		case '\t':
			s.w.WriteString(`\t`)
		case '\r':
			s.w.WriteString(`\r`)
		default:
			const hex = "0123456789abcdef"
			s.w.WriteString(`\u00`)
			s.w.WriteByte(hex[c>>4])
			s.w.WriteByte(hex[c&15])
		}
	}
	s.w.Write(p[from:])
	return len(p), nil
}
