package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/engine"
)

// TestManyHandsOnOnePool lets scatterers, readers, gatherers, callers and a
// resizer loose on a pool, each at random, and ends it in one of several ways.
// However they meet, each scattered job is delivered once, as its promise
// says, and in order. Run it with -race.
func TestManyHandsOnOnePool(t *testing.T) {
	n := 300
	if testing.Short() {
		n = 50
	}
	for seed := range n {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newCrowd(t, uint64(seed)).run() })
		})
	}
}

// crowd is a pool, those who use it and what they saw.
type crowd struct {
	t         *testing.T
	seed      uint64
	opt       engine.Options
	p         *intPool
	cancel    context.CancelCauseFunc
	gatherers int         // their Gathers may end early and give jobs back
	done      atomic.Bool // nobody scatters any more
	wg        sync.WaitGroup

	mu        sync.Mutex
	promises  map[int]*engine.Promise[int] // by argument
	delivered map[int]engine.Result[int]   // by number
}

func newCrowd(t *testing.T, seed uint64) *crowd {
	c := &crowd{t: t, seed: seed, promises: map[int]*engine.Promise[int]{}, delivered: map[int]engine.Result[int]{}}
	r := c.random(0)
	c.opt = engine.Options{
		Workers:   1 + r.IntN(5),
		Window:    max(0, r.IntN(20)-5),
		Backlog:   max(0, r.IntN(8)-3),
		Inline:    r.IntN(6) == 0,
		Unordered: r.IntN(2) == 0,
	}
	c.gatherers = r.IntN(3)
	ctx, cancel := context.WithCancelCause(t.Context())
	c.cancel = cancel
	c.p = engine.New(ctx, spawner(r.IntN(12)), c.opt)
	return c
}

// random is the chance of one of the crowd.
func (c *crowd) random(who uint64) *rand.Rand { return rand.New(rand.NewPCG(c.seed, who)) }

func (c *crowd) run() {
	var scatterers sync.WaitGroup
	for who := range 4 {
		scatterers.Go(func() { c.scatter(who, c.random(1+uint64(who))) })
	}
	c.wg.Go(func() { c.read(c.random(11)) })
	for who := range c.gatherers {
		c.wg.Go(func() { c.gather(c.random(20 + uint64(who))) })
	}
	c.wg.Go(func() { c.call(c.random(12)) })
	c.wg.Go(func() { c.end(c.random(13)) })
	scatterers.Wait()
	c.done.Store(true)
	c.p.Seal()
	c.wg.Wait()
	c.took(c.p.Gather(context.Background()))
	checkErr(c.t, "Close", c.p.Close(), nil)
	c.cancel(nil)
	c.settle()
}

func (c *crowd) scatter(who int, r *rand.Rand) {
	for i := range 20 {
		arg := fates*(4*i+who+1) + r.IntN(fates)
		if c.opt.Inline && arg%8 == 6 {
			arg++ // would end this goroutine
		}
		promise := c.p.Scatter(arg)
		c.mu.Lock()
		c.promises[arg] = promise
		c.mu.Unlock()
		c.rest(r, 4)
	}
}

// rest does nothing, or for a time.
func (c *crowd) rest(r *rand.Rand, most int) {
	time.Sleep(time.Duration(r.IntN(most)) * time.Second / 2)
}

// read reads Results in pieces.
func (c *crowd) read(r *rand.Rand) {
	last := 0
	for more := true; more; c.rest(r, 6) {
		more = false
		n := 1 + r.IntN(10)
		for res := range c.p.Results() {
			if res.Seq < last && !c.opt.Unordered && c.gatherers == 0 {
				c.t.Errorf("Results delivers %d after %d", res.Seq, last)
			}
			last = res.Seq
			c.deliver(res)
			if n--; n == 0 {
				more = true
				break
			}
		}
	}
}

func (c *crowd) gather(r *rand.Rand) {
	for !c.done.Load() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.IntN(8))*time.Second/2)
		values, err := c.p.Gather(ctx)
		cancel()
		if values == nil {
			checkErr(c.t, "Gather", err, context.DeadlineExceeded)
		} else {
			c.took(values, err)
		}
		c.rest(r, 8)
	}
}

func (c *crowd) call(r *rand.Rand) {
	for !c.done.Load() {
		ctx, cancel := context.WithTimeoutCause(context.Background(), time.Duration(r.IntN(8))*time.Second/2, errEnded)
		x := r.IntN(4) * 8
		got, err := c.p.Call(ctx, x)
		cancel()
		if !errors.Is(err, engine.ErrClosed) {
			c.wrong(fated(x, got, err, errEnded))
		}
		c.p.Resize(r.IntN(7))
		c.rest(r, 8)
	}
}

// end ends the pool before all is scattered, or not.
func (c *crowd) end(r *rand.Rand) {
	time.Sleep(time.Duration(5+r.IntN(20)) * time.Second)
	switch r.IntN(6) {
	case 0:
		c.p.Seal()
	case 1:
		c.p.Drain(errEnded)
	case 2:
		c.cancel(errEnded)
	}
}

func (c *crowd) wrong(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Error(err)
	}
}

// took delivers what a Gather returned.
func (c *crowd) took(values []int, err error) {
	seqs, errs := gathered(c.t, values, err, c.sequence)
	if !slices.IsSorted(seqs) {
		c.t.Errorf("Gather returned %v", seqs)
	}
	for i, seq := range seqs {
		c.deliver(engine.Result[int]{Seq: seq, Value: values[i], Err: errs[i]})
	}
}

// sequence is the number of the job of an argument. Whoever scattered it may
// not have come round to writing it down.
func (c *crowd) sequence(arg int) int {
	for {
		c.mu.Lock()
		promise := c.promises[arg]
		c.mu.Unlock()
		if promise != nil {
			return promise.Seq()
		}
		time.Sleep(time.Millisecond)
	}
}

func (c *crowd) deliver(r engine.Result[int]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if before, twice := c.delivered[r.Seq]; twice {
		c.t.Errorf("job %d was delivered twice: %v, %v", r.Seq, before, r)
	}
	c.delivered[r.Seq] = r
}

// settle compares what was delivered with the promises.
func (c *crowd) settle() {
	accepted := 0
	for arg, promise := range c.promises {
		value, err := promise.Wait(context.Background())
		if promise.Seq() == 0 {
			check(c.t, "why a job was refused", errors.Is(err, errEnded) || errors.Is(err, engine.ErrClosed), true)
			continue
		}
		accepted++
		c.wrong(fated(arg, value, err, errEnded))
		r, ok := c.delivered[promise.Seq()]
		check(c.t, fmt.Sprintf("job %d was delivered", promise.Seq()), ok, true)
		check(c.t, fmt.Sprintf("error of job %d", promise.Seq()), r.Err, err)
		check(c.t, fmt.Sprintf("value of job %d", promise.Seq()), r.Value, value)
	}
	check(c.t, "jobs delivered", len(c.delivered), accepted)
}
