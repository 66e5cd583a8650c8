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

// TestRandomGraphs chains jobs at random over pools of every kind, from two
// goroutines, while others read, gather and end pools. However they meet, each
// job comes to what its promises and its own fate say, its value reaches those
// who follow, and what nobody claimed is delivered once. Run it with -race.
func TestRandomGraphs(t *testing.T) {
	n := 400
	if testing.Short() {
		n = 60
	}
	for seed := range n {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newGraph(t, rand.New(rand.NewPCG(uint64(seed), 5))).run() })
		})
	}
}

// FuzzGraph is the same with the chances in the hand of the fuzzer.
func FuzzGraph(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, seed*seed)
	}
	f.Fuzz(func(t *testing.T, a, b uint64) {
		synctest.Test(t, func(t *testing.T) { newGraph(t, rand.New(rand.NewPCG(a, b))).run() })
	})
}

// vertex is a pool of a graph.
type vertex struct {
	*intPool
	opt       engine.Options
	cancel    context.CancelCauseFunc
	mu        sync.Mutex
	delivered map[int][]engine.Result[int] // by Results, by number
	gathered  int
}

func (v *vertex) deliver(r engine.Result[int]) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.delivered[r.Seq] = append(v.delivered[r.Seq], r)
}

// step is a job of a graph.
type step struct {
	at      *vertex
	arg     int
	from    []*step // in All if several; none: scattered
	promise *engine.Promise[int]
	claimed atomic.Bool
	uses    atomic.Int32
}

// graph is the pools and every job so far.
type graph struct {
	t     *testing.T
	r     *rand.Rand // for the building; others have their own
	pools []*vertex
	mu    sync.Mutex
	steps []*step
}

func newGraph(t *testing.T, r *rand.Rand) *graph {
	g := &graph{t: t, r: r}
	for range 1 + r.IntN(4) {
		ctx, cancel := context.WithCancelCause(context.Background())
		v := &vertex{cancel: cancel, delivered: map[int][]engine.Result[int]{}, opt: engine.Options{
			Workers:   1 + r.IntN(4),
			Window:    max(0, r.IntN(12)-6),
			Backlog:   max(0, r.IntN(8)-4),
			Inline:    r.IntN(6) == 0,
			Unordered: r.IntN(2) == 0,
		}}
		v.intPool = engine.New(ctx, spawner(r.IntN(12)), v.opt)
		g.pools = append(g.pools, v)
	}
	return g
}

func (g *graph) run() {
	var builders, others sync.WaitGroup
	for _, v := range g.pools {
		if v.opt.Window > 0 || g.r.IntN(2) == 0 { // with a window somebody must read
			others.Go(func() {
				for r := range v.Results() {
					v.deliver(r)
				}
			})
		}
		end, after := g.r.IntN(10), time.Duration(g.r.IntN(40))*time.Second
		others.Go(func() { time.Sleep(after); v.endBy(end) })
	}
	for range 2 {
		r := rand.New(rand.NewPCG(g.r.Uint64(), 1))
		builders.Go(func() { g.build(r) })
	}
	builders.Wait()
	for _, v := range g.pools {
		v.Seal()
	}
	for _, s := range g.steps {
		<-s.promise.Done()
	}
	others.Wait()
	for _, v := range g.pools {
		v.gatherRest(g.t)
		checkErr(g.t, "Close", v.Close(), nil)
		v.cancel(nil)
	}
	for _, v := range g.pools {
		g.checkDelivered(v)
	}
	for _, s := range g.steps {
		s.check(g.t)
	}
	synctest.Wait()
	check(g.t, "goroutines", poolGoroutines(), 0)
}

// endBy ends the pool too early, now and then.
func (v *vertex) endBy(how int) {
	switch how {
	case 0:
		v.Seal()
	case 1:
		v.Drain(errEnded)
	case 2:
		v.cancel(errEnded)
	}
}

// gatherRest takes what no reader was there for. Only its number is of
// interest: the promises know what the jobs came to.
func (v *vertex) gatherRest(t *testing.T) {
	rest, _ := v.Gather(context.Background())
	v.gathered = len(rest)
	again, err := v.Gather(context.Background())
	check(t, "a second Gather", len(again), 0)
	checkErr(t, "a second Gather", err, nil)
}

