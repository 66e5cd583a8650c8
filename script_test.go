//go:build unix

package main

import (
	"context"
	"errors"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/loxctl/loxctl/cmd"
)

// TestMain lets the test binary play loxctl and peak: it is installed under
// those names in a directory of PATH.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"loxctl": main, "peak": peakMain,
		"loxctl-keeper": main, "loxctl-sem": main, "loxctl-anchor": main, "loxctl-pump": main, // what loxctl calls itself
	})
}

// patience is how long a script waits for what should take no time.
const patience = 20 * time.Second

// TestScripts runs testdata/script: what loxctl does, seen from outside. Beside
// the commands of testscript they have
//
//	status CODE PROGRAM…  run it: it must exit with CODE, or die by it (TERM)
//	shell FILE            run it with sh, and all of it ends when time is up
//	ended CODE            the same of the program that signal was sent to
//	signal SIGNAL         send it to the program in the background
//	write FILE TEXT       write TEXT, which may have the escapes of Go
//	says FILE TEXT        FILE must be TEXT, with times written as TIME
//	steady FILE WANT      compare as cmp does, with times written as TIME
//	peak SIZE PROGRAM…    run it: it must need no more than SIZE MiB of memory
//	lifeline NAME         make a FIFO that jobs write to, and hold open
//	await NAME N          wait for N lines in it
//	gone NAME             within a second nobody may have it open any more
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join("testdata", "script"),
		Deadline:           time.Now().Add(3 * time.Minute),
		RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("GORACE", "atexit_sleep_ms=0") // or each program sleeps for a second
			e.Setenv("LOXCTL_HOME", filepath.Join(e.WorkDir, "home"))
			e.Values[key{}] = &state{lifelines: make(map[string]*fifo), environ: e.Vars}
			return nil
		},
		Condition: condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status, "shell": shell, "ended": ended, "signal": sendSignal, "write": write,
			"says": says, "steady": steady, "lifeline": lifeline, "await": await, "gone": gone,
		},
	})
}

// A flag that no script uses is a flag that nobody has tried.
func TestScriptsUseEveryFlag(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "script", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var text []byte
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, content...)
	}
	for _, c := range cmd.Root().Commands() {
		c.Flags().VisitAll(func(flag *pflag.Flag) {
			names := "--" + flag.Name
			if flag.Shorthand != "" {
				names += "|-" + flag.Shorthand
			}
			if !regexp.MustCompile(`loxctl(?: .*)? (?:` + names + `)\b`).Match(text) {
				t.Errorf("loxctl %s: no script uses %s", c.Name(), names)
			}
		})
	}
}

// condition knows [root], [race] under the race detector, and [mount] where a
// script may mount a file system.
func condition(name string) (bool, error) {
	switch name {
	case "root":
		return os.Getuid() == 0, nil
	case "race":
		info, ok := debug.ReadBuildInfo()
		return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}), nil
	case "mount":
		return exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "none", os.TempDir()).Run() == nil, nil
	}
	return false, errors.New("unknown condition " + name)
}

// state is what the commands of one script leave for each other.
type state struct {
	lifelines map[string]*fifo
	signalled *exec.Cmd
	environ   []string
}

// fifo is both ends of one: as long as there is a writer, a reader waits.
type fifo struct{ r, w *os.File }

// key is under what a script keeps its state.
type key struct{}

func stateOf(ts *testscript.TestScript) *state { return ts.Value(key{}).(*state) }

// usage ends the script unless a command is used as form says: with as many
// words, or more if that ends in "…", and without a "!".
func usage(ts *testscript.TestScript, form string, neg bool, args []string) {
	n := len(strings.Fields(form)) - 1
	if neg || len(args) < n || len(args) > n && !strings.HasSuffix(form, "…") {
		ts.Fatalf("usage: %s", form)
	}
}

func status(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, "status CODE PROGRAM…", neg, args)
	err := ts.Exec(args[1], args[2:]...)
	exit := new(exec.ExitError)
	if err != nil && !errors.As(err, &exit) {
		ts.Fatalf("%v", err)
	}
	if got := ending(exit.ProcessState); got != args[0] {
		ts.Fatalf("ended with %s, not %s", got, args[0])
	}
}

// shell ends a script that hangs together with what it runs in the background,
// which exec does not.
func shell(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, "shell FILE", neg, args)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := exec.CommandContext(ctx, "sh", args[0])
	c.Dir, c.Env = ts.MkAbs("."), stateOf(ts).environ
	c.Stdout, c.Stderr = ts.Stdout(), ts.Stderr()
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = time.Second
	ts.Check(c.Run())
}

func ended(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, "ended CODE", neg, args)
	if got := ending(stateOf(ts).signalled.ProcessState); got != args[0] {
		ts.Fatalf("ended with %s, not %s", got, args[0])
	}
}

