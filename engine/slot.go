package engine

import (
	"context"
	"errors"
	"time"
)

// slot is a place where one job runs at a time, or several in the order they
// came if its Runner is a Queuer.
type slot[In, Out any] struct {
	number int // from 1
	busy   int // jobs in it
	runner Runner[In, Out]
	queuer Queuer
}

// slots are the slots of a pool: opened on demand, lowest number first.
type slots[In, Out any] struct {
	limit   int
	all     []*slot[In, Out]
	idle    []*slot[In, Out] // the last one is taken first
	busy    int              // with a job in them
	queuers int
}

// take returns the slot that the next job goes to: an idle one, a new one, or
// a place ahead in a busy one; nil if there is none.
func (s *slots[In, Out]) take(unbounded bool) *slot[In, Out] {
	switch n := len(s.idle); {
	case s.busy >= s.limit && !unbounded:
		return s.ahead()
	case n > 0:
		at := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.busy++
		at.busy++
		return at
	}
	at := &slot[In, Out]{number: len(s.all) + 1, busy: 1}
	s.all = append(s.all, at)
	s.busy++
	return at
}

// ahead finds a busy slot whose Runner takes one job more, the emptiest first.
func (s *slots[In, Out]) ahead() *slot[In, Out] {
	if s.queuers == 0 {
		return nil
	}
	var best *slot[In, Out]
	for _, at := range s.all {
		if at.busy > 0 && at.queuer != nil && at.busy < 1+at.queuer.Ahead() && (best == nil || at.busy < best.busy) {
			best = at
		}
	}
	if best != nil {
		best.busy++
	}
	return best
}

// leave gives back the place of one job.
func (s *slots[In, Out]) leave(at *slot[In, Out]) {
	if at.busy--; at.busy == 0 {
		s.busy--
		s.idle = append(s.idle, at)
	}
}

// forget returns the open Runners and shuts the slots.
func (s *slots[In, Out]) forget() []Runner[In, Out] {
	var open []Runner[In, Out]
	for _, at := range s.all {
		if at.runner != nil {
			open = append(open, at.runner)
		}
		at.runner, at.queuer = nil, nil
	}
	s.queuers = 0
	return open
}

// admit brings a job to a slot, now or when one is free. Inline, the caller
// is the slot: the lock is let go while the job runs.
func (p *Pool[In, Out]) admit(e *entry[In, Out]) {
	if !p.opt.Inline {
		p.wait.push(e)
		p.dispatch()
		return
	}
	at := p.slots.take(true)
	p.flying.Add(1)
	p.mu.Unlock()
	defer p.mu.Lock()
	p.work(at, e)
}

// dispatch starts a goroutine for each waiting job that finds a place. What
// it starts ends when no job waits.
func (p *Pool[In, Out]) dispatch() {
	for p.wait.n > 0 {
		at := p.slots.take(false)
		if at == nil {
			return
		}
		p.flying.Add(1)
		go p.work(at, p.nextWaiting())
	}
}

// nextWaiting takes the next job out of the backlog.
func (p *Pool[In, Out]) nextWaiting() *entry[In, Out] {
	e := p.wait.pop()
	p.lessWaits()
	return e
}

// lessWaits lets Scatter in when half the backlog is room: it brings several
// jobs then, for one wake-up.
func (p *Pool[In, Out]) lessWaits() {
	if p.opt.Backlog > 0 && p.wait.n == p.opt.Backlog/2 {
		p.room.Broadcast()
	}
}

// work runs e in a slot, and then waiting jobs until there are none.
func (p *Pool[In, Out]) work(at *slot[In, Out], e *entry[In, Out]) {
	defer p.flying.Done()
	defer func() {
		if e != nil { // runtime.Goexit; a panic goes on and ends the program
			p.after(at, e, ErrGoexit)
		}
	}()
	for e != nil {
		e = p.after(at, e, p.run(at, e))
	}
}