// checkDelivered wants every job of the pool that nobody claimed delivered; a
// claimed one may have been before.
func (g *graph) checkDelivered(v *vertex) {
	least, most := 0, 0
	for _, s := range g.steps {
		if s.at != v || s.promise.Seq() == 0 {
			continue
		}
		most++
		if s.claimed.Load() {
			continue
		}
		least++
		if v.gathered == 0 {
			check(g.t, "deliveries", len(v.delivered[s.promise.Seq()]), 1)
		}
	}
	if n := len(v.delivered) + v.gathered; n < least || n > most {
		g.t.Errorf("%d jobs were delivered, not between %d and %d", n, least, most)
	}
}

// build adds steps, each to jobs that exist already.
func (g *graph) build(r *rand.Rand) {
	for range 25 {
		s := &step{at: g.pools[r.IntN(len(g.pools))]}
		g.mu.Lock()
		for n := min(r.IntN(4), len(g.steps)); n > 0; n-- {
			s.from = append(s.from, g.steps[r.IntN(len(g.steps))])
		}
		g.mu.Unlock()
		fate := r.IntN(fates)
		if s.at.opt.Inline && fate%8 == 6 {
			fate++ // would end this goroutine
		}
		s.arg = fates*(1+r.IntN(1e6)) + fate
		s.start(g.t)
		g.mu.Lock()
		g.steps = append(g.steps, s)
		g.mu.Unlock()
		time.Sleep(time.Duration(r.IntN(4)) * time.Second / 2)
	}
}

func (s *step) start(t *testing.T) {
	use := func(got ...int) (int, error) {
		s.uses.Add(1)
		for i, from := range s.from {
			check(t, "value that a job gets", got[i], from.arg)
		}
		return s.arg, nil
	}
	switch len(s.from) {
	case 0:
		s.promise = s.at.Scatter(s.arg)
	case 1:
		s.promise = engine.Then(s.at.intPool, s.from[0].promise, func(x int) (int, error) { return use(x) })
		if s.promise.Seq() > 0 {
			s.from[0].claimed.Store(true)
		}
	default:
		var promises []*engine.Promise[int]
		for _, from := range s.from {
			promises = append(promises, from.promise)
			from.claimed.Store(true)
		}
		s.promise = engine.Then(s.at.intPool, engine.All(promises...), func(x []int) (int, error) { return use(x...) })
	}
}

// check compares what became of a step with what became of those before it.
func (s *step) check(t *testing.T) {
	r, _ := s.promise.Result()
	check(t, "has times as it has attempts", r.Attempt > 0, !r.Start.IsZero() && !r.End.Before(r.Start))
	check(t, "has a slot as it has attempts", r.Attempt > 0, r.Slot > 0)
	if r.Seq == 0 {
		check(t, "why a job was refused", errors.Is(r.Err, errEnded) || errors.Is(r.Err, engine.ErrClosed), true)
		return
	}
	if n := s.uses.Load(); n > 1 {
		t.Errorf("use ran %d times", n)
	}
	failed := slices.IndexFunc(s.from, func(from *step) bool { _, err := from.promise.Wait(t.Context()); return err != nil })
	if failed < 0 {
		if err := fated(s.arg, r.Value, r.Err, errEnded); err != nil {
			t.Error(err)
		}
	} else if r.Err != errEnded {
		s.checkSkipped(t, r, s.from[failed])
	}
	if got := s.at.delivered[r.Seq]; len(got) > 1 || len(got) == 1 && got[0] != r {
		t.Errorf("job %v was delivered as %v", r, got)
	}
}

func (s *step) checkSkipped(t *testing.T, r engine.Result[int], from *step) {
	before, _ := from.promise.Result()
	want := &engine.SkippedError{Seq: before.Seq, Err: before.Err}
	errors.As(before.Err, &want)
	check(t, "why it was skipped", r.Err, error(want))
	check(t, "a skipped job has begun", r.Attempt, 0)
	check(t, "uses of a skipped job", s.uses.Load(), 0)
}
