package state

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

const (
	ofdGetlk  = unix.F_OFD_GETLK
	ofdSetlk  = unix.F_OFD_SETLK
	ofdSetlkw = unix.F_OFD_SETLKW
)

// reopenPath is where to open the very same file, whatever became of its name.
func (f *File) reopenPath() string { return "/proc/self/fd/" + strconv.Itoa(f.fd) }

// Name is the path that the kernel has for the file.
func (f *File) Name() string {
	if name, err := os.Readlink(f.reopenPath()); err == nil {
		return name
	}
	return f.path
}
