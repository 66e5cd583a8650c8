package source

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The tests here give the same input to the tools that people know, where
// those and the help page agree.

// eachArg prints a job's arguments, each ended by NUL, and ends the job by \1.
const eachArg = `printf '%s\0' "$@"; printf '\1'`

// peer runs a tool in dir and returns the arguments of its jobs.
func peer(t *testing.T, dir, stdin string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(args[0])
	if err != nil {
		t.Skipf("no %s here to compare with", args[0])
	}
	cmd := exec.CommandContext(t.Context(), path, args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "LC_ALL=C")
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, stderr.String())
	}
	return string(out)
}

// printed is what eachArg prints for records.
func printed(records []Record) string {
	var b strings.Builder
	for _, r := range records {
		for _, arg := range r.Args {
			b.WriteString(arg + "\x00")
		}
		b.WriteByte(1)
	}
	return b.String()
}

// peerFiles are the files that cases name.
var peerFiles = map[string]string{
	"three": "1\n2\n3\n", "two": "A\nB\n", "blank": " a\nb \n\n  \nc\n\nd \ne\n",
	"csv": "a,b\n1,2\n4,5\n", "x": "x\n1\n2\n", "y": "y\n8\n9\n",
}

func TestLikeParallel(t *testing.T) {
	if testing.Short() {
		t.Skip("half a second for each case")
	}
	dir := t.TempDir()
	for name, text := range peerFiles {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	comma := regexp.MustCompile(",")
	three, two := Input{Path: "three"}, Input{Path: "two"}
	batch := func(n int) *Packing { return &Packing{MaxArgs: n} }
	for _, tc := range []struct {
		flags string // of parallel, and its sources
		token string // what stands for the values; {} if empty
		opts  Options
		pack  *Packing
	}{
		{flags: ":::: three two", token: "{1} {2}", opts: Options{Inputs: []Input{three, two}}},
		{flags: "--link :::: three two", token: "{1} {2}", opts: Options{Link: true, Inputs: []Input{three, two}}},
		{flags: "--link :::: two three", token: "{1} {2}", opts: Options{Link: true, Inputs: []Input{two, three}}},
		{flags: "::: a b c ::::+ three ::: x y", token: "{1} {2} {3}", opts: Options{Inputs: []Input{
			{Values: fields("a b c")}, {Path: "three", Linked: true}, {Values: fields("x y")}}}},
		{flags: "::: a b c :::+ 1 2", token: "{1} {2}", opts: Options{LinkShort: true, Inputs: linkTo(lists(fields("a b c"), fields("1 2")))}},
		{flags: "-C , :::: csv", token: "{1} {2}", opts: Options{Inputs: []Input{{Path: "csv"}}, Columns: Columns{Colsep: comma}}},
		{flags: "-C , --header : :::: csv", token: "{a} {b}", opts: Options{Inputs: []Input{{Path: "csv"}}, Columns: Columns{Colsep: comma, Header: 1}}},
		{flags: "--header : :::: x y", token: "{x} {y}", opts: Options{Inputs: []Input{{Path: "x"}, {Path: "y"}}, Columns: Columns{Header: 1}}},
		{flags: "--trim l :::: blank", opts: Options{Inputs: []Input{{Path: "blank"}}, Columns: Columns{Trim: TrimLeft}}},
		{flags: "--trim r :::: blank", opts: Options{Inputs: []Input{{Path: "blank"}}, Columns: Columns{Trim: TrimRight}}},
		{flags: "--trim lr :::: blank", opts: Options{Inputs: []Input{{Path: "blank"}}, Columns: Columns{Trim: TrimBoth}}},
		{flags: "-r :::: blank", opts: Options{Inputs: []Input{{Path: "blank"}}, Cut: Cut{SkipBlank: true}}},
		{flags: "-E 2 ::: 9 8 :::: three", token: "{1} {2}", opts: Options{Inputs: []Input{{Values: fields("9 8")}, three}, Cut: Cut{EOF: ptr("2")}}},
		{flags: "-d , :::: csv", opts: Options{Inputs: []Input{{Path: "csv"}}, Cut: Cut{Delim: Delimiter(",")}}},
		{flags: "-N2 :::: three", opts: Options{Inputs: []Input{three}}, pack: batch(2)},
		{flags: "-N2 :::: three two", token: "{1} {2} {3} {4}", opts: Options{Inputs: []Input{three, two}}, pack: batch(2)},
		{flags: "-r -L2 :::: blank", opts: Options{Inputs: []Input{{Path: "blank"}}, Cut: Cut{Lines: true}}, pack: batch(2)},
		{flags: "-L1 ::: a b\t c", opts: Options{Inputs: lists([]string{"a", "b\t", "c"}), Cut: Cut{Lines: true}}, pack: batch(1)},
		{flags: "-m -j2 ::: 1 2 3 4 5 6 7", opts: Options{Inputs: lists(fields("1 2 3 4 5 6 7"))}, pack: &Packing{Spread: 2}},
		{flags: "-X -j4 ::: 1 2 3 4 5 6 7 8", opts: Options{Inputs: lists(fields("1 2 3 4 5 6 7 8"))}, pack: &Packing{Spread: 4}},
		{flags: "--xargs -j4 ::: 1 2 3 4 5", opts: Options{Inputs: lists(fields("1 2 3 4 5"))}, pack: &Packing{}},
		{flags: "-m -n3 -j2 ::: 1 2 3 4 5 6 7", opts: Options{Inputs: lists(fields("1 2 3 4 5 6 7"))}, pack: &Packing{MaxArgs: 3, Spread: 2}},
	} {
		t.Run(tc.flags, func(t *testing.T) {
			t.Parallel()
			for i, in := range tc.opts.Inputs {
				if in.Path != "" {
					tc.opts.Inputs[i].Path = filepath.Join(dir, in.Path)
				}
			}
			if tc.token == "" {
				tc.token = "{}"
			}
			args := []string{"parallel", "--will-cite", "-k"}
			flags, sources, _ := strings.Cut(" "+tc.flags, " ::")
			args = append(args, strings.Fields(flags)...)
			args = append(args, "sh -c "+shellQuote(eachArg)+" _ "+tc.token)
			args = append(args, strings.Split("::"+sources, " ")...)
			want := peer(t, dir, "", args...)
			seq := open(t, tc.opts).Records()
			if tc.pack != nil {
				seq = Pack(seq, *tc.pack)
			}
			records, err := drain(seq)
			if got := printed(records); err != nil || got != want {
				t.Errorf("got  %q, %v\nwant %q", got, err, want)
			}
		})
	}
}

func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func TestLikeXargs(t *testing.T) {
	numbers := strings.Repeat("1\n22\n333\n", 20)
	command := []string{"sh", "-c", eachArg, "_"}
	base := 0
	for _, word := range command {
		base += len(word) + 1
	}
	for _, tc := range []struct {
		name  string
		flags string
		stdin string
		opts  Options
		pack  Packing
	}{
		{"NUL", "-0 -n1", "a b\n\x00\x00c\x00", Options{Cut: Cut{Delim: Delimiter{0}}}, Packing{MaxArgs: 1}},
		{"no NUL at the end", "-0 -n1", "a\x00c", Options{Cut: Cut{Delim: Delimiter{0}}}, Packing{MaxArgs: 1}},
		{"delimiter", `-d , -n1`, "a,b\n,,c", Options{Cut: Cut{Delim: Delimiter(",")}}, Packing{MaxArgs: 1}},
		{"lines", `-d \n -n1`, "a b\n\n'c\r\n\xff", Options{}, Packing{MaxArgs: 1}},
		{"by two", `-d \n -n2`, "a\nb\nc\n", Options{}, Packing{MaxArgs: 2}},
		{"all", `-d \n`, numbers, Options{}, Packing{}},
		{"chars", `-d \n -s 100`, numbers, Options{}, Packing{MaxChars: 100, Base: base}},
		{"chars and number", `-d \n -n 13 -s 100`, numbers, Options{}, Packing{MaxArgs: 13, MaxChars: 100, Base: base}},
		{"chars, number and exit", `-d \n -x -n 5 -s 100`, numbers, Options{}, Packing{MaxArgs: 5, MaxChars: 100, Base: base, Exit: true}},
		{"two lines", "-L2", "a\n\nb\nc\n", Options{Cut: Cut{Lines: true}}, Packing{MaxArgs: 2}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			args := append([]string{"xargs"}, strings.Fields(tc.flags)...)
			want := peer(t, t.TempDir(), tc.stdin, append(args, command...)...)
			tc.opts.Stdin = strings.NewReader(tc.stdin)
			records, err := drain(Pack(open(t, tc.opts).Records(), tc.pack))
			if got := printed(records); err != nil || got != want {
				t.Errorf("got  %q, %v\nwant %q", got, err, want)
			}
		})
	}
}

// TestContinuedLikeXargs compares which lines make one: xargs splits them at
// blanks besides.
func TestContinuedLikeXargs(t *testing.T) {
	for i, stdin := range []string{"a \nb\nc", "a\t\n\n  \nb\nc \n", "  \na\n", " a b\nc \n \nd e\nf"} {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			want := peer(t, t.TempDir(), stdin, "xargs", "-L1", "sh", "-c", eachArg, "_")
			records, err := drain(open(t, Options{Stdin: strings.NewReader(stdin), Cut: Cut{Lines: true}}).Records())
			for i := range records {
				records[i].Args = strings.Fields(records[i].Args[0])
			}
			if got := printed(records); err != nil || got != want {
				t.Errorf("got  %q, %v\nwant %q", got, err, want)
			}
		})
	}
}
