//go:build unix

package proc

import (
	"os"
	"syscall"
)

const sigCont = syscall.SIGCONT

// signalGroup sends sig to the group; one that is gone is no error here.
func signalGroup(pgid int, sig syscall.Signal) { syscall.Kill(-pgid, sig) }

// startError tells a missing directory from a missing program: exec says
// ENOENT of both.
func startError(c *Cmd, err error) error {
	if err == nil || c.Dir == "" {
		return err
	}
	if info, dirErr := os.Stat(c.Dir); dirErr != nil {
		return &DirError{dirErr}
	} else if !info.IsDir() {
		return &DirError{&os.PathError{Op: "chdir", Path: c.Dir, Err: syscall.ENOTDIR}}
	}
	return err
}
