package engine_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/engine"
)

// However a pool ends, the promises of jobs that wait in Then are settled.

func TestDrainOfTheNextPoolFailsWhatItHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		foo, bar, baz := engine.Thread(2, sleepy), engine.Thread(2, sleepy), engine.Thread(1, square)
		used := false
		promise := engine.Then(bar, foo.Scatter(60), func(x int) (int, error) { used = true; return x, nil })
		after := link(baz, promise)
		begin := time.Now()
		bar.Drain(errEnded)
		_, err := promise.Wait(t.Context())
		check(t, "failure", err, errEnded)
		_, err = after.Wait(t.Context())
		check(t, "what follows", err, error(&engine.SkippedError{Seq: 1, Err: errEnded}))
		checkErr(t, "Close", bar.Close(), nil)
		check(t, "time", time.Since(begin), 0) // foo's job goes on
		check(t, "of foo", len(gather(t, foo)), 0)
		checkErr(t, "Close", foo.Close(), nil)
		check(t, "time", time.Since(begin), time.Minute)
		check(t, "used", used, false)
		check(t, "result", resultOf(t, promise), engine.Result[int]{Seq: 1, Err: errEnded})
	})
}

func TestDrainOfTheFirstPoolSkipsWhatFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		foo, bar := engine.Thread(1, sleepy), engine.Thread(1, square)
		for range 3 {
			link(bar, foo.Scatter(1))
		}
		foo.Drain(errEnded)
		got, err := bar.Gather(t.Context())
		check(t, "values", got, []int{1, 0, 0})
		skipped := func(seq int) error { return &engine.SkippedError{Seq: seq, Err: errEnded} }
		check(t, "failures", jobErrors(err), []*engine.JobError{
			{Index: 1, Seq: 2, Err: skipped(2)}, {Index: 2, Seq: 3, Err: skipped(3)},
		})
	})
}

func TestCancelOfAChain(t *testing.T) {
	for _, all := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			opt := engine.Options{Workers: 2}
			foo, bar := engine.New(ctx, intFunc(sleepy), opt), engine.New(ctx, intFunc(sleepy), opt)
			if !all {
				foo = engine.New(t.Context(), intFunc(sleepy), opt)
			}
			for range 10 {
				link(bar, foo.Scatter(60))
			}
			time.AfterFunc(time.Second, func() { cancel(errEnded) })
			begin := time.Now()
			_, err := bar.Gather(t.Context())
			check(t, "failures", len(jobErrors(err)), 10)
			checkErr(t, "failure", err, errEnded)
			check(t, "time", time.Since(begin), time.Second)
			checkErr(t, "Close", bar.Close(), nil)
			foo.Drain(errEnded)
			checkErr(t, "Close", foo.Close(), nil)
			synctest.Wait()
			check(t, "goroutines", poolGoroutines(), 0)
		})
	}
}

func TestCloseWaitsForWhatThenHolds(t *testing.T) {
	inEveryKind(t, func(t *testing.T, pool func(int, intFunc) *intPool) {
		foo, bar := engine.Thread(1, sleepy), pool(1, square)
		promise := link(bar, foo.Scatter(5))
		begin := time.Now()
		checkErr(t, "Close", bar.Close(), nil)
		check(t, "time", time.Since(begin), 5*time.Second)
		check(t, "Result", resultOf(t, promise).Value, 25)
		check(t, "Gather", gather(t, bar), []int{25})
	})
}

func TestSealLeavesHeldJobsTheirPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		foo, bar := engine.Thread(1, sleepy), engine.Thread(1, square)
		link(bar, foo.Scatter(1))
		link(bar, foo.Scatter(2))
		bar.Seal()
		foo.Seal()
		check(t, "Results", seqs(bar), []int{1, 2})
		check(t, "Results of foo", len(seqs(foo)), 0)
	})
}

