package template

import (
	"errors"
	"strings"
	"testing"
)

// compiled is the command line of one job, its words joined by |.
func compiled(t *testing.T, command []string, o Options, v *Values) string {
	t.Helper()
	tm, err := Compile(command, o)
	if err != nil {
		t.Errorf("%q: %v", command, err)
		return ""
	}
	var w Words
	if err := tm.Append(&w, v); err != nil {
		return "error: " + err.Error()
	}
	return strings.Join(w.Argv(), "|")
}

// shellLine is the line that a shell would get.
func shellLine(t *testing.T, line string, o Options, args ...string) string {
	t.Helper()
	o.Mode = Shell
	return strings.TrimPrefix(compiled(t, []string{line}, o, &Values{Args: args, Seq: 3, Slot: 2}), "/bin/sh|-c|")
}

func TestQuoting(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`f {}`, `f 'V'`},
		{`f x{}y`, `f x'V'y`},
		{`f {}{}`, `f 'V''V'`},
		{`f "{}"`, `f 'V'`},
		{`f "a {} b"`, `f "a "'V'" b"`},
		{`f "{} {}"`, `f 'V'" "'V'`},
		{`f ""{}`, `f ""'V'`},
		{`f '{}' 'a {} b'`, `f 'V' 'a V b'`},
		{`f 'x "{}" y' "x '{}' y"`, `f 'x "V" y' "x '"'V'"' y"`},
		{`f $'{}' $'a\n{}b'`, `f 'V' $'a\n''V'$'b'`},
		{`f $'\{}'`, `f $'\\''V'`},
		{`f $"{}" $"a{}"`, `f $""'V' $"a"'V'`},
		{`f \{} "\{}" '\{}'`, `f \{} "\\"'V' '\V'`},
		{`f \\{} "\\{}" "\"{}"`, `f \\'V' "\\"'V' "\""'V'`},
		{`f $x{} "$x{}" $1{} $${} $#{}`, `f $x'V' "$x"'V' $1'V' ${$}'V' $#'V'`},
		{`f $$ {} "$$" $$/x $$x`, `f $$ 'V' "$$" $$/x ${$}x`},
		{`f \${} "\${}" \${1} "\${1}" "$${1}"`, `f \$'V' "\$"'V' \$'V' "\$"'V' "${$}"'V'`},
		{`f '${}' '${1}' $'${1}'`, `f '$V' '${1}' $'${1}'`},
		{`f ${1} "${x%.gz}" ${#x} ${x[1]}`, `f ${1} "${x%.gz}" ${#x} ${x[1]} 'V'`},
		{`f $(g {} "{}")`, `f $(g 'V' 'V')`},
		{`f "$(g "{}" '{}')" {}`, `f "$(g 'V' 'V')" 'V'`},
		{`f "a$(g "b$(h "c{}")")"`, `f "a$(g "b$(h "c"'V')")"`},
		{"f `g {}`", "f $( g 'V'\n)"},
		{"f \"`g \\\"{}\\\"`\"", "f \"$( g 'V'\n)\""},
		{"f `g \\`h {}\\``", "f $( g $( h 'V'\n)\n)"},
		{"f `g {} # c`", "f $( g 'V' # c\n)"},
		{"f `date` {}", "f `date` 'V'"},
		{"f $`g {}`", "f \\$$( g 'V'\n)"},
		{"f ``{}``", "f ``'V'``"},
		{`f $((1)) $(( (2) )) {}`, `f $((1)) $(( (2) )) 'V'`},
		{`f ${x:-{}} "${x:-{}}"`, `_loxctl1='V'; _loxctl2='V'; f ${x:-"${_loxctl1}"} "${x:-${_loxctl2}}"`},
		{`f ${x#{}} "${x%%{}}" ${1+{}}`,
			`_loxctl1='V'; _loxctl2='V'; _loxctl3='V'; f ${x#"${_loxctl1}"} "${x%%"${_loxctl2}"}" ${1+"${_loxctl3}"}`},
		{`f ${x:-"a {}"} ${x-'{}'}`, `f ${x:-"a "'V'} ${x-'V'}`},
		{`f "${x:-$(g "{}")}" ${x:-a\}} {}`, `f "${x:-$(g 'V')}" ${x:-a\}} 'V'`},
		{`f "${x:-"a"}" {}`, `f "${x:-"a"}" 'V'`},
		{`f {} # {} it's`, `f 'V' # {} it's`},
		{"# {}\nf {} #{}\n#'\ng", "# {}\nf 'V' #{}\n#'\ng"},
		{"f a#{} \\\n # it's", "f a#'V' \\\n # it's"},
		{`case {} in a|"{}") f {};; (b) ;; *) g;; esac; h {}`, `case 'V' in a|'V') f 'V';; (b) ;; *) g;; esac; h 'V'`},
		{`f $(case x in x) g {};; esac) {}`, `f $(case x in x) g 'V';; esac) 'V'`},
		{`f $(case x in (x) g;; y) h; esac; i ')') {}`, `f $(case x in (x) g;; y) h; esac; i ')') 'V'`},
		{`f $(echo case; for case in a; do g; done) {}`, `f $(echo case; for case in a; do g; done) 'V'`},
		{`f $(if case x in x) :;; esac; then (g); fi) {}`, `f $(if case x in x) :;; esac; then (g); fi) 'V'`},
		{"f $(case x\nin\nx | y)\ng\n;;\nesac\n) {}", "f $(case x\nin\nx | y)\ng\n;;\nesac\n) 'V'"},
		{`f $(case x in a);& b) g;;& c) ;; esac) {}`, `f $(case x in a);& b) g;;& c) ;; esac) 'V'`},
		{`g() { f {}; }; g`, `g() { f 'V'; }; g`},
		{`{ f {}; } && ! (f {}) || f {} &`, `{ f 'V'; } && ! (f 'V') || f 'V' &`},
		{`f {} >{}.out 2>&1 <"{}"`, `f 'V' >'V'.out 2>&1 <'V'`},
		{`diff <(f {}) >(g "{}")`, `diff <(f 'V') >(g 'V')`},
		{`cat <<< {}`, `cat <<< 'V'`},
		{`a=(case {} # c '` + "\n" + `b) c+=({})`, `a=(case 'V' # c '` + "\n" + `b) c+=('V')`},
		{`a=(*.{} <(case a in a) f {};; esac))`, `a=(*.'V' <(case a in a) f 'V';; esac))`},
		{`ls @(#a|{})*`, `ls @(#a|'V')*`},
		{`ls [a{}]* foo-[{}] a[1] {}[`, `ls [a'V']* foo-['V'] a[1] 'V'[`},
		{`x={} y="{}" f`, `x='V' y='V' f`},
		{`awk '{print $1}' {} | sed -n '/{/p'`, `awk '{print $1}' 'V' | sed -n '/{/p'`},
		{`f {#} {%}>g "{#}" '{#}' $x{#}`, `f '3' '2'>g '3' '3' $x'3'`},
		{`f {.} "{/}" {1} '{-1}'`, `f 'V' 'V' 'V' 'V'`},
		{"f '{/it's/its/}'", "f 'V'"},
		{"\xff{}\xfe\"\x80{}\"", "\xff'V'\xfe\"\x80\"'V'"},
	} {
		if got := shellLine(t, c.line, Options{}, "V"); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.line, got, c.want)
		}
	}
}

