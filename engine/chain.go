package engine

import (
	"slices"
	"sync"
)

// Then scatters a job into next that begins once from is there, with what use
// makes of its value. The job takes its place in next now; like Scatter, Then
// blocks for room, and a pool that takes no more jobs fails the promise and
// leaves from alone. Until from is there the job does not count in Len nor in
// the Backlog, which jobs may then exceed. Drain fails it; Seal does not, and
// Close waits for it.
//
// from is claimed: its job leaves the Results, the Gather and the Window of its
// own pool, so that gathering the last pool of a chain gathers what feeds it. A
// promise may be used any number of times, before and after it is settled, also
// in its own pool.
//
// use is where values unpack and where arguments are added; Whole takes the
// value as it is. It runs at most once, on the goroutine that settles from, or
// in Then when that is settled; not once its job was drained. Its error is the
// job's failure, its panic a *PanicError. When from has failed the job fails
// with a *SkippedError.
func Then[A, In, Out any](next *Pool[In, Out], from *Promise[A], use func(A) (In, error)) *Promise[Out] {
	l := &link[A, In, Out]{use: use}
	if next.hold(&l.entry) && !from.claim(l) {
		l.follow(from)
	}
	return &l.Promise
}

// All returns the promise of the values of several, in the order given: a
// funnel by job. It waits for all of them, claims them as Then does, and fails
// with a *SkippedError of the first failure in that order; a job that failed
// leaves the value it had beside its error. All belongs to no pool: use it in
// Then, or wait for it.
func All[A any](from ...*Promise[A]) *Promise[[]A] {
	j := &join[A]{from: slices.Clone(from), missing: len(from) + 1}
	j.of, j.index = j, -1
	for _, p := range from {
		if !p.claim(j) {
			j.follow(p)
		}
	}
	j.follow(nil) // all have been asked
	return &j.Promise
}

// follower waits for a promise. follow is called once it is settled, without
// any lock; only when the job had a value may it run the code of others.
type follower[A any] interface{ follow(from *Promise[A]) }

// followers are the followers of a promise that has several.
type followers[A any] []follower[A]

func (f followers[A]) follow(from *Promise[A]) {
	told := 0
	defer func() {
		if told < len(f) { // one of them ended the goroutine
			f[told:].follow(from)
		}
	}()
	for told < len(f) {
		told++
		f[told-1].follow(from)
	}
}

// claim takes the job out of what its own pool delivers and lets f follow it;
// false when it is settled, and f will not hear of it.
func (p *Promise[Out]) claim(f follower[Out]) bool {
	p.of.Lock()
	defer p.of.Unlock()
	p.of.leave()
	if p.settled {
		return false
	}
	switch before := p.follower.(type) {
	case nil:
		p.follower = f
	case followers[Out]:
		p.follower = append(before, f)
	default:
		p.follower = followers[Out]{before, f}
	}
	return true
}

// announce tells the follower of a settled promise.
func (p *Promise[Out]) announce() {
	f := p.follower
	p.follower = nil // it is not kept with the promise
	f.follow(p)
}

// skipped is why a job that waits for p does not begin.
func (p *Promise[Out]) skipped() error {
	if err, ok := p.err.(*SkippedError); ok {
		return err
	}
	return &SkippedError{Seq: p.seq, Err: p.err}
}

// link is a job that waits for a promise.
type link[A, In, Out any] struct {
	entry[In, Out]
	use func(A) (In, error)
}

func (l *link[A, In, Out]) follow(from *Promise[A]) {
	var in In
	err := ErrGoexit // unless use returns
	defer func() { l.pool.release(&l.entry, in, err) }()
	in, err = l.arguments(from)
}

func (l *link[A, In, Out]) arguments(from *Promise[A]) (in In, err error) {
	if from.err != nil || l.dropped.Load() {
		return in, from.skipped()
	}
	defer recoverTo(&err)
	use := l.use
	l.use = nil
	return use(from.value)
}

// hold gives a job its place that cannot run yet; false when the pool has
// refused it.
func (p *Pool[In, Out]) hold(e *entry[In, Out]) bool {
	p.mu.Lock()
	defer p.unlock()
	if !p.place(e) {
		return false
	}
	p.held.push(e)
	p.flying.Add(1)
	return true
}

// release lets a held job run with in, or fails it.
func (p *Pool[In, Out]) release(e *entry[In, Out], in In, err error) {
	p.mu.Lock()
	defer p.unlock()
	if e.settled { // drained
		return
	}
	p.held.remove(e)
	defer p.flying.Done()
	if err != nil {
		p.fail(e, err)
		return
	}
	e.in = in
	p.admit(e)
}

// forgo takes a claimed job out of what the pool delivers.
func (p *Pool[In, Out]) forgo(e *entry[In, Out]) {
	if e.settled && p.opt.Unordered {
		p.ready.remove(e)
	}
	p.deliver(e)
	if e.awaited || p.idle {
		p.wakeReaders()
	}
}

// fail settles a job that never began.
func (p *Pool[In, Out]) fail(e *entry[In, Out], err error) {
	e.err = err
	p.settle(e)
	if e.follower != nil {
		p.news.push(e)
	}
}

// unlock lets the lock go, after the news have been told. One goroutine does
// that for all: what it tells fails other jobs, and a chain of them that leads
// back to this pool is walked here instead of call in call.
func (p *Pool[In, Out]) unlock() {
	for p.news.n > 0 && !p.tells {
		p.tells = true
		p.tell(p.news.pop())
		p.tells = false
	}
	p.mu.Unlock()
}

// tell tells who follows e, if it is settled. The lock is let go meanwhile.
func (p *Pool[In, Out]) tell(e *entry[In, Out]) {
	if !e.settled || e.follower == nil {
		return
	}
	p.mu.Unlock()
	defer p.mu.Lock()
	e.announce()
}

// join is the outcome of an All.
type join[A any] struct {
	Promise[[]A]
	sync.Mutex
	from    []*Promise[A]
	missing int
}

func (j *join[A]) leave() {}

func (j *join[A]) follow(*Promise[A]) {
	if j.last() && j.follower != nil {
		j.announce()
	}
}

// last counts one promise more; the last one settles the join.
func (j *join[A]) last() bool {
	j.Lock()
	defer j.Unlock()
	if j.missing--; j.missing > 0 {
		return false
	}
	j.value = make([]A, len(j.from))
	for i, p := range j.from {
		if p.err != nil && j.err == nil {
			j.err = p.skipped()
		}
		j.value[i] = p.value
	}
	j.from = nil
	j.settle()
	return true
}
