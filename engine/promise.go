package engine

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Result is what one job came to.
type Result[Out any] struct {
	Seq, Slot, Attempt int // Slot and Attempt 0: the job never began
	Value              Out // may mean something beside Err: a command that failed has output
	Err                error
	Start, End         time.Time // Start of the last try; zero when the job never began
}

// Promise is the outcome of a scattered job, there once the job is over. It
// may be waited for any number of times, by any goroutine, and holds its value
// as long as somebody holds the promise.
type Promise[Out any] struct {
	of       outcome
	index    int
	settled  bool
	awaited  bool          // a reader of the pool wants to know when it is settled
	dropped  atomic.Bool   // drained while it was held
	done     chan struct{} // made when somebody asks
	follower follower[Out] // hears of it when it is settled; nil: nobody

	seq, slot int
	start     start
	took      time.Duration // from start to the end
	value     Out
	err       error
}

// outcome is what a promise is made for: the job of a pool, or an All. Its
// lock guards the promise.
type outcome interface {
	sync.Locker
	leave() // goes out of what its pool delivers; under the lock
}

// Index is the job's place in its round, from 0, and so in what Gather returns
// as long as Results, Then and All took nothing from the round; -1 when the
// pool refused the job, and for an All. A Gather that ended early moves the
// jobs scattered since.
func (p *Promise[Out]) Index() int {
	p.of.Lock()
	defer p.of.Unlock()
	return p.index
}

// Seq is the number of the job, from 1; 0 when the pool refused the job, and
// for an All.
func (p *Promise[Out]) Seq() int { return p.seq }

// Done returns a channel that is closed when the job is over.
func (p *Promise[Out]) Done() <-chan struct{} {
	p.of.Lock()
	defer p.of.Unlock()
	if p.done == nil {
		p.done = make(chan struct{})
		if p.settled {
			close(p.done)
		}
	}
	return p.done
}

// Wait blocks until the job is over and returns its value and error, or until
// ctx ends, and then returns the cause. It does not deliver the job: Results
// and Gather still do.
func (p *Promise[Out]) Wait(ctx context.Context) (Out, error) {
	select {
	case <-p.Done():
		return p.value, p.err
	default:
	}
	select {
	case <-p.Done():
		return p.value, p.err
	case <-ctx.Done():
		var zero Out
		return zero, context.Cause(ctx)
	}
}

// Result is what the job came to, also of a job that Then or All claimed;
// false while it is not over.
func (p *Promise[Out]) Result() (Result[Out], bool) {
	p.of.Lock()
	defer p.of.Unlock()
	if !p.settled {
		return Result[Out]{}, false
	}
	return p.result(), true
}

func (p *Promise[Out]) result() Result[Out] {
	r := Result[Out]{Seq: p.seq, Slot: p.slot, Attempt: p.start.attempt, Value: p.value, Err: p.err}
	if r.Attempt > 0 {
		r.Start, r.End = p.start.at, p.start.at.Add(p.took)
	}
	return r
}

// settle marks the promise as there and tells who waits for Done.
func (p *Promise[Out]) settle() {
	p.settled = true
	if p.done != nil {
		close(p.done)
	}
}

// refuse makes it the promise of a job that no pool took.
func (p *Promise[Out]) refuse(err error) {
	p.index, p.err = -1, err
	p.settle()
}
