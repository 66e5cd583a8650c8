package proc

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// native reports whether processes can be waited for by descriptor.
func native() bool {
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return false
	}
	unix.Close(fd)
	return true
}

const (
	readSize = 64 << 10
	exitTag  = 2 // of the pidfd among the events; 0 and 1 are the outputs
)

// Slot runs one process at a time. Everything a process can tell, output and
// end, comes through one epoll descriptor on which the goroutine that called
// Run sleeps: no goroutine or thread is started for a process.
type Slot struct {
	host  *Host
	index int
	poll  *poller
	buf   []byte
	pipes [2]pipe
	pidfd int
}

// pipe is one output of a process on its way.
type pipe struct {
	fd  int // read end; -1: none
	to  io.Writer
	err error // the first of to
}

// Slot returns a slot; number, from 1 to 10000, is not used by another one.
func (h *Host) Slot(number int) *Slot { return &Slot{host: h, index: number - 1} }

// Close frees the slot's descriptors.
func (s *Slot) Close() error {
	if s.poll == nil {
		return nil
	}
	return s.poll.file.Close()
}

// Run starts the process and returns when it has ended and its output is
// written. When ctx ends it is stopped, with its group. The error says that
// it could not be started (a syscall.Errno, or *DirError), or what writing
// its output failed with: the process is stopped then.
func (s *Slot) Run(ctx context.Context, c *Cmd) (Exit, error) {
	if s.host.opt.Portable {
		return s.host.runPortable(ctx, s.index, c)
	}
	if s.poll == nil {
		var err error
		if s.poll, err = newPoller(); err != nil {
			return Exit{}, err
		}
		s.buf = make([]byte, readSize)
	}
	p, feed, err := s.start(c)
	if err != nil {
		return Exit{}, err
	}
	unwatch := p.watch(ctx)
	err = s.follow(p)
	unwatch()
	exit := s.reap(p)
	s.drain(p)
	feed.end()
	return exit, errors.Join(err, s.pipes[0].err, s.pipes[1].err)
}

// start opens the pipes and starts the process.
func (s *Slot) start(c *Cmd) (*process, *feed, error) {
	null, err := s.host.devNull()
	if err != nil {
		return nil, nil, err
	}
	files := childFiles{null: int(null.Fd())}
	defer files.close()
	s.pipes[0], s.pipes[1] = pipe{fd: -1}, pipe{fd: -1}
	feed, err := files.stdin(c.Stdin)
	for i, w := range []io.Writer{c.Stdout, c.Stderr} {
		if err == nil {
			s.pipes[i], err = files.output(1+i, w)
		}
	}
	var pid int
	if err == nil {
		s.pidfd = -1
		s.host.nice.do(func() { pid, err = spawn(c, files.fds[:], &s.pidfd) })
	}
	if err != nil {
		s.closePipes()
		feed.end()
		return nil, nil, err
	}
	p := s.host.began(s.index, pid)
	for i := range s.pipes {
		s.poll.add(s.pipes[i].fd, i)
	}
	s.poll.add(s.pidfd, exitTag)
	feed.begin()
	return p, feed, nil
}

func spawn(c *Cmd, fds []uintptr, pidfd *int) (int, error) {
	attr := &syscall.ProcAttr{
		Dir: c.Dir, Files: inheritFiles(fds, c.Inherit),
		Sys: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, PidFD: pidfd},
	}
	pid, err := forkExec(c, attr)
	return pid, startError(c, err)
}

// follow moves output until the process has ended.
func (s *Slot) follow(p *process) error {
	for {
		events, err := s.poll.wait()
		if err != nil {
			p.stop(syscall.SIGKILL)
			return os.NewSyscallError("epoll_wait", err)
		}
		ended := false
		for _, ev := range events {
			if ev.Fd == exitTag {
				ended = true
			} else {
				s.pump(p, int(ev.Fd))
			}
		}
		if ended {
			return nil
		}
	}
}

// pump moves what one read gives. After a failed write the process is told to
// stop and the rest is read and dropped.
func (s *Slot) pump(p *process, i int) {
	at := &s.pipes[i]
	n, err := unix.Read(at.fd, s.buf)
	if err == unix.EINTR {
		return
	}
	if n <= 0 {
		s.shut(i)
		return
	}
	if at.err != nil {
		return
	}
	if _, err := at.to.Write(s.buf[:n]); err != nil {
		at.err = err
		p.stop(syscall.SIGTERM)
	}
}

// reap collects the ended process and waits for the rest of a stopped group.
func (s *Slot) reap(p *process) Exit {
	stopped := p.exited()
	s.poll.remove(s.pidfd)
	unix.Close(s.pidfd)
	var status unix.WaitStatus
	var usage unix.Rusage
	wait(p.pid, &status, 0, &usage)
	if stopped {
		p.finish()
	}
	return exitStatus(status, &usage, stopped)
}

// drain moves what is in the pipes and closes them, whoever else has them.
func (s *Slot) drain(p *process) {
	for s.pipes[0].fd >= 0 || s.pipes[1].fd >= 0 {
		events, _ := s.poll.ready()
		if len(events) == 0 {
			break
		}
		for _, ev := range events {
			s.pump(p, int(ev.Fd))
		}
	}
	s.closePipes()
}

func (s *Slot) closePipes() {
	for i := range s.pipes {
		s.shut(i)
	}
}

func (s *Slot) shut(i int) {
	if fd := s.pipes[i].fd; fd >= 0 {
		s.poll.remove(fd)
		unix.Close(fd)
		s.pipes[i].fd = -1
	}
}
