package cmd

import (
	"context"
	"errors"
	"io"
	"iter"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/loxctl/loxctl/engine"
	"github.com/loxctl/loxctl/internal/chain"
	"github.com/loxctl/loxctl/internal/sink"
	"github.com/loxctl/loxctl/internal/source"
	"github.com/loxctl/loxctl/internal/template"
)

// chainRun is a run of several stages. Every record is scattered to all stages
// of its series at once: a job begins when those before it have ended. What is
// under way is bounded by the places in the queues, which a record leaves when
// all of its output has been shown; so nothing between stages can fill up.
//
// One goroutine brings the records, one for each series of pieces cuts results,
// and one shows what comes of them, in the order of the records. It never waits
// for a job whose input is not there: that comes from jobs shown before. Such a
// job may lack a slot only while others wait for room for their output, and
// then those need not.
type chainRun struct {
	run    *scatterRun
	top    *series
	all    []*series
	turner sink.Turner // nil: nobody needs to know whose turn it is

	showing sync.Mutex // of --unordered, where jobs show themselves
}

// leastOpen is how many records, or pieces, may at least be on their way through
// the stages: a stage that is faster than the next one runs so far ahead.
const leastOpen = 64

// series is the running side of a chain.Series.
type series struct {
	*chain.Series
	chain   *chainRun
	stages  []*stage
	place   map[*chain.Stage]int // in stages
	steps   []step
	cutters []*series // whose items are pieces of results of this one
	lasting []*stage  // whose results are needed until all is done with an item
	items   *queue    // to be shown
	input   *queue    // to be cut
	seq     int
}

// step is a chain.Step: a stage, or a series of pieces.
type step struct {
	stage  *stage
	pieces *series
}

func newChainRun(r *scatterRun, graph *chain.Graph) *chainRun {
	c := &chainRun{run: r}
	c.turner, _ = r.sink.(sink.Turner)
	of := make(map[*chain.Series]*series)
	for _, node := range graph.Series {
		s := &series{Series: node, chain: c, place: make(map[*chain.Stage]int), input: newQueue(0, 0)}
		slots := 0
		for i, n := range node.Stages {
			s.place[n] = i
			s.stages = append(s.stages, r.stageOf(n))
			slots += r.stageOf(n).slots
		}
		s.items = newQueue(slots+window/len(r.stages), max(4*slots, leastOpen))
		of[node] = s
		c.all = append(c.all, s)
	}
	c.top = c.all[0]
	for _, s := range c.all {
		s.connect(graph, of)
	}
	return c
}

// connect finds out what is done with the items of s.
func (s *series) connect(graph *chain.Graph, of map[*chain.Series]*series) {
	r := s.chain.run
	for _, at := range graph.Steps(s.Series) {
		if at.Stage != nil {
			s.steps = append(s.steps, step{stage: r.stageOf(at.Stage)})
			continue
		}
		s.steps = append(s.steps, step{pieces: of[at.Series]})
		s.cutters = append(s.cutters, of[at.Series])
	}
	for _, st := range s.stages {
		far := func(other *stage) bool {
			return other.node.Series != s.Series && slices.Contains(other.takes, st.node)
		}
		if slices.ContainsFunc(r.stages, far) {
			s.lasting = append(s.lasting, st)
		}
	}
}

// readers is how many need the output of a job of the stage besides who shows
// it: the jobs that take it, those who cut it, and jobs of other series together.
func (s *series) readers(st *stage) int {
	n := 0
	for _, other := range s.stages {
		if slices.Contains(other.takes, st.node) {
			n++
		}
	}
	for _, cutter := range s.cutters {
		if cutter.Pieces == st.node {
			n++
		}
	}
	if slices.Contains(s.lasting, st) {
		n++
	}
	return n
}

// runChain runs the records through all stages and shows what comes of them.
func (r *scatterRun) runChain(records iter.Seq2[source.Record, error], src io.Closer) {
	c := r.chain
	go func() {
		defer src.Close() // by who reads: a read of stdin cannot be broken off
		c.feed(records)
	}()
	for _, s := range c.all[1:] {
		go s.cut()
	}
	for it, ok := c.top.items.next(); ok; it, ok = c.top.items.next() {
		c.deliver(it)
	}
}

// close lets no more records in.
func (c *chainRun) close() { c.top.items.close() }

// feed scatters the records. What is wrong with the input ends that; the jobs
// that it has brought run. While there is no room for output, no record comes:
// those that are there need what others will free.
func (c *chainRun) feed(records iter.Seq2[source.Record, error]) {
	r := c.run
	defer close(r.fed)
	defer c.top.end()
	records, err := r.counted(records)
	if err != nil {
		r.fail(err)
		return
	}
	for record, err := range records {
		if err != nil {
			r.fail(err)
			return
		}
		if r.store.AwaitRoom() != nil || !c.top.add(&item{record: record}) {
			r.leaveOut()
			return
		}
	}
}

// leaveOut notes that not all input was used.
func (r *scatterRun) leaveOut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tally.cut = true
}

// end says that no more items come.
func (s *series) end() {
	s.items.close()
	for _, cutter := range s.cutters {
		cutter.input.close()
	}
}

