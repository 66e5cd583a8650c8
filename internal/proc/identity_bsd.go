//go:build unix && !linux && !darwin

package proc

import (
	"os"
	"syscall"
)

// Self returns the identity of this process.
func Self() (Identity, error) { return Identity{PID: os.Getpid()}, nil }

// Of returns the identity of a process, or ErrNoProcess. Only the number is
// known here.
func Of(pid int) (Identity, error) {
	if pid <= 0 || syscall.Kill(pid, 0) == syscall.ESRCH {
		return Identity{}, ErrNoProcess
	}
	return Identity{PID: pid}, nil
}

// Stopped reports whether a process is stopped, which is not known here.
func Stopped(int) bool { return false }
