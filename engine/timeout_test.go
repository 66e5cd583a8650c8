package engine_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/engine"
)

func TestTimeoutEndsATry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		got := one(t, t.Context(), engine.Timeout(runner(sleepy), 2*time.Second), 60)
		checkErr(t, "job", got.Err, engine.ErrTimeout)
		check(t, "time", time.Since(begin), 2*time.Second)
		check(t, "status", engine.Status(got.Err), 124)
		got = one(t, t.Context(), engine.Timeout(runner(sleepy), 2*time.Second), 1)
		check(t, "a quick job", got.Value, 1)
		checkErr(t, "a quick job", got.Err, nil)
	})
}

func TestTimeoutKeepsTheErrorOfTheTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		killed := &engine.ExitError{Code: 143}
		got := one(t, t.Context(), engine.Timeout(runner(func(ctx context.Context, _ int) (int, error) {
			<-ctx.Done()
			checkErr(t, "cause", context.Cause(ctx), engine.ErrTimeout)
			time.Sleep(time.Second) // Run is waited for
			return 5, killed
		}), time.Second), 1)
		checkErr(t, "job", got.Err, engine.ErrTimeout)
		checkErr(t, "job", got.Err, killed)
		check(t, "text", got.Err.Error(), "timed out: exit status 143")
		check(t, "value beside the error", got.Value, 5)
		check(t, "time", got.End.Sub(got.Start), 2*time.Second)
	})
}

func TestTimeoutLeavesOtherFailuresAlone(t *testing.T) {
	got := one(t, t.Context(), engine.Timeout(runner(func(context.Context, int) (int, error) { return 0, errBoom }), time.Hour), 1)
	if got.Err != errBoom {
		t.Errorf("got %v", got.Err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errEnded)
		defer cancel()
		got := one(t, ctx, engine.Timeout(runner(sleepy), time.Minute), 60)
		check(t, "the end of the pool is no timeout", errors.Is(got.Err, engine.ErrTimeout), false)
		checkErr(t, "job", got.Err, errEnded)
	})
}

func TestASuccessInTheSameInstantStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := one(t, t.Context(), engine.Timeout(runner(func(ctx context.Context, x int) (int, error) {
			<-ctx.Done() // the timeout has come
			return x, nil
		}), time.Second), 7)
		check(t, "value", got.Value, 7)
		checkErr(t, "job", got.Err, nil)
	})
}

func TestTimeoutRunsFromBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := runFunc(func(ctx context.Context, job intJob) (int, error) {
			time.Sleep(time.Hour) // waits for a lock
			check(t, "context before Begin", ctx.Err(), nil)
			job.Begin()
			return sleepy(ctx, job.Args)
		})
		got := one(t, t.Context(), engine.Timeout[int, int](late, 2*time.Second), 60)
		checkErr(t, "job", got.Err, engine.ErrTimeout)
		check(t, "time", got.End.Sub(got.Start), 2*time.Second)
	})
}

func TestEveryTryHasItsOwnTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := one(t, t.Context(), engine.Retry(engine.Timeout(runner(sleepy), 2*time.Second), 2, nil), 60)
		checkErr(t, "job", got.Err, engine.ErrTimeout)
		check(t, "Attempt", got.Attempt, 3)
		check(t, "time of the last try", got.End.Sub(got.Start), 2*time.Second)
	})
}

func TestTimeoutAroundRetryBoundsAllTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		asked := 0
		limit := func() time.Duration { asked++; return 5 * time.Second }
		var tries journal[int]
		pause := func(int, error) (time.Duration, bool) { return 2 * time.Second, true }
		got := one(t, t.Context(), engine.TimeoutOn(engine.Retry(succeedsOn(99, &tries), 99, pause), new(engine.Clock), limit), 1)
		checkErr(t, "job", got.Err, engine.ErrTimeout)
		checkErr(t, "job", got.Err, errBoom)
		check(t, "time", time.Since(begin), 5*time.Second)
		check(t, "limits asked for", asked, 1)
	})
}

func TestTheLimitIsAskedForWhenATryBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := []time.Duration{time.Second, 0, 3 * time.Second}
		limit := func() time.Duration {
			defer func() { limits = limits[1:] }()
			return limits[0]
		}
		p := engine.New(t.Context(), spawn(engine.TimeoutOn(runner(sleepy), new(engine.Clock), limit)), engine.Options{Workers: 1})
		for range 3 {
			p.Scatter(60)
		}
		var took []time.Duration
		for _, r := range take(p, 3) {
			took = append(took, r.End.Sub(r.Start))
		}
		check(t, "times", took, []time.Duration{time.Second, time.Minute, 3 * time.Second}) // 0 is no limit
		checkErr(t, "Close", p.Close(), nil)
	})
}

func TestAStandingClockStretchesTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := new(engine.Clock)
		begin := time.Now()
		go func() {
			time.Sleep(time.Second)
			clock.Pause()
			clock.Pause() // twice is once
			time.Sleep(time.Hour)
			clock.Resume()
			time.Sleep(500 * time.Millisecond)
			clock.Resume() // twice is once
			clock.Pause()
			time.Sleep(time.Minute)
			clock.Resume()
		}()
		limit := func() time.Duration { return 2 * time.Second }
		got := one(t, t.Context(), engine.TimeoutOn(runner(sleepy), clock, limit), 10000)
		checkErr(t, "job", got.Err, engine.ErrTimeout)
		check(t, "time", time.Since(begin), 2*time.Second+time.Hour+time.Minute)
	})
}

func TestATryThatBeginsWhileTheClockStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := new(engine.Clock)
		clock.Pause()
		time.AfterFunc(time.Hour, clock.Resume)
		begin := time.Now()
		limit := func() time.Duration { return time.Nanosecond }
		got := one(t, t.Context(), engine.TimeoutOn(runner(sleepy), clock, limit), 10000)
		checkErr(t, "job", got.Err, engine.ErrTimeout)
		check(t, "time", time.Since(begin), time.Hour+time.Nanosecond)
	})
}

func TestAStoppedTimerStaysStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var clock engine.Clock
		stop := clock.AfterFunc(time.Second, func() { t.Error("fired") })
		clock.AfterFunc(time.Second, func() { t.Error("fired") })() // stopped at once
		var fired atomic.Int32
		clock.AfterFunc(2*time.Second, func() { fired.Add(1) })
		clock.Pause()
		stop()
		clock.Resume()
		time.Sleep(time.Minute)
		check(t, "fired", fired.Load(), 1)
		clock.Pause()
		clock.Resume() // what has fired does not fire again
		time.Sleep(time.Minute)
		check(t, "fired", fired.Load(), 1)
	})
}

// A job that ends its goroutine leaves no timer behind that keeps its context.
func TestGoexitStopsTheTimer(t *testing.T) {
	var live tracker
	clock := new(engine.Clock)
	clock.Pause()
	exits := runner(func(context.Context, int) (int, error) { runtime.Goexit(); return 0, nil })
	limited := engine.TimeoutOn(exits, clock, func() time.Duration { return time.Hour })
	type key struct{}
	p := engine.New(t.Context(), spawn(runFunc(func(ctx context.Context, job intJob) (int, error) {
		return limited.Run(context.WithValue(ctx, key{}, live.object()), job)
	})), engine.Options{})
	p.Scatter(1)
	_, err := p.Gather(t.Context())
	checkErr(t, "Gather", err, engine.ErrGoexit)
	live.wantGone(t, 1)
	checkErr(t, "Close", p.Close(), nil)
	runtime.KeepAlive(clock)
}
