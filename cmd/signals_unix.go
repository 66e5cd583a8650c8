//go:build unix

package cmd

import (
	"cmp"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/loxctl/loxctl/engine/command"
)

// handleSignals answers signals from now on, to the end of the process: to take
// a handler back costs as much as to install it, which is a good part of a
// short run. Those that were ignored when we started stay so: nohup and shells
// in the background rely on it.
func (r *scatterRun) handleSignals() {
	// PIPE is only taken, so that a write to a closed stdout is an error.
	take := []os.Signal{syscall.SIGPIPE, syscall.SIGUSR1, syscall.SIGUSR2}
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGTSTP} {
		if !signal.Ignored(sig) {
			take = append(take, sig)
		}
	}
	r.signals = make(chan os.Signal, 16)
	signal.Notify(r.signals, take...)
	go func() {
		for sig := range r.signals {
			r.signal(sig.(syscall.Signal))
		}
	}()
}

func (r *scatterRun) signal(sig syscall.Signal) {
	switch sig {
	case syscall.SIGUSR1:
		r.say("%s", r.status())
	case syscall.SIGUSR2:
		r.drain(&stopError{why: "told to start no more jobs"})
		r.notice("starting no more jobs")
	case syscall.SIGTSTP:
		signal.Notify(r.signals, syscall.SIGCONT)
		r.clock.Pause()
		r.signalJobs(sig)
		syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	case syscall.SIGCONT:
		r.signalJobs(sig)
		r.clock.Resume()
	case syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP:
		r.interrupt(sig)
	}
}

// signalJobs sends sig to all that runs.
func (r *scatterRun) signalJobs(sig syscall.Signal) {
	for _, st := range r.stages {
		st.host.Signal(sig)
	}
}

// interrupt stops the run: the first time politely, then at once.
func (r *scatterRun) interrupt(sig syscall.Signal) {
	if r.ctx.Err() != nil {
		r.signalJobs(syscall.SIGKILL)
		return
	}
	running := r.running()
	r.stop(&stopError{why: "stopped by " + command.SignalName(sig), signal: sig})
	if len(running) == 0 {
		return
	}
	var names []string
	for _, t := range running[:min(len(running), 5)] {
		names = append(names, "#"+t.stage.jobName(t))
	}
	if len(running) > len(names) {
		names = append(names, "…")
	}
	r.notice("stopping %s (%s), press Ctrl-C again to kill", plural(len(running), "job"), strings.Join(names, " "))
}

// running are the jobs that have begun and are not over, by number. They must
// not be changed; the lock guards what they say of their start.
func (r *scatterRun) running() []*task {
	r.mu.Lock()
	defer r.mu.Unlock()
	var running []*task
	for _, st := range r.stages {
		for _, t := range st.running {
			if t != nil {
				running = append(running, t)
			}
		}
	}
	slices.SortFunc(running, func(a, b *task) int {
		return cmp.Or(a.Seq-b.Seq, a.stage.node.Number-b.stage.node.Number)
	})
	return running
}

// status lists the running jobs.
func (r *scatterRun) status() string {
	running := r.running()
	r.mu.Lock()
	defer r.mu.Unlock()
	b := new(strings.Builder)
	fmt.Fprintf(b, "%s running; %s so far", plural(len(running), "job"), r.tally.counts())
	for _, t := range running {
		fmt.Fprintf(b, "\n#%s\tslot %d\t%s\t%s", t.stage.jobName(t), t.Slot, roughly(time.Since(t.Start)), strings.Join(t.Args, " "))
	}
	return b.String()
}