// The last slot of a sealed pool must still be there for a job that its
// Runner gives back, and for one that a promise brings.
func TestNotStartedAfterSeal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		foo, tries := engine.Thread(1, sleepy), new(atomic.Int32)
		bar := engine.New(t.Context(), spawn(runFunc(func(ctx context.Context, job intJob) (int, error) {
			if tries.Add(1) == 1 {
				return 0, engine.ErrNotStarted
			}
			return intFunc(square).Run(ctx, job)
		})), engine.Options{Workers: 1})
		link(bar, foo.Scatter(3))
		bar.Seal()
		checkErr(t, "Close", bar.Close(), nil)
		check(t, "Gather", gather(t, bar), []int{9})
		check(t, "tries", tries.Load(), 2)
	})
}

func TestThenInAFullWindowEndsWithThePool(t *testing.T) {
	ends := map[string]func(p *intPool, cancel func(error)){
		"seal":   func(p *intPool, _ func(error)) { p.Seal() },
		"drain":  func(p *intPool, _ func(error)) { p.Drain(errEnded) },
		"cancel": func(_ *intPool, cancel func(error)) { cancel(errEnded) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				foo := engine.Thread(1, sleepy)
				bar := engine.New(ctx, intFunc(square), engine.Options{Window: 1})
				link(bar, foo.Scatter(3))
				time.AfterFunc(time.Second, func() { end(bar, cancel) })
				check(t, "Index", link(bar, foo.Scatter(1)).Index(), -1)
				check(t, "results of bar", len(seqs(bar)), 1)
				check(t, "foo keeps the other", gather(t, foo), []int{1})
				checkErr(t, "Close", bar.Close(), nil)
			})
		})
	}
}

func TestErrBrokenInAChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		foo := engine.Thread(2, sleepy)
		bar := engine.New(t.Context(), spawn(runFunc(func(_ context.Context, job intJob) (int, error) {
			return 0, fmt.Errorf("no more: %w", engine.ErrBroken)
		})), engine.Options{Workers: 1})
		baz := engine.Thread(1, square)
		for i := range 4 {
			link(baz, link(bar, foo.Scatter(i+1)))
		}
		_, err := baz.Gather(t.Context())
		check(t, "failures", failed(err), []int{0, 1, 2, 3})
		for i, job := range jobErrors(err) {
			check(t, "kind", job.Err.(*engine.SkippedError).Seq, i+1)
			checkErr(t, "failure", job, engine.ErrBroken)
		}
		checkErr(t, "Close", bar.Close(), nil)
		checkErr(t, "Close", foo.Close(), nil)
	})
}

// A failure goes down a chain of any length without going deep: also one that
// leads back and forth between two pools, and through joins.
func TestAFailureGoesDownALongChain(t *testing.T) {
	const steps = 300_000
	token := make(chan struct{})
	ping := engine.Thread(1, func(context.Context, int) (int, error) { <-token; return 0, errBoom })
	pong := engine.Thread(1, square)
	promise := ping.Scatter(0)
	for range steps {
		promise = link(pong, link(ping, promise))
		promise = engine.Then(ping, engine.All(promise), func(v []int) (int, error) { return v[0], nil })
	}
	close(token)
	_, err := promise.Wait(t.Context())
	check(t, "failure", err, error(&engine.SkippedError{Seq: 1, Err: errBoom}))
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	if stats.StackInuse > 64<<20 {
		t.Errorf("%d bytes of stack for a chain of %d jobs", stats.StackInuse, 3*steps)
	}
}

// Then, failures and drains meet in every order; nothing hangs. With -race.
func TestFanOutWhileThePromiseIsSettled(t *testing.T) {
	for range 200 {
		foo, bar := engine.Thread(1, intFunc(live)), engine.Thread(2, square)
		var wg sync.WaitGroup
		good, bad := foo.Scatter(32), foo.Scatter(4)
		for range 4 {
			wg.Go(func() {
				for range 5 {
					link(bar, good)
					link(bar, bad)
					runtime.Gosched()
				}
			})
		}
		wg.Wait()
		values, err := bar.Gather(t.Context())
		check(t, "jobs", len(values), 40)
		check(t, "skipped", len(jobErrors(err)), 20)
		check(t, "left", gather(t, foo), []int{})
	}
}
