package engine_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/engine"
)

func TestSlotsAreOpenedOnDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var opened journal[int]
		p := engine.New(t.Context(), spawnFunc(func(_ context.Context, slot int) (intRunner, error) {
			opened.add(slot)
			return runner(sleepy), nil
		}), engine.Options{Workers: 16})
		for range 5 { // one at a time: one slot
			p.Scatter(1)
			gather(t, p)
		}
		check(t, "slots for one job at a time", opened.all(), []int{1})
		p.Scatter(1)
		p.Scatter(1)
		gather(t, p)
		check(t, "slots for two jobs", opened.all(), []int{1, 2})
		checkErr(t, "Close", p.Close(), nil)
	})
}

func TestNoTwoRunningJobsShareASlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const workers = 7
		var taken [workers + 1]atomic.Int32
		p := engine.New(t.Context(), spawn(runFunc(func(ctx context.Context, job intJob) (int, error) {
			job.Begin()
			if n := taken[job.Slot].Add(1); n != 1 {
				t.Errorf("%d jobs in slot %d", n, job.Slot)
			}
			defer taken[job.Slot].Add(-1)
			return sleepy(ctx, job.Args)
		})), engine.Options{Workers: workers})
		for i := range 300 {
			p.Scatter(i * i % 5)
		}
		go func() {
			for i := range 20 {
				time.Sleep(time.Second)
				p.Resize(1 + i*3%workers)
			}
		}()
		gather(t, p)
		checkErr(t, "Close", p.Close(), nil)
	})
}

func TestResize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, tokens := held()
		var g gauge
		p := engine.Thread(2, func(ctx context.Context, x int) (int, error) {
			g.enter()
			defer g.leave()
			return f(ctx, x)
		})
		for i := range 30 {
			p.Scatter(i)
		}
		for _, step := range []struct{ workers, over, running int }{
			{workers: 5, running: 5},          // up: at once
			{workers: 3, running: 5},          // down: running jobs go on
			{workers: 3, over: 2, running: 3}, // and are not replaced
			{workers: 3, over: 3, running: 3},
			{workers: 0, over: 2, running: 1}, // at least one
			{workers: 4, running: 4},
		} {
			p.Resize(step.workers)
			for range step.over {
				tokens <- struct{}{}
			}
			synctest.Wait()
			check(t, fmt.Sprintf("running after %+v", step), g.now.Load(), int32(step.running))
		}
		close(tokens)
		check(t, "Gather", len(gather(t, p)), 30)
	})
}

func TestASpawnErrorFailsOneJobAndTheNextTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var spawns journal[int]
		p := engine.New(t.Context(), spawnFunc(func(_ context.Context, slot int) (intRunner, error) {
			if spawns.add(slot); len(spawns.all()) <= 2 {
				return nil, errBoom
			}
			return runner(square), nil
		}), engine.Options{Workers: 1})
		for i := range 5 {
			p.Scatter(i)
		}
		for i, r := range take(p, 5) {
			if i < 2 {
				check(t, "result", r, engine.Result[int]{Seq: i + 1, Err: errBoom})
			} else {
				check(t, "value", r.Value, i*i)
				checkErr(t, "job", r.Err, nil)
			}
		}
		check(t, "spawns", spawns.all(), []int{1, 1, 1})
		checkErr(t, "Close", p.Close(), nil)
	})
}

// flaky does not start the first n jobs it gets.
type flaky struct {
	n    atomic.Int32
	runs journal[string] // "job: try"
	next intRunner
}

func (r *flaky) Run(ctx context.Context, job intJob) (int, error) {
	r.runs.add(fmt.Sprintf("%d: %d", job.Seq, job.Attempt))
	if r.n.Add(-1) >= 0 {
		return 0, fmt.Errorf("died before: %w", engine.ErrNotStarted)
	}
	return r.next.Run(ctx, job)
}

func newFlaky(n int32, next intRunner) *flaky {
	r := &flaky{next: next}
	r.n.Store(n)
	return r
}

