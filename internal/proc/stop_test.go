//go:build unix

package proc

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// gone waits until a process has ended, for no longer than a second.
func gone(t *testing.T, pid int) {
	t.Helper()
	deadline := time.Now().Add(time.Second)
	for alive(pid) {
		if time.Now().After(deadline) {
			syscall.Kill(pid, syscall.SIGKILL)
			t.Fatalf("process %d is still there", pid)
		}
		time.Sleep(time.Millisecond) // the kernel tells nobody but the parent
	}
}

// alive reports whether pid runs; a zombie does not.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return !errors.Is(err, os.ErrNotExist) || syscall.Kill(pid, 0) == nil && !haveProc()
	}
	return !strings.Contains(string(b), ") Z ")
}

func haveProc() bool {
	_, err := os.Stat("/proc/self/stat")
	return err == nil
}

// lines calls each for every line that is written to it.
type lines struct {
	each func(line string)
	rest []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, found := bytes.Cut(l.rest, []byte("\n"))
		if !found {
			return len(p), nil
		}
		l.rest = rest
		l.each(string(line))
	}
}

type stopWith struct{ sig syscall.Signal }

func (stopWith) Error() string                { return "stop" }
func (s stopWith) StopSignal() syscall.Signal { return s.sig }

// stopped runs a line and ends its context when it has written "ready".
func stopped(t *testing.T, s *Slot, line string, cause error) (out []string, exit Exit) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	c := sh(line)
	c.Stdout = &lines{each: func(line string) {
		if out = append(out, line); line == "ready" {
			cancel(cause)
		}
	}}
	exit, err := s.Run(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	if !exit.Stopped {
		t.Errorf("%s: not stopped: %+v", line, exit)
	}
	return out, exit
}

func TestStopReachesTheWholeGroup(t *testing.T) {
	eachHost(t, func(t *testing.T, s *Slot) {
		out, exit := stopped(t, s, "sleep 61 & echo $!; echo ready; sleep 62", errors.New("stop"))
		if exit.Signal != syscall.SIGTERM {
			t.Errorf("got %+v", exit)
		}
		pid, _ := strconv.Atoi(out[0])
		gone(t, pid)
	})
}

func TestTheCauseChoosesTheSignal(t *testing.T) {
	eachHost(t, func(t *testing.T, s *Slot) {
		_, exit := stopped(t, s, "trap 'exit 7' INT; echo ready; while :; do sleep 0.01; done", stopWith{syscall.SIGINT})
		if exit.Code != 7 {
			t.Errorf("got %+v", exit)
		}
	})
}

func TestAStoppedProcessHearsTheSignal(t *testing.T) {
	eachHost(t, func(t *testing.T, s *Slot) {
		_, exit := stopped(t, s, "echo ready; kill -STOP $$; sleep 60", errors.New("stop"))
		if exit.Signal != syscall.SIGTERM {
			t.Errorf("got %+v", exit)
		}
	})
}

// withGrace is eachHost with a short grace.
func withGrace(t *testing.T, grace time.Duration, test func(t *testing.T, s *Slot)) {
	for name, portable := range map[string]bool{"native": false, "portable": true} {
		t.Run(name, func(t *testing.T) {
			h := NewHost(Options{Grace: grace, Portable: portable})
			defer h.Close()
			s := h.Slot(1)
			defer s.Close()
			test(t, s)
		})
	}
}

func TestKillAfterTheGrace(t *testing.T) {
	withGrace(t, 50*time.Millisecond, func(t *testing.T, s *Slot) {
		out, exit := stopped(t, s, "trap '' TERM; sleep 61 & echo $!; echo ready; sleep 62; sleep 63", errors.New("stop"))
		if exit.Signal != syscall.SIGKILL {
			t.Errorf("got %+v", exit)
		}
		pid, _ := strconv.Atoi(out[0])
		gone(t, pid)
	})
}

