package engine_test

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/engine"
)

// What lox, the Python library, gets wrong with pools (X20 to X37): each test
// fails if the engine does it too. The bubbles turn a hang into a failure.

func TestX20ZeroWorkersDoNotHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := engine.Thread(0, sleepy)
		p.Scatter(1)
		p.Scatter(2)
		check(t, "Gather", gather(t, p), []int{1, 2})
	})
}

// In lox a worker that found no job gave its slot back a moment later, and a
// job scattered in that moment never ran.
func TestX21NoJobIsLostWhileAWorkerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := engine.Thread(1, square)
		for round := range 2000 {
			n := 1 + round%5
			for i := range n {
				p.Scatter(i)
				if round%3 == 0 {
					runtime.Gosched() // the worker runs dry in the middle of a round
				}
			}
			if got := gather(t, p); len(got) != n {
				t.Fatalf("round %d: %d results of %d", round, len(got), n)
			}
		}
	})
}

func TestX22ThePoolIsWholeAfterAnEmptyGatherAndAFailure(t *testing.T) {
	inEveryKind(t, func(t *testing.T, pool func(int, intFunc) *intPool) {
		p := pool(2, func(_ context.Context, x int) (int, error) {
			if x < 0 {
				return 0, errBoom
			}
			return x, nil
		})
		check(t, "Gather before any Scatter", gather(t, p), []int{})
		p.Scatter(-1)
		_, err := p.Gather(t.Context())
		checkErr(t, "Gather of a failure", err, errBoom)
		p.Scatter(3)
		check(t, "Gather after a failure", gather(t, p), []int{3})
		checkErr(t, "Close", p.Close(), nil)
	})
}

func TestX23ScatterFromManyGoroutinesLosesNothing(t *testing.T) {
	p := engine.Thread(2, square)
	const goroutines, each = 4, 300
	var wg sync.WaitGroup
	places := make([][]int, goroutines)
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				places[g] = append(places[g], p.Scatter(i).Index())
			}
		})
	}
	wg.Wait()
	check(t, "results", len(gather(t, p)), goroutines*each)
	all := slices.Sorted(slices.Values(slices.Concat(places...)))
	if len(slices.Compact(all)) != goroutines*each || all[0] != 0 {
		t.Errorf("indexes are not 0 to %d, each once", goroutines*each-1)
	}
	for g, of := range places {
		if !slices.IsSorted(of) {
			t.Errorf("goroutine %d got its indexes out of order", g)
		}
	}
}

func TestX24AJobThatEndsItsGoroutineLeavesTheSlot(t *testing.T) {
	ends := map[string]struct {
		end  func()
		want error
	}{
		"panic":  {func() { panic(errBoom) }, errBoom},
		"goexit": {runtime.Goexit, engine.ErrGoexit},
	}
	for name, tt := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := engine.Thread(1, func(_ context.Context, x int) (int, error) {
					if x == 0 {
						tt.end()
					}
					return x, nil
				})
				for i := range 3 {
					p.Scatter(i)
				}
				got, err := p.Gather(t.Context())
				check(t, "values", got, []int{0, 1, 2})
				check(t, "failed", failed(err), []int{0})
				checkErr(t, "Gather", err, tt.want)
				p.Scatter(7)
				check(t, "the next round", gather(t, p), []int{7})
			})
		})
	}
}

func TestX26EqualValuesHaveTheirOwnPools(t *testing.T) {
	type adder struct{ n *int }
	add := func(a adder) intFunc {
		return func(_ context.Context, x int) (int, error) { return x + *a.n, nil }
	}
	n := 100
	a, b := adder{&n}, adder{&n} // equal
	one, two := engine.Thread(1, add(a)), engine.Thread(1, add(b))
	one.Scatter(1)
	check(t, "the other pool", gather(t, two), []int{})
	check(t, "its own pool", gather(t, one), []int{101})
}

func TestX27AFailureIsNotAValue(t *testing.T) {
	p := engine.Thread(1, func(_ context.Context, x int) (*int, error) {
		switch x {
		case 0:
			return nil, nil // a value that looks like nothing
		case 1:
			return nil, errBoom
		}
		return &x, nil
	})
	for i := range 3 {
		p.Scatter(i)
	}
	got, err := p.Gather(t.Context())
	check(t, "values", len(got), 3)
	check(t, "failed", failed(err), []int{1})
	if err == nil || err.Error() != "job 2: boom" {
		t.Errorf("the failure says %v", err)
	}
}

func TestX36ResultsAreKeptOnce(t *testing.T) {
	for name, read := range map[string]func(p *engine.Pool[int, *big]){
		"Gather": func(p *engine.Pool[int, *big]) { _, _ = p.Gather(context.Background()) },
		"Results": func(p *engine.Pool[int, *big]) {
			_ = take(p, 100)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var live tracker
			p := engine.Thread(2, func(context.Context, int) (*big, error) { return live.object(), nil })
			for i := range 100 {
				p.Scatter(i)
			}
			read(p)
			live.wantGone(t, 100)
			runtime.KeepAlive(p)
		})
	}
}

func TestX37ScatterInsideAnInlineJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p *intPool
		p = engine.Thread(0, func(ctx context.Context, depth int) (int, error) {
			if depth == 0 {
				return 1, nil
			}
			below, err := p.Scatter(depth - 1).Wait(ctx)
			return below + 1, err
		})
		got, err := p.Scatter(3).Wait(t.Context())
		check(t, "depth", got, 4)
		checkErr(t, "Wait", err, nil)
		check(t, "all four jobs", gather(t, p), []int{4, 3, 2, 1})
	})
}

func TestAJobThatHangsHoldsOnlyItsSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := engine.Thread(2, sleepy)
		p.Scatter(3600)
		for range 5 {
			p.Scatter(1)
		}
		time.Sleep(5*time.Second + 1)
		synctest.Wait()
		check(t, "waiting jobs", p.Len(), 0)
		gather(t, p)
	})
}