// Values with quotes, and several of them.
func TestValuesInLines(t *testing.T) {
	two := []string{"it's", "b c"}
	for _, c := range []struct {
		line string
		list List
		args []string
		want string
	}{
		{`f {}`, Splice, two, `f 'it'\''s' 'b c'`},
		{`f x{}y`, Splice, two, `f x'it'\''s' 'b c'y`},
		{`f x{.}y`, Repeat, []string{"a.b", "c.d"}, `f x'a'y x'c'y`},
		{`f "x{}y" 'x{}'`, Splice, two, `f "x"'it'\''s b c'"y" 'xit'\''s b c'`},
		{`f x{}y`, Repeat, two, `f x'it'\''s'y x'b c'y`},
		{`f "x{}"y{1}`, Repeat, two, `f "x"'it'\''s'y'it'\''s' "x"'b c'y'it'\''s'`},
		{`f a$(g b{}c)d {1}`, Repeat, two, `f a$(g b'it'\''s'c b'b c'c)d 'it'\''s'`},
		{`f {}$(g b{})`, Repeat, two, `f 'it'\''s'$(g b'it'\''s') 'b c'$(g b'b c')`},
		{`f "$(g "{}")" x >{}`, Repeat, two, `f "$(g 'it'\''s' 'b c')" x >'it'\''s' 'b c'`},
		{`f ${x:-{}}`, Repeat, two, `_loxctl1='it'\''s b c'; f ${x:-"${_loxctl1}"}`},
		{`f $(({}+1))`, Repeat, []string{"1", "-2"}, `f $((1+1)) $((-2+1))`},
		{`f $(({} + {2}))`, Splice, []string{"0x1f", "3.5"}, `f $((0x1f 3.5 + 3.5))`},
		{`f; g  # c`, Splice, two, `f; g 'it'\''s' 'b c'  # c`},
		{"f \\\n\n", Repeat, two, "f 'it'\\''s' 'b c' \\\n\n"},
		{`f {} "{}" x{}y`, Splice, nil, `f  '' xy`},
		{`f {} x{}y z`, Repeat, nil, `f   z`},
		{`f`, Splice, nil, `f `},
		{`f {}`, Splice, []string{""}, `f ''`},
	} {
		if got := shellLine(t, c.line, Options{List: c.list}, c.args...); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.line, got, c.want)
		}
	}
}

