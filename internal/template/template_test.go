package template

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestCommands(t *testing.T) {
	for _, c := range []struct {
		name    string
		command string // words joined by |
		o       Options
		args    string
		want    string
	}{
		{"values at the end", "a|b", Options{}, "x y", "a|b|x|y"},
		{"no values at the end", "a|b", Options{}, "", "a|b"},
		{"one token", "a|{}|b", Options{}, "x", "a|x|b"},
		{"several values", "a|{}|b", Options{}, "x y z", "a|x|y|z|b"},
		{"empty value", "a|{}|b", Options{}, "''", "a||b"},
		{"no value", "a|{}|b", Options{}, "", "a|b"},
		{"no value in a word", "a|x{}y|{1}", Options{}, "", "a|xy|"},
		{"splice", "a|x{}y", Options{}, "A B C", "a|xA|B|Cy"},
		{"splice of two", "a|{}-{.}", Options{}, "A.c B.d", "a|A.c|B.d-A|B"},
		{"insert", "a|x{}y", Options{List: Insert}, "A B C", "a|xA|B|Cy"},
		{"repeat", "a|x{}y|{}|b", Options{List: Repeat}, "A B C", "a|xAy|xBy|xCy|A|B|C|b"},
		{"repeat with others", "a|{/.}-{1}-{#}", Options{List: Repeat}, "d/A.c B", "a|A-d/A.c-7|B-d/A.c-7"},
		{"repeat nothing", "a|x{}y", Options{List: Repeat}, "", "a"},
		{"shell syntax in words", "a;|b|$c|*", Options{}, "x", "a;|b|$c|*|x"},
		{"dollar and brace", "sh|-c|echo ${1} ${x%.y}|_|{}", Options{}, "x", "sh|-c|echo ${1} ${x%.y}|_|x"},
		{"no shell, words", "a b|c", Options{Mode: NoShell}, "x", "a b|c|x"},
		{"quote, one word", "a b; c", Options{Quote: true}, "x", "a b; c|x"},
		{"quote, no shell", "a b", Options{Quote: true, Mode: NoShell}, "x", "a b|x"},
		{"shell", "a|b;|c {}", Options{Mode: Shell}, "it's", `/bin/sh|-c|a b; c 'it'\''s'`},
		{"shell, one word", "a", Options{Mode: Shell, Shell: "/bin/bash"}, "x", "/bin/bash|-c|a 'x'"},
		{"quote for the shell", "a b|c;{}d||{.}|e", Options{Mode: Shell, Quote: true}, "x.y z",
			"/bin/sh|-c|'a b' 'c;''x.y' 'z'd '' 'x' 'z' e"},
		{"quote and repeat", "a|$b{}", Options{Mode: Shell, Quote: true, List: Repeat}, "x y", "/bin/sh|-c|a '$b''x' '$b''y'"},
		{"quote, no token", "a b", Options{Mode: Shell, Quote: true}, "x y", "/bin/sh|-c|'a b' 'x' 'y'"},
		{"no command", "", Options{}, "a;b c", "/bin/sh|-c|a;b c"},
		{"another name", "a|%|{}|{.}", Options{Replace: "%"}, "x.y", "a|x.y|{}|x"},
		{"names", "a|{b}{a:^^}", Options{Names: []string{"a", "b"}}, "x y", "a|yX"},
		{"fixed", "a|b", Options{Fixed: true}, "x", "a|b"},
		{"fixed with a token", "a|{}", Options{Fixed: true}, "x", "a|x"},
		{"fixed line", "a; b", Options{Fixed: true}, "x", "/bin/sh|-c|a; b"},
		{"number only", "a|{#}", Options{}, "x", "a|7"},
	} {
		var command []string
		if c.command != "" {
			command = strings.Split(c.command, "|")
		}
		v := &Values{Args: strings.Fields(c.args), Seq: 7}
		if c.args == "''" {
			v.Args = []string{""}
		}
		if got := compiled(t, command, c.o, v); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// Without a command the record is one.
func TestRecords(t *testing.T) {
	for _, c := range []struct {
		mode Mode
		args []string
		want string
	}{
		{Auto, []string{"a b; c 'd"}, "/bin/sh|-c|a b; c 'd"},
		{Shell, []string{"echo", "x y"}, "/bin/sh|-c|echo x y"},
		{Auto, []string{""}, "/bin/sh|-c|"},
		{NoShell, []string{"a 'b c' {} $d;"}, "a|b c|{}|$d;"},
		{NoShell, []string{"a", "b"}, "a|b"},
		{NoShell, []string{" \t"}, "error: command: the record is blank, there is nothing to run"},
		{NoShell, []string{"a 'b"}, "error: ': column 3 of the command: this quote is never closed"},
		{NoShell, []string{"a\x00"}, `error: word 1 of the command: "a\x00": a NUL byte cannot be part of a command line`},
	} {
		if got := compiled(t, nil, Options{Mode: c.mode}, &Values{Args: c.args}); got != c.want {
			t.Errorf("%q:\n got %q\nwant %q", c.args, got, c.want)
		}
	}
}

func TestWordErrors(t *testing.T) {
	long := strings.Repeat("x", MaxWord)
	for _, c := range []struct {
		name    string
		command []string
		o       Options
		args    []string
		err     error
		word    int
		len     int
	}{
		{"fits", []string{"a", "{}"}, Options{}, []string{long}, nil, 0, 0},
		{"too long", []string{"a", "{}"}, Options{}, []string{long + "x"}, ErrTooLong, 2, MaxWord + 1},
		{"too long with text", []string{"a", "b", "c{}"}, Options{}, []string{long}, ErrTooLong, 3, MaxWord + 1},
		{"second value", []string{"a"}, Options{}, []string{"b", long + "yy"}, ErrTooLong, 3, MaxWord + 2},
		{"program", []string{"{}", "b"}, Options{}, []string{long + "x"}, ErrTooLong, 1, MaxWord + 1},
		{"line", []string{"a; b"}, Options{}, []string{long}, ErrTooLong, 3, MaxWord + 7},
		{"repeated", []string{"a", "x{}"}, Options{List: Repeat}, []string{"b", long}, ErrTooLong, 3, MaxWord + 1},
		{"NUL", []string{"a", "b{}"}, Options{}, []string{"x\x00y"}, ErrNUL, 2, 4},
		{"NUL in a line", []string{"a; b"}, Options{}, []string{"\x00"}, ErrNUL, 3, 8},
		{"no number", []string{"a $(({}))"}, Options{}, []string{"y"}, ErrNotNumber, 3, 1},
	} {
		tm, err := Compile(c.command, c.o)
		if err != nil {
			t.Fatal(err)
		}
		var w Words
		err = tm.Append(&w, &Values{Args: c.args})
		var e *WordError
		switch {
		case c.err == nil && err == nil:
		case !errors.Is(err, c.err) || !errors.As(err, &e):
			t.Errorf("%s: %v", c.name, err)
		case e.Word != c.word || e.Len != c.len || e.Limit != MaxWord || len(e.Start) > 24:
			t.Errorf("%s: %#v", c.name, e)
		case len(w.Argv()) > 0:
			t.Errorf("%s: leaves %q", c.name, w.Argv())
		}
	}
}

func TestCommandText(t *testing.T) {
	for _, c := range []struct {
		command []string
		o       Options
		args    []string
		want    string
	}{
		{[]string{"echo", "a b"}, Options{}, []string{"it's", ""}, `echo 'a b' 'it'\''s' ''`},
		{[]string{"echo {} | cat"}, Options{}, []string{"it's"}, `echo 'it'\''s' | cat`},
		{[]string{"if", "A=1"}, Options{}, []string{"/a/b.c"}, `'if' 'A=1' /a/b.c`},
		{nil, Options{}, []string{"a; b"}, "a; b"},
		{nil, Options{Mode: NoShell}, []string{"a; b"}, "'a;' b"},
	} {
		tm, err := Compile(c.command, c.o)
		if err != nil {
			t.Fatal(err)
		}
		var w Words
		if got := tm.Text(&w); got != "" {
			t.Errorf("%q before Append: %q", c.command, got)
		}
		if err := tm.Append(&w, &Values{Args: c.args}); err != nil {
			t.Fatal(err)
		}
		got := tm.Text(&w)
		if err := tm.Append(&w, &Values{Args: []string{"9 9 9 9 9"}}); err != nil {
			t.Fatal(err)
		}
		if got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.command, got, c.want)
		}
	}
}

