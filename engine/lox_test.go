package engine_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/engine"
)

// What lox, the Python library, promises of its pools (A1 to A15, C29 to C31).

type pair struct{ x, y int }

func multiply(_ context.Context, p pair) (int, error) { return p.x * p.y, nil }

// inCallOf reports whether the named function is on the goroutine's stack.
func inCallOf(name string) bool {
	pc := make([]uintptr, 64)
	frames := runtime.CallersFrames(pc[:runtime.Callers(0, pc)])
	for f, more := frames.Next(); ; f, more = frames.Next() {
		if strings.Contains(f.Function, name) {
			return true
		}
		if !more {
			return false
		}
	}
}

func TestA1CallRunsInTheCaller(t *testing.T) {
	p := engine.Thread(1, func(_ context.Context, a pair) (int, error) {
		if !inCallOf("TestA1CallRunsInTheCaller") {
			return 0, errors.New("in another goroutine")
		}
		return a.x * a.y, nil
	})
	got, err := p.Call(t.Context(), pair{2, 5})
	check(t, "f(2, 5)", got, 10)
	checkErr(t, "Call", err, nil)
}

// stateful has a method to be pooled.
type stateful struct{ z int }

func (s stateful) multiply(_ context.Context, p pair) (int, error) { return p.x*p.y + s.z, nil }

func TestA1CallOfAMethod(t *testing.T) {
	p := engine.Thread(1, stateful{z: 7}.multiply)
	got, err := p.Call(t.Context(), pair{2, 5})
	check(t, "2*5+7", got, 17)
	checkErr(t, "Call", err, nil)
}

func TestA2LenCountsWaitingJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, tokens := held()
		p := engine.Thread(1, f)
		check(t, "Len before any Scatter", p.Len(), 0)
		for i := range 5 {
			p.Scatter(i)
		}
		synctest.Wait()
		check(t, "Len with one running and four queued", p.Len(), 4)
		close(tokens)
		gather(t, p)
		check(t, "Len after Gather", p.Len(), 0)
	})
}

func TestA3GatherIsInScatterOrder(t *testing.T) {
	inEveryKind(t, func(t *testing.T, pool func(int, intFunc) *intPool) {
		p := pool(5, func(ctx context.Context, x int) (int, error) {
			_, err := sleepy(ctx, 12-x) // the later, the quicker
			return x * (x + 12), err
		})
		var want []int
		for x := 1; x <= 12; x++ {
			p.Scatter(x)
			want = append(want, x*(x+12))
		}
		check(t, "Gather", gather(t, p), want)
		checkErr(t, "Close", p.Close(), nil)
	})
}

func TestA4DocsExample(t *testing.T) {
	p := engine.Thread(4, multiply)
	for i := range 5 {
		p.Scatter(pair{i, i + 1})
	}
	check(t, "Gather", gather(t, p), []int{0, 2, 6, 12, 20})
}

// peakOf is how many of 200 jobs of a pool run at once.
func peakOf(t *testing.T, pool func(f intFunc) *intPool) (peak int32) {
	synctest.Test(t, func(t *testing.T) {
		var g gauge
		p := pool(func(ctx context.Context, x int) (int, error) {
			g.enter()
			defer g.leave()
			return sleepy(ctx, 1+x%3)
		})
		for i := range 200 {
			p.Scatter(i)
		}
		gather(t, p)
		peak = g.peak.Load()
	})
	return peak
}

func TestA5DefaultNumbersOfWorkers(t *testing.T) {
	auto := peakOf(t, func(f intFunc) *intPool { return engine.Thread(engine.Auto, f) })
	check(t, "workers of Auto", auto, 50)
	zero := peakOf(t, func(f intFunc) *intPool { return engine.New(context.Background(), f, engine.Options{}) })
	check(t, "workers of the zero Options", zero, int32(runtime.GOMAXPROCS(0)))
}

func TestA6AtMostNRunAtOnce(t *testing.T) {
	for _, n := range []int{1, 2, 7} {
		peak := peakOf(t, func(f intFunc) *intPool { return engine.Thread(n, f) })
		check(t, "most jobs at once", peak, int32(n))
	}
}

func TestA6WorkersComeOnDemandAndGoByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := engine.Thread(50, sleepy)
		p.Scatter(1)
		p.Scatter(2)
		synctest.Wait()
		check(t, "goroutines of two jobs", poolGoroutines(), 2)
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		check(t, "goroutines of the slower job", poolGoroutines(), 1)
		gather(t, p)
		synctest.Wait()
		check(t, "goroutines without a job", poolGoroutines(), 0)
	})
}

func TestA7RoundsAreSeparate(t *testing.T) {
	inEveryKind(t, func(t *testing.T, pool func(int, intFunc) *intPool) {
		p := pool(3, square)
		for round := range 3 {
			var want []int
			for i := range 6 {
				p.Scatter(10*round + i)
				want = append(want, (10*round+i)*(10*round+i))
			}
			check(t, "round", gather(t, p), want)
			check(t, "a second Gather", gather(t, p), []int{})
		}
	})
}

