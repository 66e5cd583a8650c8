package mount

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A fifo is a pipe that is waited for without a thread, and read or written
// with system calls that os.File does not know.
type fifo struct {
	file *os.File
	raw  syscall.RawConn
}

// newFifo owns f, whose description is non-blocking.
func newFifo(f *os.File) (*fifo, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	return &fifo{file: f, raw: raw}, nil
}

// openFifo opens the FIFO at path so that it stays what it is when all others
// have closed it. One that is there already is used: somebody may have kept it,
// with what is in it.
func openFifo(path string, flags int) (*os.File, error) {
	flags |= unix.O_NONBLOCK | unix.O_CLOEXEC | unix.O_NOFOLLOW
	if err := unix.Mkfifo(path, 0o600); err != nil && err != unix.EEXIST {
		return nil, &fs.PathError{Op: "mkfifo", Path: path, Err: err}
	}
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Type() != fs.ModeNamedPipe {
		return nil, &FileError{Path: path}
	}
	return openAgain(path, flags)
}

// openAgain opens a file without the runtime's own ideas about it.
func openAgain(path string, flags int) (*os.File, error) {
	for {
		fd, err := unix.Open(path, flags|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
		return os.NewFile(uintptr(fd), path), nil
	}
}

// writer opens the FIFO, whether it still has a name or not, for writing.
func (f *fifo) writer() (*os.File, error) {
	var path string
	if err := f.raw.Control(func(fd uintptr) { path = fmt.Sprintf("/proc/self/fd/%d", fd) }); err != nil {
		return nil, err
	}
	return openAgain(path, unix.O_WRONLY)
}

// until ends every wait for the pipe when ctx is done. The caller calls stop,
// after which the pipe can be waited for again.
func (f *fifo) until(ctx context.Context) (stop func()) {
	ended := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		f.file.SetDeadline(time.Unix(1, 0))
		close(ended)
	})
	return func() {
		if !cancel() {
			<-ended
		}
		f.file.SetDeadline(time.Time{})
	}
}

// readable calls try, which does not wait, until it says that it is done, and
// waits between the calls for something to read. An error is
// os.ErrDeadlineExceeded.
func (f *fifo) readable(try func(fd int) (done bool)) error {
	return f.raw.Read(func(fd uintptr) bool { return try(int(fd)) })
}

// taken returns when the pipe can be written to, as readable does: of a pipe
// of one page, when everything in it has been read.
func (f *fifo) taken() error {
	return f.raw.Write(func(fd uintptr) bool { return isWritable(int(fd)) })
}

// isTaken is taken without waiting.
func (f *fifo) isTaken() bool {
	var taken bool
	f.raw.Control(func(fd uintptr) { taken = isWritable(int(fd)) })
	return taken
}

func isWritable(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	for {
		_, err := unix.Poll(fds, 0)
		if err != unix.EINTR {
			return err == nil && fds[0].Revents&unix.POLLOUT != 0
		}
	}
}

// unread is how many bytes are in the pipe.
func (f *fifo) unread() int {
	n := 0
	f.raw.Control(func(fd uintptr) { n = unreadIn(int(fd)) })
	return n
}

func unreadIn(fd int) int {
	n, err := unix.IoctlGetInt(fd, unix.TIOCINQ)
	if err != nil {
		return 0
	}
	return n
}

// shrink makes the pipe as small as can be and returns how many bytes it takes
// then.
func (f *fifo) shrink() (size int, err error) {
	want := os.Getpagesize()
	if mutant == "the pipe is not shrunk" {
		want = lookSize
	}
	closed := f.raw.Control(func(fd uintptr) { size, err = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, want) })
	if err != nil {
		err = os.NewSyscallError("F_SETPIPE_SZ", err)
	}
	return size, errors.Join(closed, err)
}

// write writes b at once. There is room for it.
func (f *fifo) write(b []byte) error {
	var n int
	var err error
	closed := f.raw.Control(func(fd uintptr) { n, err = unix.Write(int(fd), b) })
	switch {
	case closed != nil:
		return closed
	case err != nil:
		return os.NewSyscallError("write", err)
	case n < len(b):
		return errors.New("somebody else writes to the FIFO")
	}
	return nil
}

// moveTo moves what one write has put into the pipe to another one, all of it
// or nothing. There is room for it.
func (f *fifo) moveTo(to *fifo) error {
	var moved, inner error
	outer := f.raw.Control(func(from uintptr) {
		inner = to.raw.Control(func(fd uintptr) {
			_, moved = retry(func() (int, error) {
				n, err := unix.Splice(int(from), nil, int(fd), nil, os.Getpagesize(), unix.SPLICE_F_NONBLOCK)
				return int(n), err
			})
		})
	})
	return errors.Join(outer, inner, os.NewSyscallError("splice", moved))
}

// discard reads n bytes, which are there.
func (f *fifo) discard(n int) error {
	var err error
	closed := f.raw.Control(func(fd uintptr) { err = consume(int(fd), make([]byte, n)) })
	return errors.Join(closed, err)
}

// newStage makes a pipe that one descriptor is enough for.
func newStage() (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	defer w.Close()
	return openAgain(fmt.Sprintf("/proc/self/fd/%d", r.Fd()), unix.O_RDWR)
}

// retry makes a system call that was interrupted again.
func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR {
			return n, err
		}
	}
}
