package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Process is a process held fast, which need not be a child of ours: its
// number may become another's, but what is done through a Process never means
// that one.
type Process struct {
	file *os.File // a pidfd
	raw  syscall.RawConn
}

// OpenProcess holds a process. The error is ErrNoProcess, or
// errors.ErrUnsupported where the system cannot do that (Linux before 5.3).
func OpenProcess(pid int) (*Process, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	switch {
	case err == unix.ESRCH || err == unix.EINVAL: // EINVAL: not a positive number, or a thread's
		return nil, ErrNoProcess
	case err != nil:
		return nil, fmt.Errorf("process %d: %w", pid, os.NewSyscallError("pidfd_open", err))
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	return FromFile(os.NewFile(uintptr(fd), "process"))
}

// FromFile returns the Process whose File another process has handed to us,
// and owns f, which os.NewFile made of the descriptor.
func FromFile(f *os.File) (*Process, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	return &Process{file: f, raw: raw}, nil
}

// File returns the file that stands for the process. It is p's own.
func (p *Process) File() (*os.File, error) { return p.file, nil }

// Close lets the process go.
func (p *Process) Close() error { return p.file.Close() }

// Alive reports whether the process has not ended. A zombie has.
func (p *Process) Alive() bool {
	ended := true
	p.raw.Control(func(fd uintptr) { ended = pidfdEnded(fd) })
	return !ended
}

// Signal sends sig to the process, or returns ErrNoProcess if it has ended.
func (p *Process) Signal(sig syscall.Signal) error {
	var err error
	closed := p.raw.Control(func(fd uintptr) {
		if err = unix.ESRCH; !pidfdEnded(fd) { // a zombie would take it
			err = unix.PidfdSendSignal(int(fd), sig, nil, 0)
		}
	})
	switch {
	case closed != nil:
		return closed
	case err == unix.ESRCH:
		return ErrNoProcess
	}
	return os.NewSyscallError("pidfd_send_signal", err)
}

// Wait returns nil when the process has ended, or the cause of ctx when that
// is done first. One call at a time. No thread is held meanwhile.
func (p *Process) Wait(ctx context.Context) error {
	woken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		p.file.SetReadDeadline(time.Unix(1, 0))
		close(woken)
	})
	err := p.raw.Read(pidfdEnded)
	if !stop() {
		<-woken
		p.file.SetReadDeadline(time.Time{})
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return context.Cause(ctx)
	}
	return err
}

// pidfdEnded asks without waiting.
func pidfdEnded(fd uintptr) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, 0)
		if err != unix.EINTR {
			return n > 0
		}
	}
}
