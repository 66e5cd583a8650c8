package engine

import "context"

// entry is one job of a pool with everything known of it: one allocation a job.
type entry[In, Out any] struct {
	Promise[Out]
	pool    *Pool[In, Out]
	in      In
	ctx     context.Context // of a Call, nil for a scattered job
	prev    *entry[In, Out] // in a queue
	next    *entry[In, Out] // in a queue
	older   *entry[In, Out] // in a round
	younger *entry[In, Out] // in a round
	round   *round[In, Out] // the round it is undelivered in; nil once delivered or claimed, and in a Call
}

// Lock takes the lock of the pool, which guards the promise.
func (e *entry[In, Out]) Lock() { e.pool.mu.Lock() }

// Unlock lets it go.
func (e *entry[In, Out]) Unlock() { e.pool.mu.Unlock() }

// leave takes the job out of what its pool delivers.
func (e *entry[In, Out]) leave() {
	if e.round != nil {
		e.pool.forgo(e)
	}
}

// queue is a line of entries. An entry stands in at most one queue: held until
// its promise is there, waiting for a slot until it begins, ready for the
// reader after it has ended, or news for those who follow it.
type queue[In, Out any] struct {
	head, tail *entry[In, Out]
	n          int
}

func (q *queue[In, Out]) push(e *entry[In, Out]) {
	if q.tail == nil {
		q.head = e
	} else {
		q.tail.next, e.prev = e, q.tail
	}
	q.tail = e
	q.n++
}

func (q *queue[In, Out]) pushFront(e *entry[In, Out]) {
	e.next = q.head
	if q.tail == nil {
		q.tail = e
	} else {
		q.head.prev = e
	}
	q.head = e
	q.n++
}

func (q *queue[In, Out]) pop() *entry[In, Out] {
	e := q.head
	if e != nil {
		q.remove(e)
	}
	return e
}

// remove takes e out of the queue; false if it stands in none.
func (q *queue[In, Out]) remove(e *entry[In, Out]) bool {
	if e.prev == nil && q.head != e {
		return false
	}
	if e.prev == nil {
		q.head = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next == nil {
		q.tail = e.prev
	} else {
		e.next.prev = e.prev
	}
	e.prev, e.next = nil, nil
	q.n--
	return true
}

// round is the undelivered jobs scattered between two Gathers, oldest first.
type round[In, Out any] struct {
	head, tail *entry[In, Out]
	n          int
}

func (r *round[In, Out]) add(e *entry[In, Out]) {
	e.round, e.older = r, r.tail
	if r.tail == nil {
		r.head = e
	} else {
		r.tail.younger = e
	}
	r.tail = e
	r.n++
}

// remove delivers e: nothing of the round refers to it any more.
func (r *round[In, Out]) remove(e *entry[In, Out]) {
	if e.older == nil {
		r.head = e.younger
	} else {
		e.older.younger = e.younger
	}
	if e.younger == nil {
		r.tail = e.older
	} else {
		e.younger.older = e.older
	}
	e.round, e.older, e.younger = nil, nil, nil
	r.n--
}
