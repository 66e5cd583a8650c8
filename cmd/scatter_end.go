package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/loxctl/loxctl/engine/command"
	"github.com/loxctl/loxctl/internal/source"
	"github.com/loxctl/loxctl/internal/template"
	"github.com/loxctl/loxctl/internal/term"
)

// stopError is why the run as a whole ends early: the error of the jobs that
// were running, and of those that were not run.
type stopError struct {
	why      string
	signal   syscall.Signal // that we got and pass on; 0: none
	deadline bool
	err      error // what went wrong; nil: it was asked for
}

func (e *stopError) Error() string { return e.why }
func (e *stopError) Unwrap() error { return e.err }

// StopSignal is the polite signal for the running jobs.
func (e *stopError) StopSignal() syscall.Signal { return cmp.Or(e.signal, syscall.SIGTERM) }

// fail notes what ends the run with a status of its own: the first of these
// counts.
func (r *scatterRun) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fatal == nil {
		r.fatal = err
	}
}

// outcome is what was counted, and what fail noted.
func (r *scatterRun) outcome() (tally, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tally, r.fatal
}

// drain starts no more jobs.
func (r *scatterRun) drain(cause error) {
	r.mu.Lock()
	r.draining = true
	r.mu.Unlock()
	for _, st := range r.stages {
		st.pool.Drain(cause)
	}
	r.endStarts(cause)
	if r.chain != nil {
		r.chain.close()
	}
}

// stop ends the running jobs and starts no more. The cause comes first: once
// the pool is drained the run may be over, and asks for it.
func (r *scatterRun) stop(cause error) {
	r.cancel(cause)
	r.drain(cause)
}

// outputFailed ends the run because what it writes cannot be written.
func (r *scatterRun) outputFailed(err error) {
	r.fail(err)
	if r.signals != nil { // it is under way
		r.stop(&stopError{why: err.Error(), err: err})
	}
}

// feedGrace is how long the end of a run that was stopped waits for its feeder
// to see that. Only one that waits for input needs longer, and it has no record
// that anybody could miss.
const feedGrace = 100 * time.Millisecond

// awaitFeed gives the feeder time to note that it has a record too many.
func (r *scatterRun) awaitFeed() {
	grace := time.NewTimer(feedGrace)
	defer grace.Stop()
	select {
	case <-r.fed:
	case <-grace.C:
	}
}

// finish waits for what is left and says how the run ends.
func (r *scatterRun) finish() error {
	var errs []error
	for _, st := range r.stages {
		errs = append(errs, st.pool.Close())
	}
	for _, st := range r.stages {
		errs = append(errs, st.host.Close())
	}
	if r.store != nil {
		errs = append(errs, r.store.Close())
	}
	if r.joblog != nil {
		errs = append(errs, r.joblog.Close())
	}
	if err := errors.Join(errs...); err != nil {
		r.fail(err)
	}
	r.awaitFeed()
	counts, fatal := r.outcome()
	if errors.Is(fatal, syscall.EPIPE) {
		return exitBy(syscall.SIGPIPE).with(nil)
	}
	r.summarize(&counts)
	if fatal == nil {
		_, fatal = r.outcome() // the summary could not be written
	}
	return r.verdict(&counts, fatal)
}

// verdict is how the run ends: the first reason of these that there is.
func (r *scatterRun) verdict(t *tally, fatal error) error {
	var stop stopError
	var start *command.StartError
	if at := new(stopError); errors.As(context.Cause(r.ctx), &at) {
		stop = *at
	}
	switch {
	case stop.signal != 0:
		return exitBy(stop.signal).with(nil)
	case errors.As(fatal, &start):
		how := exitNotExecutable
		if start.Status() == exitNotFound.code {
			how = exitNotFound
		}
		return how.with(scatterFailure(fatal))
	case fatal != nil:
		return scatterFailure(fatal)
	case stop.deadline:
		return exitDeadline.with(scatterFailure(&stop))
	case t.halted && r.opt.failing.halt.on == haltSuccess,
		t.halted && r.opt.failing.halt.on == haltDone && t.failed == 0:
		return nil // what was asked for happened
	}
	if status := t.status(r.opt.failing.exitCode.String()); status != 0 {
		return exit{code: status}.with(nil)
	}
	return nil
}

// scatterFailure is err as the last word of the run, with advice where there
// is some.
func scatterFailure(err error) error {
	if usage := new(usageError); errors.As(err, &usage) {
		return err // says whose it is
	}
	e := &hintedError{err: fmt.Errorf("scatter: %w", err)}
	var advice interface{ Hint() string }
	switch {
	case errors.As(err, &advice):
		e.hint = advice.Hint()
	case errors.Is(err, template.ErrNUL):
		e.hint = "if the records end with NUL, say so with -0"
	case errors.Is(err, template.ErrTooLong), errors.Is(err, source.ErrTooLong):
		e.hint = "--stdin gives each job its record on stdin, of any length"
	case errors.Is(err, source.ErrLeftover):
		e.hint = "--link-short lets it pass"
	}
	return e
}

// summarize tells what failed, with lines that repeat it, and the counts.
func (r *scatterRun) summarize(t *tally) {
	slices.SortFunc(t.failures, func(a, b failure) int { return cmp.Or(a.seq-b.seq, a.stage-b.stage) })
	for _, f := range t.failures {
		if f.command == "" { // none could be made
			r.say("job %s failed: %s", f.job, f.how)
			continue
		}
		r.say("job %s failed: %s, after %s:\n%s", f.job, f.how, roughly(f.took), f.command)
	}
	if more := t.failed - t.told - len(t.failures); more > 0 {
		r.say("%d more failed", more)
	}
	if !t.allWell() || t.total() > 1 && term.IsTerminal(r.app.stderr) {
		r.notice("%s", t.counts())
	}
}

// notice tells what the user may want to know.
func (r *scatterRun) notice(format string, args ...any) {
	if !r.opt.output.quiet {
		r.say(format, args...)
	}
}

// say writes a line of ours to stderr: on a new line, whatever a job left there.
func (r *scatterRun) say(format string, args ...any) {
	text := r.app.style(r.app.stderr).Bad("loxctl:") + " " + fmt.Sprintf(format, args...) + "\n"
	if r.stderr.mid.Load() {
		text = "\n" + text
	}
	r.stderr.Write([]byte(text))
}

// lines is a writer that knows whether the last line is complete.
type lines struct {
	to  io.Writer
	mid atomic.Bool
}

func (l *lines) Write(p []byte) (int, error) {
	n, err := l.to.Write(p)
	if n > 0 {
		l.mid.Store(p[n-1] != '\n')
	}
	return n, err
}
