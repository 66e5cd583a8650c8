package engine

import "context"

// entry is one job of a pool with everything known of it: one allocation a job.
type entry[In, Out any] struct {
	Promise[Out]
	in      In
	start   start
	ctx     context.Context // of a Call, nil for a scattered job
	next    *entry[In, Out] // in a queue
	older   *entry[In, Out] // in a round
	younger *entry[In, Out] // in a round
	round   *round[In, Out] // the round it is undelivered in; nil once delivered, and in a Call
}

// queue is a line of entries. An entry stands in at most one queue: waiting
// for a slot until it begins, ready for the reader after it has ended.
type queue[In, Out any] struct {
	head, tail *entry[In, Out]
	n          int
}

func (q *queue[In, Out]) push(e *entry[In, Out]) {
	if q.tail == nil {
		q.head = e
	} else {
		q.tail.next = e
	}
	q.tail = e
	q.n++
}

func (q *queue[In, Out]) pushFront(e *entry[In, Out]) {
	e.next = q.head
	q.head = e
	if q.tail == nil {
		q.tail = e
	}
	q.n++
}

func (q *queue[In, Out]) pop() *entry[In, Out] {
	e := q.head
	if e == nil {
		return nil
	}
	q.head = e.next
	if q.head == nil {
		q.tail = nil
	}
	e.next = nil
	q.n--
	return e
}

// remove takes e out of the middle of the queue; false if it is not there.
func (q *queue[In, Out]) remove(e *entry[In, Out]) bool {
	var before *entry[In, Out]
	for at := q.head; at != nil; before, at = at, at.next {
		if at != e {
			continue
		}
		if before == nil {
			q.pop()
			return true
		}
		before.next = e.next
		if q.tail == e {
			q.tail = before
		}
		e.next = nil
		q.n--
		return true
	}
	return false
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
