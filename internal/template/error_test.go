package template

import (
	"errors"
	"strings"
	"testing"
)

func TestCaret(t *testing.T) {
	long := strings.Repeat("abcdefghi ", 10)
	for _, c := range []struct {
		name string
		err  Error
		want string
	}{
		{"plain", Error{Command: "echo {7} x", Pos: 5, Len: 3}, "echo {7} x\n     ^~~"},
		{"characters", Error{Command: "ü\xff {7}", Pos: 4, Len: 3}, "ü\ufffd {7}\n   ^~~"},
		{"nothing", Error{Command: "", Pos: 0, Len: 0}, "\n^"},
		{"the end", Error{Command: "abc", Pos: 3, Len: 0}, "abc\n   ^"},
		{"second line", Error{Command: "one\n\ttwo\nthree", Pos: 5, Len: 3}, "?two\n ^~~"},
		{"more lines", Error{Command: "a 'b\nc", Pos: 2, Len: 4}, "a 'b\n  ^~"},
		{"begins late", Error{Command: long + "{7}", Pos: 100, Len: 3},
			"…fghi abcdefghi abcdefghi abcdefghi {7}\n" + strings.Repeat(" ", 36) + "^~~"},
		{"ends early", Error{Command: "{7} " + long, Pos: 0, Len: 3},
			("{7} " + long)[:71] + "…\n^~~"},
	} {
		if got := c.err.Caret(); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestErrorPlaces(t *testing.T) {
	for _, c := range []struct {
		command []string
		o       Options
		err     string
	}{
		{[]string{"echo", "a b", "x{3}"}, Options{Width: 2}, "{3}: column 11 of the command: a record has 2 values"},
		{[]string{"echo {3}"}, Options{Width: 2}, "{3}: column 6 of the command: a record has 2 values"},
		{[]string{"echo {3}; true"}, Options{Width: 2}, "{3}: column 6 of the command: a record has 2 values"},
		{[]string{"a", "`b \\`c {3}\\``"}, Options{Width: 2, Mode: Shell}, "{3}: column 10 of the command: a record has 2 values"},
		{[]string{"  \n"}, Options{}, ": column 1 of the command: it is blank"},
		{[]string{"\\\n"}, Options{}, ": column 1 of the command: it is blank"},
		{[]string{""}, Options{Mode: Shell}, ": column 1 of the command: it is blank"},
		{[]string{"a b\\"}, Options{}, "\\: column 4 of the command: a backslash at the end quotes nothing"},
		{[]string{"a 'b"}, Options{Mode: NoShell}, "': column 3 of the command: this quote is never closed"},
	} {
		_, err := Compile(c.command, c.o)
		var e *Error
		if !errors.As(err, &e) || e.Error() != c.err {
			t.Errorf("%q:\n got %v\nwant %s", c.command, err, c.err)
		}
	}
}

func TestForeignShells(t *testing.T) {
	for _, shell := range []string{"fish", "/usr/bin/tcsh", "pwsh.exe"} {
		if _, err := Compile([]string{"a; b"}, Options{Shell: shell}); err == nil || !strings.HasPrefix(err.Error(), shell+": ") {
			t.Errorf("%s: %v", shell, err)
		}
		if _, err := Compile([]string{"a", "{}"}, Options{Shell: shell}); err != nil {
			t.Errorf("%s, which is not needed: %v", shell, err)
		}
		if _, err := Compile(nil, Options{Shell: shell}); err != nil {
			t.Errorf("%s for records that are lines: %v", shell, err)
		}
	}
}