// ending is an exit code, or the name of the signal that ended a process.
func ending(p *os.ProcessState) string {
	if p == nil {
		return "0"
	}
	if s := p.Sys().(syscall.WaitStatus); s.Signaled() {
		return strings.TrimPrefix(unix.SignalName(s.Signal()), "SIG")
	}
	return strconv.Itoa(p.ExitCode())
}

func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, "signal SIGNAL", neg, args)
	running := ts.BackgroundCmds()
	if len(running) != 1 {
		ts.Fatalf("%d programs in the background instead of one", len(running))
	}
	stateOf(ts).signalled = running[0]
	sig := unix.SignalNum("SIG" + args[0])
	if sig == 0 {
		ts.Fatalf("no such signal: %s", args[0])
	}
	ts.Check(running[0].Process.Signal(sig))
}

func write(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, "write FILE TEXT", neg, args)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(unescape(ts, args[1])), 0o666))
}

func says(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, "says FILE TEXT", neg, args)
	if got, want := timeless(ts.ReadFile(args[0])), unescape(ts, args[1]); got != want {
		ts.Fatalf("%s is\n%q\nand not\n%q", args[0], got, want)
	}
}

func steady(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, "steady FILE WANT", neg, args)
	if got, want := timeless(ts.ReadFile(args[0])), ts.ReadFile(args[1]); got != want {
		ts.Fatalf("%s is\n%s\nand %s\n%s", args[0], got, args[1], want)
	}
}

// unescape reads \n, \xff and so on.
func unescape(ts *testscript.TestScript, s string) string {
	var b []byte
	for s != "" {
		r, multibyte, rest, err := strconv.UnquoteChar(s, 0)
		ts.Check(err)
		if s = rest; multibyte {
			b = utf8.AppendRune(b, r)
		} else {
			b = append(b, byte(r))
		}
	}
	return string(b)
}

// times are the forms in which time appears in what loxctl writes: in the
// summary, for USR1, in --json and in --joblog.
var times = []struct {
	form *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`\bafter \d[\d.hmµ]*s\b`), "after TIME"},
	{regexp.MustCompile(`(?m)^(#\d+\tslot \d+)\t\d[\d.hmµ]*s\t`), "$1\tTIME\t"},
	{regexp.MustCompile(`"(start|duration|user|system|max_rss)":("[^"]*"|[\d.e-]+)`), `"$1":"TIME"`},
	{regexp.MustCompile(`(?m)^(\d+\t:)\t[1-9]\d{9}\.\d{3}\t[ \d]{6}\.\d{3}\t`), "$1\tTIME\tTIME\t"},
}

func timeless(s string) string {
	for _, t := range times {
		s = t.form.ReplaceAllString(s, t.with)
	}
	return s
}

// peakMain is the program peak. It is one of its own because what it starts
// counts the memory of who starts it, too: the tests have much.
func peakMain() {
	most, err := strconv.ParseInt(os.Args[1], 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	c := exec.Command(os.Args[2], os.Args[3:]...)
	c.Stderr = os.Stderr
	if err := c.Run(); err != nil {
		log.Fatal(err)
	}
	size := c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	if runtime.GOOS == "darwin" {
		size >>= 10 // the others count KiB
	}
	if size>>10 > most {
		log.Fatalf("%d MiB, more than %d", size>>10, most)
	}
}

func lifeline(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, "lifeline NAME", neg, args)
	path := ts.MkAbs(args[0])
	ts.Check(syscall.Mkfifo(path, 0o600))
	r, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	ts.Check(err)
	w, err := os.OpenFile(path, os.O_WRONLY, 0)
	ts.Check(err)
	ts.Defer(func() { r.Close(); w.Close() })
	stateOf(ts).lifelines[args[0]] = &fifo{r, w}
}

func await(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, "await NAME N", neg, args)
	lines, err := strconv.Atoi(args[1])
	ts.Check(err)
	f := stateOf(ts).lifelines[args[0]]
	ts.Check(f.r.SetReadDeadline(time.Now().Add(patience)))
	for b := make([]byte, 1); lines > 0; {
		if _, err := f.r.Read(b); err != nil {
			ts.Fatalf("%d lines are missing: %v", lines, err)
		}
		if b[0] == '\n' {
			lines--
		}
	}
}

func gone(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, "gone NAME", neg, args)
	f := stateOf(ts).lifelines[args[0]]
	f.w.Close()
	ts.Check(f.r.SetReadDeadline(time.Now().Add(time.Second)))
	if _, err := io.Copy(io.Discard, f.r); err != nil {
		ts.Fatalf("somebody is still alive: %v", err)
	}
}
