//go:build unix

package sink

import (
	"os"

	"golang.org/x/sys/unix"
)

// isBroken reports whether f is a pipe that nobody reads.
func isBroken(f *os.File) bool {
	fds := []unix.PollFd{{Fd: int32(f.Fd())}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n == 1 && fds[0].Revents&unix.POLLERR != 0
}
