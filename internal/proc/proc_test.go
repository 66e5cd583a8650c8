//go:build unix

package proc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary plays the other processes: the guard, a host that is to be
// killed, and those of parts.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 2 && os.Args[1] == "guard":
		os.Exit(Guard())
	case len(os.Args) == 3 && os.Args[1] == "host":
		playHost(os.Args[2])
		os.Exit(0) // nobody has killed it: not a run of all tests, which would start more
	case len(os.Args) > 1 && parts()[os.Args[1]] != nil:
		parts()[os.Args[1]](os.Args[2:])
		os.Exit(0)
	}
	closeAllOnExec() // what this was started with
	os.Exit(m.Run())
}

// eachHost runs a test with both ways of running a process.
func eachHost(t *testing.T, test func(t *testing.T, s *Slot)) {
	for name, portable := range map[string]bool{"native": false, "portable": true} {
		t.Run(name, func(t *testing.T) {
			h := NewHost(Options{Grace: time.Minute, Portable: portable})
			s := h.Slot(1)
			test(t, s)
			if err := errors.Join(s.Close(), h.Close()); err != nil {
				t.Error(err)
			}
		})
	}
}

func sh(line string) *Cmd {
	return &Cmd{Path: "/bin/sh", Argv: []string{"sh", "-c", line}, Env: os.Environ()}
}

// run runs a shell line and returns what it wrote.
func run(t *testing.T, ctx context.Context, s *Slot, c *Cmd) (stdout, stderr string, exit Exit) {
	t.Helper()
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	exit, err := s.Run(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), exit
}

func TestOutputAndStatus(t *testing.T) {
	tests := []struct {
		line, stdout, stderr string
		code                 int
		signal               syscall.Signal
	}{
		{"echo out; echo err >&2", "out\n", "err\n", 0, 0},
		{"exit 3", "", "", 3, 0},
		{"kill -KILL $$", "", "", -1, syscall.SIGKILL},
		{"printf 'no newline'", "no newline", "", 0, 0},
		{"exec >&-; sleep 0.01; echo late >&2", "", "late\n", 0, 0},
		{"cat; echo end", "end\n", "", 0, 0},
	}
	eachHost(t, func(t *testing.T, s *Slot) {
		for _, tt := range tests {
			stdout, stderr, exit := run(t, t.Context(), s, sh(tt.line))
			if stdout != tt.stdout || stderr != tt.stderr || exit.Code != tt.code || exit.Signal != tt.signal || exit.Stopped {
				t.Errorf("%s: %q %q %+v", tt.line, stdout, stderr, exit)
			}
		}
	})
}

func TestLargeOutputOfBothStreams(t *testing.T) {
	const size = 4 << 20
	eachHost(t, func(t *testing.T, s *Slot) {
		stdout, stderr, _ := run(t, t.Context(), s, sh("head -c 4194304 /dev/zero; head -c 4194304 /dev/zero >&2"))
		if len(stdout) != size || len(stderr) != size {
			t.Errorf("got %d and %d bytes, want %d of each", len(stdout), len(stderr), size)
		}
	})
}

func TestStdin(t *testing.T) {
	eachHost(t, func(t *testing.T, s *Slot) {
		for name, size := range map[string]int{"small": 10, "large": 1 << 20} {
			c := sh("wc -c")
			c.Stdin = strings.NewReader(strings.Repeat("x", size))
			if got, _, _ := run(t, t.Context(), s, c); strings.TrimSpace(got) != strconv.Itoa(size) {
				t.Errorf("%s: the process read %q", name, got)
			}
		}
		c := sh("exit 4") // which does not read
		c.Stdin = strings.NewReader(strings.Repeat("x", 1<<20))
		if _, _, exit := run(t, t.Context(), s, c); exit.Code != 4 {
			t.Errorf("a process that does not read: %+v", exit)
		}
	})
}

func TestFilesAreTheProcessesOwn(t *testing.T) {
	eachHost(t, func(t *testing.T, s *Slot) {
		f, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		c := sh("echo to a file; readlink /proc/self/fd/0 >&2 || true")
		c.Stdout = f
		if _, err := s.Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if b, _ := os.ReadFile(f.Name()); string(b) != "to a file\n" {
			t.Errorf("the file has %q", b)
		}
	})
}

