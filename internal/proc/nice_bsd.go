//go:build unix && !linux

package proc

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// nice starts processes through nice(1): niceness belongs to whole processes
// here, and the host is to keep its own.
type nice struct{ more int }

// SetNice sets the niceness of the processes that are started from now on, -20
// to 19. It is called before the first one, once.
func (h *Host) SetNice(n int) error {
	own, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		return os.NewSyscallError("getpriority", err)
	}
	h.nice = &nice{more: n - own}
	return nil
}

func (*nice) do(f func()) { f() }

// wrap returns the command that runs c with the niceness.
func (n *nice) wrap(c *Cmd) *Cmd {
	if n == nil {
		return c
	}
	wrapped := *c
	wrapped.Path = "/usr/bin/nice"
	wrapped.Argv = append([]string{"nice", "-n", strconv.Itoa(n.more), c.Path}, c.Argv[1:]...)
	return &wrapped
}

func (*nice) close() {}
