package cmd

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/loxctl/loxctl/engine"
	"github.com/loxctl/loxctl/engine/command"
	"github.com/loxctl/loxctl/internal/journal"
	"github.com/loxctl/loxctl/internal/sink"
	"github.com/loxctl/loxctl/internal/template"
)

type (
	taskRunner = engine.Runner[*task, struct{}]
	callRunner = engine.Runner[engine.Call, engine.Output]
)

// spawn builds what runs the jobs of a slot: a command, in the policies that
// were asked for.
func (r *scatterRun) spawn(ctx context.Context, slot int) (taskRunner, error) {
	calls, err := r.stage.Spawn(ctx, slot)
	if err != nil {
		return nil, err
	}
	var next taskRunner = &execRunner{run: r, next: calls}
	f := &r.opt.failing
	if f.timeout != (limit{}) {
		next = engine.TimeoutOn(next, &r.clock, r.timeLimit)
	}
	if r.holds != nil {
		next = &holdRunner{run: r, next: next}
	}
	if r.pace != nil {
		next = engine.Paced(next, r.pace)
	}
	if f.retries > 0 {
		next = engine.Retry(next, f.retries, r.pause)
	}
	return &observer{run: r, next: next}, nil
}

// pause is --retry-delay; there is no further try in a run that starts nothing
// more.
func (r *scatterRun) pause(try int, err error) (time.Duration, bool) {
	r.mu.Lock()
	draining := r.draining
	r.mu.Unlock()
	if draining {
		return 0, false
	}
	return r.opt.failing.retryDelay.pause(try, err)
}

