//go:build unix

package proc

import (
	"os"

	"golang.org/x/sys/unix"
)

// Numbers for a file that a command inherits: above what scripts use, and
// never 3 and 4, which are those of make's job server.
const (
	inheritAt    = 100
	inheritFloor = 10 // where few files may be open
)

// Duplicate returns another descriptor of the same open file, with a high
// number, for Foreground.Inherit and Cmd.Inherit. No other process gets it.
func Duplicate(fd uintptr) (*os.File, error) {
	n, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, inheritAt)
	if err == unix.EINVAL || err == unix.EMFILE {
		n, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, inheritFloor)
	}
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(n), "inherited"), nil
}

// inheriting calls start, which executes a program that has f. Nothing else
// may be started meanwhile.
func inheriting(f *os.File, start func() error) error {
	if f == nil {
		return start()
	}
	fd := f.Fd()
	if _, err := unix.FcntlInt(fd, unix.F_SETFD, 0); err != nil {
		return err
	}
	defer unix.FcntlInt(fd, unix.F_SETFD, unix.FD_CLOEXEC)
	return start()
}

// extraFiles is inheritFiles for os/exec, beginning at descriptor 3. What
// stands between is not passed on.
func extraFiles(files []*os.File) (extra []*os.File) {
	for _, f := range files {
		at := int(f.Fd()) - 3
		for len(extra) <= at {
			extra = append(extra, nil)
		}
		extra[at] = f
	}
	return extra
}
