// Package engine runs functions and commands in pools of slots: it scatters
// jobs over them, gathers their results in the order they were scattered, and
// bounds what waits in between.
//
// A pool starts goroutines only while it has jobs, so that a pool of plain
// functions may be forgotten without a Close. Retry, Timeout and Paced are
// Runners around Runners.
//
// Pools are chained by promises: Then scatters a job that begins when the job
// of a promise is over, whatever the others do, and All makes one promise of
// several. A chain is bounded by the Window of its last pool, in which Then
// waits for room; as elsewhere, somebody other than the one who scatters must
// read that pool, and where a tree of pools ends in several with a Window, all
// of them in turn. The earlier pools need no Window and no reader, as Then
// takes their jobs over; a Backlog on the first keeps its input from being read
// too far ahead. They may be closed in any order.
package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"
	"sync"
)

// Auto as the number of workers of Thread means 50.
const Auto = -1

const autoThreads = 50

// Options of a pool. The zero value is GOMAXPROCS slots, no bounds, results in
// scatter order.
type Options struct {
	Workers   int  // slots; 0: GOMAXPROCS
	Window    int  // most jobs scattered and not delivered, Scatter and Then wait for room; 0: no limit
	Backlog   int  // jobs waiting for a slot that make Scatter and Then wait; 0: no limit
	Inline    bool // Scatter runs the job itself, in the calling goroutine
	Unordered bool // Results in order of completion
}

// Pool runs jobs in slots. Its methods may be called from any goroutine.
type Pool[In, Out any] struct {
	spawner Spawner[In, Out]
	plain   bool // of a Func
	opt     Options
	ctx     context.Context
	cancel  context.CancelCauseFunc
	unwatch func() bool

	mu       sync.Mutex
	room     sync.Cond // Scatter waits: for room in the window or the backlog
	readable sync.Cond // readers wait: for an awaited job, or for any when idle
	idle     bool      // a reader waits for a job it does not know yet
	reading  bool      // somebody ranges over Results

	seq    int
	index  int             // of the next job in the round
	round  *round[In, Out] // scattered, not delivered
	ready  queue[In, Out]  // of round, in order of completion; only when Unordered
	held   queue[In, Out]  // by Then, until their promise is there
	wait   queue[In, Out]  // for a slot
	news   queue[In, Out]  // failed without having begun, and followed
	owed   int             // scattered and neither delivered nor claimed, of all rounds
	ended  error           // why Scatter refuses; nil: it does not
	halted error           // why no job begins any more; nil: jobs begin
	tells  bool            // somebody is at the news
	slots  slots[In, Out]
	flying sync.WaitGroup // goroutines of the pool, jobs run by their callers, held jobs
}

// New returns a pool whose slots run what s spawns. When ctx ends, jobs that
// have not begun fail with its cause and running ones see it end.
func New[In, Out any](ctx context.Context, s Spawner[In, Out], opt Options) *Pool[In, Out] {
	if opt.Workers <= 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	p := &Pool[In, Out]{spawner: s, opt: opt, round: new(round[In, Out])}
	_, p.plain = s.(Func[In, Out])
	p.room.L, p.readable.L = &p.mu, &p.mu
	p.slots.limit = opt.Workers
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	p.unwatch = func() bool { return true }
	if ctx.Done() != nil {
		p.unwatch = context.AfterFunc(ctx, func() { p.Drain(context.Cause(ctx)) })
	}
	return p
}

// Thread returns a pool of n goroutines around f: Auto means 50, 0 runs each
// job in the Scatter that brings it.
func Thread[In, Out any](n int, f Func[In, Out]) *Pool[In, Out] {
	if n == Auto {
		n = autoThreads
	}
	return New(context.Background(), f, Options{Workers: n, Inline: n == 0})
}

