//go:build !unix

package cmd

import (
	"os"
	"os/signal"
	"syscall"
)

// handleSignals answers Ctrl-C from now on, to the end of the process.
func (r *scatterRun) handleSignals() {
	r.signals = make(chan os.Signal, 1)
	signal.Notify(r.signals, os.Interrupt)
	go func() {
		for range r.signals {
			r.stop(&stopError{why: "stopped by Ctrl-C", signal: syscall.SIGINT})
		}
	}()
}
