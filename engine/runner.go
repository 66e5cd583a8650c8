package engine

import (
	"context"
	"time"
)

// Job is one input on its way through a pool.
type Job[In any] struct {
	Seq     int // number of the job, from 1 in scatter order, never reused; 0 in a direct Call
	Slot    int // place it runs in, from 1; no two running jobs of a pool share one; 0 in a direct Call
	Attempt int // try, from 1
	Args    In

	start *start
	hook  func()
}

// start is what Begin writes: when the last try of a job really started, and
// which one that was.
type start struct {
	at      time.Time
	attempt int
}

// Begin says that the work of this try starts now: not while it waits for a
// lock or behind another call. Every Runner that is not a wrapper calls it,
// before Run returns; of several calls in one try only the first counts. It
// stamps Start and Attempt of the Result and arms Timeout.
func (j Job[In]) Begin() {
	if j.start == nil || j.start.attempt == j.Attempt {
		return
	}
	j.start.attempt = j.Attempt
	j.start.at = time.Now()
	if j.hook != nil {
		j.hook()
	}
}

// OnBegin returns the job with f to be run when the try begins, after what
// earlier calls of OnBegin asked for. It is for wrappers.
func (j Job[In]) OnBegin(f func()) Job[In] {
	if j.start == nil { // a job that no pool made
		j.start = &start{attempt: j.Attempt - 1}
	}
	if before := j.hook; before != nil {
		j.hook = func() { before(); f() }
	} else {
		j.hook = f
	}
	return j
}

// With returns the job with other arguments, for a Runner that is made of one
// of another type.
func With[A, B any](j Job[A], args B) Job[B] {
	return Job[B]{Seq: j.Seq, Slot: j.Slot, Attempt: j.Attempt, Args: args, start: j.start, hook: j.hook}
}

// Runner runs the jobs of one slot, one at a time. Run blocks until the job is
// over; after ctx is done it returns soon, with whatever it started stopped.
// It must not keep job.Args. A Runner that is an io.Closer is closed when its
// slot ends. A panic in a Runner is not recovered.
type Runner[In, Out any] interface {
	Run(ctx context.Context, job Job[In]) (Out, error)
}

// RunnerFunc is a Runner of one function.
type RunnerFunc[In, Out any] func(ctx context.Context, job Job[In]) (Out, error)

// Run calls f.
func (f RunnerFunc[In, Out]) Run(ctx context.Context, job Job[In]) (Out, error) { return f(ctx, job) }

// Spawner makes the Runner of a slot when the slot opens, which is when a job
// waits and no open slot is free. ctx is the pool's. An error fails that job
// and leaves the slot shut; the next job tries again.
type Spawner[In, Out any] interface {
	Spawn(ctx context.Context, slot int) (Runner[In, Out], error)
}

// SpawnFunc is a Spawner of one function.
type SpawnFunc[In, Out any] func(ctx context.Context, slot int) (Runner[In, Out], error)

// Spawn calls f.
func (f SpawnFunc[In, Out]) Spawn(ctx context.Context, slot int) (Runner[In, Out], error) {
	return f(ctx, slot)
}

// Queuer is a Runner that takes jobs while one runs: it may get 1+Ahead()
// calls of Run at once and runs them in the order it got them. Ahead is
// called under the pool's lock: it must be cheap and must not block.
type Queuer interface{ Ahead() int }

// Func is a plain function as a Runner and a Spawner. Its panics become that
// job's *PanicError. A pool of a Func runs Call in the calling goroutine.
type Func[In, Out any] func(ctx context.Context, in In) (Out, error)

// Run begins the job and calls f.
func (f Func[In, Out]) Run(ctx context.Context, job Job[In]) (out Out, err error) {
	defer recoverTo(&err)
	job.Begin()
	return f(ctx, job.Args)
}

// Spawn returns f, which serves every slot.
func (f Func[In, Out]) Spawn(context.Context, int) (Runner[In, Out], error) { return f, nil }