func TestQuestions(t *testing.T) {
	for _, c := range []struct {
		command                 []string
		shell, total, fixedName bool
	}{
		{[]string{"a", "{}"}, false, false, true},
		{[]string{"{}", "a"}, false, false, false},
		{[]string{"a", "{##}"}, false, true, true},
		{[]string{"a; b {0#}"}, true, true, true},
		{[]string{"a; b {#} {%} {0%}"}, true, false, true},
		{[]string{"{}; b"}, true, false, true},
		{nil, true, false, true},
	} {
		tm, err := Compile(c.command, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if tm.IsShell() != c.shell || tm.NeedsTotal() != c.total || tm.FixedName() != c.fixedName {
			t.Errorf("%q: IsShell %v, NeedsTotal %v, FixedName %v", c.command, tm.IsShell(), tm.NeedsTotal(), tm.FixedName())
		}
	}
}

// The text of tags and directories.
func TestTexts(t *testing.T) {
	for _, c := range []struct {
		text string
		args []string
		want string
	}{
		{"plain", []string{"x"}, "plain"},
		{"", []string{"x"}, ""},
		{"{}", []string{"a b", "c'"}, "a b c'"},
		{"{/}-{1//}:{#}", []string{"a/b", "c/d"}, "b d-a:5"},
		{"{}", nil, ""},
	} {
		text, err := CompileText(c.text, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := text.Append([]byte("> "), &Values{Args: c.args, Seq: 5}); string(got) != "> "+c.want {
			t.Errorf("%q gives %q, want %q", c.text, got, c.want)
		}
	}
}

func TestQuote(t *testing.T) {
	for word, want := range map[string]string{
		"": "''", "a": "a", "a b": "'a b'", "it's": `'it'\''s'`, "'": `''\'''`, "/a-b_c.d:e,f@g+h%i": "/a-b_c.d:e,f@g+h%i",
		"--a=b": "--a=b", "a=b": "'a=b'", "a+=b": "'a+=b'", "1=b": "1=b", "=a": "'=a'", "%1": "'%1'", "if": "'if'", "iff": "iff",
		"~": "'~'", "{}": "'{}'", "a[1]": "'a[1]'", "é": "'é'", "\xff": "'\xff'", "a\nb": "'a\nb'", "!": "'!'", "]]": "']]'",
	} {
		if got := Quote(word); got != want {
			t.Errorf("%q becomes %s, want %s", word, got, want)
		}
	}
}

// The table that is searched must be sorted.
func TestTableSorted(t *testing.T) {
	if !slices.IsSorted(beforeCommand) {
		t.Errorf("not sorted: %q", beforeCommand)
	}
}
