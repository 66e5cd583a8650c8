package template

import (
	"errors"
	"strings"
	"testing"
)

// What looks like a token and is none stays. No want means the text itself.
func TestNoTokens(t *testing.T) {
	o := Options{Width: 2, Names: []string{"a", "col b", "a.b", "", "a"}}
	v := &Values{Args: []string{"ONE", "TWO"}, Seq: 1}
	for _, c := range []struct{ text, want string }{
		{"{print $1}", ""},
		{"{a,b}", ""},
		{"{ }", ""},
		{"{", ""},
		{"}", ""},
		{"{x}", ""},
		{"{1", ""},
		{"{01}", ""},
		{"{-0}", ""},
		{"{-}", ""},
		{"{+1}", ""},
		{"{7,7}", ""},
		{"{2,}", ""},
		{"{1..5}", ""},
		{"{1^^}", ""},
		{"{1:foo}", ""},
		{"{1:}", ""},
		{"{1:%}", ""},
		{"{%a'b}", ""},
		{"{#a\"}", ""},
		{"{#a{b}", ""},
		{"{%\n}", ""},
		{"{:x}", ""},
		{"{:+1}", ""},
		{"{:1:x}", ""},
		{"{:1:2", ""},
		{"{:- ", ""},
		{"{:99999999999999999999}", ""},
		{"{/a/b}", ""},
		{"{//a/}", ""},
		{"{/x/ && /y/}", ""},
		{"{/a/b/x}", ""},
		{"{/a\n/b/}", ""},
		{`{/a\/b/}`, ""},
		{"${1} ${a} ${#a} ${a%.c} ${a:-x}", ""},
		{"${}", "$ONE TWO"},
		{"{{}}", "{ONE TWO}"},
		{"{}{1}{-1}{-2}", "ONE TWOONETWOONE"},
		{"{a}{col b}{a:,,}", "ONETWOone"},
		{"{a.b}", ""}, // the third column, which this record does not have
		{"{{1},{2}}", "{ONE,TWO}"},
		{"$1{1}", "$1ONE"},
		{"\x80{\xff}", ""},
	} {
		want := c.want
		if want == "" && c.text != "{a.b}" {
			want = c.text
		}
		text, err := CompileText(c.text, o)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got := string(text.Append(nil, v)); got != want {
			t.Errorf("%q gives %q, want %q", c.text, got, want)
		}
	}
}

// Each token printed is the token again.
func TestCanonical(t *testing.T) {
	g := newGrammar(Options{})
	for _, s := range strings.Fields(`{} {.} {..} {...} {/} {//} {/.} {/..} {/...} {+.} {+/} {%a} {#a}
		{^} {^^} {,} {,,} {:1} {:1:2} {:1:-2} {:-a} {:-} {/a/b/} {/(a)/\0\1\\\//g} {1} {-2} {1.} {3//} {1:%a}
		{1::1:2} {1::-a} {-1:/a/b/} {#} {%} {##} {0#} {0%} x{1}y{}z`) {
		parts, err := parseParts(s, g, encText)
		if err != nil {
			t.Errorf("%s: %v", s, err)
		} else if got := printParts(parts); got != s {
			t.Errorf("%s printed is %s", s, got)
		}
	}
}

func TestBadTokens(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		err   string
		hint  bool
	}{
		{"a {7} b", 2, "{7}: column 3 of the command: a record has 2 values", true},
		{"{7}", 1, "{7}: column 1 of the command: a record has one value", true},
		{"{7/.}", 2, "{7/.}: column 1 of the command: a record has 2 values", false},
		{"{7:%x}", 2, "{7:%x}: column 1 of the command: a record has 2 values", false},
		{"ü{-3}", 2, "{-3}: column 2 of the command: a record has 2 values", false},
		{"{0}", 0, "{0}: column 1 of the command: values are counted from 1", true},
		{"{99999999999999999999}", 0, "{99999999999999999999}: column 1 of the command: no record has so many values", true},
		{"x\n\t{9}", 1, "{9}: line 2, column 2 of the command: a record has one value", true},
		{"{/a(b/c/}", 0, "a(b: column 3 of the command: bad regular expression: missing closing )", false},
		{"{/x[a/c/}", 0, "[a: column 4 of the command: bad regular expression: missing closing ]", false},
		{"{1:/*/c/}", 0, "*: column 5 of the command: bad regular expression: missing argument to repetition operator", false},
		{`{/(a)/x\2/}`, 0, `\2: column 8 of the command: the expression has no group 2`, false},
	} {
		_, err := CompileText(c.text, Options{Width: c.width})
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if e.Error() != c.err || e.Command != c.text || (e.Hint != "") != c.hint {
			t.Errorf("%q:\n got %s (hint %q)\nwant %s", c.text, e, e.Hint, c.err)
		}
	}
}

func TestReplaceString(t *testing.T) {
	for _, c := range []struct{ replace, text, want string }{
		{"%", "a % {} {.} {1}", "a v.x {} v v.x"},
		{"FILE", "FILE.FILE", "v.x.v.x"},
		{"{}", "{}", "v.x"},
		{"{.}", "{.}", "v.x"},
		{"{", "{.}", "v.x.}"},
	} {
		text, err := CompileText(c.text, Options{Replace: c.replace})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(text.Append(nil, &Values{Args: []string{"v.x"}})); got != c.want {
			t.Errorf("-I %s: %q gives %q, want %q", c.replace, c.text, got, c.want)
		}
	}
}

// Years are names of columns too.
func TestNumbersAsNames(t *testing.T) {
	o := Options{Width: 2, Names: []string{"2024", "1"}}
	for text, want := range map[string]string{
		"{2024}": "a.b", "{2024.}": "a", "{1}": "a.b", "{2}": "c", "{2024x}": "{2024x}", "{1:^^}": "A.B", "{2024:^^}": "A.B",
	} {
		c, err := CompileText(text, o)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := string(c.Append(nil, &Values{Args: []string{"a.b", "c"}})); got != want {
			t.Errorf("%s gives %q, want %q", text, got, want)
		}
	}
	if _, err := CompileText("{2025}", o); err == nil {
		t.Error("{2025} is nothing")
	}
}

func TestTextNeedsTotal(t *testing.T) {
	for text, want := range map[string]bool{"{##}": true, "a{0#}": true, "{#}{%}{0%}{}": false, "": false} {
		c, err := CompileText(text, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if c.NeedsTotal() != want {
			t.Errorf("%q: %v", text, c.NeedsTotal())
		}
	}
}