// add scatters an item to all stages of the series; false: the run takes no
// more.
func (s *series) add(it *item) bool {
	if !s.items.reserve() {
		return false
	}
	if !s.scatter(it) {
		s.items.put(nil)
		return false
	}
	for _, cutter := range s.cutters {
		if cutter.input.reserve() {
			cutter.input.put(it)
		}
	}
	s.items.put(it)
	return true
}

func (s *series) scatter(it *item) bool {
	s.seq++
	it.series = s
	it.tasks, it.links = make([]task, len(s.stages)), make([]link, len(s.stages))
	it.left.Store(int32(len(s.stages)))
	s.items.opened()
	var last []*engine.Promise[struct{}]
	for i, st := range s.stages {
		t := &it.tasks[i]
		t.stage, t.record, t.link = st, it.record, &it.links[i]
		t.item = it
		t.Stage, t.Seq, t.Args, t.Status = st.about, s.seq, it.record.Args, -1
		t.Share(s.readers(st))
		s.chain.run.sink.Open(&t.Job)
		t.promise = st.scatter(t)
		if i == 0 && t.promise.Index() < 0 { // the run was stopped before it came in
			s.items.finished()
			return false
		}
		if st.isLeaf() {
			last = append(last, t.promise)
		}
	}
	engine.All(last...) // who shows them waits for them, not for the results of pools
	return true
}

// scatter brings a job to its pool, where it begins when those before it are
// over.
func (st *stage) scatter(t *task) *engine.Promise[struct{}] {
	switch from := st.node.From; {
	case st.node.IsSource():
		return st.pool.Scatter(t)
	case len(from) == 1:
		return engine.Then(st.pool, t.item.task(from[0]).promise, func(struct{}) (*task, error) { return t, nil })
	default:
		var all []*engine.Promise[struct{}]
		for _, f := range from {
			all = append(all, t.item.task(f).promise)
		}
		return engine.Then(st.pool, engine.All(all...), func([]struct{}) (*task, error) { return t, nil })
	}
}

// cut makes items of the results of another series, in the order of its items.
// Behind the pieces of each result comes an item without a series.
func (s *series) cut() {
	defer s.end()
	for parent, ok := s.input.next(); ok; parent, ok = s.input.next() {
		s.cutOne(parent)
		parent.task(s.Pieces).Free()
		if s.items.reserve() {
			s.items.put(new(item))
		}
	}
}

func (s *series) cutOne(parent *item) {
	t, r := parent.task(s.Pieces), s.chain.run
	if _, err := t.promise.Wait(context.Background()); err != nil || t.Err != nil {
		return
	}
	if r.opt.output.dryRun {
		s.add(&item{parent: parent, record: parent.record})
		return
	}
	link := &s.stages[0].opt.link
	most := template.MaxWord
	if link.stdin {
		most = math.MaxInt - 1
	}
	result := t.Passed()
	cutter := link.unpack.NewCutter(result, most)
	for {
		piece, err := cutter.Next()
		if readErr := result.Err(); readErr != nil {
			r.outputFailed(readErr)
			return
		}
		if err == io.EOF {
			return
		}
		it := &item{parent: parent, record: parent.record, piece: piece}
		if err != nil {
			it.fault = resultError(s.Pieces, err)
		}
		if !s.add(it) {
			r.leaveOut()
			return
		}
		if err != nil && !errors.Is(err, chain.ErrLong) {
			return
		}
	}
}

// deliver shows what comes of an item, stage by stage.
func (c *chainRun) deliver(it *item) {
	for _, at := range it.series.steps {
		if at.stage != nil {
			c.await(it.task(at.stage.node))
			continue
		}
		for {
			piece, ok := at.pieces.items.next()
			if !ok || piece.series == nil {
				break
			}
			c.deliver(piece)
		}
	}
	for _, st := range it.series.lasting {
		it.task(st.node).Free()
	}
}

// await waits for a job whose turn it is and shows the rest of it.
func (c *chainRun) await(t *task) {
	c.turn(t)
	_, err := t.promise.Wait(context.Background())
	if !t.over {
		t.Err, t.End = t.whySkipped(err), time.Now()
		t.stage.over(t, nil)
	}
	c.show(t)
}

// turn lets the job through whose turn it is. If it has no slot, those who have
// one need not wait for room.
func (c *chainRun) turn(t *task) {
	if c.turner == nil {
		return
	}
	if err := c.turner.Turn(&t.Job); err != nil {
		c.run.outputFailed(err)
	}
	st := t.stage
	c.run.mu.Lock()
	defer c.run.mu.Unlock()
	if t.Attempt > 0 || t.over {
		return
	}
	st.awaited = t
	for _, other := range st.running {
		if other != nil {
			other.Hurry()
		}
	}
}

// over is told that a job has ended, or will never begin: it needs nothing any
// more of those before it.
func (c *chainRun) over(t *task) {
	t.inputs = nil
	for _, taken := range t.stage.takes {
		if taken.Series == t.stage.node.Series {
			t.item.task(taken).Free()
		}
	}
	t.item.over(t.Err != nil && !t.stage.opt.link.pass)
	if c.run.opt.output.unordered {
		c.show(t)
	}
}

// show brings a job that is over to the sink.
func (c *chainRun) show(t *task) {
	c.showing.Lock()
	defer c.showing.Unlock()
	if t.shown {
		return
	}
	t.shown = true
	if err := c.run.sink.Put(&t.Job); err != nil {
		c.run.outputFailed(err)
	}
}
