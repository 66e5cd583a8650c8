package locks

import (
	"container/list"
	"context"
	"sync"
)

// A memGate is the rule of a lock in memory, or of one of its sides: who may
// enter.
type memGate interface {
	releaser

	// enter lets one more in if it fits beside those inside, and says which
	// index it has. It is called with the mutex of the line held, and need not
	// care who waits.
	enter() (index int, ok bool)
}

// A memLine is what the locks in memory share: the mutex over their state, and
// those who wait, in the order of their arrival.
//
// It keeps one rule: when the mutex is let go, the head of the line does not
// fit in. So whoever makes room calls admit before that, and nothing is ever
// free while somebody waits for it.
type memLine struct {
	mu     sync.Mutex
	main   list.List // of *memWaiter
	polite list.List // of *memWaiter, served while main is empty
	grants uint64
}

// A memWaiter is one call of Acquire that stands in a line.
type memWaiter struct {
	gate   memGate
	line   *list.List
	place  *list.Element
	served chan struct{} // closed once hold or err is set
	hold   *Hold
	err    error
}

// acquire is Locker.Acquire for g, whose waiters stand in line: q.main or
// q.polite.
func (q *memLine) acquire(ctx context.Context, g memGate, line *list.List) (*Hold, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	q.mu.Lock()
	h, err := q.try(g)
	if err == nil {
		q.mu.Unlock()
		return h, nil
	}
	w := q.join(g, line)
	q.mu.Unlock()
	if w.wait(ctx) {
		return w.hold, w.err
	}
	q.mu.Lock()
	q.leave(w)
	q.mu.Unlock()
	w.giveBack()
	return nil, context.Cause(ctx)
}

// tryAcquire is Locker.TryAcquire for g.
func (q *memLine) tryAcquire(g memGate) (*Hold, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.try(g)
}

// waiting counts the line.
func (q *memLine) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.main.Len() + q.polite.Len()
}

// try lets g in if nobody waits and it fits, else it returns ErrHeld. Somebody
// polite is in nobody's way: whatever it waits for keeps the main line out too.
// As all other methods below it needs the mutex.
func (q *memLine) try(g memGate) (*Hold, error) {
	if q.main.Len() > 0 || q.polite.Len() > 0 {
		return nil, ErrHeld
	}
	index, ok := g.enter()
	if !ok {
		return nil, ErrHeld
	}
	return q.grant(g, index), nil
}

func (q *memLine) grant(g memGate, index int) *Hold {
	q.grants++
	return &Hold{of: g, index: index, token: q.grants}
}

// join puts a new waiter at the end of line.
func (q *memLine) join(g memGate, line *list.List) *memWaiter {
	w := &memWaiter{gate: g, line: line, served: make(chan struct{})}
	w.place = line.PushBack(w)
	return w
}

// leave takes w out of the line and lets in those whom it kept out. A waiter
// that was served before is in no line, so nothing happens.
func (q *memLine) leave(w *memWaiter) {
	w.line.Remove(w.place)
	q.admit()
}

// admit serves the line from its head on for as long as they fit.
func (q *memLine) admit() {
	for w := q.head(); w != nil; w = q.head() {
		index, ok := w.gate.enter()
		if !ok {
			return
		}
		w.hold = q.grant(w.gate, index)
		w.serve()
	}
}

// fail serves everybody in the line with err instead of a hold.
func (q *memLine) fail(err error) {
	for w := q.head(); w != nil; w = q.head() {
		w.err = err
		w.serve()
	}
}

// head is the next to be served, nil if nobody waits.
func (q *memLine) head() *memWaiter {
	e := q.main.Front()
	if e == nil {
		e = q.polite.Front()
	}
	if e == nil {
		return nil
	}
	return e.Value.(*memWaiter)
}

func (w *memWaiter) serve() {
	w.line.Remove(w.place)
	close(w.served)
}

// wait reports whether w was served; false means that ctx ended, and that w may
// have been served as well.
func (w *memWaiter) wait(ctx context.Context) bool {
	select {
	case <-w.served:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// giveBack releases what a waiter was granted that has given up and left the
// line. It was never inside, so what Release has to say is of no concern to it.
func (w *memWaiter) giveBack() {
	if w.hold != nil {
		w.hold.Release()
	}
}