func TestAJobThatWasNotStartedIsTheNextToRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFlaky(3, runner(square))
		p := engine.New(t.Context(), spawn(engine.Retry[int, int](r, 9, nil)), engine.Options{Workers: 1})
		for i := range 3 {
			p.Scatter(i)
		}
		p.Seal() // the slot must still be there
		for i, res := range take(p, 3) {
			check(t, "value", res.Value, i*i)
			check(t, "attempts", res.Attempt, 1)
		}
		check(t, "runs", r.runs.all(), []string{"1: 1", "1: 1", "1: 1", "1: 1", "2: 1", "3: 1"})
		checkErr(t, "Close", p.Close(), nil)
	})
}

// The tries before count, the one that was not started does not, and the
// clock of the next one runs.
func TestAJobThatWasNotStartedAfterAFailedTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries journal[string]
		r := runFunc(func(ctx context.Context, job intJob) (int, error) {
			n := len(tries.all())
			tries.add(fmt.Sprintf("%d: %d", job.Seq, job.Attempt))
			if n == 1 {
				return 0, engine.ErrNotStarted
			}
			job.Begin()
			if n == 0 {
				return 0, errBoom
			}
			return sleepy(ctx, 60)
		})
		p := engine.New(t.Context(), spawn(engine.Retry(engine.Timeout[int, int](r, time.Second), 2, nil)), engine.Options{Workers: 1})
		begin := time.Now()
		p.Scatter(0)
		got := take(p, 1)[0]
		checkErr(t, "job", got.Err, engine.ErrTimeout)
		check(t, "time", time.Since(begin), 2*time.Second)
		check(t, "tries", tries.all(), []string{"1: 1", "1: 2", "1: 2", "1: 3"})
		check(t, "attempts", got.Attempt, 3)
		check(t, "start", got.Start, begin.Add(time.Second))
		checkErr(t, "Close", p.Close(), nil)
	})
}

func TestAJobThatWasNotStartedAndFindsNoSlotWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs journal[int]
		p := engine.New(t.Context(), spawn(runFunc(func(ctx context.Context, job intJob) (int, error) {
			runs.add(job.Seq)
			if job.Seq == 2 && len(runs.all()) == 2 {
				time.Sleep(time.Second)
				return 0, engine.ErrNotStarted
			}
			return sleepy(ctx, job.Args)
		})), engine.Options{Workers: 2})
		p.Scatter(10)
		synctest.Wait()
		p.Scatter(2)
		synctest.Wait()
		p.Resize(1)
		time.Sleep(2 * time.Second)
		check(t, "waiting", p.Len(), 1)
		p.Scatter(3)
		check(t, "Gather", gather(t, p), []int{10, 2, 3})
		check(t, "runs", runs.all(), []int{1, 2, 2, 3})
		checkErr(t, "Close", p.Close(), nil)
	})
}

func TestAJobThatWasNotStartedWhenThePoolWasDrained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p *intPool
		p = engine.New(t.Context(), spawn(runFunc(func(context.Context, intJob) (int, error) {
			p.Drain(errEnded)
			p.Drain(errBoom) // the first cause stays
			return 0, engine.ErrNotStarted
		})), engine.Options{Workers: 1})
		p.Scatter(1)
		check(t, "result", take(p, 1), []engine.Result[int]{{Seq: 1, Err: errEnded}})
		checkErr(t, "Close", p.Close(), nil)
	})
}

// An inline pool has a place for every caller: a job that was not started is
// run again there, however many others run.
func TestAnInlineJobThatWasNotStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var first sync.Once
		var p *intPool
		p = engine.New(t.Context(), spawn(runFunc(func(ctx context.Context, job intJob) (got int, err error) {
			if job.Args == 0 {
				first.Do(func() { err = engine.ErrNotStarted })
				return 0, err
			}
			return p.Scatter(job.Args - 1).Wait(ctx)
		})), engine.Options{Workers: 1, Inline: true})
		_, err := p.Scatter(2).Wait(t.Context())
		checkErr(t, "Wait", err, nil)
		check(t, "Gather", gather(t, p), []int{0, 0, 0})
	})
}
