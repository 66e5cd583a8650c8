package template

import (
	"strings"
	"testing"
)

// In Auto mode, which commands of one word are for a shell?
func TestNeedsShell(t *testing.T) {
	for _, line := range []string{
		"a; b", "a & b", "a | b", "a && b", "a <b", "a >b", "a 2>&1", "(a)", "a\nb", "a $b", "a ${1}", "a $(b)", "a `b`",
		`a "$b"`, "a \"`b`\"", "a *.c", "a ?", "a [b]", "[ -f a ]", "a ~/b", "~/a", "a # b", "#", "A=1 b", "A= b", "A={} b",
		"A+=1 b", "A[1]=2", "if a", "exit {}", "cd a", ". a", ": {}", "{ a; }", "! a", "export A", "a b{}c$", "a\n",
		"for i in 1", "'exit' 3", "a {}>b", "a $'b'",
	} {
		tm, err := Compile([]string{line}, Options{})
		if err != nil || !tm.IsShell() {
			t.Errorf("%s: runs directly, %v", line, err)
		}
	}
	for _, line := range []string{
		"a b", "a '$b;*' \"c|d\"", `a \$b \; \* \#`, "a b#c b~ b=c", "{} a", "{}", "a {/x|y/z/}", "a {a,b} }",
		"/bin/exit", "exits", "a exit if", "a '{}' \"{1}\"", "a % ^ @ + - , : !", "a '#' \"~\" '`'", "{}=1", "a\\\nb",
	} {
		tm, err := Compile([]string{line}, Options{})
		if err != nil || tm.IsShell() {
			t.Errorf("%s: is for a shell, %v", line, err)
		}
	}
}

func TestSplit(t *testing.T) {
	v := &Values{Args: []string{"A 1", "B'2"}}
	for _, c := range []struct {
		line string
		mode Mode
		want string
	}{
		{"  a  b\tc ", Auto, "a|b|c|A 1|B'2"},
		{"a {}", Auto, "a|A 1|B'2"},
		{"a x{}y", Auto, "a|xA 1|B'2y"},
		{`a "{}" '{}' x"{}"y`, Auto, "a|A 1 B'2|A 1 B'2|xA 1 B'2y"},
		{`a '{1}' {2}`, Auto, "a|A 1|B'2"},
		{`a '' "" {1}`, Auto, "a|||A 1"},
		{`a "b\n\"\$" \n 'c\n' {1}`, Auto, `a|b\n"$|n|c\n|A 1`},
		{"a \\{} {1}", Auto, "a|{}|A 1"},
		{`a \${1} '${1}' '$'{1}`, Auto, "a|$A 1|${1}|$A 1"},
		{"a b\rc {1}", Auto, "a|b\rc|A 1"},
		{"a\xff 'ü\xfe' {1}", Auto, "a\xff|ü\xfe|A 1"},
		{"a 'b\nc' {1}", Auto, "a|b\nc|A 1"},
		{"a\\\nb {1}", Auto, "ab|A 1"},
		{"a; b $c `d` (e) * ~ # {1}", NoShell, "a;|b|$c|`d`|(e)|*|~|#|A 1"},
		{"a\nb", NoShell, "a|b|A 1|B'2"},
		{"A=1 exit", NoShell, "A=1|exit|A 1|B'2"},
		{"a ${1} \\${1}", NoShell, "a|${1}|$A 1"},
		{"a 'it''s' x", NoShell, "a|its|x|A 1|B'2"},
	} {
		if got := compiled(t, []string{c.line}, Options{Mode: c.mode}, v); got != c.want {
			t.Errorf("%q:\n got %q\nwant %q", c.line, got, c.want)
		}
	}
}

// More tokens than there are characters for private use.
func TestSplitManyTokens(t *testing.T) {
	const n = 70_000
	got := compiled(t, []string{"a " + strings.Repeat("%", n)}, Options{Replace: "%"}, &Values{Args: []string{"x"}})
	if want := "a|" + strings.Repeat("x", n); got != want {
		t.Errorf("%d tokens became %d bytes", n, len(got)-2)
	}
}
