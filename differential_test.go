//go:build unix

package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A peerCase is one question for loxctl scatter and for a tool that people
// know: where our pages promise what theirs does, both print the same bytes
// and exit with the same code.
type peerCase struct {
	name  string
	input string
	ours  []string // behind "loxctl scatter -j1"
	peer  []string // behind the name of the tool and what it always gets
	loose bool     // both must fail, each with a code of its own
}

// peerFiles are there for every case.
var peerFiles = map[string]string{
	"one": "1\n2\n3\n", "two": "A\nB\n", "table": "who,age\nAnn,42\nBob Ray,7\n",
	"nul": "a b\x00c\nd\x00", "blank": "a b\n\nc\nd \ne\n",
}

// unpleasant are values that a careless tool would read again.
var unpleasant = []string{
	"a  b", "it's", `"q"`, "$HOME", "${x}", "`id`", "$(id)", `a\b`, `\n`, "*", "?", "[a]", "~", "!x", "#", "a;b", "a|b",
	"a&b", "<x", ">x", "(", ")", "{", "}", "{}", "{1}", "{a,b}", "-n", "--", "=", "%s", "\t", " ", "a\xffb", "\xc3\xa9", "\x01\x7f",
}

func TestLikeXargs(t *testing.T) {
	compareAll(t, []string{"xargs"}, xargsCases)
}

func TestLikeParallel(t *testing.T) {
	if testing.Short() {
		t.Skip("a third of a second for each case")
	}
	compareAll(t, []string{"parallel", "-k", "-j1"}, parallelCases)
}

func compareAll(t *testing.T, tool []string, cases []peerCase) {
	if _, err := exec.LookPath(tool[0]); err != nil {
		t.Skipf("no %s here to compare with", tool[0])
	}
	for _, c := range cases {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			ours := outcomeOf(t, c.input, append([]string{"loxctl", "scatter", "-j1"}, c.ours...))
			peer := outcomeOf(t, c.input, append(tool[:len(tool):len(tool)], c.peer...))
			if ours.printed != peer.printed {
				t.Errorf("loxctl scatter %q prints\n%q\n%s %q\n%q", c.ours, ours.printed, tool[0], c.peer, peer.printed)
			}
			if ours.code != peer.code && !(c.loose && ours.code != 0 && peer.code != 0) {
				t.Errorf("%d and not %d", ours.code, peer.code)
			}
			if t.Failed() {
				t.Logf("stderr:\n%s\n%s:\n%s", ours.complaint, tool[0], peer.complaint)
			}
		})
	}
}

// outcome is what a program came to: its output, and what it wrote to the file
// log if it was told to.
type outcome struct {
	printed, complaint string
	code               int
}