func TestGrandchildWithThePipesDelaysNobody(t *testing.T) {
	eachHost(t, func(t *testing.T, s *Slot) {
		stdout, _, exit := run(t, t.Context(), s, sh("sleep 60 & echo $!"))
		pid, err := strconv.Atoi(strings.TrimSpace(stdout))
		if err != nil || exit.Code != 0 {
			t.Fatal(stdout, exit)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Errorf("what the process left in the background: %v", err)
		}
	})
}

func TestStartErrors(t *testing.T) {
	dir := t.TempDir()
	script := dir + "/script"
	if err := os.WriteFile(script, []byte("echo without a first line: $1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	eachHost(t, func(t *testing.T, s *Slot) {
		_, err := s.Run(t.Context(), &Cmd{Path: dir + "/none", Argv: []string{"none"}})
		if !errors.Is(err, syscall.ENOENT) {
			t.Errorf("no file: %v", err)
		}
		_, err = s.Run(t.Context(), &Cmd{Path: dir, Argv: []string{"dir"}})
		if !errors.Is(err, syscall.EACCES) {
			t.Errorf("a directory: %v", err)
		}
		c := sh("true")
		c.Dir = dir + "/none"
		var at *DirError
		if _, err = s.Run(t.Context(), c); !errors.As(err, &at) {
			t.Errorf("no directory: %v", err)
		}
		if _, _, exit := run(t, t.Context(), s, sh("true")); exit.Code != 0 {
			t.Error("the slot does not work after failures")
		}
	})
	h := NewHost(Options{})
	defer h.Close()
	s := h.Slot(1)
	defer s.Close()
	got, _, _ := run(t, t.Context(), s, &Cmd{Path: script, Argv: []string{"script", "one"}})
	if runtime.GOOS == "linux" && got != "without a first line: one\n" {
		t.Errorf("a script without #! wrote %q", got)
	}
}

// failing fails after some bytes.
type failing struct{ room int }

var errFull = errors.New("full")

func (f *failing) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestFailedWriteStopsTheProcess(t *testing.T) {
	eachHost(t, func(t *testing.T, s *Slot) {
		c := sh("while :; do echo y; done")
		c.Stdout = &failing{room: 1000}
		exit, err := s.Run(t.Context(), c)
		if !errors.Is(err, errFull) || !exit.Stopped || exit.Signal != syscall.SIGTERM {
			t.Errorf("got %v, %+v", err, exit)
		}
	})
}

func TestNice(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("niceness belongs to the whole process here")
	}
	eachHost(t, func(t *testing.T, s *Slot) {
		if err := s.host.SetNice(7); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			if got, _, _ := run(t, t.Context(), s, sh("nice")); got != "7\n" {
				t.Errorf("niceness %q", got)
			}
		}
	})
	if n, _ := syscall.Getpriority(syscall.PRIO_PROCESS, 0); n != 20 { // the system call's 0
		t.Errorf("the host itself has %d", 20-n)
	}
}

func TestUsage(t *testing.T) {
	eachHost(t, func(t *testing.T, s *Slot) {
		_, _, exit := run(t, t.Context(), s, sh("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"))
		if exit.User+exit.System <= 0 || exit.MaxRSS < 100<<10 {
			t.Errorf("got %+v", exit)
		}
	})
}

func TestNothingIsLeft(t *testing.T) {
	files := func() int {
		names, err := os.ReadDir("/dev/fd")
		if err != nil {
			t.Skip(err)
		}
		return len(names)
	}
	eachHost(t, func(t *testing.T, s *Slot) {
		run(t, t.Context(), s, sh("true"))
		before, goroutines := files(), runtime.NumGoroutine()
		for range 20 {
			c := sh("echo x")
			c.Stdin = strings.NewReader("in")
			run(t, t.Context(), s, c)
			s.Run(t.Context(), &Cmd{Path: "/none", Argv: []string{"none"}, Stdout: io.Discard, Stdin: strings.NewReader("")})
		}
		if after := files(); after > before {
			t.Errorf("descriptors: %d before, %d after", before, after)
		}
		for i := 0; runtime.NumGoroutine() > goroutines; i++ {
			if i == 1000 {
				t.Fatalf("goroutines: %d before, %d after", goroutines, runtime.NumGoroutine())
			}
			runtime.Gosched()
		}
	})
}
