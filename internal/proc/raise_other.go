//go:build !linux

package proc

import (
	"os/signal"
	"syscall"
)

// byDefault makes the signal do what it does by default. Those that Go answers
// with a dump of all goroutines cannot be had.
func byDefault(sig syscall.Signal) bool {
	switch sig {
	case syscall.SIGQUIT, syscall.SIGILL, syscall.SIGTRAP, syscall.SIGABRT, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGSEGV:
		return false
	}
	signal.Reset(sig)
	return true
}
