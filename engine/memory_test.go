package engine_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/loxctl/loxctl/engine"
)

// big is something whose end is worth knowing.
type big struct{ payload [1 << 10]byte }

// tracker knows how many of its objects the collector has taken.
type tracker struct{ gone atomic.Int32 }

func (l *tracker) object() *big {
	b := new(big)
	runtime.AddCleanup(b, func(*tracker) { l.gone.Add(1) }, nil)
	return b
}

func (l *tracker) wantGone(t *testing.T, n int32) {
	t.Helper()
	eventually(t, "objects are freed", func() bool {
		runtime.GC()
		return l.gone.Load() >= n
	})
}

func TestInputsAreFreedWhenTheirJobIsOver(t *testing.T) {
	var live tracker
	p := engine.Thread(2, func(_ context.Context, b *big) (int, error) { return len(b.payload), nil })
	for range 50 {
		p.Scatter(live.object())
	}
	live.wantGone(t, 50) // although nobody has read the results
	check(t, "results", len(gather(t, p)), 50)
}

func TestInputsOfDrainedJobsAreFreed(t *testing.T) {
	var live tracker
	token := make(chan struct{})
	p := engine.Thread(1, func(context.Context, *big) (int, error) { <-token; return 0, nil })
	p.Scatter(nil)
	for range 50 {
		p.Scatter(live.object())
	}
	p.Drain(errEnded)
	live.wantGone(t, 50)
	close(token)
	checkErr(t, "Close", p.Close(), nil)
}

// A stream keeps what is in its window, never what it delivered.
func TestResultsFreesWhatItDelivered(t *testing.T) {
	for _, unordered := range []bool{false, true} {
		var live tracker
		p := engine.New(t.Context(), engine.Func[int, *big](func(context.Context, int) (*big, error) { return live.object(), nil }),
			engine.Options{Workers: 2, Window: 8, Unordered: unordered})
		go func() {
			for i := range 100 {
				p.Scatter(i)
			}
		}()
		delivered := int32(0)
		for range p.Results() {
			if delivered++; delivered == 90 {
				live.wantGone(t, 89) // all but the one in hand
				break
			}
		}
		take(p, 10)
		checkErr(t, "Close", p.Close(), nil)
	}
}

func TestAPromiseKeepsItsOwnValueOnly(t *testing.T) {
	var live tracker
	p := engine.Thread(2, func(context.Context, int) (*big, error) { return live.object(), nil })
	var kept *engine.Promise[*big]
	for i := range 20 {
		if promise := p.Scatter(i); i == 10 {
			kept = promise
		}
	}
	gather(t, p)
	live.wantGone(t, 19)
	check(t, "freed", live.gone.Load(), 19)
	if b, err := kept.Wait(t.Context()); b == nil || err != nil {
		t.Errorf("the promise kept: %v, %v", b, err)
	}
}

// A pool of plain functions may be forgotten without a Close.
func TestAForgottenPoolIsFreed(t *testing.T) {
	var gone atomic.Bool
	func() {
		p := engine.Thread(2, square)
		runtime.AddCleanup(p, func(struct{}) { gone.Store(true) }, struct{}{})
		for i := range 10 {
			p.Scatter(i)
		}
		gather(t, p)
	}()
	eventually(t, "the pool is freed", func() bool {
		runtime.GC()
		return gone.Load()
	})
}

func TestNoGoroutineSurvivesGatherAndClose(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 20 {
		p := engine.New(t.Context(), spawn(runner(square)), engine.Options{Workers: 8})
		for i := range 100 {
			p.Scatter(i)
		}
		gather(t, p)
		checkErr(t, "Close", p.Close(), nil)
	}
	eventually(t, "the goroutines are gone", func() bool { return runtime.NumGoroutine() <= before })
}

// Close itself has waited for them, it does not only ask them to go.
func TestCloseReturnsWhenItsGoroutinesAreGone(t *testing.T) {
	inEveryKind(t, func(t *testing.T, pool func(int, intFunc) *intPool) {
		p := pool(4, sleepy)
		for i := range 20 {
			go p.Scatter(i)
		}
		synctest.Wait()
		checkErr(t, "Close", p.Close(), nil)
		synctest.Wait()
		check(t, "goroutines", poolGoroutines(), 0)
	})
}
