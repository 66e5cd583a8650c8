//go:build unix

package proc

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// sleeper starts a process that does nothing.
func sleeper(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd
}

func open(t *testing.T, pid int) *Process {
	t.Helper()
	p, err := OpenProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func TestProcess(t *testing.T) {
	cmd := sleeper(t)
	p := open(t, cmd.Process.Pid)
	if !p.Alive() || p.Signal(0) != nil {
		t.Error("it is said to have ended")
	}
	cause := errors.New("cause")
	for range 2 { // a wait that was given up leaves nothing behind
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Millisecond, func() { cancel(cause) })
		if err := p.Wait(ctx); err != cause {
			t.Errorf("a wait that is given up: %v", err)
		}
		if err := p.Wait(ctx); err != cause {
			t.Errorf("a context that is done: %v", err)
		}
	}
	waited := make(chan error)
	go func() { waited <- p.Wait(t.Context()) }()
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	if err := <-waited; err != nil {
		t.Error(err)
	}
	if p.Alive() { // though it is a zombie
		t.Error("it is said to be alive")
	}
	if err := p.Signal(syscall.SIGTERM); err != ErrNoProcess {
		t.Errorf("a signal for a zombie: %v", err)
	}
	cmd.Wait()
	if err := p.Signal(syscall.SIGTERM); err != ErrNoProcess {
		t.Errorf("a signal for one that is gone: %v", err)
	}
	if err := p.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := OpenProcess(cmd.Process.Pid); err != ErrNoProcess {
		t.Errorf("opening one that is gone: %v", err)
	}
	for _, pid := range []int{0, -1} {
		if _, err := OpenProcess(pid); err != ErrNoProcess {
			t.Errorf("opening %d: %v", pid, err)
		}
	}
}

func TestProcessIsHandedOn(t *testing.T) {
	cmd := sleeper(t)
	f, err := open(t, cmd.Process.Pid).File()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	fd, err := unix.Dup(int(f.Fd())) // as another process would have it
	if err != nil {
		t.Fatal(err)
	}
	p, err := FromFile(os.NewFile(uintptr(fd), "process"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	time.AfterFunc(time.Millisecond, func() { cmd.Process.Kill() })
	if err := p.Wait(t.Context()); err != nil || p.Alive() {
		t.Errorf("%v, alive: %v", err, p.Alive())
	}
}