// Where no quoting is right in every shell, there is an error.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ line, what, why string }{
		{"cat <<EOF", "<<", "here-document"},
		{"f $(cat <<-x)", "<<", "here-document"},
		{"f 'a", "'", "never closed"},
		{`f "a`, `"`, "never closed"},
		{`f "a$(g "b)"`, `$(`, "never closed"},
		{`f "a$(g "b)`, `"`, "never closed"},
		{`f $'a`, `$'`, "never closed"},
		{"f `a", "`", "never closed"},
		{"f $(a", "$(", "never closed"},
		{"(a", "(", "never closed"},
		{"f ${a", "${", "never closed"},
		{`f ${a:-"`, `"`, "never closed"},
		{"f $(case x in a)", "$(", "never closed"},
		{"f $[1", "$[", "do not agree"},
		{"f $((1", "$((", "no arithmetic"},
		{`f a\`[:4], `\`, "quotes nothing"},
		{"f ${}", "${", "no name"},
		{"f ${ x; }", "${", "no name"},
		{"f ${(f)x}", "${", "no name"},
		{"f ${x/{}/b}", "{}", "do not agree"},
		{"f ${x:{}:1}", "{}", "do not agree"},
		{"f ${#x{}}", "{}", "do not agree"},
		{"f ${x[{}]}", "{}", "do not agree"},
		{"f ${x['{}']} ", "{}", "do not agree"},
		{`f ${x[$y"{}"]} `, "{}", "do not agree"},
		{"f ${x:-${y:-{}}}", "{}", "do not agree"},
		{`f "${x:-"{}"}"`, "{}", "do not agree"},
		{`f "${x:-it's}"`, "'", "do not agree"},
		{"f $((${x:-{}}))", "{}", "do not agree"},
		{"((f {}); g)", "((", "do not agree"},
		{"f $((f {}); g)", "$((", "no arithmetic"},
		{"f $((f '{}'))", "'", "do not agree"},
		{`f $((f "{}"))`, `"`, "do not agree"},
		{"f $(time case x in a) b;; esac)", "in", "do not agree"},
		{"f $(echo case x in)", "in", "do not agree"},
		{"a[{}]=1", "{}", "do not agree"},
		{"f; a[b[{}]+1]+=1", "{}", "do not agree"},
		{"a[ x ] {} ]=", "{}", "do not agree"},
		{"ls foo[{}]", "{}", "do not agree"},
		{"a=(b | c) d", "|", "in an array"},
		{"a=(@(b|c)) d", "(", "in an array"},
		{"a=((b)) d", "(", "in an array"},
		{"ls foo[ #]", "", "do not agree"},
		{"ls foo[ {}", "[", "do not agree"},
		{`f $'it\'s' {}`, `\'`, "different ways"},
		{"f `g ${x/{}/}`", "{}", "do not agree"},
		{"f `a \\\\`", "\\", "quotes nothing"},
	} {
		_, err := Compile([]string{c.line}, Options{Mode: Shell})
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", c.line, err)
			continue
		}
		if what := c.line[e.Pos : e.Pos+e.Len]; what != c.what || !strings.Contains(e.Msg, c.why) {
			t.Errorf("%s: %q: %s, want %q: … %s …", c.line, what, e.Msg, c.what, c.why)
		}
	}
}

