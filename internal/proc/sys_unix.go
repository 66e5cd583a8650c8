//go:build unix

package proc

import "syscall"

const sigCont = syscall.SIGCONT

// signalGroup sends sig to the group; one that is gone is no error here.
func signalGroup(pgid int, sig syscall.Signal) { syscall.Kill(-pgid, sig) }
