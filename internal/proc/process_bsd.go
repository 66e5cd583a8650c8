//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// Process is a process held fast, which need not be a child of ours. Its end
// is seen whatever becomes of its number; only a Signal may mean another
// process, if that got the number between our last look and the signal.
type Process struct {
	pid        int
	kq         int
	ended      atomic.Bool
	wake, rest *os.File // a byte in the pipe ends a Wait
}

// OpenProcess holds a process. The error is ErrNoProcess if there is none.
func OpenProcess(pid int) (*Process, error) {
	if pid <= 0 {
		return nil, ErrNoProcess
	}
	rest, wake, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p := &Process{pid: pid, wake: wake, rest: rest}
	if p.kq, err = unix.Kqueue(); err != nil {
		rest.Close()
		wake.Close()
		return nil, os.NewSyscallError("kqueue", err)
	}
	unix.CloseOnExec(p.kq)
	if err := p.watch(); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *Process) watch() error {
	changes := make([]unix.Kevent_t, 2)
	unix.SetKevent(&changes[0], int(p.rest.Fd()), unix.EVFILT_READ, unix.EV_ADD)
	unix.SetKevent(&changes[1], p.pid, unix.EVFILT_PROC, unix.EV_ADD)
	changes[1].Fflags = unix.NOTE_EXIT
	_, err := unix.Kevent(p.kq, changes, nil, nil)
	if err == unix.ESRCH {
		return ErrNoProcess
	}
	return os.NewSyscallError("kevent", err)
}

// FromFile is not possible here: a process is handed on as a number.
func FromFile(*os.File) (*Process, error) { return nil, errHandOn }

// File is not possible here.
func (p *Process) File() (*os.File, error) { return nil, errHandOn }

var errHandOn = fmt.Errorf("handing a process to another: %w", errors.ErrUnsupported)

// Close lets the process go.
func (p *Process) Close() error {
	return errors.Join(unix.Close(p.kq), p.rest.Close(), p.wake.Close())
}

// Alive reports whether the process has not ended. A zombie has.
func (p *Process) Alive() bool {
	p.look(new(unix.Timespec))
	return !p.ended.Load()
}

// Signal sends sig to the process, or returns ErrNoProcess if it has ended.
func (p *Process) Signal(sig syscall.Signal) error {
	if !p.Alive() {
		return ErrNoProcess
	}
	err := syscall.Kill(p.pid, sig)
	if err == syscall.ESRCH {
		return ErrNoProcess
	}
	return os.NewSyscallError("kill", err)
}

// Wait returns nil when the process has ended, or the cause of ctx when that
// is done first. One call at a time; it holds a thread.
func (p *Process) Wait(ctx context.Context) error {
	woken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		p.wake.Write([]byte{0})
		close(woken)
	})
	err := p.look(nil)
	if !stop() {
		<-woken
		p.rest.Read(make([]byte, 1))
	}
	switch {
	case p.ended.Load():
		return nil
	case err != nil:
		return err
	}
	return context.Cause(ctx)
}

// look takes what has happened, waiting for it for as long as that; nil: for
// ever.
func (p *Process) look(timeout *unix.Timespec) error {
	if p.ended.Load() {
		return nil
	}
	events := make([]unix.Kevent_t, 2)
	for {
		n, err := unix.Kevent(p.kq, nil, events, timeout)
		if err == unix.EINTR {
			continue
		}
		for _, ev := range events[:max(n, 0)] {
			if ev.Filter == unix.EVFILT_PROC {
				p.ended.Store(true) // the event comes once
			}
		}
		return os.NewSyscallError("kevent", err)
	}
}