func outcomeOf(t *testing.T, input string, args []string) outcome {
	t.Helper()
	dir := t.TempDir()
	for name, content := range peerFiles {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs bytes.Buffer
	c := exec.CommandContext(t.Context(), args[0], args[1:]...)
	c.Dir = dir
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "LC_ALL=C", "PARALLEL_SHELL=/bin/sh",
		"GORACE=atexit_sleep_ms=0"}
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(input), &out, &errs
	var exit *exec.ExitError
	if err := c.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(dir, "log"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return outcome{out.String() + untimed(string(log)), errs.String(), c.ProcessState.ExitCode()}
}

// untimed is a job log without the columns that are different every time.
func untimed(log string) string {
	b := new(strings.Builder)
	for line := range strings.Lines(log) {
		columns := strings.SplitN(line, "\t", 5)
		b.WriteString(strings.Join([]string{columns[0], columns[1], columns[4]}, "\t"))
	}
	return b.String()
}

func lines(values []string) string { return strings.Join(values, "\n") + "\n" }

var xargsCases = []peerCase{
	{name: "a line a job", input: "a\nb  c\r\n\n  \nlast",
		ours: []string{"printf", `<%s>\n`},
		peer: []string{"-d", `\n`, "-n1", "printf", `<%s>\n`}},
	{name: "unpleasant values", input: lines(unpleasant),
		ours: []string{"printf", `<%s>\n`},
		peer: []string{"-d", `\n`, "-n1", "printf", `<%s>\n`}},
	{name: "unpleasant values in a shell", input: lines(unpleasant),
		ours: []string{`printf "<%s>\n" {} "{}"; :`},
		peer: []string{"-d", `\n`, "-n1", "sh", "-c", `printf "<%s>\n" "$1" "$1"`, "sh"}},
	{name: "NUL", input: "a\nb\x00 c\x00\x00d",
		ours: []string{"-0", "printf", "<%s>"},
		peer: []string{"-0", "-n1", "printf", "<%s>"}},
	{name: "delimiter", input: "a,b c,,d",
		ours: []string{"-d", ",", "printf", "<%s>"},
		peer: []string{"-d", ",", "-n1", "printf", "<%s>"}},
	{name: "delimiter as an escape", input: "a\x41b\tc",
		ours: []string{"-d", `\x41`, "printf", "<%s>"},
		peer: []string{"-d", `\x41`, "-n1", "printf", "<%s>"}},
	{name: "nothing to do", ours: []string{"-r", "echo", "no"}, peer: []string{"-r", "echo", "no"}},
	{name: "file", ours: []string{"-a", "one", "echo", "got"}, peer: []string{"-a", "one", "-n1", "echo", "got"}},
	{name: "NUL in a file", ours: []string{"-0", "-a", "nul", "printf", "<%s>"}, peer: []string{"-0", "-a", "nul", "-n1", "printf", "<%s>"}},
	{name: "three at a time", input: "1\n2\n3\n4\n5\n6\n7\n", ours: []string{"-n3", "echo"}, peer: []string{"-n3", "echo"}},
	{name: "unpleasant values at a time", input: lines(unpleasant),
		ours: []string{"-n5", "printf", `<%s>\n`, "+"},
		peer: []string{"-d", `\n`, "-n5", "printf", `<%s>\n`, "+"}},
	{name: "lines", ours: []string{"-L1", "-a", "blank", "echo"}, peer: []string{"-L1", "-a", "blank", "echo"}},
	{name: "two lines", ours: []string{"-L2", "-a", "blank", "echo"}, peer: []string{"-L2", "-a", "blank", "echo"}},
	{name: "as many as fit", input: lines(unpleasant),
		ours: []string{"--xargs", "-s60", "printf", `<%s>\n`, "+"},
		peer: []string{"-d", `\n`, "-s60", "printf", `<%s>\n`, "+"}},
	{name: "four of them that fit", input: lines(unpleasant),
		ours: []string{"--xargs", "-n4", "-s40", "printf", `<%s>\n`, "+"},
		peer: []string{"-d", `\n`, "-n4", "-s40", "printf", `<%s>\n`, "+"}},
	{name: "128 KiB", input: strings.Repeat("0123456789\n", 40000), ours: []string{"--xargs", "echo"}, peer: []string{"echo"}},
	{name: "does not fit", input: "a\nbbbbbbbbbb\n", loose: true,
		ours: []string{"--xargs", "-s10", "echo"}, peer: []string{"-s10", "echo"}},
	{name: "replace", input: "a b\nc\n",
		ours: []string{"-I", "X", "printf", "<%s>", "X", "aXbX", "{}"},
		peer: []string{"-I", "X", "printf", "<%s>", "X", "aXbX", "{}"}},
	{name: "end of file", input: "a\nb\nEND\nc\n", ours: []string{"-E", "END", "echo"}, peer: []string{"-E", "END", "-n1", "echo"}},
	{name: "all well", input: "0\n0\n", ours: []string{"--exit-code=xargs", "sh", "-c", "exit $1", "sh"}, peer: []string{"-n1", "sh", "-c", "exit $1", "sh"}},
	{name: "a failure", input: "0\n3\n7\n", ours: []string{"--exit-code=xargs", "sh", "-c", "exit $1", "sh"}, peer: []string{"-n1", "sh", "-c", "exit $1", "sh"}},
	{name: "255", input: "0\n255\n", ours: []string{"--exit-code=xargs", "sh", "-c", "exit $1", "sh"}, peer: []string{"-n1", "sh", "-c", "exit $1", "sh"}},
	{name: "a signal", input: "a\n", ours: []string{"--exit-code=xargs", "sh", "-c", "kill -9 $$"}, peer: []string{"-n1", "sh", "-c", "kill -9 $$"}},
	{name: "not found", input: "a\n", ours: []string{"no-such-command"}, peer: []string{"no-such-command"}},
	{name: "not executable", input: "a\n", ours: []string{"./one"}, peer: []string{"./one"}},
	{name: "a directory", input: "a\n", ours: []string{"/"}, peer: []string{"/"}},
}

// same is a case in which both are told the same.
func same(name, input string, words ...string) peerCase {
	return peerCase{name: name, input: input, ours: words, peer: words}
}

const paths = "dir/sub/a.tar.gz\nplain\ndir.d/plain\n/a.b\nx.\nd/.e.f\n"

var parallelCases = []peerCase{
	// Records.
	same("a line a job", "a\nb  c\nlast", "echo", "={}="),
	same("NUL", "a b\x00 c\x00d", "-0", "echo", "={}="),
	same("delimiter", "a,b c,d", "-d", ",", "echo", "={}="),
	same("blank records left out", "a\n\n \nb\n", "-r", "echo"),
	same("end of file", "a\nEND\nb\n", "-E", "END", "echo"),
	same("trim left", " a \n", "--trim", "l", "echo", "={}="),
	same("trim both", " a  b \n", "--trim", "lr", "echo", "={}="),
	same("appended", "a\n", "echo", "got"),
	same("records are commands", "echo a; echo b\necho 'c  d'\n"),
	same("unpleasant values", lines(unpleasant), `printf "%s\n" {}`),
	same("unpleasant values appended", lines(unpleasant), `printf "%s\n" x`),
	same("unpleasant values in a word", lines(unpleasant), `printf "%s\n" a{}b`),
	same("unpleasant values in a shell", lines(unpleasant), "echo {} | cat; echo x{}"),
	same("NUL in a shell", "a\nb\x00c  d\x00", "-0", "echo {} | cat"),

	// Sources.
	same("values", "", "echo", "{}", ":::", "a", "b  c", "", "$x", "*"),
	same("combinations", "", "echo", "{1}-{2}-{3}", ":::", "a", "b", ":::", "1", "2", ":::", "x", "y"),
	same("all of a combination", "", "echo", "{}", ":::", "a", "b", ":::", "1", "2"),
	same("from the end", "", "echo", "{-1}-{-2}", ":::", "a", "b", ":::", "1", "2"),
	same("files", "", "echo", "{1}-{2}", "::::", "one", "two"),
	same("files apart", "", "echo", "{1}-{2}", "::::", "one", "::::", "two"),
	same("files with -a", "", "-a", "one", "-a", "two", "echo", "{1}-{2}"),
	same("files and values", "", "echo", "{1}-{2}", "::::", "one", ":::", "x", "y"),
	same("stdin among files", "8\n9\n", "echo", "{1}-{2}", "::::", "-", "two"),
	same("in step", "", "echo", "{1}-{2}", ":::", "a", "b", ":::+", "1", "2"),
	same("in step and combined", "", "echo", "{1}-{2}-{3}", ":::", "a", "b", ":::+", "1", "2", ":::", "x", "y"),
	same("combined and in step", "", "echo", "{1}-{2}-{3}", ":::", "x", "y", ":::", "a", "b", ":::+", "1", "2"),
	same("files in step", "", "echo", "{1}-{2}", "::::", "two", "::::+", "two"),
	same("a short one in step", "", "--link", "echo", "{1}-{2}", ":::", "a", "b", "c", ":::", "1", "2"),
	same("other separators", "", "--arg-sep", ",,", "--arg-file-sep", "@@", "echo", "{1}-{2}", ",,", "a", ":::", "@@", "two"),
	{name: "leftover", ours: []string{"--link-short", "echo", "{1}-{2}", ":::", "a", "b", "c", ":::+", "1", "2"},
		peer: []string{"echo", "{1}-{2}", ":::", "a", "b", "c", ":::+", "1", "2"}},

	// Columns.
	same("columns", "", "-C", ",", "echo", "{2}-{1}", "::::", "table"),
	same("columns by an expression", "a , b;c\n", "--colsep", " *[,;] *", "echo", "{3}-{2}-{1}"),
	same("columns from the end", "a,b,c\n", "-C", ",", "echo", "{-1}-{-3}"),
	same("columns of a path", "d/a.b,e/c.d\n", "-C", ",", "echo", "{1.}", "{2/}", "{1//}", "{2/.}"),
	same("too few columns", "a,b\nc\n", "-C", ",", "echo", "{1}-{2}-"),
	same("named columns", "", "-C", ",", "--header", ":", "echo", "{who}", "{age}", "::::", "table"),
	same("named sources", "", "--header", ":", "echo", "{n}-{m}", ":::", "n", "1", "2", ":::", "m", "3"),

	// Placeholders.
	same("paths", paths, "echo", "{} {.} {/} {//} {/.}"),
	same("paths of a value", "", "echo", "{2} {2.} {2/} {2//} {2/.} {-1.}", ":::", "x.y", ":::", "dir/sub/a.tar.gz"),
	same("seq and slot", "a\nb\n", "echo", "{#} {%} {}"),
	{name: "number of jobs", input: "a\nb\n", ours: []string{"echo", "{#}/{##} {}"}, peer: []string{"--plus", "echo", "{#}/{##} {}"}},
	same("replace", "a.b\n", "-I", ",,", "echo", ",,-,,", "{}", "{.}"),
	same("braces that are text", "v\n", "echo {x} ${x:-y} {}"),
	{name: "extensions", input: "dir/sub/a.tar.gz\n", ours: []string{"echo", "{..} {/..} {+.} {+/}{/}"},
		peer: []string{"--plus", "echo", "{..} {/..} {+.} {+/}/{/}"}},
	{name: "parts", input: "dir/a.gz\n", ours: []string{"echo", "{%.gz} {#dir/} {:1:3} {:4}"},
		peer: []string{"--plus", "echo", "{%.gz} {#dir/} {:1:3} {:4}"}},
	{name: "default", input: "a\n\n", ours: []string{"echo", "{:-none}"}, peer: []string{"--plus", "echo", "{:-none}"}},
	{name: "words stay words", input: "b  c\n", ours: []string{"--shell", "-q", "echo", "$HOME", "a  b", ";", "{}"},
		peer: []string{"-q", "echo", "$HOME", "a  b", ";", "{}"}},

	// Batches.
	same("two at a time", "1\n2\n3\n4\n5\n", "-n2", "echo"),
	same("single ones of two", "1\n2\n3\n4\n", "-N2", "echo", "{2} {1}"),
	same("none inserted", "1\n2\n", "-N0", "echo", "x"),
	same("two lines", "a\nb\nc\n", "-L2", "echo"),
	same("as many as fit", lines(unpleasant[:4]), "-X", "echo"),
	same("repeated context", "1\n2\n3\n", "-X", "echo", "a{}b"),
	same("list inserted", "1\n2\n3\n", "-m", "echo", "a{}b"),
	same("xargs", "1\n2\n3\n", "--xargs", "echo"),
	same("spread", lines(strings.Split("12345678", "")), "-j4", "-X", "echo"),
	same("spread in threes", lines(strings.Split("1234567890", "")), "-j2", "-m", "-n3", "echo"),

	// Output.
	same("order", "3\n1\n2\n", "-j3", "sleep 0.{}; echo {}"),
	same("tag", "a\nb\n", "--tag", "printf '1\n2\n'; : {}"),
	same("tag of two", "", "--tag", "echo x; : {1}", ":::", "a", ":::", "b"),
	same("tag as told", "d/a.b\n", "--tagstring", "{/.}:{#}", "echo x; : {}"),
	same("dry run", "a\nb\n", "--dry-run", "echo", "x", "{}"),
	same("verbose", "a\nb\n", "-v", "echo", "x", "{}"),
	same("no newline at the end", "a\nb\n", "printf", "%s"),
	same("line buffer", "a\nb\n", "--lb", "echo"),

	// Failing.
	failing("number of failures", "0 3 7 0", "--exit-code=count"),
	failing("101 failures", strings.Repeat("1 ", 110), "--exit-code=count"),
	failing("a signal", "kill", "--exit-code=count"),
	failing("halt never", "0 3 0", "--exit-code=count", "--halt", "never"),
	failing("halt now", "0 3 0 4", "--exit-code=first", "--halt", "now,fail=1"),
	failing("halt now after two", "0 3 0 4 0", "", "--halt", "now,fail=2"),
	failing("halt soon", "0 3 0 4", "", "--halt", "soon,fail=1"),
	failing("halt soon, percent", "3 4 0 5 0 0", "", "--halt", "soon,fail=50%"),
	failing("halt 1", "0 3 0", "", "--halt", "1"),
	failing("halt 2", "0 3 0", "--exit-code=first", "--halt", "2"),
	failing("halt percent", "0 3 0 4 0", "", "--halt", "40%"),
	failing("halt at success", "3 0 4 0", "", "--halt", "now,success=1"),
	failing("halt soon at success", "3 0 4 0", "", "--halt", "soon,success=1"),
	same("job log", "a\nb c\n", "--joblog", "log", "printf"),
	{name: "job log of failures", input: "3\n0\n", loose: true,
		ours: []string{"--joblog", "log", "sh", "-c", "exit {}"}, peer: []string{"--joblog", "log", "-q", "sh", "-c", "exit {}"}},
}

// failing is a case of jobs that print the words of input and exit with them.
// Ours gets school, the --exit-code that is theirs; without it only whether
// the run failed is compared.
func failing(name, input, school string, words ...string) peerCase {
	c := peerCase{name: name, input: strings.Join(strings.Fields(input), "\n"), loose: school == ""}
	c.peer = append(words, `echo {}; test {} = kill && kill -9 $$; exit {}`)
	c.ours = c.peer
	if school != "" {
		c.ours = append([]string{school}, c.peer...)
	}
	return c
}
