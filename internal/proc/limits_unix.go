//go:build unix

package proc

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// SignalName is the name of a signal, as SIGTERM.
func SignalName(sig syscall.Signal) string {
	if name := unix.SignalName(sig); name != "" {
		return name
	}
	return sig.String()
}

const (
	slotFiles  = 7  // that a slot has open at most: its poller, pidfd, pipes, and a process being started
	otherFiles = 40 // the rest of the program
)

// MaxSlots is how many processes may run at once within the limit of open
// files.
func MaxSlots() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil || uint64(limit.Cur) > 1<<30 {
		return maxSlots
	}
	return min(max((int(limit.Cur)-otherFiles)/slotFiles, 1), maxSlots)
}

const (
	argMax     = 128 << 10 // the least that Linux takes, whatever the limit of the stack
	argMost    = 6 << 20   // the most
	argReserve = 2048      // that POSIX wants to stay free
)

// ArgArea is how many bytes the system takes for the words of a command line
// beside this environment, a pointer for each word included.
func ArgArea(env []string) int {
	area := argMax
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_STACK, &limit) == nil {
		area = int(min(max(uint64(limit.Cur)/4, argMax), argMost))
	}
	for _, variable := range env {
		area -= len(variable) + 1 + 8
	}
	return max(area-argReserve, 1)
}