func TestTheGraceIsForGrandchildrenToo(t *testing.T) {
	child := "sh -c 'trap \"echo cleaned up; exit\" TERM; echo ready; while :; do sleep 0.01; done' & "
	eachHost(t, func(t *testing.T, s *Slot) { // whose grace is a minute
		out, _ := stopped(t, s, child+"wait", errors.New("stop"))
		if len(out) != 2 || out[1] != "cleaned up" {
			t.Errorf("got %q", out)
		}
	})
	withGrace(t, 50*time.Millisecond, func(t *testing.T, s *Slot) {
		stubborn := "sh -c 'trap \"\" TERM; echo $$; echo ready; while :; do sleep 0.01; done' & wait"
		out, exit := stopped(t, s, stubborn, errors.New("stop"))
		if exit.Signal != syscall.SIGTERM {
			t.Errorf("the process itself: %+v", exit)
		}
		pid, _ := strconv.Atoi(out[0])
		gone(t, pid)
	})
}

func TestSignalToAll(t *testing.T) {
	eachHost(t, func(t *testing.T, s *Slot) {
		ready := make(chan struct{})
		go func() {
			<-ready
			s.host.Signal(syscall.SIGUSR1)
		}()
		c := sh("trap 'exit 9' USR1; echo ready; while :; do sleep 0.01; done")
		c.Stdout = &lines{each: func(string) { close(ready) }}
		if exit, err := s.Run(t.Context(), c); err != nil || exit.Code != 9 || exit.Stopped {
			t.Errorf("got %+v, %v", exit, err)
		}
		s.host.Signal(syscall.SIGKILL) // nobody is there
	})
}

// playHost runs a process with a child of its own, in the way that the test
// wants, until somebody kills it.
func playHost(how string) {
	h := NewHost(Options{Guard: []string{os.Args[0], "guard"}, Portable: how == "portable"})
	c := sh("trap '' TERM; sleep 61 & echo $!; echo $$; sleep 62")
	c.Stdout = os.Stdout
	h.Slot(1).Run(context.Background(), c)
}

func TestKilledHostLeavesNothing(t *testing.T) {
	for _, how := range []string{"native", "portable"} {
		t.Run(how, func(t *testing.T) {
			host := exec.Command(os.Args[0], "host", how)
			out, err := host.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := host.Start(); err != nil {
				t.Fatal(err)
			}
			r := bufio.NewReader(out)
			var pids []int
			for range 2 {
				line, _ := r.ReadString('\n')
				pid, err := strconv.Atoi(strings.TrimSpace(line))
				if err != nil {
					t.Fatal(err)
				}
				pids = append(pids, pid)
			}
			guard := awaitGuard(t, host.Process.Pid)
			host.Process.Kill()
			host.Wait()
			for _, pid := range append(pids, guard) {
				gone(t, pid)
			}
			io.Copy(io.Discard, r) // ends: nobody has the pipe any more
		})
	}
}

// awaitGuard returns the pid of the guard of a host, once it is ready.
func awaitGuard(t *testing.T, host int) int {
	t.Helper()
	if !haveProc() {
		t.Skip("no /proc to find the guard in")
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", host, host))
		tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", host))
		for _, task := range tasks {
			b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", host, task.Name()))
			children = append(children, b...)
		}
		for _, field := range strings.Fields(string(children)) {
			comm, _ := os.ReadFile("/proc/" + field + "/comm")
			if string(comm) == "lox-guard\n" {
				pid, _ := strconv.Atoi(field)
				return pid
			}
		}
	}
	t.Fatal("no guard")
	return 0
}

func TestTheGuardEndsWithTheHost(t *testing.T) {
	h := NewHost(Options{Guard: []string{os.Args[0], "guard"}})
	s := h.Slot(1)
	defer s.Close()
	c := sh("echo ready; read line; echo \"$line\"")
	r, w := io.Pipe()
	c.Stdin = r
	var out []string
	c.Stdout = &lines{each: func(line string) {
		if out = append(out, line); line == "ready" {
			go func() {
				awaitGuard(t, os.Getpid())
				io.WriteString(w, "go on\n")
				w.Close()
			}()
		}
	}}
	if _, err := s.Run(t.Context(), c); err != nil || len(out) != 2 {
		t.Error(out, err)
	}
	if err := h.Close(); err != nil { // waits for the guard
		t.Error(err)
	}
	s.host.Signal(syscall.SIGTERM) // the table is still there
}
