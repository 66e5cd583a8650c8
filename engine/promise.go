package engine

import (
	"context"
	"sync"
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
	mu      *sync.Mutex // the pool's
	index   int
	settled bool
	awaited bool          // a reader of the pool wants to know when it is settled
	done    chan struct{} // made when somebody asks
	res     Result[Out]
}

// Index is the job's place in what Gather returns, from 0; -1 when the pool
// refused the job. A Gather that ended early moves the jobs scattered since.
func (p *Promise[Out]) Index() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.index
}

// Seq is the number of the job, from 1; 0 when the pool refused the job.
func (p *Promise[Out]) Seq() int { return p.res.Seq }

// Done returns a channel that is closed when the job is over.
func (p *Promise[Out]) Done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
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
		return p.res.Value, p.res.Err
	default:
	}
	select {
	case <-p.Done():
		return p.res.Value, p.res.Err
	case <-ctx.Done():
		var zero Out
		return zero, context.Cause(ctx)
	}
}

// refused is the promise of a job that no pool took.
func refused[Out any](mu *sync.Mutex, err error) *Promise[Out] {
	p := &Promise[Out]{mu: mu, index: -1, settled: true}
	p.res.Err = err
	return p
}
