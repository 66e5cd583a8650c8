package engine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/engine"
)

// delivery is when a result came.
type delivery struct {
	seq   int
	after time.Duration
}

func deliveries(p *intPool) []delivery {
	begin := time.Now()
	var got []delivery
	for r := range p.Results() {
		got = append(got, delivery{r.Seq, time.Since(begin)})
	}
	return got
}

func TestResultsComeAsSoonAsTheirOrderAllows(t *testing.T) {
	const s = time.Second
	tests := map[bool][]delivery{
		false: {{1, 3 * s}, {2, 3 * s}, {3, 3 * s}, {4, 4 * s}},
		true:  {{2, 1 * s}, {3, 2 * s}, {1, 3 * s}, {4, 4 * s}},
	}
	for unordered, want := range tests {
		synctest.Test(t, func(t *testing.T) {
			p := engine.New(t.Context(), intFunc(sleepy), engine.Options{Workers: 4, Unordered: unordered})
			for _, seconds := range []int{3, 1, 2, 4} {
				p.Scatter(seconds)
			}
			p.Seal()
			check(t, "deliveries", deliveries(p), want)
			checkErr(t, "Close", p.Close(), nil)
		})
	}
}

func TestResultTellsAllOfItsJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		p := engine.Thread(1, func(ctx context.Context, x int) (int, error) {
			_, _ = sleepy(ctx, x)
			return x, errBoom
		})
		p.Scatter(2)
		p.Scatter(3)
		want := []engine.Result[int]{
			{Seq: 1, Slot: 1, Attempt: 1, Value: 2, Err: errBoom, Start: begin, End: begin.Add(2 * time.Second)},
			{Seq: 2, Slot: 1, Attempt: 1, Value: 3, Err: errBoom, Start: begin.Add(2 * time.Second), End: begin.Add(5 * time.Second)},
		}
		check(t, "results", take(p, 2), want)
	})
}

func TestResultsWaitsForWhatIsScatteredLater(t *testing.T) {
	for _, unordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := engine.New(t.Context(), intFunc(sleepy), engine.Options{Workers: 2, Unordered: unordered})
			go func() {
				for range 3 {
					time.Sleep(10 * time.Second)
					p.Scatter(1)
				}
				time.Sleep(10 * time.Second)
				p.Seal()
			}()
			begin := time.Now()
			const s = time.Second
			check(t, "deliveries", deliveries(p), []delivery{{1, 11 * s}, {2, 21 * s}, {3, 31 * s}})
			check(t, "end", time.Since(begin), 40*s)
			checkErr(t, "Close", p.Close(), nil)
		})
	}
}

func TestResultsBrokenOffLeavesTheRest(t *testing.T) {
	for _, unordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := engine.New(t.Context(), intFunc(sleepy), engine.Options{Workers: 1, Unordered: unordered})
			for i := range 5 {
				p.Scatter(i)
			}
			p.Seal()
			check(t, "first reader", len(take(p, 2)), 2)
			check(t, "second reader", seqs(p), []int{3, 4, 5})
			check(t, "third reader", len(seqs(p)), 0)
			checkErr(t, "Close", p.Close(), nil)
		})
	}
}

func TestGatherReturnsWhatResultsLeft(t *testing.T) {
	for _, unordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := engine.New(t.Context(), intFunc(sleepy), engine.Options{Workers: 1, Unordered: unordered})
			for i := range 5 {
				p.Scatter(i)
			}
			take(p, 2)
			check(t, "Gather", gather(t, p), []int{2, 3, 4})
			p.Scatter(1)
			check(t, "Results of the next round", take(p, 1)[0].Seq, 6)
			checkErr(t, "Close", p.Close(), nil)
		})
	}
}

func TestASecondReaderOfResultsPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := engine.Thread(2, square)
		p.Scatter(2)
		for range p.Results() {
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the second reader did not panic")
					}
				}()
				take(p, 1)
			}()
			p.Seal() // the first reader and the pool are as they were
		}
		check(t, "what is left", len(seqs(p)), 0)
	})
}

func TestAReaderThatPanicsMakesRoomForTheNext(t *testing.T) {
	p := engine.Thread(1, square)
	p.Scatter(1)
	p.Scatter(2)
	func() {
		defer func() { _ = recover() }()
		for range p.Results() {
			panic(errBoom)
		}
	}()
	check(t, "next", take(p, 1)[0].Value, 4)
}

func TestScatterInsideTheResultsLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := engine.Thread(2, square)
		p.Scatter(2)
		var got []int
		for r := range p.Results() {
			if got = append(got, r.Value); r.Value < 1000 {
				p.Scatter(r.Value)
			} else {
				p.Seal()
			}
		}
		check(t, "values", got, []int{4, 16, 256, 65536})
	})
}

// A Gather takes its round away from a reader, who must not wait for it.
func TestAReaderIsNotHeldUpByAGather(t *testing.T) {
	for _, unordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := engine.New(t.Context(), intFunc(sleepy), engine.Options{Workers: 2, Unordered: unordered})
			p.Scatter(60)
			var got []delivery
			go func() { got = deliveries(p) }()
			synctest.Wait() // the reader waits for job 1
			go func() {
				_, err := p.Gather(t.Context())
				checkErr(t, "Gather", err, nil)
			}()
			synctest.Wait()
			p.Scatter(1)
			time.Sleep(2 * time.Second)
			p.Seal()
			synctest.Wait()
			check(t, "deliveries", got, []delivery{{2, time.Second}})
			checkErr(t, "Close", p.Close(), nil)
		})
	}
}

func TestACancelledGatherGivesItsJobsBackToResults(t *testing.T) {
	for _, unordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := engine.New(t.Context(), intFunc(sleepy), engine.Options{Workers: 3, Unordered: unordered})
			p.Scatter(1)
			p.Scatter(3)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			_, err := p.Gather(ctx)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Gather: %v", err)
			}
			p.Scatter(4)
			p.Seal()
			check(t, "Results", seqs(p), []int{1, 2, 3})
			checkErr(t, "Close", p.Close(), nil)
		})
	}
}
