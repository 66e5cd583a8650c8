package cmd

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"iter"
	"os"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/loxctl/loxctl/engine"
	"github.com/loxctl/loxctl/engine/command"
	"github.com/loxctl/loxctl/internal/journal"
	"github.com/loxctl/loxctl/internal/sink"
	"github.com/loxctl/loxctl/internal/source"
	"github.com/loxctl/loxctl/internal/spool"
)

// window is how many jobs may be over and waiting for an earlier one.
const window = 8192

// gcPercent lets garbage grow to twice what is in use: half the collections,
// for a few megabytes.
const gcPercent = 200

// scatterRun is one invocation of scatter.
type scatterRun struct {
	app        *app
	opt        *scatterOptions
	templates  *templates
	slots      int
	firstStdin bool // the first job gets ours

	pool    *engine.Pool[*task, struct{}]
	stage   *command.Stage
	sink    sink.Sink
	store   io.Closer // of the sink; nil: it keeps nothing
	joblog  *journal.Joblog
	holds   *holdPlaces // nil: jobs hold nothing
	clock   engine.Clock
	pace    *engine.Pace
	stderr  lines
	cancel  context.CancelCauseFunc
	ctx     context.Context
	signals chan os.Signal
	fed     chan struct{} // closed when feed is over

	starting  context.Context // ends when no more jobs may begin
	endStarts context.CancelCauseFunc
	noIndexes []int

	sizing sync.Mutex // one resize at a time

	mu       sync.Mutex
	tasks    map[int]*task // scattered and not delivered
	total    int           // jobs, if {##} needs to know
	tally    tally
	draining bool  // no more tries begin
	fatal    error // what ends the run with its own status
}

func newRun(ctx context.Context, a *app, o *scatterOptions, t *templates) (*scatterRun, error) {
	if a.getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	r := &scatterRun{app: a, opt: o, templates: t, tasks: make(map[int]*task), fed: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	r.starting, r.endStarts = context.WithCancelCause(r.ctx)
	r.stderr.to = sink.Watch(a.stderr, "stderr", r.outputFailed)
	if o.failing.failFast {
		o.failing.halt = halt{now: true, on: haltFail, count: 1, text: "now,fail=1"}
	}
	var err error
	if r.slots, err = r.slotCount(); err != nil {
		return nil, scatterError("--jobs", err.Error())
	}
	if err := r.openHolds(); err != nil {
		return nil, err
	}
	if err := r.openStage(); err != nil {
		return nil, scatterFailure(err)
	}
	if name := o.failing.joblog; name != "" {
		if r.joblog, err = journal.OpenJoblog(name); err != nil {
			return nil, scatterError("--joblog", strings.TrimPrefix(name, "+")+": "+reason(err).Error())
		}
	}
	r.openSink()
	r.openPool()
	r.handleSignals()
	if d := o.failing.deadline.Of(); d > 0 {
		r.clock.AfterFunc(d, func() { r.stop(&stopError{why: "the deadline of " + d.String() + " was reached", deadline: true}) })
	}
	return r, nil
}

// slotCount is -j, or less if the system has not enough descriptors.
func (r *scatterRun) slotCount() (int, error) {
	n, err := r.opt.pool.jobs.slots()
	if err != nil {
		return 0, err
	}
	if most := command.MaxSlots(); n > most {
		if r.opt.pool.jobs.text != "0" {
			r.notice("%d jobs at once instead of %d: the limit of open files allows no more (ulimit -n)", most, n)
		}
		n = most
	}
	return n, nil
}

func (r *scatterRun) openStage() (err error) {
	id := make([]byte, 8)
	rand.Read(id)
	env, err := r.opt.command.environment(r.app.environ)
	if err != nil {
		return err
	}
	opt := command.Options{
		Env:   append(env, "LOXCTL_RUN="+hex.EncodeToString(id), "LOXCTL_STAGE=1"),
		Grace: max(r.opt.failing.killAfter.Of(), 1),
	}
	if self, err := os.Executable(); err == nil {
		opt.Guard = []string{self, guardVerb}
	}
	if r.opt.command.nice != 0 {
		opt.Nice = &r.opt.command.nice
	}
	r.stage, err = command.Open(r.ctx, opt)
	return err
}

func (r *scatterRun) openSink() {
	o := &r.opt.output
	to := sink.Streams{
		Out: sink.Watch(r.app.stdout, "stdout", r.outputFailed),
		Err: &r.stderr,
	}
	bounds := spool.Options{Mem: int64(o.spoolMem), Disk: int64(o.spoolDisk), Dir: o.tmpdir}
	group := sink.GroupOptions{Unordered: o.unordered, Whole: r.opt.failing.retries > 0, Tag: r.templates.tagger(r.values)}
	var store *spool.Store
	switch {
	case o.ungroup:
		r.sink = sink.Raw{Out: r.app.stdout, Err: r.app.stderr}
		return
	case o.json:
		r.sink, store = sink.NewJSON(to, bounds, group)
	case o.lineBuffer:
		r.sink, store = sink.NewLines(to, bounds, group.Tag)
	default:
		r.sink, store = sink.NewGroup(to, bounds, group)
	}
	r.store = store
}

// openPool keeps a few jobs ahead of the slots, so that reading and running do
// not wait for each other; of large ones no more than are needed for that.
func (r *scatterRun) openPool() {
	backlog := max(r.slots, 16)
	if r.opt.batch.packs() {
		backlog = r.slots
	}
	if every := max(r.opt.pool.delay.every, r.opt.pool.rate.of()); every > 0 {
		r.pace = engine.NewPace(every)
	}
	r.pool = engine.New(r.ctx, engine.SpawnFunc[*task, struct{}](r.spawn), engine.Options{
		Workers: r.slots, Window: window + r.slots, Backlog: backlog, Unordered: r.opt.output.unordered,
	})
}

// needsTotal reports whether all input must be read before the first job.
func (r *scatterRun) needsTotal() bool {
	return r.templates.needTotal() || r.opt.failing.halt.percent > 0
}

// feed scatters the records. What is wrong with the input ends the scattering;
// the jobs that it has brought run.
func (r *scatterRun) feed(records iter.Seq2[source.Record, error]) {
	defer close(r.fed)
	defer r.pool.Seal()
	if r.needsTotal() {
		all, n, err := source.Collect(records)
		if err != nil {
			r.fail(err)
			return
		}
		records, r.total = all, n
	}
	seq := 0
	for record, err := range records {
		if err != nil {
			r.fail(err)
			return
		}
		seq++
		t := &task{record: record}
		t.Seq, t.Args, t.Status = seq, record.Args, -1
		r.mu.Lock()
		r.tasks[seq] = t
		r.mu.Unlock()
		r.sink.Open(&t.Job)
		if r.pool.Scatter(t).Index() < 0 { // the run was stopped before it came in
			r.mu.Lock()
			defer r.mu.Unlock()
			delete(r.tasks, seq)
			r.tally.cut = true
			return
		}
	}
}

// deliver takes a job that is over and whose turn it is to the sink.
func (r *scatterRun) deliver(result engine.Result[struct{}]) {
	r.mu.Lock()
	t := r.tasks[result.Seq]
	delete(r.tasks, result.Seq)
	r.mu.Unlock()
	if !t.over {
		t.Err, t.End = result.Err, result.End
		r.over(t, nil)
	}
	if err := r.sink.Put(&t.Job); err != nil {
		r.outputFailed(err)
	}
}
