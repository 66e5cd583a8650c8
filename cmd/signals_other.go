//go:build !unix

package cmd

import (
	"os"
	"os/signal"
	"syscall"
)

// handleSignals answers Ctrl-C until the returned function is called.
func (r *scatterRun) handleSignals() (quit func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range signals {
			r.stop(&stopError{why: "stopped by Ctrl-C", signal: syscall.SIGINT})
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
		<-done
	}
}
