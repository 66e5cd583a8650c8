package engine_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/engine"
)

// checkRefused wants p to take no job for the reason want.
func checkRefused(t *testing.T, p *intPool, want error) {
	t.Helper()
	promise := p.Scatter(1)
	check(t, "Index of a refused job", promise.Index(), -1)
	check(t, "Seq of a refused job", promise.Seq(), 0)
	_, err := promise.Wait(context.Background())
	checkErr(t, "Scatter", err, want)
	_, err = p.Call(context.Background(), 1)
	checkErr(t, "Call", err, want)
}

func TestSealRefusesNewJobsAndRunsTheOldOnes(t *testing.T) {
	inEveryKind(t, func(t *testing.T, pool func(int, intFunc) *intPool) {
		p := pool(1, sleepy)
		p.Scatter(1)
		p.Scatter(2)
		p.Seal()
		p.Seal()
		checkRefused(t, p, engine.ErrClosed)
		check(t, "Gather", gather(t, p), []int{1, 2})
		check(t, "Gather of the refused", gather(t, p), []int{})
		checkErr(t, "Close", p.Close(), nil)
	})
}

func TestSealEndsAReaderThatWaits(t *testing.T) {
	for _, unordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := engine.New(t.Context(), intFunc(square), engine.Options{Unordered: unordered})
			go func() {
				time.Sleep(time.Second)
				p.Seal()
			}()
			check(t, "results", len(seqs(p)), 0)
			checkErr(t, "Close", p.Close(), nil)
		})
	}
}

func TestDrainFailsWhatHasNotBegun(t *testing.T) {
	for _, unordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			p := engine.New(t.Context(), intFunc(sleepy), engine.Options{Workers: 1, Unordered: unordered})
			for range 3 {
				p.Scatter(2)
			}
			time.Sleep(time.Second)
			p.Drain(errEnded)
			p.Drain(errBoom) // the first cause stays
			checkRefused(t, p, errEnded)
			ran := engine.Result[int]{Seq: 1, Slot: 1, Attempt: 1, Value: 2, Start: begin, End: begin.Add(2 * time.Second)}
			want := []engine.Result[int]{ran, {Seq: 2, Err: errEnded}, {Seq: 3, Err: errEnded}}
			if unordered {
				want = append(want[1:], ran)
			}
			var got []engine.Result[int]
			for r := range p.Results() {
				got = append(got, r)
			}
			check(t, "results", got, want)
			checkErr(t, "Close", p.Close(), nil)
		})
	}
}

func TestDrainWithoutACauseStillFailsTheJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := engine.Thread(1, sleepy)
		p.Scatter(1)
		p.Scatter(1)
		p.Drain(nil)
		checkRefused(t, p, engine.ErrClosed)
		_, err := p.Gather(t.Context())
		check(t, "failed", failed(err), []int{1})
		checkErr(t, "Gather", err, engine.ErrClosed)
	})
}

func TestCancelEndsRunningJobsAndFailsTheOthers(t *testing.T) {
	for name, s := range map[string]engine.Spawner[int, int]{"func": intFunc(sleepy), "runner": spawn(runner(sleepy))} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testCancel(t, s) })
		})
	}
}

func testCancel(t *testing.T, s engine.Spawner[int, int]) {
	ctx, cancel := context.WithCancelCause(t.Context())
	p := engine.New(ctx, s, engine.Options{Workers: 2})
	for range 4 {
		p.Scatter(60)
	}
	begin := time.Now()
	go func() {
		time.Sleep(time.Second)
		cancel(errEnded)
		checkRefused(t, p, errEnded)
	}()
	for r := range p.Results() {
		checkErr(t, "job", r.Err, errEnded)
		check(t, "began", r.Attempt == 1, r.Seq <= 2)
	}
	check(t, "time", time.Since(begin), time.Second)
	checkErr(t, "Close", p.Close(), nil)
}

func TestNoJobBeginsOnceTheContextHasEnded(t *testing.T) {
	for _, inline := range []bool{false, true} {
		ctx, cancel := context.WithCancelCause(t.Context())
		var began atomic.Int32
		p := engine.New(ctx, intFunc(func(context.Context, int) (int, error) {
			began.Add(1)
			return 0, nil
		}), engine.Options{Workers: 1, Inline: inline})
		cancel(errEnded)
		checkRefused(t, p, errEnded)
		check(t, "began", began.Load(), 0)
		check(t, "Gather", gather(t, p), []int{})
	}
}

// A job that waits when the context ends is not begun by the worker that
// becomes free in the same instant.
func TestAWaitingJobDoesNotBeginAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		var began journal[int]
		p := engine.New(ctx, intFunc(func(_ context.Context, x int) (int, error) {
			began.add(x)
			cancel(errEnded)
			return x, nil
		}), engine.Options{Workers: 1})
		first, second := p.Scatter(1), p.Scatter(2)
		_, err := first.Wait(t.Context())
		checkErr(t, "the running job", err, nil)
		_, err = second.Wait(t.Context())
		checkErr(t, "the waiting job", err, errEnded)
		check(t, "began", began.all(), []int{1})
		checkErr(t, "Close", p.Close(), nil)
	})
}