// What is known of a shell makes a difference.
func TestDialects(t *testing.T) {
	for _, c := range []struct {
		shell, line string
		ok          bool
	}{
		{"/bin/bash", `f $'it\'s' {}`, true},
		{"ksh93", `f $'it\'s' {}`, true},
		{"/bin/dash", `f $'it\'s' {}`, false},
		{"bash", `((1 > {})) || for ((i=0; i<{}; i++)); do f $[i+{}]; done`, true},
		{"ksh", `((1 > {})) && f`, true},
		{"ksh", `f $[{}]`, false},
		{"ash", `((1 > {})) && f`, false},
		{"bash", `f $[1`, false},
		{"bash", `((f); g)`, false},
		{"bash", `f $x[{}]`, true},
		{"zsh", `f $x[{}]`, false},
		{"zsh", `f $x[1] "$x[$y,-1]" $x[@] {}`, true},
		{"zsh", `f $x[1 {}`, false},
		{"zsh", `f $x[é] {}`, false},
		{"zsh", `f "$#x[{}]"`, false},
		{"zsh", `f $@[{}]`, false},
		{"zsh", `a=(*.(b|c) {})`, true},
		{"zsh", `f ${x:-{}}`, true},
		{"zsh", `f ${x:-{a}`, false},
		{"bash", `f ${x:-{a}`, true},
	} {
		_, err := Compile([]string{c.line}, Options{Mode: Shell, Shell: c.shell})
		if (err == nil) != c.ok {
			t.Errorf("%s for %s: %v", c.line, c.shell, err)
		}
	}
}

func TestNotANumber(t *testing.T) {
	for value, ok := range map[string]bool{
		"0": true, "12": true, "-3": true, "0x1F": true, "1.5": true, "08": true,
		"": false, "-": false, "x": false, "1+1": false, "a[$(x)]": false, "1 2": false, "1_0": false, "$x": false, "1\n": false,
	} {
		for _, line := range []string{"f $(({}+1))", "(({} > 1)) && g", "f $[{}]", "for ((i=0; i<{}; i++)); do g; done"} {
			tm := mustCompile(t, Options{Mode: Shell, Shell: "bash"}, line)
			var w Words
			err := tm.Append(&w, &Values{Args: []string{value}})
			if (err == nil) != ok || err != nil && !errors.Is(err, ErrNotNumber) {
				t.Errorf("%s with %q: %v", line, value, err)
			}
			if err != nil && len(w.Argv()) > 0 {
				t.Errorf("%s with %q failed and left %q", line, value, w.Argv())
			}
		}
	}
}