// Scatter hands a job to the pool and returns its promise, never nil. It
// blocks only for room in the window and the backlog, and while it runs an
// Inline job. A pool that is sealed, ended or broken fails the promise with
// ErrClosed or the cause. Without a Window and Backlog it may be called from
// inside a job.
func (p *Pool[In, Out]) Scatter(in In) *Promise[Out] {
	e := &entry[In, Out]{in: in}
	p.mu.Lock()
	defer p.unlock()
	if p.place(e) {
		p.admit(e)
	}
	return &e.Promise
}

// place waits for room and gives the job its place; false when the pool has
// refused it.
func (p *Pool[In, Out]) place(e *entry[In, Out]) bool {
	e.pool, e.of = p, e
	for p.ended == nil && p.full() {
		p.room.Wait()
	}
	if err := p.closed(); err != nil {
		e.refuse(err)
		return false
	}
	p.seq++
	e.seq, e.index = p.seq, p.index
	p.index++
	p.owed++
	p.round.add(e)
	if p.idle && !p.opt.Unordered {
		e.awaited, p.idle = true, false // the reader sleeps on until the job is over
	}
	return true
}

// closed is why the pool takes no more jobs; nil while it takes them. The end
// of ctx counts at once, before the pool has been told.
func (p *Pool[In, Out]) closed() error {
	if p.ended == nil && p.ctx.Err() != nil {
		p.drain(context.Cause(p.ctx))
	}
	return p.ended
}

func (p *Pool[In, Out]) full() bool {
	return p.opt.Window > 0 && p.owed >= p.opt.Window ||
		p.opt.Backlog > 0 && p.wait.n >= p.opt.Backlog
}

// Len is the number of jobs that wait for a slot: without the running ones,
// and without those that wait in Then for their promise.
func (p *Pool[In, Out]) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wait.n
}

// Resize sets the number of slots, at least 1. Jobs that run in slots above it
// run to their end.
func (p *Pool[In, Out]) Resize(workers int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slots.limit = max(workers, 1)
	p.dispatch()
}

// Seal ends the scattering: Results ends after the last job. Sealing again
// does nothing.
func (p *Pool[In, Out]) Seal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end(ErrClosed)
}

// Drain seals the pool and fails the jobs that have not begun with cause; nil
// means ErrClosed. Running jobs go on.
func (p *Pool[In, Out]) Drain(cause error) {
	if cause == nil {
		cause = ErrClosed
	}
	p.mu.Lock()
	defer p.unlock()
	p.drain(cause)
}

func (p *Pool[In, Out]) drain(cause error) {
	if p.halted == nil {
		p.halted = cause
	}
	p.end(cause)
	for e := p.wait.pop(); e != nil; e = p.wait.pop() {
		p.fail(e, cause)
	}
	for e := p.held.pop(); e != nil; e = p.held.pop() {
		e.dropped.Store(true)
		p.fail(e, cause)
		p.flying.Done()
	}
}

func (p *Pool[In, Out]) end(cause error) {
	if p.ended == nil {
		p.ended = cause
	}
	p.room.Broadcast()
	p.wakeReaders()
}

