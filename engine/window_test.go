package engine_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/loxctl/loxctl/engine"
)

// scatterer scatters n jobs in a goroutine and counts those that got in.
func scatterer(p *intPool, n int) *atomic.Int32 {
	in := new(atomic.Int32)
	go func() {
		for i := range n {
			p.Scatter(i)
			in.Add(1)
		}
	}()
	return in
}

func TestWindowBoundsWhatIsNotDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := engine.New(t.Context(), intFunc(square), engine.Options{Workers: 2, Window: 3})
		in := scatterer(p, 10)
		for delivered := range 11 {
			synctest.Wait()
			check(t, "scattered", in.Load(), min(int32(delivered)+3, 10))
			if delivered < 10 {
				check(t, "next", take(p, 1)[0].Seq, delivered+1)
			}
		}
		checkErr(t, "Close", p.Close(), nil)
	})
}

func TestWindowIsFreedByGather(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := engine.New(t.Context(), intFunc(square), engine.Options{Workers: 2, Window: 4})
		for i := range 4 {
			p.Scatter(i)
		}
		in := scatterer(p, 6)
		synctest.Wait()
		check(t, "scattered into the full window", in.Load(), 0)
		check(t, "Gather", gather(t, p), []int{0, 1, 4, 9})
		synctest.Wait()
		check(t, "scattered after Gather", in.Load(), 4)
		check(t, "Gather", gather(t, p), []int{0, 1, 4, 9})
		synctest.Wait()
		check(t, "Gather", gather(t, p), []int{16, 25})
	})
}

func TestBacklogBoundsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, tokens := held()
		p := engine.New(t.Context(), f, engine.Options{Workers: 2, Backlog: 3})
		in := scatterer(p, 12)
		for over := range 8 {
			synctest.Wait()
			waiting := p.Len()
			check(t, "scattered", int(in.Load()), over+2+waiting)
			if waiting > 3 || waiting <= 3/2 {
				t.Errorf("%d jobs wait; the backlog is 3, refilled at half", waiting)
			}
			tokens <- struct{}{}
		}
		close(tokens)
		synctest.Wait()
		check(t, "Gather", len(gather(t, p)), 12)
	})
}

// Whatever takes a job out of the backlog must let the next one in.
func TestBacklogRoomIsTakenHoweverItComes(t *testing.T) {
	frees := map[string]func(p *intPool, first chan<- bool, takeBack func()){
		"job over": func(_ *intPool, first chan<- bool, _ func()) { first <- false },
		"goexit":   func(_ *intPool, first chan<- bool, _ func()) { first <- true },
		"resize":   func(p *intPool, _ chan<- bool, _ func()) { p.Resize(2) },
		"takeback": func(_ *intPool, _ chan<- bool, takeBack func()) { takeBack() },
	}
	for name, free := range frees {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { testBacklogRoom(t, free) }) })
	}
}

func testBacklogRoom(t *testing.T, free func(*intPool, chan<- bool, func())) {
	jobs := make(chan bool)
	p := engine.New(t.Context(), spawn(runner(func(_ context.Context, x int) (int, error) {
		if <-jobs {
			runtime.Goexit()
		}
		return x, nil
	})), engine.Options{Workers: 1, Backlog: 1})
	p.Scatter(0)
	ctx, takeBack := context.WithCancel(t.Context())
	go func() { _, _ = p.Call(ctx, 1) }()
	synctest.Wait()
	in := scatterer(p, 1)
	synctest.Wait()
	check(t, "scattered into the full backlog", in.Load(), 0)
	free(p, jobs, takeBack)
	synctest.Wait()
	check(t, "scattered after there is room", in.Load(), 1)
	close(jobs)
	takeBack()
	checkErr(t, "Close", p.Close(), nil)
}

func TestBothBoundsWithManyScatterers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := engine.New(t.Context(), intFunc(sleepy), engine.Options{Workers: 3, Window: 7, Backlog: 2})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				for i := range 5 {
					p.Scatter(i)
				}
			})
		}
		go func() {
			wg.Wait()
			p.Seal()
		}()
		check(t, "delivered", len(seqs(p)), 100)
	})
}

func TestBackPressureEndsWhenThePoolDoes(t *testing.T) {
	type end = func(p *intPool, cancel context.CancelCauseFunc)
	ends := map[string]struct {
		end  end
		want error
	}{
		"cancel": {func(_ *intPool, cancel context.CancelCauseFunc) { cancel(errEnded) }, errEnded},
		"Drain":  {func(p *intPool, _ context.CancelCauseFunc) { p.Drain(errEnded) }, errEnded},
		"Seal":   {func(p *intPool, _ context.CancelCauseFunc) { p.Seal() }, engine.ErrClosed},
	}
	bounds := map[string]engine.Options{"window": {Window: 2}, "backlog": {Workers: 1, Backlog: 1}}
	for name, tt := range ends {
		for bound, opt := range bounds {
			t.Run(name+" "+bound, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancelCause(t.Context())
					p := engine.New(ctx, intFunc(sleepy), opt)
					testBackPressureEnds(t, p, func() { tt.end(p, cancel) }, tt.want)
				})
			})
		}
	}
}

// testBackPressureEnds is of a pool with room for two jobs.
func testBackPressureEnds(t *testing.T, p *intPool, end func(), want error) {
	p.Scatter(60)
	p.Scatter(60)
	blocked := make(chan *engine.Promise[int])
	for range 4 {
		go func() { blocked <- p.Scatter(60) }()
	}
	synctest.Wait()
	end()
	for range 4 {
		promise := <-blocked
		check(t, "Index", promise.Index(), -1)
		_, err := promise.Wait(t.Context())
		checkErr(t, "blocked Scatter", err, want)
	}
	checkErr(t, "Close", p.Close(), nil)
}

func TestScatterWithoutBoundsFromInsideAJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p *intPool
		p = engine.Thread(1, func(_ context.Context, x int) (int, error) {
			if x < 100 {
				p.Scatter(x + 1)
			} else {
				p.Seal()
			}
			return x, nil
		})
		p.Scatter(0)
		check(t, "jobs", len(seqs(p)), 101)
	})
}