// timeLimit is --timeout for a job that begins now.
func (r *scatterRun) timeLimit() time.Duration {
	limit := r.opt.failing.timeout
	if limit.percent == 0 {
		return limit.fixed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	median, ok := r.tally.median()
	if !ok {
		return 0
	}
	return max(time.Duration(math.Min(float64(median)*limit.percent/100, math.MaxInt64/2)), 1)
}

// execRunner makes a command of a task and runs it.
type execRunner struct {
	run   *scatterRun
	next  callRunner
	words template.Words
	env   []string
}

// Close closes the runner of the command.
func (x *execRunner) Close() error { return x.next.(io.Closer).Close() }

func (x *execRunner) Run(ctx context.Context, job engine.Job[*task]) (struct{}, error) {
	r, t := x.run, job.Args
	r.mu.Lock()
	t.Slot, t.Attempt, t.Start = job.Slot, job.Attempt, time.Now()
	r.mu.Unlock()
	values := r.values(&t.Job)
	if err := r.templates.command.Append(&x.words, values); err != nil {
		return struct{}{}, r.badInput(t, err)
	}
	r.sink.Try(&t.Job)
	if r.showsCommands() {
		if err := x.show(t); err != nil {
			return struct{}{}, err
		}
	}
	if r.opt.output.dryRun {
		job.Begin()
		return struct{}{}, nil
	}
	call := engine.Call{Argv: x.words.Argv(), Stdin: r.stdin(t), Stdout: t.Stdout, Stderr: t.Stderr}
	dir, env, err := x.place(t, values)
	if err != nil {
		return struct{}{}, err
	}
	call.Dir, call.Env = dir, env
	if t.held != nil {
		call.Env, call.Inherit = append(t.held.env, env...), t.held.files
	}
	out, err := x.next.Run(ctx, engine.With(job, call))
	t.Usage = out.Usage
	if err != nil {
		t.Command = r.templates.command.Text(&x.words)
		t.shell = r.templates.command.IsShell()
		t.dir, t.env = dir, slices.Clone(env)
	}
	return struct{}{}, r.classify(t, err)
}

// showsCommands reports whether every job's command is shown somewhere.
func (r *scatterRun) showsCommands() bool {
	o := &r.opt.output
	return o.verbose || o.trace || o.dryRun || o.json || r.joblog != nil
}

// show writes the command to where it was asked for.
func (x *execRunner) show(t *task) error {
	o := &x.run.opt.output
	t.Command = x.run.templates.command.Text(&x.words)
	if o.trace {
		io.WriteString(x.run.app.stderr, t.Command+"\n")
	}
	if o.verbose || o.dryRun {
		if _, err := io.WriteString(t.Stdout, t.Command+"\n"); err != nil {
			return &command.OutputError{Err: err}
		}
	}
	return nil
}

func (r *scatterRun) values(j *sink.Job) *template.Values {
	v := &template.Values{Args: j.Args, Seq: j.Seq, Slot: j.Slot, Total: r.total, Slots: r.slots, Indexes: j.Indexes}
	if v.Indexes == nil {
		v.Indexes = r.noIndexes // it holds nothing yet
	}
	return v
}

// stdin is what the job reads; nil is /dev/null.
func (r *scatterRun) stdin(t *task) io.Reader {
	switch {
	case r.opt.input.stdin:
		return strings.NewReader(t.record.Raw)
	case r.firstStdin && t.Seq == 1:
		return r.app.stdin
	}
	return nil
}

// place is the directory and the variables of one job.
func (x *execRunner) place(t *task, v *template.Values) (dir string, env []string, err error) {
	templates := x.run.templates
	if dir = x.run.opt.command.workdir; dir == "..." {
		dir, err = os.MkdirTemp(x.run.opt.output.tmpdir, "loxctl-job-"+strconv.Itoa(t.Seq)+"-")
	} else if templates.workdir != nil {
		dir = string(templates.workdir.Append(nil, v))
	}
	if err == nil && dir != "" {
		dir, err = filepath.Abs(dir)
	}
	if err != nil {
		return "", nil, x.run.badInput(t, err)
	}
	x.env = x.env[:0]
	for _, variable := range templates.env {
		x.env = append(x.env, string(variable.Append(nil, v)))
	}
	return dir, x.env, nil
}

// badInput ends the run because no command can be made of a record.
func (r *scatterRun) badInput(t *task, err error) error {
	err = t.record.Fail(err)
	r.mu.Lock()
	t.Attempt = 0
	r.mu.Unlock()
	r.fail(err)
	r.drain(err)
	return err
}

// classify finds the errors that are not the job's own: output that cannot be
// kept ends the run at once, a command that is the same for every record and
// cannot be started makes all further jobs pointless.
func (r *scatterRun) classify(t *task, err error) error {
	var out *command.OutputError
	var start *command.StartError
	switch {
	case errors.As(err, &out):
		r.outputFailed(out.Err)
	case errors.As(err, &start) && r.templates.command.FixedName() && start.Missing():
		t.told = true
		r.fail(err)
		r.drain(err)
	}
	return err
}

// observer sees the end of every job that began, in the slot that ran it.
type observer struct {
	run  *scatterRun
	next taskRunner
}

// Close closes the policies and the runner inside.
func (o *observer) Close() error { return o.next.(io.Closer).Close() }

func (o *observer) Run(ctx context.Context, job engine.Job[*task]) (struct{}, error) {
	_, err := o.next.Run(ctx, job)
	job.Args.End = time.Now()
	o.run.over(job.Args, err)
	return struct{}{}, err
}

// over counts a job that has ended, or will never begin, writes its line in
// the log, and stops the run if --halt says so.
func (r *scatterRun) over(t *task, err error) {
	if r.holds != nil {
		r.holds.turns.pass(t.Seq) // if it never came so far
	}
	if err != nil {
		t.Err = err
	}
	if t.Attempt > 0 {
		t.Status = engine.Status(t.Err)
		var exit *engine.ExitError
		if errors.As(t.Err, &exit) && exit.Signal != nil {
			t.Signal, _ = exit.Signal.(syscall.Signal)
		}
		if t.Status < 0 { // stopped by its context and ended well
			t.Status = 128 + int(syscall.SIGTERM)
		}
	} else if r.showsCommands() {
		t.Command = r.commandOf(t)
	}
	r.mu.Lock()
	t.over = true // from here on it is not among the running ones
	halted := r.tally.add(t) && r.opt.failing.halt.reached(r.tally.well(), r.tally.failed, r.total) && !r.tally.halted
	r.tally.halted = r.tally.halted || halted
	r.mu.Unlock()
	r.log(t)
	r.adjust(t)
	if halted {
		if cause := (&stopError{why: "halted by --halt " + r.opt.failing.halt.text}); r.opt.failing.halt.now {
			r.stop(cause)
		} else {
			r.drain(cause)
		}
	}
}

// adjust lets the outcome of a job change how the next ones start.
func (r *scatterRun) adjust(t *task) {
	if t.Attempt > 0 && r.opt.pool.delay.auto {
		by := 0.9
		if t.Err != nil {
			by = 1.3
		}
		r.pace.Scale(by, time.Millisecond)
	}
	if r.opt.pool.jobs.file != "" {
		r.resize()
	}
}

// resize reads the file of -j again if it was written since.
func (r *scatterRun) resize() {
	r.sizing.Lock()
	defer r.sizing.Unlock()
	if !r.opt.pool.jobs.changed() {
		return
	}
	if n, err := r.slotCount(); err == nil {
		r.pool.Resize(n)
	}
}

// commandOf is the command of a job that did not begin.
func (r *scatterRun) commandOf(t *task) string {
	var w template.Words
	if r.templates.command.Append(&w, r.values(&t.Job)) != nil {
		return ""
	}
	return r.templates.command.Text(&w)
}

func (r *scatterRun) log(t *task) {
	if r.joblog == nil {
		return
	}
	row := journal.Row{Seq: t.Seq, Got: t.Received(), Status: t.Status, Signal: t.Signal, Command: t.Command}
	if t.Attempt > 0 {
		row.Start, row.Runtime = t.Start, t.End.Sub(t.Start)
		row.Sent = int64(len(t.record.Raw))
	}
	if err := r.joblog.Put(row); err != nil {
		r.outputFailed(err)
	}
}
