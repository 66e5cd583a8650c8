//go:build unix && !(linux && amd64)

package proc

import (
	"os"
	"os/signal"
	"syscall"
)

// A forwarder passes the signals sent to this process on to another one, from
// begin to end. Those that come before aim are kept for it. INT and QUIT are
// not passed on to a process of our own group while that has the terminal,
// which sent them to the whole group.
type forwarder struct {
	signals chan os.Signal
	done    chan struct{} // nil: not aimed
}

func (f *forwarder) begin() {
	f.signals = make(chan os.Signal, 4*len(forwarded))
	for _, sig := range forwarded {
		if forwards(sig) {
			signal.Notify(f.signals, sig)
		}
	}
}

// aim tells where signals go: to a process, or to the group with that number
// negated.
func (f *forwarder) aim(target int) {
	f.done = make(chan struct{})
	go func() {
		defer close(f.done)
		for sig := range f.signals {
			byTerminal := sig == syscall.SIGINT || sig == syscall.SIGQUIT
			if target < 0 || !byTerminal || !inForeground() {
				syscall.Kill(target, sig.(syscall.Signal))
			}
		}
	}()
}

// inForeground reports whether our group has the terminal.
func inForeground() bool {
	tty, err := openTerminal()
	if err != nil {
		return false
	}
	defer tty.Close()
	return tty.owner() == syscall.Getpgrp()
}

// end passes nothing on any more.
func (f *forwarder) end() {
	signal.Stop(f.signals)
	close(f.signals)
	if f.done != nil {
		<-f.done
	}
}
