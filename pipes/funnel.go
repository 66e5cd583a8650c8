package pipes

import (
	"context"
	"sync"
	"time"
)

// FunnelOptions are those of a funnel in memory. The zero value refuses a second
// value of an input for the same job, and has jobs wait for ever.
type FunnelOptions struct {
	// Replace has a second value take the place of the first one instead of
	// being refused with ErrDuplicate.
	Replace bool

	// Expire is how long after its first value a job is dropped if it is still
	// incomplete; 0 is never.
	Expire time.Duration

	// OnExpire is told of each job that has expired, and which inputs had given
	// a value for it, in the order of Subscribe. It is called from a goroutine
	// of its own and may use the funnel; of several jobs at once if they expire
	// at once. It is an any because a job is a K of whatever funnel it is.
	OnExpire func(job any, have []bool)
}

// A Funnel collects what several inputs say of a job, and gives it away once all
// of them have said it. A set comes out complete or not at all, and once.
//
// A job begins with its first value. Its set needs the inputs that there were at
// that moment. When it is complete, the same job may begin anew.
//
// A funnel may be used by many goroutines at once. It has none itself, but a
// timer for each job that is not complete if there is FunnelOptions.Expire.
type Funnel[K comparable, T any] struct {
	options FunnelOptions

	mu      sync.Mutex
	inputs  int
	jobs    map[K]*memJob[T]
	ready   []Set[K, T]
	getters memLine[Set[K, T]] // they wait only while none is ready
	closed  bool
}

// A Set is a job that is complete, with what each of its inputs has given for it
// in the order of Subscribe. It belongs to the one who got it.
type Set[K comparable, T any] struct {
	Job    K
	Values []T
}

// An Input is one of those whose values a set consists of.
type Input[K comparable, T any] struct {
	of    *Funnel[K, T]
	index int
}

// A memJob is a job that is not complete.
type memJob[T any] struct {
	values  []T
	have    []bool
	missing int
	timer   *time.Timer // nil if it does not expire
}

// NewFunnel returns a funnel without inputs.
func NewFunnel[K comparable, T any](o FunnelOptions) *Funnel[K, T] {
	return &Funnel[K, T]{options: o, jobs: make(map[K]*memJob[T])}
}

// Subscribe returns a new input. It counts for jobs whose first value comes
// later, not for those already begun.
func (f *Funnel[K, T]) Subscribe() *Input[K, T] {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inputs++
	return &Input[K, T]{of: f, index: f.inputs - 1}
}

// Index is 0, 1, … in the order of Subscribe: where the values of the input are
// in a set.
func (in *Input[K, T]) Index() int { return in.index }

// Put gives v for job. It never waits. The error is ErrDuplicate if the input
// has given a value for this job already, unless the funnel replaces it; ErrLate
// if the input is younger than the job; ErrClosed after Close. Then v is not
// taken.
//
// A job that cannot be the key of a map, such as a slice in a K that is an
// interface, panics, and the funnel is none the worse for it. One that does not
// equal itself, such as NaN, never completes.
func (in *Input[K, T]) Put(job K, v T) error {
	f := in.of
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return ErrClosed
	}
	j := f.jobs[job]
	if j == nil {
		j = f.begin(job)
	}
	if err := j.put(in.index, v, f.options.Replace); err != nil {
		return err
	}
	if j.missing == 0 {
		f.forget(job, j)
		f.emit(Set[K, T]{Job: job, Values: j.values})
	}
	return nil
}

// begin makes a job that needs all inputs. As the methods below it needs the
// mutex.
func (f *Funnel[K, T]) begin(job K) *memJob[T] {
	j := &memJob[T]{
		values:  make([]T, f.inputs),
		have:    make([]bool, f.inputs),
		missing: f.inputs,
	}
	f.jobs[job] = j
	if f.options.Expire > 0 {
		j.timer = time.AfterFunc(f.options.Expire, func() { f.expire(job, j) })
	}
	return j
}

func (f *Funnel[K, T]) forget(job K, j *memJob[T]) {
	delete(f.jobs, job)
	j.stop()
}

// emit gives s to the getter that has waited longest, or keeps it for the next.
func (f *Funnel[K, T]) emit(s Set[K, T]) {
	w := f.getters.head()
	if w == nil {
		f.ready = append(f.ready, s)
		return
	}
	w.value = s
	f.getters.serve(w)
}

// expire drops j, unless it has been completed or dropped before, or nothing
// can come of it any more because the funnel is closed.
func (f *Funnel[K, T]) expire(job K, j *memJob[T]) {
	f.mu.Lock()
	over := f.closed || f.jobs[job] != j
	if !over {
		f.forget(job, j)
	}
	f.mu.Unlock()
	if !over && f.options.OnExpire != nil {
		f.options.OnExpire(job, j.have)
	}
}

// Get returns the next complete set, in order of completion, for which it waits
// until ctx ends; then the error is the cause of ctx. If ctx has ended before,
// nothing is taken. A set that comes while ctx ends is returned rather than
// lost. Each set goes to one call of Get.
//
// ErrEnd says that the funnel is closed and no complete set is left.
func (f *Funnel[K, T]) Get(ctx context.Context) (Set[K, T], error) {
	if ctx.Err() != nil {
		return Set[K, T]{}, context.Cause(ctx)
	}
	w, s, err := f.get()
	if w == nil {
		return s, err
	}
	return f.getters.wait(ctx, &f.mu, w)
}

// get takes the next set. If there is none yet, it returns a place in the line.
func (f *Funnel[K, T]) get() (w *memWaiter[Set[K, T]], s Set[K, T], err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case len(f.ready) > 0:
		s, f.ready[0] = f.ready[0], s
		f.ready = f.ready[1:]
		return nil, s, nil
	case f.closed:
		return nil, s, ErrEnd
	}
	return f.getters.join(s), s, nil
}

// Pending counts the jobs that have begun and are not complete; after Close,
// those that never will be.
func (f *Funnel[K, T]) Pending() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.jobs)
}

// Drop forgets the values of a job that is not complete, and says whether there
// was one. The next value for it begins it anew.
func (f *Funnel[K, T]) Drop(job K) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	j := f.jobs[job]
	if j != nil {
		f.forget(job, j)
	}
	return j != nil
}

// Inputs counts the inputs.
func (f *Funnel[K, T]) Inputs() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.inputs
}

// Close ends the funnel: its inputs take no more values, and Get returns ErrEnd
// when no complete set is left. Jobs that are not complete will never be; they
// expire no more, so OnExpire is not told of them, but Pending counts them. More
// calls do nothing.
func (f *Funnel[K, T]) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for _, j := range f.jobs {
		j.stop()
	}
	f.getters.fail(ErrEnd)
}

func (j *memJob[T]) put(index int, v T, replace bool) error {
	switch {
	case index >= len(j.have):
		return ErrLate
	case j.have[index] && !replace:
		return ErrDuplicate
	case !j.have[index]:
		j.have[index] = true
		j.missing--
	}
	j.values[index] = v
	return nil
}

func (j *memJob[T]) stop() {
	if j.timer != nil {
		j.timer.Stop()
	}
}
