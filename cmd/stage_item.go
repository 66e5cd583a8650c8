package cmd

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/loxctl/loxctl/engine"
	"github.com/loxctl/loxctl/internal/chain"
	"github.com/loxctl/loxctl/internal/source"
)

// item is a record on its way through the stages of a series, or a piece of a
// result.
type item struct {
	series *series // nil: it marks the end of the pieces of one result
	parent *item   // whose result it is a piece of; nil: it is a record
	record source.Record
	piece  string
	fault  error  // why the result could not be cut here
	tasks  []task // one for each stage of the series
	links  []link // of the tasks

	left     atomic.Int32 // tasks that are not over
	finished atomic.Bool
}

// over is told that one of its jobs is. An item without jobs that could begin
// does not count as open any more.
func (it *item) over(failed bool) {
	if left := it.left.Add(-1); (left == 0 || failed) && it.finished.CompareAndSwap(false, true) {
		it.series.items.finished()
	}
}

// task is the job of a stage that it, or what it is a piece of, has.
func (it *item) task(of *chain.Stage) *task {
	for it.series.Series != of.Series {
		it = it.parent
	}
	return &it.tasks[it.series.place[of]]
}

// link is what ties a job to those of other stages.
type link struct {
	item    *item
	promise *engine.Promise[struct{}]
	inputs  *inputs // nil: not read
	shown   bool
}

// skippedJob says which failed job was to feed one.
type skippedJob struct {
	job string
	err error
}

func (e *skippedJob) Error() string { return "skipped: job " + e.job + " failed" }
func (e *skippedJob) Unwrap() error { return e.err }

// whySkipped is err, why t did not begin, with the job whose failure it was.
func (t *task) whySkipped(err error) error {
	if !isSkipped(err) {
		return err
	}
	for _, from := range t.stage.node.From {
		before := t.item.task(from)
		if why := new(skippedJob); errors.As(before.Err, &why) {
			return why
		}
		if before.Err != nil {
			return &skippedJob{before.stage.jobName(before), err}
		}
	}
	return err
}

// queue are items in their order. Whoever brings one reserves its place first,
// so that an item in the making is not lost when the queue is closed.
type queue struct {
	most     int // 0: no limit
	mostOpen int // of those that have jobs to be run; 0: no limit

	mu       sync.Mutex
	room     sync.Cond
	news     sync.Cond
	items    []*item
	open     int
	reserved int
	closed   bool
}

func newQueue(most, mostOpen int) *queue {
	q := &queue{most: most, mostOpen: mostOpen}
	q.room.L, q.news.L = &q.mu, &q.mu
	return q
}

// reserve waits for a place; false: the queue is closed.
func (q *queue) reserve() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.closed && q.full() {
		q.room.Wait()
	}
	if !q.closed {
		q.reserved++
	}
	return !q.closed
}

func (q *queue) full() bool {
	return q.most > 0 && len(q.items)+q.reserved >= q.most ||
		q.mostOpen > 0 && q.open >= q.mostOpen
}

// opened says that an item has got its jobs, finished that they are over.
func (q *queue) opened() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.open++
}

func (q *queue) finished() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.open--
	q.room.Signal()
}

// put fills the place that was reserved last; nil gives it back.
func (q *queue) put(it *item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.reserved--
	if it != nil {
		q.items = append(q.items, it)
	}
	q.news.Signal()
}

// next waits for the next item; false: there will be none.
func (q *queue) next() (*item, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 {
		if q.closed && q.reserved == 0 {
			return nil, false
		}
		q.news.Wait()
	}
	it := q.items[0]
	q.items[0] = nil
	q.items = q.items[1:]
	q.room.Signal()
	return it, true
}

// close ends the reserving.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.room.Broadcast()
	q.news.Signal()
}
