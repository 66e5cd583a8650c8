package engine_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/engine"
)

func TestGatherKeepsTheValueBesideAnError(t *testing.T) {
	p := engine.Thread(1, func(_ context.Context, x int) (int, error) { return x, errBoom })
	p.Scatter(7)
	got, err := p.Gather(t.Context())
	check(t, "values", got, []int{7})
	checkErr(t, "Gather", err, errBoom)
}

func TestGatherTellsWhichJobsFailed(t *testing.T) {
	p := engine.Thread(1, func(_ context.Context, x int) (int, error) {
		if x == 1 {
			return 0, errBoom
		}
		return x, nil
	})
	for round := range 2 {
		for i := range 3 {
			p.Scatter(i)
		}
		_, err := p.Gather(t.Context())
		check(t, "failures", jobErrors(err), []*engine.JobError{{Index: 1, Seq: 3*round + 2, Attempts: 1, Err: errBoom}})
	}
}

func TestGatherLeavesWhatIsScatteredMeanwhileToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := engine.Thread(4, sleepy)
		p.Scatter(2)
		p.Scatter(1)
		go func() {
			time.Sleep(1500 * time.Millisecond)
			check(t, "Index in the next round", p.Scatter(0).Index(), 0)
		}()
		check(t, "this round", gather(t, p), []int{2, 1})
		check(t, "next round", gather(t, p), []int{0})
	})
}

func TestGatherCancelledAndRepeatedLosesNothing(t *testing.T) {
	for _, unordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := engine.New(t.Context(), intFunc(sleepy), engine.Options{Workers: 4, Unordered: unordered})
			p.Scatter(1)
			p.Scatter(10)
			ctx, cancel := context.WithCancelCause(t.Context())
			var later *engine.Promise[int]
			go func() {
				time.Sleep(1500 * time.Millisecond)
				later = p.Scatter(0)
				check(t, "Index before", later.Index(), 0)
				cancel(errEnded)
			}()
			got, err := p.Gather(ctx)
			if got != nil || err != errEnded {
				t.Errorf("cancelled Gather: %v, %v", got, err)
			}
			check(t, "Index after", later.Index(), 2)
			check(t, "Index of the next", p.Scatter(3).Index(), 3)
			check(t, "second Gather", gather(t, p), []int{1, 10, 0, 3})
			check(t, "third Gather", gather(t, p), []int{})
			checkErr(t, "Close", p.Close(), nil)
		})
	}
}

// Rounds of two Gathers that end at once are put back in scatter order,
// whichever of them is put back first.
func TestGathersCancelledTogetherKeepTheOrder(t *testing.T) {
	for _, firstEnds := range []int{1, 2} {
		synctest.Test(t, func(t *testing.T) {
			p := engine.Thread(4, sleepy)
			for i := range 4 {
				p.Scatter(10 + i)
				if i%2 == 0 {
					continue
				}
				d := time.Second
				if i/2+1 != firstEnds {
					d = 2 * time.Second
				}
				ctx, cancel := context.WithTimeout(t.Context(), d)
				defer cancel()
				go func() {
					_, err := p.Gather(ctx)
					checkErr(t, "Gather", err, context.DeadlineExceeded)
				}()
				synctest.Wait()
			}
			time.Sleep(3 * time.Second)
			p.Scatter(14)
			check(t, "Gather", gather(t, p), []int{10, 11, 12, 13, 14})
		})
	}
}

func TestGatherOfFinishedJobsDoesNotNeedItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := engine.Thread(1, square)
		p.Scatter(3)
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		got, err := p.Gather(ctx)
		check(t, "values", got, []int{9})
		checkErr(t, "Gather", err, nil)
	})
}

func TestWaitDoesNotDeliver(t *testing.T) {
	p := engine.Thread(2, square)
	promise := p.Scatter(3)
	for range 2 {
		got, err := promise.Wait(t.Context())
		check(t, "Wait", got, 9)
		checkErr(t, "Wait", err, nil)
	}
	check(t, "Gather", gather(t, p), []int{9})
	got, err := promise.Wait(t.Context())
	check(t, "Wait after Gather", got, 9)
	checkErr(t, "Wait after Gather", err, nil)
}

func TestWaitFromManyGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		promise := engine.Thread(1, sleepy).Scatter(1)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				got, err := promise.Wait(t.Context())
				check(t, "Wait", got, 1)
				checkErr(t, "Wait", err, nil)
			})
		}
		wg.Wait()
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := engine.Thread(1, sleepy)
		promise := p.Scatter(2)
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errEnded)
		defer cancel()
		_, err := promise.Wait(ctx)
		checkErr(t, "Wait", err, errEnded)
		check(t, "the job goes on", gather(t, p), []int{2})
		got, err := promise.Wait(ctx)
		check(t, "a value that is there needs no context", got, 2)
		checkErr(t, "Wait", err, nil)
	})
}

func TestDoneIsClosedWhenTheJobIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		promise := engine.Thread(1, sleepy).Scatter(1)
		early := promise.Done()
		<-early
		check(t, "time", time.Since(begin), time.Second)
		<-promise.Done()
	})
}

// Index may be asked for while a Gather that ended early renumbers the jobs:
// the race detector watches.
func TestIndexDuringACancelledGather(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := engine.Thread(1, sleepy)
		p.Scatter(1)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = p.Gather(ctx) })
		synctest.Wait()
		promise := p.Scatter(1)
		wg.Go(cancel)
		wg.Go(func() {
			if i := promise.Index(); i != 0 && i != 1 {
				t.Errorf("Index: %d", i)
			}
		})
		wg.Wait()
		check(t, "Index", promise.Index(), 1)
		check(t, "Gather", gather(t, p), []int{1, 1})
	})
}
