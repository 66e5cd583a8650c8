package proc

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// childFiles are the descriptors 0, 1 and 2 of a process to be started.
type childFiles struct {
	null  int
	fds   [3]uintptr
	owned [3]int // to close after the start
	n     int
}

// own notes a descriptor of the child that the host does not need.
func (f *childFiles) own(i, fd int) {
	f.fds[i] = uintptr(fd)
	f.owned[f.n] = fd
	f.n++
}

func (f *childFiles) close() {
	for _, fd := range f.owned[:f.n] {
		unix.Close(fd)
	}
}

// output makes descriptor i of the child from w.
func (f *childFiles) output(i int, w io.Writer) (pipe, error) {
	switch w := w.(type) {
	case nil:
		f.fds[i] = uintptr(f.null)
	case *os.File:
		fd, err := descriptor(w)
		f.fds[i] = fd
		return pipe{fd: -1}, err
	default:
		var fds [2]int
		if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
			return pipe{fd: -1}, os.NewSyscallError("pipe2", err)
		}
		f.own(i, fds[1])
		return pipe{fd: fds[0], to: w}, nil
	}
	return pipe{fd: -1}, nil
}

// stdin makes descriptor 0 of the child from r.
func (f *childFiles) stdin(r io.Reader) (*feed, error) {
	switch r := r.(type) {
	case nil:
		f.fds[0] = uintptr(f.null)
	case *os.File:
		fd, err := descriptor(r)
		f.fds[0] = fd
		return nil, err
	default:
		var fds [2]int
		if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
			return nil, os.NewSyscallError("pipe2", err)
		}
		f.own(0, fds[0])
		if err := unix.SetNonblock(fds[1], true); err != nil {
			unix.Close(fds[1])
			return nil, os.NewSyscallError("fcntl", err)
		}
		return &feed{from: r, to: os.NewFile(uintptr(fds[1]), "stdin")}, nil
	}
	return nil, nil
}

// descriptor is f.Fd without its side effects.
func descriptor(f *os.File) (uintptr, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	var fd uintptr
	err = raw.Control(func(n uintptr) { fd = n })
	return fd, err
}
