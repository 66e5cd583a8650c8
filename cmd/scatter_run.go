package cmd

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"iter"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/loxctl/loxctl/engine"
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
	id         string // LOXCTL_RUN
	stages     []*stage
	chain      *chainRun // nil: there is one stage
	firstStdin bool      // the first job gets ours

	sink    sink.Sink
	store   *spool.Store // nil: nothing is kept
	joblog  *journal.Joblog
	clock   engine.Clock
	stderr  lines
	cancel  context.CancelCauseFunc
	ctx     context.Context
	signals chan os.Signal
	fed     chan struct{} // closed when feed is over

	starting  context.Context // ends when no more jobs may begin
	endStarts context.CancelCauseFunc

	mu       sync.Mutex
	tasks    map[int]*task // of the only stage: scattered and not delivered
	total    int           // jobs, if {##} needs to know
	tally    tally
	draining bool  // no more tries begin
	fatal    error // what ends the run with its own status
}

func newRun(ctx context.Context, a *app, o *scatterOptions, set *stageSet) (*scatterRun, error) {
	if a.getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	id := make([]byte, 8)
	rand.Read(id)
	r := &scatterRun{app: a, opt: o, id: hex.EncodeToString(id), tasks: make(map[int]*task), fed: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	r.starting, r.endStarts = context.WithCancelCause(r.ctx)
	r.stderr.to = sink.Watch(a.stderr, "stderr", r.outputFailed)
	if o.failing.failFast {
		o.failing.halt = halt{now: true, on: haltFail, count: 1, text: "now,fail=1"}
	}
	if err := r.openStages(set); err != nil {
		return nil, err
	}
	if name := o.failing.joblog; name != "" {
		var err error
		if r.joblog, err = journal.OpenJoblog(name); err != nil {
			return nil, scatterError("--joblog", strings.TrimPrefix(name, "+")+": "+reason(err).Error())
		}
	}
	r.openSink(set)
	for _, st := range r.stages {
		st.openPool()
	}
	if len(r.stages) > 1 {
		r.chain = newChainRun(r, set.graph)
	}
	r.handleSignals()
	if d := o.failing.deadline.Of(); d > 0 {
		r.clock.AfterFunc(d, func() { r.stop(&stopError{why: "the deadline of " + d.String() + " was reached", deadline: true}) })
	}
	return r, nil
}

func (r *scatterRun) openSink(set *stageSet) {
	o := &r.opt.output
	to := sink.Streams{
		Out: sink.Watch(r.app.stdout, "stdout", r.outputFailed),
		Err: &r.stderr,
	}
	bounds := spool.Options{Mem: int64(o.spoolMem), Disk: int64(o.spoolDisk), Dir: o.tmpdir}
	group := sink.GroupOptions{Unordered: o.unordered, Turns: len(r.stages) > 1, Tag: r.tag(set.labelled(o))}
	for _, st := range r.stages {
		group.Whole = group.Whole || st.opt.tries.retries > 0
	}
	switch {
	case o.ungroup:
		if len(r.stages) > 1 {
			r.store = spool.NewStore(bounds, nil)
		}
		r.sink = sink.Raw{Out: r.app.stdout, Err: r.app.stderr, Store: r.store}
	case o.json:
		r.sink, r.store = sink.NewJSON(to, bounds, group)
	case o.lineBuffer:
		r.sink, r.store = sink.NewLines(to, bounds, group.Tag)
	default:
		r.sink, r.store = sink.NewGroup(to, bounds, group)
	}
}

// needsTotal reports whether all input must be read before the first job.
func (r *scatterRun) needsTotal() bool {
	return r.opt.failing.halt.percent > 0 ||
		slices.ContainsFunc(r.stages, func(st *stage) bool { return st.templates.needTotal() })
}

// counted are the records, all of them read first if somebody must know how
// many there are.
func (r *scatterRun) counted(records iter.Seq2[source.Record, error]) (iter.Seq2[source.Record, error], error) {
	if !r.needsTotal() {
		return records, nil
	}
	all, n, err := source.Collect(records)
	r.total = n
	return all, err
}

// feed scatters the records. What is wrong with the input ends the scattering;
// the jobs that it has brought run.
func (r *scatterRun) feed(records iter.Seq2[source.Record, error]) {
	defer close(r.fed)
	st := r.stages[0]
	defer st.pool.Seal()
	records, err := r.counted(records)
	if err != nil {
		r.fail(err)
		return
	}
	seq := 0
	for record, err := range records {
		if err != nil {
			r.fail(err)
			return
		}
		seq++
		t := &task{stage: st, record: record}
		t.Seq, t.Args, t.Status = seq, record.Args, -1
		r.mu.Lock()
		r.tasks[seq] = t
		r.mu.Unlock()
		r.sink.Open(&t.Job)
		if st.pool.Scatter(t).Index() < 0 { // the run was stopped before it came in
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
		t.stage.over(t, nil)
	}
	if err := r.sink.Put(&t.Job); err != nil {
		r.outputFailed(err)
	}
}
