package proc

import (
	"os"
	"syscall"
	"time"
)

// Raise ends this process by the signal, if there is one, so that a shell loop
// around us sees a death by signal and stops too; it leaves no core of ours
// behind. Where that is not possible it returns, as it does for PIPE, which a
// status of 141 stands for.
func Raise(sig syscall.Signal) {
	if sig == 0 || sig == syscall.SIGPIPE || !byDefault(sig) {
		return
	}
	self, err := os.FindProcess(os.Getpid())
	if err == nil && self.Signal(sig) == nil {
		time.Sleep(time.Second) // another thread may be the one to receive it
	}
}

// Status is the exit status that says how a process has ended, as shells have
// it.
func (e Exit) Status() int {
	if e.Signal != 0 {
		return 128 + int(e.Signal)
	}
	return e.Code
}