// after settles a job that was in a slot and returns the next one for the
// same place; nil gives the place back. Both happen under one lock, so that no
// job is left without a slot.
func (p *Pool[In, Out]) after(at *slot[In, Out], e *entry[In, Out], err error) *entry[In, Out] {
	took := time.Since(e.start.at) // not under the lock, for which others wait
	p.mu.Lock()
	defer p.unlock()
	if !e.settled { // else those who follow it have ended the goroutine
		p.finish(at, e, err, took)
		p.tell(e)
	}
	if err != ErrGoexit && p.wait.n > 0 && at.busy == 1 && (p.slots.busy <= p.slots.limit || p.opt.Inline) {
		e = p.nextWaiting()
	} else {
		p.slots.leave(at)
		e = nil
	}
	if p.slots.queuers > 0 || err == ErrGoexit {
		p.dispatch()
	}
	return e
}

// finish writes down how a job ended, or takes it back if it never started.
func (p *Pool[In, Out]) finish(at *slot[In, Out], e *entry[In, Out], err error, took time.Duration) {
	if err != nil && errors.Is(err, ErrNotStarted) {
		if p.halted == nil {
			p.wait.pushFront(e)
			return
		}
		err = p.halted
	}
	e.err = err
	if e.start.attempt > 0 {
		e.slot, e.took = at.number, took
	}
	p.settle(e)
	if err != nil && errors.Is(err, ErrBroken) {
		p.broken(err)
	}
}

// run opens the slot if need be and runs the job in it.
func (p *Pool[In, Out]) run(at *slot[In, Out], e *entry[In, Out]) (err error) {
	if at.runner == nil {
		err = p.open(at)
	}
	ctx := p.ctx
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	if e.ctx != nil {
		both, leave := p.join(e.ctx)
		defer leave()
		ctx = both
	}
	job := Job[In]{Seq: e.seq, Slot: at.number, Attempt: e.start.attempt + 1, Args: e.in, start: &e.start}
	e.value, err = at.runner.Run(ctx, job)
	return err
}

// join returns a context that ends with ctx and with the pool.
func (p *Pool[In, Out]) join(ctx context.Context) (both context.Context, leave func()) {
	both, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(p.ctx, func() { cancel(context.Cause(p.ctx)) })
	return both, func() { stop(); cancel(nil) }
}

func (p *Pool[In, Out]) open(at *slot[In, Out]) error {
	r, err := p.spawner.Spawn(p.ctx, at.number)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	at.runner = r
	if at.queuer, _ = r.(Queuer); at.queuer != nil {
		p.slots.queuers++
		p.dispatch()
	}
	return nil
}

// Call runs one job outside order and round and returns what it came to: in
// the calling goroutine when the pool is of a Func, otherwise in the next free
// slot. When ctx ends the job is taken back or, if it runs, sees ctx end.
func (p *Pool[In, Out]) Call(ctx context.Context, in In) (Out, error) {
	e, err := p.enter(ctx, in)
	if err != nil {
		var zero Out
		return zero, err
	}
	if f, ok := p.spawner.(Func[In, Out]); ok {
		defer p.flying.Done()
		ctx, leave := p.join(ctx)
		defer leave()
		return f.Run(ctx, Job[In]{Attempt: 1, Args: in})
	}
	select {
	case <-e.Done():
	case <-ctx.Done():
		if p.takeBack(e) {
			return e.value, context.Cause(ctx)
		}
		<-e.Done()
	}
	return e.value, e.err
}

// enter brings a Call to the pool's slots, unless the caller runs it.
func (p *Pool[In, Out]) enter(ctx context.Context, in In) (*entry[In, Out], error) {
	p.mu.Lock()
	defer p.unlock()
	if err := p.closed(); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	e := &entry[In, Out]{pool: p, in: in, ctx: ctx}
	e.of = e
	if p.plain {
		p.flying.Add(1)
	} else {
		p.admit(e)
	}
	return e, nil
}

func (p *Pool[In, Out]) takeBack(e *entry[In, Out]) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.wait.remove(e) {
		return false
	}
	p.lessWaits()
	return true
}
