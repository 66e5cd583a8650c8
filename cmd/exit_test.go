package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestExitFor(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("anything"), 125},
		{fs.ErrNotExist, 125},
		{&usageError{what: "--x"}, 125},
		{exitJobs.with(nil), 123},
		{exitDeadline.with(errors.New("too late")), 124},
		{exitNotExecutable.with(fs.ErrPermission), 126},
		{fmt.Errorf("scatter: %w", exitNotFound.with(fs.ErrNotExist)), 127},
		{exitBy(syscall.SIGINT).with(nil), 130},
		{exit{code: 7}.with(nil), 7},
	} {
		if got := exitFor(tt.err); got.code != tt.want {
			t.Errorf("exitFor(%v) = %d, want %d", tt.err, got.code, tt.want)
		}
	}
}

func TestExitErrorKeepsItsCause(t *testing.T) {
	if err := exitNotFound.with(fs.ErrNotExist); !errors.Is(err, fs.ErrNotExist) || err.Error() != fs.ErrNotExist.Error() {
		t.Errorf("got %v", err)
	}
	if err := exitJobs.with(nil); err == nil || err.Error() != "" {
		t.Errorf("an exit with nothing to say says %q", err)
	}
}

func TestHelpPrintsTheExitTable(t *testing.T) {
	text := run(t, nil, "help", "exit-codes").stdout
	for _, e := range exits {
		if !strings.Contains(text, "  "+e.label()+"  ") || !strings.Contains(text, e.meaning) {
			t.Errorf("%s %q is not in\n%s", e.label(), e.meaning, text)
		}
	}
}

func TestRaise(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("processes do not end by signals")
	}
	var ended *exec.ExitError
	err := subprocess(t, t.TempDir(), "end-by-TERM").Run()
	if !errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("ended by %v, not by TERM", err)
	}
	if err := subprocess(t, t.TempDir(), "do-not-raise").Run(); err != nil {
		t.Errorf("ended by %v, without a signal to raise", err)
	}
}

func TestClosedStdoutIsQuiet(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no SIGPIPE")
	}
	for _, script := range []string{
		"(loxctl help scatter; echo $? >status) 2>err | true",
		"trap '' PIPE; (loxctl help scatter; echo $? >status) 2>err | true",
	} {
		c := subprocess(t, t.TempDir(), "sh", "-c", script)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		for name, want := range map[string]string{"err": "", "status": "141\n"} {
			got, err := os.ReadFile(c.Dir + "/" + name)
			if err != nil || string(got) != want {
				t.Errorf("%s: %s is %q, want %q (%v)", script, name, got, want, err)
			}
		}
	}
}

func TestFullStdoutIsAnError(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	c := subprocess(t, t.TempDir(), "loxctl", "version")
	c.Stdout = full
	var stderr strings.Builder
	c.Stderr = &stderr
	err = c.Run()
	if c.ProcessState.ExitCode() != 125 || stderr.String() != "loxctl: stdout: no space left on device\n" {
		t.Errorf("%v: %q", err, stderr.String())
	}
}
