package mount

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// watch watches the pipe f. It does so from outside: f may be shared with
// others, for whom it has to stay a blocking one.
func (t *Tracker) watch(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	t.unread = func() (n int) {
		raw.Control(func(fd uintptr) { n = unreadIn(int(fd)) })
		return n
	}
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	var added error
	err = raw.Control(func(fd uintptr) { // an end without readers is an error, which is always told
		added = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, int(fd), &unix.EpollEvent{})
	})
	if err = errors.Join(err, os.NewSyscallError("epoll_ctl", added), unix.SetNonblock(epoll, true)); err != nil {
		unix.Close(epoll)
		return err
	}
	return t.await(os.NewFile(uintptr(epoll), "epoll"))
}

// await closes gone when there is an event, which costs no thread until then.
func (t *Tracker) await(epoll *os.File) error {
	raw, err := epoll.SyscallConn()
	if err != nil {
		return errors.Join(err, epoll.Close())
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err := raw.Read(func(fd uintptr) bool {
			n, _ := retry(func() (int, error) { return unix.EpollWait(int(fd), make([]unix.EpollEvent, 1), 0) })
			return n > 0
		})
		if err == nil {
			close(t.readers.gone)
		}
	}()
	t.readers.close = func() error {
		err := epoll.Close()
		<-ended
		return err
	}
	return nil
}
