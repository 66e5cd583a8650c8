package engine_test

import (
	"context"
	"iter"
	"strconv"
	"sync"
	"testing"

	"github.com/loxctl/loxctl/engine"
	"github.com/sourcegraph/conc/pool"
	"golang.org/x/sync/errgroup"
)

func square(_ context.Context, x int) (int, error) { return x * x, nil }

// rounds splits n jobs into rounds of 1000: some peers keep their results in
// order at a price that grows with the square of a round.
func rounds(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for ; n > 0; n -= 1000 {
			if !yield(min(n, 1000)) {
				return
			}
		}
	}
}

// BenchmarkScatterGather is a job through a warm pool of two.
func BenchmarkScatterGather(b *testing.B) {
	p := engine.Thread(2, square)
	b.ReportAllocs()
	for n := range rounds(b.N) {
		for i := range n {
			p.Scatter(i)
		}
		if _, err := p.Gather(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkResults streams through a bounded window.
func BenchmarkResults(b *testing.B) {
	for _, unordered := range []bool{false, true} {
		name := map[bool]string{false: "ordered", true: "unordered"}[unordered]
		b.Run(name, func(b *testing.B) {
			p := engine.New(context.Background(), engine.Func[int, int](square),
				engine.Options{Workers: 2, Window: 1000, Unordered: unordered})
			b.ReportAllocs()
			go func() {
				for i := range b.N {
					p.Scatter(i)
				}
				p.Seal()
			}()
			for range p.Results() {
			}
		})
	}
}

// BenchmarkChain is a job through one warm pool of two, and through a chain of
// two and of three of them: the second stage should cost no more than the first.
func BenchmarkChain(b *testing.B) {
	for stages := range 3 {
		b.Run(strconv.Itoa(stages+1), func(b *testing.B) {
			pools := []*intPool{engine.Thread(2, square), engine.Thread(2, square), engine.Thread(2, square)}[:stages+1]
			b.ReportAllocs()
			for n := range rounds(b.N) {
				for i := range n {
					promise := pools[0].Scatter(i)
					for _, next := range pools[1:] {
						promise = engine.Then(next, promise, engine.Whole)
					}
				}
				if _, err := pools[stages].Gather(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkChainResults streams through two pools and the window of the second.
func BenchmarkChainResults(b *testing.B) {
	first := engine.Thread(2, square)
	last := engine.New(context.Background(), engine.Func[int, int](square), engine.Options{Workers: 2, Window: 1000})
	b.ReportAllocs()
	go func() {
		for i := range b.N {
			engine.Then(last, first.Scatter(i), engine.Whole)
		}
		last.Seal()
	}()
	for range last.Results() {
	}
}

func BenchmarkPeerErrgroup(b *testing.B) {
	b.ReportAllocs()
	for n := range rounds(b.N) {
		var g errgroup.Group
		g.SetLimit(2)
		out := make([]int, n)
		for i := range n {
			g.Go(func() (err error) {
				out[i], err = square(context.Background(), i)
				return err
			})
		}
		if err := g.Wait(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPeerConc(b *testing.B) {
	b.ReportAllocs()
	for n := range rounds(b.N) {
		p := pool.NewWithResults[int]().WithMaxGoroutines(2).WithErrors()
		for i := range n {
			p.Go(func() (int, error) { return square(context.Background(), i) })
		}
		if _, err := p.Wait(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPeerChannel is the least that two goroutines on a channel can do.
func BenchmarkPeerChannel(b *testing.B) {
	b.ReportAllocs()
	type job struct{ index, x int }
	out := make([]int, b.N)
	jobs := make(chan job, 1000)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for j := range jobs {
				out[j.index], _ = square(context.Background(), j.x)
			}
		})
	}
	for i := range b.N {
		jobs <- job{i, i}
	}
	close(jobs)
	wg.Wait()
}
