package cmd

import (
	"context"
	"math"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/loxctl/loxctl/engine"
	"github.com/loxctl/loxctl/engine/command"
	"github.com/loxctl/loxctl/internal/chain"
	"github.com/loxctl/loxctl/internal/sink"
	"github.com/loxctl/loxctl/internal/template"
)

// stage is a stage of a run: what runs its jobs.
type stage struct {
	stageSpec
	run   *scatterRun
	about *sink.Stage // nil: it is the only one
	slots int
	pool  *engine.Pool[*task, struct{}]
	host  *command.Stage
	holds *holdPlaces // nil: jobs hold nothing
	pace  *engine.Pace

	noIndexes []int
	sizing    sync.Mutex // one resize at a time

	// The lock of the run guards these.
	running []*task // by slot, from 0
	awaited *task   // it is its turn, and it has no slot yet
	times   medians // of the successful jobs
}

// openStages opens what the stages need.
func (r *scatterRun) openStages(set *stageSet) error {
	for _, spec := range set.stages {
		st := &stage{stageSpec: spec, run: r}
		if len(set.stages) > 1 {
			st.about = &sink.Stage{Number: spec.node.Number, Name: spec.node.Name, Output: spec.output}
		}
		r.stages = append(r.stages, st)
	}
	for _, st := range r.stages {
		var err error
		if st.slots, err = st.slotCount(); err != nil {
			return ofStage(st.node.Number, scatterError("--jobs", err.Error()))
		}
		if err := st.openHolds(); err != nil {
			return err
		}
		if err := st.openHost(); err != nil {
			return ofStage(st.node.Number, scatterFailure(err))
		}
	}
	return nil
}

// slotCount is -j, or less if the system has not enough descriptors.
func (st *stage) slotCount() (int, error) {
	n, err := st.opt.pool.jobs.slots()
	if err != nil {
		return 0, err
	}
	if most := max(command.MaxSlots()/len(st.run.stages), 1); n > most {
		if st.opt.pool.jobs.text != "0" {
			st.run.notice("%d jobs at once instead of %d: the limit of open files allows no more (ulimit -n)", most, n)
		}
		n = most
	}
	return n, nil
}

func (st *stage) openHost() (err error) {
	r := st.run
	env, err := st.opt.command.environment(r.app.environ)
	if err != nil {
		return err
	}
	opt := command.Options{
		Env:   append(slices.Clip(env), "LOXCTL_RUN="+r.id, "LOXCTL_STAGE="+strconv.Itoa(st.node.Number)),
		Grace: max(st.opt.tries.killAfter.Of(), 1),
	}
	if self, err := os.Executable(); err == nil {
		opt.Guard = []string{self, guardVerb}
	}
	if st.opt.command.nice != 0 {
		opt.Nice = &st.opt.command.nice
	}
	st.host, err = command.Open(r.ctx, opt)
	return err
}

// openPool opens the pool. One that jobs come to from outside keeps a few of
// them ahead of the slots, so that reading and running do not wait for each
// other; of large ones no more than are needed for that.
func (st *stage) openPool() {
	opt := engine.Options{Workers: st.slots}
	if st.node.IsSource() {
		opt.Backlog = max(st.slots, 16)
	}
	if st.run.opt.batch.packs() {
		opt.Backlog = st.slots
	}
	if st.about == nil {
		opt.Window = window + st.slots
		opt.Unordered = st.run.opt.output.unordered
	}
	if every := max(st.opt.pool.delay.every, st.opt.pool.rate.of()); every > 0 {
		st.pace = engine.NewPace(every)
	}
	st.pool = engine.New(st.run.ctx, engine.SpawnFunc[*task, struct{}](st.spawn), opt)
}

// spawn builds what runs the jobs of a slot: a command, in the policies that
// were asked for.
func (st *stage) spawn(ctx context.Context, slot int) (taskRunner, error) {
	calls, err := st.host.Spawn(ctx, slot)
	if err != nil {
		return nil, err
	}
	var next taskRunner = &execRunner{stage: st, next: calls}
	t := &st.opt.tries
	if t.timeout != (limit{}) {
		next = engine.TimeoutOn(next, &st.run.clock, st.timeLimit)
	}
	if st.holds != nil {
		next = &holdRunner{stage: st, next: next}
	}
	if st.pace != nil {
		next = engine.Paced(next, st.pace)
	}
	if t.retries > 0 {
		next = engine.Retry(next, t.retries, st.pause)
	}
	return &observer{stage: st, next: next}, nil
}

