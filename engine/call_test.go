package engine_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/engine"
)

func TestCallOfAFuncNeedsNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := engine.Thread(1, sleepy)
		p.Scatter(60)
		begin := time.Now()
		got, err := p.Call(t.Context(), 1)
		check(t, "Call", got, 1)
		checkErr(t, "Call", err, nil)
		check(t, "time", time.Since(begin), time.Second)
		check(t, "Gather", gather(t, p), []int{60})
	})
}

func TestCallOfARunnerTakesTheNextFreeSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var began journal[int]
		p := engine.New(t.Context(), spawn(runFunc(func(ctx context.Context, job intJob) (int, error) {
			began.add(job.Seq)
			check(t, "Slot", job.Slot, 1)
			check(t, "Attempt", job.Attempt, 1)
			return sleepy(ctx, job.Args)
		})), engine.Options{Workers: 1})
		p.Scatter(3)
		go func() {
			time.Sleep(time.Second)
			check(t, "Index after a Call", p.Scatter(3).Index(), 1)
		}()
		begin := time.Now()
		got, err := p.Call(t.Context(), 1)
		check(t, "Call", got, 1)
		checkErr(t, "Call", err, nil)
		check(t, "time", time.Since(begin), 4*time.Second)
		check(t, "Gather", gather(t, p), []int{3, 3})
		check(t, "numbers of the jobs", began.all(), []int{1, 0, 2})
		checkErr(t, "Close", p.Close(), nil)
	})
}

func TestCallIsTakenBackWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var began journal[int]
		p := engine.New(t.Context(), spawn(runner(func(ctx context.Context, x int) (int, error) {
			began.add(x)
			return sleepy(ctx, x)
		})), engine.Options{Workers: 1})
		p.Scatter(3)
		var wg sync.WaitGroup
		for _, seconds := range []int{10, 11, 12} { // front, middle and end of the line
			wg.Go(func() {
				ctx, cancel := context.WithTimeoutCause(t.Context(), time.Duration(seconds-9)*500*time.Millisecond, errEnded)
				defer cancel()
				_, err := p.Call(ctx, seconds)
				checkErr(t, "Call", err, errEnded)
			})
			synctest.Wait()
		}
		check(t, "waiting", p.Len(), 3)
		wg.Wait()
		check(t, "waiting", p.Len(), 0)
		p.Scatter(1)
		check(t, "Gather", gather(t, p), []int{3, 1})
		check(t, "began", began.all(), []int{3, 1})
		checkErr(t, "Close", p.Close(), nil)
	})
}

// inEveryCall runs a test for pools of each of the three ways of Call.
func inEveryCall(t *testing.T, f intFunc, test func(*testing.T, *intPool, context.CancelCauseFunc)) {
	pools := map[string]func(ctx context.Context) *intPool{
		"func":   func(ctx context.Context) *intPool { return engine.New(ctx, f, engine.Options{}) },
		"runner": func(ctx context.Context) *intPool { return engine.New(ctx, spawn(runner(f)), engine.Options{}) },
		"inline": func(ctx context.Context) *intPool {
			return engine.New(ctx, spawn(runner(f)), engine.Options{Inline: true})
		},
	}
	for name, pool := range pools {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				p := pool(ctx)
				test(t, p, cancel)
				checkErr(t, "Close", p.Close(), nil)
				cancel(nil)
			})
		})
	}
}

func TestARunningCallSeesItsContextEnd(t *testing.T) {
	inEveryCall(t, sleepy, func(t *testing.T, p *intPool, _ context.CancelCauseFunc) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errEnded)
		defer cancel()
		_, err := p.Call(ctx, 60)
		checkErr(t, "Call", err, errEnded)
		_, err = p.Call(ctx, 0)
		checkErr(t, "Call after the end", err, errEnded)
	})
}

func TestARunningCallSeesThePoolEnd(t *testing.T) {
	inEveryCall(t, sleepy, func(t *testing.T, p *intPool, end context.CancelCauseFunc) {
		time.AfterFunc(time.Second, func() { end(errEnded) })
		begin := time.Now()
		_, err := p.Call(t.Context(), 60)
		checkErr(t, "Call", err, errEnded)
		check(t, "time", time.Since(begin), time.Second)
	})
}

func TestCloseWaitsForCalls(t *testing.T) {
	var over atomic.Bool
	f := func(ctx context.Context, x int) (int, error) {
		x, err := sleepy(ctx, x)
		over.Store(true)
		return x, err
	}
	inEveryCall(t, f, func(t *testing.T, p *intPool, _ context.CancelCauseFunc) {
		over.Store(false)
		go func() {
			_, err := p.Call(t.Context(), 5)
			checkErr(t, "Call", err, nil)
		}()
		synctest.Wait()
		checkErr(t, "Close", p.Close(), nil)
		check(t, "over", over.Load(), true)
	})
}

func TestCallIsOutsideOrderAndRound(t *testing.T) {
	inEveryCall(t, square, func(t *testing.T, p *intPool, _ context.CancelCauseFunc) {
		p.Scatter(1)
		got, err := p.Call(t.Context(), 2)
		check(t, "Call", got, 4)
		checkErr(t, "Call", err, nil)
		check(t, "Seq of the next", p.Scatter(3).Seq(), 2)
		check(t, "Gather", gather(t, p), []int{1, 9})
		p.Seal()
		check(t, "Results", len(seqs(p)), 0)
	})
}

func TestAPanicInACall(t *testing.T) {
	f := func(context.Context, int) (int, error) { panic(errBoom) }
	inEveryCall(t, f, func(t *testing.T, p *intPool, _ context.CancelCauseFunc) {
		_, err := p.Call(t.Context(), 1)
		var panicked *engine.PanicError
		check(t, "is a PanicError", errors.As(err, &panicked), true)
		checkErr(t, "Call", err, errBoom)
	})
}

func TestDrainFailsAWaitingCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := engine.New(t.Context(), spawn(runner(sleepy)), engine.Options{Workers: 1})
		p.Scatter(2)
		time.AfterFunc(time.Second, func() { p.Drain(errEnded) })
		begin := time.Now()
		_, err := p.Call(t.Context(), 1)
		checkErr(t, "Call", err, errEnded)
		check(t, "time", time.Since(begin), time.Second)
		check(t, "the running job", gather(t, p), []int{2})
		checkErr(t, "Close", p.Close(), nil)
	})
}

// Callers of an inline pool do not wait for each other, and each has a slot.
func TestInlineCallersHaveTheirOwnSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var slots journal[int]
		p := engine.New(t.Context(), spawn(runFunc(func(ctx context.Context, job intJob) (int, error) {
			slots.add(job.Slot)
			return sleepy(ctx, job.Args)
		})), engine.Options{Workers: 1, Inline: true})
		begin := time.Now()
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { p.Scatter(1) })
		}
		wg.Wait()
		check(t, "time", time.Since(begin), time.Second)
		distinct := map[int]bool{}
		for _, slot := range slots.all() {
			distinct[slot] = true
		}
		check(t, "slots", distinct, map[int]bool{1: true, 2: true, 3: true, 4: true, 5: true})
		checkErr(t, "Close", p.Close(), nil)
	})
}