func TestA8IndexIsThePlaceInItsRound(t *testing.T) {
	p := engine.Thread(2, square)
	for round := range 3 {
		for i := range 4 {
			promise := p.Scatter(i)
			check(t, "Index", promise.Index(), i)
			check(t, "Seq", promise.Seq(), 4*round+i+1)
		}
		gather(t, p)
	}
}

func (s stateful) add(_ context.Context, p pair) (int, error) { return p.x + p.y + s.z, nil }

func TestA9MethodsHaveTheirOwnPools(t *testing.T) {
	one, two := stateful{z: 100}, stateful{z: 200}
	products1, products2 := engine.Thread(2, one.multiply), engine.Thread(2, two.multiply)
	sums1 := engine.Thread(2, one.add)
	for i := range 3 {
		products1.Scatter(pair{i, 2})
		products2.Scatter(pair{i, 2})
		sums1.Scatter(pair{i, 2})
	}
	check(t, "one.multiply", gather(t, products1), []int{100, 102, 104})
	check(t, "two.multiply", gather(t, products2), []int{200, 202, 204})
	check(t, "one.add", gather(t, sums1), []int{102, 103, 104})
}

func TestA10ArgumentsReachTheFunctionAsWritten(t *testing.T) {
	type args struct {
		positional []string
		keyword    map[string]any
		none       *int
	}
	p := engine.Thread(2, func(_ context.Context, a args) (args, error) { return a, nil })
	want := []args{
		{positional: []string{"a", "", "c d"}, keyword: map[string]any{"k": 1.5, "n": nil}, none: nil},
		{},
	}
	for _, a := range want {
		p.Scatter(a)
	}
	check(t, "arguments", gather(t, p), want)
}

func TestA11ZeroWorkersRunInTheCaller(t *testing.T) {
	p := engine.Thread(0, func(_ context.Context, x int) (int, error) {
		if !inCallOf("TestA11ZeroWorkersRunInTheCaller") {
			return 0, errors.New("in another goroutine")
		}
		return x * x, nil
	})
	for i := range 4 {
		promise := p.Scatter(i)
		select {
		case <-promise.Done():
		default:
			t.Errorf("job %d is not over when Scatter returns", i)
		}
	}
	check(t, "Gather", gather(t, p), []int{0, 1, 4, 9})
}

func TestA12PlainFunction(t *testing.T) {
	plain := func(_ context.Context, s string) (int, error) { return len(s), nil }
	for _, n := range []int{engine.Auto, 0, 5} {
		p := engine.Thread(n, plain)
		p.Scatter("four")
		p.Scatter("")
		check(t, "Gather", gather(t, p), []int{4, 0})
	}
}

func TestA13ProgressCountsEveryJobOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := engine.Thread(3, sleepy)
		const total = 10
		for i := range total {
			p.Scatter(i)
		}
		p.Seal()
		updates := 0
		for range p.Results() {
			updates++
		}
		check(t, "updates", updates, total)
	})
}

func TestA14FiveSecondsOfWorkOnTwoWorkersTakeThree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		p := engine.New(t.Context(), intFunc(sleepy), engine.Options{Workers: 2})
		for range 5 {
			p.Scatter(1)
		}
		gather(t, p)
		check(t, "time", time.Since(begin), 3*time.Second)
		checkErr(t, "Close", p.Close(), nil)
	})
}

func TestA15AFailureKeepsItsPlaceAndItsError(t *testing.T) {
	inEveryKind(t, func(t *testing.T, pool func(int, intFunc) *intPool) {
		p := pool(2, func(_ context.Context, x int) (int, error) {
			if x%2 == 1 {
				return 0, errBoom
			}
			return x, nil
		})
		for i := range 5 {
			p.Scatter(i)
		}
		got, err := p.Gather(t.Context())
		check(t, "values", got, []int{0, 0, 2, 0, 4})
		check(t, "failed indexes", failed(err), []int{1, 3})
		checkErr(t, "Gather", err, errBoom)
	})
}

// C29 and C30 ask the same of processes; a pool of spawned Runners is their
// frame, and in every test above that names it, it keeps A3, A7 and A15.
func TestC30EveryWorkerHasItsOwnState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var spawned atomic.Int32
		p := engine.New(t.Context(), spawnFunc(func(_ context.Context, slot int) (intRunner, error) {
			spawned.Add(1)
			calls := 0 // of this Runner: one call at a time, so no lock
			return runner(func(ctx context.Context, x int) (int, error) {
				calls++
				_, err := sleepy(ctx, 1)
				return calls, err
			}), nil
		}), engine.Options{Workers: 2})
		for i := range 6 {
			p.Scatter(i)
		}
		got := gather(t, p)
		slices.Sort(got)
		check(t, "calls seen by two workers", got, []int{1, 1, 2, 2, 3, 3})
		check(t, "workers", spawned.Load(), 2)
		checkErr(t, "Close", p.Close(), nil)
	})
}

func TestC31GatherWithoutScatterIsEmpty(t *testing.T) {
	inEveryKind(t, func(t *testing.T, pool func(int, intFunc) *intPool) {
		check(t, "Gather", gather(t, pool(2, square)), []int{})
	})
}