// pause is --retry-delay; there is no further try in a run that starts nothing
// more.
func (st *stage) pause(try int, err error) (time.Duration, bool) {
	st.run.mu.Lock()
	draining := st.run.draining
	st.run.mu.Unlock()
	if draining {
		return 0, false
	}
	return st.opt.tries.retryDelay.pause(try, err)
}

// timeLimit is --timeout for a job that begins now.
func (st *stage) timeLimit() time.Duration {
	limit := st.opt.tries.timeout
	if limit.percent == 0 {
		return limit.fixed
	}
	st.run.mu.Lock()
	defer st.run.mu.Unlock()
	median, ok := st.times.median()
	if !ok {
		return 0
	}
	return max(time.Duration(math.Min(float64(median)*limit.percent/100, math.MaxInt64/2)), 1)
}

// begin notes that a try of t starts.
func (st *stage) begin(t *task, job *engine.Job[*task]) {
	r := st.run
	r.mu.Lock()
	defer r.mu.Unlock()
	t.Slot, t.Attempt, t.Start = job.Slot, job.Attempt, time.Now()
	for len(st.running) < job.Slot {
		st.running = append(st.running, nil)
	}
	st.running[job.Slot-1] = t
	if st.awaited == t {
		st.awaited = nil
	}
	if st.awaited != nil {
		t.Hurry()
	}
}

// adjust lets the outcome of a job change how the next ones start.
func (st *stage) adjust(t *task) {
	if t.Attempt > 0 && st.opt.pool.delay.auto {
		by := 0.9
		if t.Err != nil {
			by = 1.3
		}
		st.pace.Scale(by, time.Millisecond)
	}
	if st.opt.pool.jobs.file != "" {
		st.resize()
	}
}

// resize reads the file of -j again if it was written since.
func (st *stage) resize() {
	st.sizing.Lock()
	defer st.sizing.Unlock()
	if !st.opt.pool.jobs.changed() {
		return
	}
	if n, err := st.slotCount(); err == nil {
		st.pool.Resize(n)
	}
}

// isLeaf reports whether no other stage takes its results.
func (st *stage) isLeaf() bool { return len(st.node.To) == 0 }

// name is how messages call a job: 7, or 7 of resize.
func (st *stage) jobName(t *task) string {
	switch {
	case st.about == nil:
		return strconv.Itoa(t.Seq)
	case st.node.Name == "":
		return strconv.Itoa(t.Seq) + " of stage " + st.node.Label()
	}
	return strconv.Itoa(t.Seq) + " of " + st.node.Name
}

// values are what the templates of a job put in. Of a stage that takes results
// they are read when the job begins; before, they are unknown.
func (st *stage) values(t *task) (*template.Values, error) {
	v := &template.Values{Args: t.Args, Seq: t.Seq, Slot: t.Slot, Total: st.run.total, Slots: st.slots, Indexes: t.Indexes}
	if v.Indexes == nil {
		v.Indexes = st.noIndexes // it holds nothing yet
	}
	if st.node.TakesRecords() {
		return v, nil
	}
	if t.inputs == nil {
		if err := st.readInputs(t); err != nil {
			return nil, err
		}
	}
	t.inputs.fill(v)
	return v, nil
}

// tag is what stands before each line of a job: of the record, and of the stage
// where several show output.
func (r *scatterRun) tag(labelled bool) sink.Tag {
	text := r.stages[0].templates.tag
	if text == nil && !labelled {
		return nil
	}
	return func(j *sink.Job) []byte {
		var line []byte
		if text != nil {
			v := &template.Values{Args: j.Args, Seq: j.Seq, Slot: j.Slot, Total: r.total, Indexes: j.Indexes}
			st := r.stages[0]
			if j.Stage != nil {
				st = r.stages[j.Stage.Number-1]
			}
			v.Slots = st.slots
			if v.Indexes == nil {
				v.Indexes = st.noIndexes
			}
			line = append(st.templates.tag.Append(line, v), '\t')
		}
		if labelled {
			line = append(line, j.Stage.Label()+"\t"...)
		}
		return line
	}
}

// series is the running side of a chain.Series.
func (r *scatterRun) stageOf(node *chain.Stage) *stage { return r.stages[node.Number-1] }
