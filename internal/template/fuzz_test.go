package template

import (
	"bytes"
	"fmt"
	"os/exec"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// FuzzParsePrint reads a word, prints what was understood and reads that.
func FuzzParsePrint(f *testing.F) {
	for _, s := range []string{
		"", "{}", "x{.}y", "{1}{-2/.}", "{1:%.txt}{col a:^^}{2::0:3}{:-none}", "{/a(b)/\\1\\/}/g}",
		"{a,b} ${1} {3 {} }", "{0#}{0%}{##}{#}{%}", "{: -3:2}{:1:-1}", "{#}}{{}", "\xff{\x80}",
	} {
		f.Add(s)
	}
	g := newGrammar(Options{Names: []string{"a", "col a", "b.c"}})
	f.Fuzz(func(t *testing.T, s string) {
		parts, err := parseParts(s, g, encText)
		if err != nil {
			if err.Pos < 0 || err.Len < 0 || err.Pos+err.Len > len(s) {
				t.Fatalf("%q: error at %d+%d", s, err.Pos, err.Len)
			}
			return
		}
		printed := printParts(parts)
		again, err := parseParts(printed, g, encText)
		if err != nil {
			t.Fatalf("%q printed as %q: %v", s, printed, err)
		}
		if !reflect.DeepEqual(withoutText(again), withoutText(parts)) {
			t.Fatalf("%q printed as %q is something else:\n%+v\n%+v", s, printed, parts, again)
		}
		if twice := printParts(again); twice != printed {
			t.Fatalf("%q printed as %q, then as %q", s, printed, twice)
		}
	})
}

// withoutText forgets how the tokens were written.
func withoutText(parts []part) []part {
	for i := range parts {
		if parts[i].tok != nil {
			parts[i].tok.text = ""
		}
	}
	return parts
}

// printParts writes a word in the canonical way.
func printParts(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		if p.tok == nil {
			b.WriteString(p.text)
		} else {
			b.WriteString(printToken(p.tok))
		}
	}
	return b.String()
}

func printToken(t *token) string {
	for _, f := range fixedTokens {
		if f.kind == t.kind {
			return f.text
		}
	}
	body := printOp(&t.op)
	if t.index == 0 {
		return "{" + body
	}
	if !slices.ContainsFunc(pathForms, func(f form) bool { return f.text == body }) && body != "}" {
		body = ":" + body
	}
	return "{" + strconv.Itoa(t.index) + body
}

func printOp(o *op) string {
	switch o.kind {
	case opWhole:
		return "}"
	case opCutSuffix:
		return "%" + o.text + "}"
	case opCutPrefix:
		return "#" + o.text + "}"
	case opDefault:
		return ":-" + o.text + "}"
	case opSubstring:
		return printSubstring(o)
	case opReplace:
		return printReplace(o)
	}
	for _, f := range slices.Concat(pathForms, caseForms) {
		if f.op.kind == o.kind && f.op.n == o.n {
			return f.text
		}
	}
	return "?"
}

func printSubstring(o *op) string {
	s := ":"
	if o.n < 0 {
		s += " "
	}
	s += strconv.Itoa(o.n)
	if !o.toEnd {
		s += ":" + strconv.Itoa(o.length)
	}
	return s + "}"
}

