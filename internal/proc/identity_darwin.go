package proc

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const stateStopped = 4 // SSTOP

// Self returns the identity of this process.
func Self() (Identity, error) { return Of(os.Getpid()) }

// Of returns the identity of a process, or ErrNoProcess. A zombie still is
// one.
func Of(pid int) (Identity, error) {
	info, err := kinfo(pid)
	if err != nil {
		return Identity{}, err
	}
	start := info.Proc.P_starttime
	return Identity{PID: pid, Start: uint64(start.Sec)*1e6 + uint64(start.Usec)}, nil
}

// Stopped reports whether a process is stopped.
func Stopped(pid int) bool {
	info, err := kinfo(pid)
	return err == nil && info.Proc.P_stat == stateStopped
}

func kinfo(pid int) (*unix.KinfoProc, error) {
	if pid <= 0 || syscall.Kill(pid, 0) == syscall.ESRCH {
		return nil, ErrNoProcess
	}
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	switch {
	case err == unix.EIO: // an answer of no length: it has just ended
		return nil, ErrNoProcess
	case err != nil:
		return nil, os.NewSyscallError("sysctl", err)
	}
	return info, nil
}
