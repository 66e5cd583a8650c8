package sink

import (
	"bufio"
	"io"
	"sync"

	"github.com/loxctl/loxctl/internal/spool"
)

// GroupOptions say how the output of jobs is grouped.
type GroupOptions struct {
	Unordered bool
	Turns     bool // the Sink is a Turner; else the order is that of Open. Not with Unordered
	Whole     bool // nothing of a job is shown before it is over
	Tag       Tag  // nil: none
}

// NewGroup returns a Sink that keeps the output of each job together. In
// scatter order the job whose turn it is writes straight through while it
// runs; all others wait in a store of these bounds, which the caller closes.
// Out of order a job's output comes when it ends; only when the store is full,
// one running job is let through to its end to make room.
func NewGroup(to Streams, bounds spool.Options, o GroupOptions) (Sink, *spool.Store) {
	g := group{to: to, tag: o.Tag, whole: o.Whole}
	g.write = g.drain
	return g.sink(bounds, o)
}

// NewJSON returns a Sink that shows each job, when it is over, as one JSON
// object on a line of its own. There are no tags in it.
func NewJSON(to Streams, bounds spool.Options, o GroupOptions) (Sink, *spool.Store) {
	w := bufio.NewWriterSize(to.Out, 32<<10)
	g := group{to: to, whole: true, write: func(j *Job) error {
		if !j.shows() {
			return nil
		}
		return encode(w, j)
	}}
	return g.sink(bounds, o)
}

// group is what the Sinks have in common that keep a job's output together.
type group struct {
	to    Streams
	tag   Tag
	store *spool.Store
	whole bool
	write func(j *Job) error // shows a job that is over
}

func (g group) sink(bounds spool.Options, o GroupOptions) (Sink, *spool.Store) {
	if o.Unordered {
		u := &unordered{group: g, jobs: make(map[*Job]struct{})}
		u.store = spool.NewStore(bounds, u.makeRoom)
		return u, u.store
	}
	g.store = spool.NewStore(bounds, nil)
	if o.Turns {
		return &inTurn{g}, g.store
	}
	return &ordered{group: g}, g.store
}

// Try forgets the output of earlier tries.
func (g *group) Try(j *Job) {
	if g.whole {
		j.again()
	}
}

// show writes a job that is over and frees its room. After the first error it
// writes nothing more.
func (g *group) show(j *Job) error {
	defer j.done()
	if err := g.store.Err(); err != nil {
		return err
	}
	return g.check(g.write(j))
}

// lead lets a job through. Where its output must be whole before it is shown,
// it is only freed from waiting for room, which nobody else would make.
func (g *group) lead(j *Job) error {
	if g.whole {
		j.Hurry()
		return nil
	}
	return g.check(g.pass(j, (*spool.Buffer).Flow))
}

// check ends all waiting for room after an error: nobody will make any.
func (g *group) check(err error) error {
	if err != nil {
		g.store.Fail(err)
	}
	return err
}

func (g *group) drain(j *Job) error {
	if j.output() == PassedAndShown {
		if _, err := j.stdout.WriteTo(withTag(g.to.Out, g.tag, j)); err != nil {
			return err
		}
	}
	return g.pass(j, (*spool.Buffer).Drain)
}

// pass shows what nobody else wants of the job.
func (g *group) pass(j *Job, how func(*spool.Buffer, io.Writer) error) error {
	if j.output() == Shown {
		if err := how(&j.stdout, withTag(g.to.Out, g.tag, j)); err != nil {
			return err
		}
	}
	return how(&j.stderr, withTag(g.to.Err, g.tag, j))
}

// inTurn shows jobs in the order of Turn.
type inTurn struct{ group }

// Open gives the job its place in the spool.
func (t *inTurn) Open(j *Job) { j.init(t.store) }

// Turn lets the job through.
func (t *inTurn) Turn(j *Job) error { return t.lead(j) }

// Put shows what is left of the job.
func (t *inTurn) Put(j *Job) error { return t.show(j) }

// ordered shows jobs in the order of Open.
type ordered struct {
	group
	mu    sync.Mutex
	queue []*Job // opened, not put: it is the turn of the first
}

// Open gives the job its place in the spool, or the streams if it is its turn.
func (o *ordered) Open(j *Job) {
	j.init(o.store)
	o.mu.Lock()
	o.queue = append(o.queue, j)
	turn := len(o.queue) == 1
	o.mu.Unlock()
	if turn {
		o.lead(j) // nothing is written yet that could fail
	}
}

// Put shows what is left of the job and gives the streams to the next one.
func (o *ordered) Put(j *Job) error {
	err := o.show(j)
	o.mu.Lock()
	o.queue[0] = nil
	o.queue = o.queue[1:]
	var next *Job
	if len(o.queue) > 0 {
		next = o.queue[0]
	}
	o.mu.Unlock()
	if err == nil && next != nil {
		err = o.lead(next)
	}
	return err
}
