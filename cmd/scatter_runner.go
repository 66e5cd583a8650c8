package cmd

import (
	"cmp"
	"context"
	"errors"
	"io"
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

// execRunner makes a command of a task and runs it.
type execRunner struct {
	stage *stage
	next  callRunner
	words template.Words
	env   []string
}

// Close closes the runner of the command.
func (x *execRunner) Close() error { return x.next.(io.Closer).Close() }

func (x *execRunner) Run(ctx context.Context, job engine.Job[*task]) (struct{}, error) {
	st, t := x.stage, job.Args
	r := st.run
	st.begin(t, &job)
	values, err := st.values(t)
	if err == nil {
		err = st.templates.command.Append(&x.words, values)
	}
	if err != nil {
		job.Begin()
		return struct{}{}, st.badInput(t, err)
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
	call := engine.Call{Argv: x.words.Argv(), Stdout: t.Stdout, Stderr: t.Stderr}
	dir, env, err := x.place(t, values)
	if err != nil {
		return struct{}{}, err
	}
	call.Dir, call.Env = dir, env
	if t.held != nil {
		call.Env, call.Inherit = append(t.held.env, env...), t.held.files
	}
	stdin := st.stdin(t)
	call.Stdin = stdin
	out, err := x.next.Run(ctx, engine.With(job, call))
	t.Usage = out.Usage
	if err != nil {
		t.Command = st.templates.command.Text(&x.words)
		t.shell = st.templates.command.IsShell()
		t.dir, t.env = dir, slices.Clone(env)
	}
	return struct{}{}, st.classify(t, cmp.Or(readError(stdin), err))
}

// showsCommands reports whether every job's command is shown somewhere.
func (r *scatterRun) showsCommands() bool {
	o := &r.opt.output
	return o.verbose || o.trace || o.dryRun || o.json || r.joblog != nil
}

// show writes the command to where it was asked for.
func (x *execRunner) show(t *task) error {
	st, r := x.stage, x.stage.run
	o := &r.opt.output
	t.Command = st.templates.command.Text(&x.words)
	line := t.Command + "\n"
	if st.about != nil {
		line = st.about.Label() + ": " + line
	}
	if o.trace {
		io.WriteString(r.app.stderr, line)
	}
	if o.verbose || o.dryRun {
		to := t.Stdout
		if st.about != nil && st.about.Output != sink.Shown {
			to = t.Stderr // stdout is not for people
		}
		if _, err := io.WriteString(to, line); err != nil {
			return &command.OutputError{Err: err}
		}
	}
	return nil
}

// stdin is what the job reads; nil is /dev/null.
func (st *stage) stdin(t *task) io.Reader {
	switch {
	case st.opt.link.stdin && st.node.TakesRecords():
		return strings.NewReader(t.record.Raw)
	case st.opt.link.stdin:
		return t.resultReader()
	case st.run.firstStdin && t.Seq == 1 && st.node.Number == 1:
		return st.run.app.stdin
	}
	return nil
}

// readError is why the stdin of a job could not be read to its end.
func readError(stdin io.Reader) error {
	if r, ok := stdin.(interface{ Err() error }); ok && r.Err() != nil {
		return &command.OutputError{Err: r.Err()}
	}
	return nil
}

// place is the directory and the variables of one job.
func (x *execRunner) place(t *task, v *template.Values) (dir string, env []string, err error) {
	templates, r := x.stage.templates, x.stage.run
	if dir = x.stage.opt.command.workdir; dir == "..." {
		dir, err = os.MkdirTemp(r.opt.output.tmpdir, "loxctl-job-"+strconv.Itoa(t.Seq)+"-")
	} else if templates.workdir != nil {
		dir = string(templates.workdir.Append(nil, v))
	}
	if err == nil && dir != "" {
		dir, err = filepath.Abs(dir)
	}
	if err != nil {
		return "", nil, x.stage.badInput(t, err)
	}
	x.env = x.env[:0]
	for _, variable := range templates.env {
		x.env = append(x.env, string(variable.Append(nil, v)))
	}
	return dir, x.env, nil
}

// badInput ends the run because no command can be made of a record. Of a result
// it is the job that fails.
func (st *stage) badInput(t *task, err error) error {
	if !st.node.TakesRecords() {
		return asValueError(err)
	}
	r := st.run
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
func (st *stage) classify(t *task, err error) error {
	r := st.run
	var out *command.OutputError
	var start *command.StartError
	switch {
	case errors.As(err, &out):
		r.outputFailed(out.Err)
	case errors.As(err, &start) && st.templates.command.FixedName() && start.Missing():
		t.told = true
		r.fail(err)
		r.drain(err)
	}
	return err
}

// observer sees the end of every job that began, in the slot that ran it.
type observer struct {
	stage *stage
	next  taskRunner
}

// Close closes the policies and the runner inside.
func (o *observer) Close() error { return o.next.(io.Closer).Close() }

func (o *observer) Run(ctx context.Context, job engine.Job[*task]) (struct{}, error) {
	_, err := o.next.Run(ctx, job)
	job.Args.End = time.Now()
	o.stage.over(job.Args, err)
	if o.stage.opt.link.pass && !isStopped(err) {
		err = nil // later stages go on
	}
	return struct{}{}, err
}

// over counts a job that has ended, or will never begin, writes its line in
// the log, and stops the run if --halt says so.
func (st *stage) over(t *task, err error) {
	r := st.run
	if st.holds != nil && st.holds.turns != nil {
		st.holds.turns.pass(t.Seq) // if it never came so far
	}
	if err != nil {
		t.Err = err
	}
	if t.Attempt > 0 {
		t.setStatus()
	} else if r.showsCommands() {
		t.Command = st.commandOf(t)
	}
	r.mu.Lock()
	t.over = true
	if t.Slot > 0 && t.Slot <= len(st.running) && st.running[t.Slot-1] == t {
		st.running[t.Slot-1] = nil
	}
	halted := r.tally.add(t) && r.reached() && !r.tally.halted
	r.tally.halted = r.tally.halted || halted
	r.mu.Unlock()
	r.log(t)
	st.adjust(t)
	if r.chain != nil {
		r.chain.over(t)
	}
	if halted {
		if cause := (&stopError{why: "halted by --halt " + r.opt.failing.halt.text}); r.opt.failing.halt.now {
			r.stop(cause)
		} else {
			r.drain(cause)
		}
	}
}

// setStatus finds the status of a job that began.
func (t *task) setStatus() {
	t.Status = engine.Status(t.Err)
	var exit *engine.ExitError
	if errors.As(t.Err, &exit) && exit.Signal != nil {
		t.Signal, _ = exit.Signal.(syscall.Signal)
	}
	if t.Status < 0 { // stopped by its context and ended well
		t.Status = 128 + int(syscall.SIGTERM)
	}
}

// reached reports whether --halt ends the run now. What succeeded or is done of
// a chain are its last jobs, what failed is any.
func (r *scatterRun) reached() bool {
	leaves := 0
	for _, st := range r.stages {
		if st.isLeaf() {
			leaves++
		}
	}
	h := &r.opt.failing.halt
	total := r.total
	if h.on != haltFail {
		total *= leaves
	}
	return h.reached(r.tally.lastOK, r.tally.failed, total)
}

// commandOf is the command of a job that did not begin.
func (st *stage) commandOf(t *task) string {
	if !st.node.TakesRecords() && t.inputs == nil {
		t.inputs = st.unknownInputs(t)
	}
	var w template.Words
	if v, err := st.values(t); err != nil || st.templates.command.Append(&w, v) != nil {
		return ""
	}
	return st.templates.command.Text(&w)
}

func (r *scatterRun) log(t *task) {
	if r.joblog == nil {
		return
	}
	row := journal.Row{Seq: t.Seq, Got: t.Received(), Status: t.Status, Signal: t.Signal, Command: t.Command}
	if t.Attempt > 0 {
		row.Start, row.Runtime = t.Start, t.End.Sub(t.Start)
		row.Sent = t.sent()
	}
	if t.stage.about != nil {
		row.Host = t.stage.about.Label()
	}
	if err := r.joblog.Put(row); err != nil {
		r.outputFailed(err)
	}
}
