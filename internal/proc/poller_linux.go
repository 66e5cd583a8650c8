package proc

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// poller waits for several descriptors at once without holding a thread: an
// epoll descriptor that is itself watched by the runtime's poller. Members are
// level-triggered, so a read follows readiness and never blocks.
type poller struct {
	file   *os.File
	fd     int
	raw    syscall.RawConn
	events [3]unix.EpollEvent
	n      int
	err    error
	look   func(fd uintptr) bool // p.poll, once
}

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	p := &poller{fd: fd, file: os.NewFile(uintptr(fd), "epoll")}
	p.look = p.poll
	if p.raw, err = p.file.SyscallConn(); err != nil {
		return nil, err
	}
	return p, nil
}

// add watches fd, if it is one; its events carry tag in Fd.
func (p *poller) add(fd, tag int) {
	if fd < 0 {
		return
	}
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(tag)}
	if err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
		panic(os.NewSyscallError("epoll_ctl", err)) // a descriptor of ours that cannot be watched
	}
}

// remove is needed before closing: a child that is just being started may
// have a copy of fd.
func (p *poller) remove(fd int) {
	unix.EpollCtl(p.fd, unix.EPOLL_CTL_DEL, fd, nil)
}

func (p *poller) poll(uintptr) bool {
	for {
		p.n, p.err = unix.EpollWait(p.fd, p.events[:], 0)
		if p.err != unix.EINTR {
			return p.n > 0 || p.err != nil
		}
	}
}

// wait blocks until something is ready. What it returns is valid until the
// next call.
func (p *poller) wait() ([]unix.EpollEvent, error) {
	if err := p.raw.Read(p.look); err != nil {
		return nil, err
	}
	return p.events[:max(p.n, 0)], p.err
}

// ready returns what is ready now.
func (p *poller) ready() ([]unix.EpollEvent, error) {
	p.poll(0)
	return p.events[:max(p.n, 0)], p.err
}