func TestCloseWaitsForEveryJobAndLeavesTheResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		p := engine.Thread(1, sleepy) // a job that saw its context end would fail
		p.Scatter(1)
		p.Scatter(2)
		checkErr(t, "Close", p.Close(), nil)
		check(t, "time", time.Since(begin), 3*time.Second)
		checkRefused(t, p, engine.ErrClosed)
		check(t, "Gather", gather(t, p), []int{1, 2})
		checkErr(t, "Close again", p.Close(), nil)
	})
}

// closer is a Runner that is closed once.
type closer struct {
	intRunner
	err    error
	closed atomic.Int32
}

func (c *closer) Close() error {
	c.closed.Add(1)
	return c.err
}

func TestCloseClosesEveryRunnerOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closers := []*closer{{err: errBoom}, {}, {err: errEnded}}
		p := engine.New(t.Context(), spawnFunc(func(_ context.Context, slot int) (intRunner, error) {
			c := closers[slot-1]
			c.intRunner = runner(sleepy)
			return engine.Retry(engine.Timeout(engine.Paced[int, int](c, engine.NewPace(0)), time.Minute), 1, nil), nil
		}), engine.Options{Workers: 3})
		for range 7 {
			p.Scatter(1)
		}
		gather(t, p)
		for _, c := range closers {
			check(t, "closed before Close", c.closed.Load(), 0)
		}
		err := p.Close()
		checkErr(t, "Close", err, errBoom)
		checkErr(t, "Close", err, errEnded)
		checkErr(t, "Close again", p.Close(), nil)
		for _, c := range closers {
			check(t, "closed", c.closed.Load(), 1)
		}
	})
}

func TestAJobWhoseSlotOpensAtTheEndFailsWithTheCause(t *testing.T) {
	for name, spawned := range map[string]struct {
		r   intRunner
		err error
	}{"opened": {r: runner(square)}, "failed": {err: errBoom}} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			p := engine.New(ctx, spawnFunc(func(context.Context, int) (intRunner, error) {
				cancel(errEnded)
				return spawned.r, spawned.err
			}), engine.Options{})
			_, err := p.Scatter(1).Wait(t.Context())
			checkErr(t, "job", err, errEnded)
			checkErr(t, "Close", p.Close(), nil)
		})
	}
}

// What a Runner keeps running beside its jobs is bound to the pool's context.
func TestTheContextOfASpawnerEndsWithThePool(t *testing.T) {
	var ctx context.Context
	p := engine.New(t.Context(), spawnFunc(func(of context.Context, _ int) (intRunner, error) {
		ctx = of
		return runner(square), nil
	}), engine.Options{})
	p.Scatter(1)
	gather(t, p)
	checkErr(t, "before Close", ctx.Err(), nil)
	checkErr(t, "Close", p.Close(), nil)
	checkErr(t, "after Close", context.Cause(ctx), engine.ErrClosed)
}

func TestErrBrokenEndsThePool(t *testing.T) {
	broken := errors.Join(errBoom, engine.ErrBroken)
	breaksOn3 := runFunc(func(ctx context.Context, job intJob) (int, error) {
		job.Begin()
		if job.Seq == 3 {
			return 0, broken
		}
		return sleepy(ctx, job.Args)
	})
	synctest.Test(t, func(t *testing.T) {
		p := engine.New(t.Context(), spawn(engine.Retry[int, int](breaksOn3, 5, nil)), engine.Options{Workers: 2})
		for _, seconds := range []int{60, 1, 0, 1, 1} {
			p.Scatter(seconds)
		}
		_, err := p.Gather(t.Context())
		check(t, "failed", failed(err), []int{0, 2, 3, 4})
		for i, job := range jobErrors(err) {
			checkErr(t, "failure", job, errBoom)
			check(t, "attempts", job.Attempts, []int{1, 1, 0, 0}[i])
		}
		checkRefused(t, p, engine.ErrBroken)
		checkErr(t, "Close", p.Close(), nil)
	})
}

func TestErrBrokenOfASpawner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var spawns atomic.Int32
		p := engine.New(t.Context(), spawnFunc(func(context.Context, int) (intRunner, error) {
			spawns.Add(1)
			time.Sleep(time.Second)
			return nil, engine.ErrBroken
		}), engine.Options{Workers: 1})
		for range 10 {
			p.Scatter(1)
		}
		_, err := p.Gather(t.Context())
		check(t, "failed jobs", len(failed(err)), 10)
		check(t, "spawns", spawns.Load(), 1)
		checkRefused(t, p, engine.ErrBroken)
		checkErr(t, "Close", p.Close(), nil)
	})
}