// Close seals the pool, waits for every job, closes the Runners that can be
// closed and returns when all goroutines of the pool are gone; the error joins
// what closing said. What was not delivered can still be read. It must not be
// called from inside a job.
func (p *Pool[In, Out]) Close() error {
	p.Seal()
	p.flying.Wait()
	p.unwatch()
	p.cancel(ErrClosed)
	p.mu.Lock()
	open := p.slots.forget()
	p.mu.Unlock()
	var errs []error
	for _, r := range open {
		if c, ok := r.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// Gather ends a round: it waits for all jobs scattered since the last one and
// returns their values in scatter order, the zero value where a job failed
// without any, and the failures joined, each a *JobError. Nothing pending
// gives an empty slice. If ctx ends first it returns the cause alone, and the
// jobs belong to the next Gather. Jobs that Results delivered are not here.
func (p *Pool[In, Out]) Gather(ctx context.Context) ([]Out, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.cut()
	if ctx.Done() != nil {
		defer context.AfterFunc(ctx, p.nudge)()
	}
	for e := r.head; e != nil; {
		switch {
		case e.round != r: // claimed meanwhile
			e = r.head
		case e.settled:
			e = e.younger
		case ctx.Err() != nil:
			p.rejoin(r)
			return nil, context.Cause(ctx)
		default:
			e.awaited = true
			p.readable.Wait()
		}
	}
	p.owed -= r.n
	p.room.Broadcast()
	return r.values()
}

func (r *round[In, Out]) values() ([]Out, error) {
	out := make([]Out, 0, r.n)
	var errs []error
	for e := r.head; e != nil; e = r.head {
		if e.err != nil {
			errs = append(errs, &JobError{Index: len(out), Seq: e.seq, Attempts: e.start.attempt, Err: e.err})
		}
		out = append(out, e.value)
		r.remove(e)
	}
	return out, errors.Join(errs...)
}

// Results delivers the jobs as they are over: in scatter order, or in order of
// completion when the pool is Unordered. It blocks for the next one and ends
// when the pool is sealed and nothing is left. One reader at a time, a second
// one panics; breaking off leaves the rest for the next reader.
func (p *Pool[In, Out]) Results() iter.Seq[Result[Out]] {
	return func(yield func(Result[Out]) bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.reading {
			panic("engine: a second reader of Results")
		}
		p.reading = true
		defer func() { p.reading = false }()
		for more := true; more; {
			e := p.nextResult()
			if e == nil {
				return
			}
			func() {
				p.mu.Unlock()
				defer p.mu.Lock()
				more = yield(e.result())
			}()
		}
	}
}

// nextResult waits for the next job to deliver and takes it out of the round.
func (p *Pool[In, Out]) nextResult() *entry[In, Out] {
	for {
		e := p.round.head
		switch {
		case p.opt.Unordered:
			e = p.ready.pop()
		case e != nil && !e.settled:
			e.awaited = true
			p.readable.Wait()
			continue
		}
		if e != nil {
			p.deliver(e)
			return e
		}
		if p.ended != nil && p.round.head == nil {
			return nil
		}
		p.idle = true
		p.readable.Wait()
	}
}

// deliver takes the job out of its round and its window.
func (p *Pool[In, Out]) deliver(e *entry[In, Out]) {
	e.round.remove(e)
	if p.owed--; p.owed == p.opt.Window-1 {
		p.room.Broadcast()
	}
}

func (p *Pool[In, Out]) nudge() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wakeReaders()
}

func (p *Pool[In, Out]) wakeReaders() {
	p.idle = false
	p.readable.Broadcast()
}

// cut takes the round out of the pool and begins the next one, also for a
// reader that waits for a job of the old one.
func (p *Pool[In, Out]) cut() *round[In, Out] {
	r := p.round
	p.round, p.index = new(round[In, Out]), 0
	for p.ready.pop() != nil {
		continue
	}
	p.wakeReaders()
	return r
}

// rejoin puts the jobs of a round that was cut too early back among those
// scattered since, or put back before, in scatter order.
func (p *Pool[In, Out]) rejoin(r *round[In, Out]) {
	for since := p.cut(); r.n+since.n > 0; p.index++ {
		from := r
		if r.n == 0 || since.n > 0 && since.head.seq < r.head.seq {
			from = since
		}
		e := from.head
		from.remove(e)
		p.round.add(e)
		e.index = p.index
		if e.settled && p.opt.Unordered {
			p.ready.push(e)
		}
	}
}

// settle ends a job whose result is known: it tells whoever waits for it.
func (p *Pool[In, Out]) settle(e *entry[In, Out]) {
	var zero In
	e.in = zero
	e.Promise.settle()
	if p.opt.Unordered && e.round == p.round {
		p.ready.push(e)
	}
	if e.awaited || p.idle {
		p.wakeReaders()
	}
}

// broken ends the pool for a Runner's ErrBroken: nothing more begins and what
// runs sees the context end.
func (p *Pool[In, Out]) broken(cause error) {
	p.drain(fmt.Errorf("not run: %w", cause))
	p.cancel(cause)
}
