package proc

import "os"

// Self returns the identity of this process.
func Self() (Identity, error) { return Identity{PID: os.Getpid()}, nil }

// Of returns the identity of a process, or ErrNoProcess. Only the number is
// known here.
func Of(pid int) (Identity, error) {
	p, err := os.FindProcess(pid)
	if err != nil {
		return Identity{}, ErrNoProcess
	}
	return Identity{PID: pid}, p.Release()
}

// Stopped reports whether a process is stopped, which is not known here.
func Stopped(int) bool { return false }