func printReplace(o *op) string {
	s := "/" + o.re.String() + "/"
	for _, p := range o.repl {
		if p.group >= 0 {
			s += `\` + strconv.Itoa(p.group)
			continue
		}
		s += strings.NewReplacer(`\`, `\\`, "/", `\/`).Replace(p.text)
	}
	if o.global {
		return s + "/g}"
	}
	return s + "/}"
}

// shells are the shells of this machine.
var shells = sync.OnceValue(func() []string {
	var found []string
	for _, name := range []string{"sh", "dash", "bash", "zsh", "ksh", "mksh", "yash"} {
		if path, err := exec.LookPath(name); err == nil {
			found = append(found, path)
		}
	}
	return found
})

// A leaf prints the value of {}; $z is not set.
var leaves = []string{
	`printf %s {}`,
	`printf %s "{}"`,
	`printf %s '{}'`,
	`printf %s%s "{}" >&2 2>/dev/null; printf %s {}>&1`,
	`printf %s "$z{}"$z`,
	`printf %s $z{}`,
	`printf %s ''{}""`,
	`printf %s "${z:-{}}"`,
	`printf %s ${z:-{}}`,
	`printf %s ${z-"{}"}`,
	`y=a{}b; printf %s "${y%b}" | (read -r first; :); printf '%s' "{}"`,
	`x={}; printf %s "$x"`,
	`set -- {}; printf %s "$1"`,
	`for i in {}; do printf %s "$i"; done`,
	`echo 'it'\''s {}' "{}" >/dev/null; printf %s {} # {} it's`,
	`f() { printf %s "$1"; }; f {}`,
	`if test "a{}" = a'{}'; then printf %s {}; fi`,
	"printf %s {} `: \\`echo {}\\``",
	"printf %s `: '{}' \"{}\"`\"{}\"",
	`case {} in a{}) ;; {}) printf %s {};; esac`,
	`y={}b; test "${y#{}}" = b && test x"${y%"b"}" = x{} && printf %s '{}'`,
}

// patternLeaves are how many leaves, at the end, use {} as a pattern. Not every
// shell matches bytes that are not UTF-8.
const patternLeaves = 2

// A wrapper makes a command of a command; it prints the same, and an x if it
// says so.
var wrappers = []struct {
	wrap func(string) string
	x    bool
}{
	{func(s string) string { return `printf %s "$( ` + s + "\nprintf x)\"" }, true},
	{func(s string) string { return "( " + s + "\n)" }, false},
	{func(s string) string { return "{ " + s + "\n}" }, false},
	{func(s string) string { return "case a in (b) ;; a) " + s + "\n;; (c|d) ;; esac" }, false},
	{func(s string) string { return "case in in in) " + s + "\n esac" }, false},
	{func(s string) string { return "printf %s \"`" + inBackticks(s+"\nprintf x", true) + "`\"" }, true},
	{func(s string) string { return "v=`" + inBackticks(s+"\nprintf x", false) + "`; printf %s \"$v\"" }, true},
	{func(s string) string { return `v=$( ` + s + "\nprintf x); printf %s \"$v\"" }, true},
	{func(s string) string { return "if true; then " + s + "\nfi # it's ) \" `" }, false},
	{func(s string) string { return ": $((1+(2)*3)) \"$(( $(echo 1) + 1 ))\"; " + s }, false},
	{func(s string) string { return `: "a 'b ${z:-c}" \" '\'; ` + s }, false},
	{func(s string) string { return "for i in case esac; do\n" + s + "\nbreak; done" }, false},
	{func(s string) string { return "printf %s \"${z:-$( " + s + "\nprintf x)}\"" }, true},
}

// inBackticks is s with the backslashes that it needs between backticks.
func inBackticks(s string, quoted bool) string {
	special := "\\`$"
	if quoted {
		special += `"`
	}
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(special, s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// shellProgram builds a line that prints {}, which will be value, followed by
// that many x.
func shellProgram(choices []byte, value string) (line string, xs int) {
	next := func(n int) int {
		if len(choices) == 0 {
			return 0
		}
		c := choices[0]
		choices = choices[1:]
		return int(c) % n
	}
	n := len(leaves)
	if !utf8.ValidString(value) {
		n -= patternLeaves
	}
	line = leaves[next(n)]
	for len(choices) > 0 && len(line) < 1000 {
		w := wrappers[next(len(wrappers))]
		line = w.wrap(line)
		if w.x {
			xs++
		}
	}
	return line, xs
}

func FuzzShellInsert(f *testing.F) {
	nasty := "it's \"$(echo no)\" `echo no` $HOME \\ * ~ {} ; # & | < > ( ) \n\x01\x7f=%!\n"
	for i := range leaves {
		f.Add([]byte{byte(i)}, nasty)
	}
	for k := range wrappers {
		f.Add([]byte{byte(k), byte(k), byte(k + 5)}, nasty+"\xff\x80'\xc3")
	}
	f.Fuzz(func(t *testing.T, choices []byte, value string) {
		if strings.Contains(value, "\x00") || len(value) > 4000 || len(choices) > 5 {
			t.Skip()
		}
		line, xs := shellProgram(choices, value)
		checkShells(t, line, value, value+strings.Repeat("x", xs))
	})
}

// checkShells runs line with value in every shell.
func checkShells(t *testing.T, line, value, want string) {
	t.Helper()
	for _, shell := range shells() {
		tm, err := Compile([]string{line}, Options{Mode: Shell, Shell: shell, Width: 1})
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		var w Words
		if err := tm.Append(&w, &Values{Args: []string{value}}); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if got, err := run(w.Argv()); got != want {
			t.Errorf("%s %v\nline %s\nran  %s\ngot  %q\nwant %q", shell, err, line, tm.Text(&w), got, want)
		}
	}
}

func run(argv []string) (string, error) {
	c := exec.Command(argv[0], argv[1:]...)
	var out, errOut bytes.Buffer
	c.Stdout, c.Stderr = &out, &errOut
	err := c.Run()
	if errOut.Len() > 0 {
		err = fmt.Errorf("%w, stderr %q", err, errOut.String())
	}
	return out.String(), err
}

// FuzzDirect compares a command that needs no shell with what a shell would
// make of it.
func FuzzDirect(f *testing.F) {
	for _, s := range []string{
		`a b`, `'a b' "c d"e\ f`, `x{}y "x{}y" '{}' {1} {2/}`, `"a\"b\\c\d" \\ \{}`, `'' "" {} a''`, "\xff 'ü' ü",
		"a\\\nb \\\n c", `{a,b} { } } {`, `-- = % a=b ^ , @ : ! x!`, "\t a\r\tb ",
	} {
		f.Add(s, "v 1", "it's\n")
	}
	f.Fuzz(func(t *testing.T, s, v1, v2 string) {
		if strings.Contains(s+v1+v2, "\x00") || len(s) > 300 {
			t.Skip()
		}
		line := `printf %s\\0 . ` + s
		direct, err := Compile([]string{line}, Options{})
		if err != nil || direct.IsShell() {
			t.Skip()
		}
		v := &Values{Args: []string{v1, v2}, Seq: 7}
		var words, shell Words
		if err := direct.Append(&words, v); err != nil {
			t.Skip()
		}
		tm, err := Compile([]string{line}, Options{Mode: Shell})
		if err != nil {
			t.Fatalf("%q splits but is no line: %v", line, err)
		}
		if err := tm.Append(&shell, v); err != nil {
			t.Fatal(err)
		}
		got, err := run(shell.Argv())
		if want := strings.Join(words.Argv()[2:], "\x00") + "\x00"; got != want {
			t.Errorf("%q: %v\nthe shell has %q\ndirectly it is %q", line, err, got, want)
		}
		if got, err := run([]string{"/bin/sh", "-c", direct.Text(&words)}); got != strings.Join(words.Argv()[2:], "\x00")+"\x00" {
			t.Errorf("Text %q: %v, prints %q", direct.Text(&words), err, got)
		}
	})
}

// FuzzCompile wants an answer to any line, and errors that point into it.
func FuzzCompile(f *testing.F) {
	for _, s := range slices.Concat(leaves, []string{
		"$(( `", "((( $((", "case x in", "${z", "$'a\\'", "a[{}]=1", "<<", "$[ {} ]", "a=( # \n", "\\",
	}) {
		f.Add(s, byte(0))
		f.Add(s, byte(7))
	}
	f.Fuzz(func(t *testing.T, s string, choice byte) {
		o := Options{
			Mode: Mode(choice % 3), Quote: choice&8 != 0, List: List(choice >> 4 & 1), Width: 2,
			Shell: []string{"", "bash", "zsh"}[choice>>5%3],
		}
		command := []string{s}
		if choice&4 != 0 {
			command = strings.SplitN(s, " ", 2)
		}
		tm, err := Compile(command, o)
		if err != nil {
			e, ok := err.(*Error)
			if !ok || e.Pos < 0 || e.Len < 0 || e.Pos+e.Len > len(e.Command) || e.Msg == "" {
				t.Fatalf("%q: %#v", s, err)
			}
			if strings.Count(e.Caret(), "\n") != 1 || strings.Contains(e.Error(), "\n") {
				t.Fatalf("%q: %q, %q", s, e.Caret(), e.Error())
			}
			return
		}
		checkSize(t, tm, []string{"a'b", "", "longer"})
	})
}

// checkSize compares Base and Cost with a command line.
func checkSize(t *testing.T, tm *Template, args []string) {
	t.Helper()
	for n := range len(args) + 1 {
		var w Words
		if err := tm.Append(&w, &Values{Args: args[:n], Seq: 3}); err != nil {
			return
		}
		size, bound := 0, tm.Base()
		for _, s := range w.Argv() {
			size += len(s) + 1
		}
		for _, s := range args[:n] {
			bound += tm.Cost(s)
		}
		mixed := slices.ContainsFunc(tm.words, func(w word) bool { return w.repeat }) && len(tm.cost.single) > 0
		if size > bound && !mixed {
			t.Fatalf("%q has %d bytes, Base and Cost say %d", w.Argv(), size, bound)
		}
	}
}
