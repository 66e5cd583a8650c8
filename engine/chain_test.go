package engine_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/engine"
)

// link chains a job of next to a promise of the same type.
func link(next *intPool, from *engine.Promise[int]) *engine.Promise[int] {
	return engine.Then(next, from, engine.Whole)
}

// resultOf is what the job of a settled promise came to.
func resultOf[Out any](t *testing.T, p *engine.Promise[Out]) engine.Result[Out] {
	t.Helper()
	r, ok := p.Result()
	check(t, "is over", ok, true)
	return r
}

func TestAClaimedJobLeavesTheGatherThatWaitsForIt(t *testing.T) {
	for _, claimed := range []int{0, 1, 2} {
		synctest.Test(t, func(t *testing.T) {
			foo, bar := engine.Thread(3, sleepy), engine.Thread(1, square)
			promises := []*engine.Promise[int]{foo.Scatter(3), foo.Scatter(2), foo.Scatter(4)}
			time.AfterFunc(2500*time.Millisecond, func() { link(bar, promises[claimed]) })
			want := []int{3, 2, 4}
			check(t, "foo", gather(t, foo), append(want[:claimed:claimed], want[claimed+1:]...))
			synctest.Wait()
			check(t, "bar", gather(t, bar), []int{want[claimed] * want[claimed]})
		})
	}
}

func TestAClaimedJobLeavesTheResults(t *testing.T) {
	for _, unordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			opt := engine.Options{Workers: 4, Unordered: unordered}
			foo, bar := engine.New(t.Context(), intFunc(sleepy), opt), engine.Thread(1, square)
			var promises []*engine.Promise[int]
			for i := range 4 {
				promises = append(promises, foo.Scatter(i))
			}
			time.Sleep(1500 * time.Millisecond)
			synctest.Wait()
			link(bar, promises[1]) // is over
			link(bar, promises[2]) // runs
			foo.Seal()
			time.AfterFunc(time.Second/4, func() { link(bar, promises[3]) }) // is waited for
			begin := time.Now()
			check(t, "foo", seqs(foo), []int{1})
			check(t, "time", time.Since(begin), time.Second/4)
			check(t, "bar", gather(t, bar), []int{1, 4, 9})
			checkErr(t, "Close", foo.Close(), nil)
		})
	}
}

func TestAClaimedJobLeavesTheWindowOfItsPool(t *testing.T) {
	foo := engine.New(t.Context(), intFunc(square), engine.Options{Workers: 1, Window: 1})
	bar := engine.Thread(1, square)
	for i := range 10 { // nobody reads foo
		link(bar, foo.Scatter(i))
	}
	check(t, "bar", len(gather(t, bar)), 10)
}

// The window of the last pool bounds the whole chain.
func TestTheWindowOfTheLastPoolBoundsAChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const window, records = 10, 500
		var alive, began gauge
		same := func(_ context.Context, x int) (int, error) { began.enter(); return x, nil }
		a, b := engine.Thread(3, same), engine.Thread(2, same)
		c := engine.New(t.Context(), intFunc(same), engine.Options{Workers: 2, Window: window})
		go func() {
			defer c.Seal()
			for i := range records {
				alive.enter()
				link(c, link(b, a.Scatter(i)))
			}
		}()
		synctest.Wait()
		check(t, "scattered before anybody reads", alive.now.Load(), window+1)
		check(t, "begun before anybody reads", began.now.Load(), 3*window+2) // a and b had one more
		n := 0
		for r := range c.Results() {
			check(t, "value", r.Value, n)
			n++
			alive.leave()
		}
		check(t, "results", n, records)
		if peak := alive.peak.Load(); peak > window+2 {
			t.Errorf("%d records were alive with a window of %d", peak, window)
		}
	})
}

func TestThenWaitsForRoomInTheBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, tokens := held()
		foo, bar := engine.Thread(1, square), engine.New(t.Context(), f, engine.Options{Workers: 1, Backlog: 2})
		var in gauge
		go func() {
			for i := range 10 {
				promise := foo.Scatter(i)
				_, _ = promise.Wait(t.Context())
				link(bar, promise)
				in.enter()
			}
		}()
		synctest.Wait()
		check(t, "one runs, two wait", in.now.Load(), 3)
		check(t, "Len", bar.Len(), 2)
		close(tokens)
		synctest.Wait()
		check(t, "bar", len(gather(t, bar)), 10)
	})
}

func TestLenDoesNotCountWhatWaitsForItsPromise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		foo, bar := engine.Thread(3, sleepy), engine.Thread(1, sleepy)
		for range 3 {
			link(bar, foo.Scatter(2))
		}
		time.Sleep(time.Second)
		check(t, "Len before", bar.Len(), 0)
		time.Sleep(2 * time.Second)
		check(t, "Len after", bar.Len(), 2)
		gather(t, bar)
	})
}

// A job that takes its place by Then keeps it, whatever is ready before it.
func TestPlacesAreTakenByThenNotByReadiness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		foo, bar := engine.Thread(1, sleepy), engine.Thread(1, square)
		chained := link(bar, foo.Scatter(3))
		plain := bar.Scatter(5)
		check(t, "Index", []int{chained.Index(), plain.Index()}, []int{0, 1})
		check(t, "Seq", []int{chained.Seq(), plain.Seq()}, []int{1, 2})
		_, err := plain.Wait(t.Context()) // it runs at once
		checkErr(t, "Wait", err, nil)
		check(t, "Gather", gather(t, bar), []int{9, 25})
	})
}

func TestUnorderedLastPoolDeliversAsItCompletes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		foo := engine.Thread(4, sleepy)
		bar := engine.New(t.Context(), intFunc(square), engine.Options{Workers: 2, Unordered: true})
		for _, x := range []int{3, 1, 4, 2} {
			link(bar, foo.Scatter(x))
		}
		bar.Seal()
		check(t, "order", seqs(bar), []int{2, 4, 1, 3})
	})
}

func TestAnInlinePoolRunsWhereItsPromiseIsSettled(t *testing.T) {
	foo := engine.Thread(0, square)
	bar := engine.Thread(0, func(_ context.Context, x int) (int, error) {
		if !inCallOf("TestAnInlinePoolRunsWhereItsPromiseIsSettled") {
			return 0, errors.New("in another goroutine")
		}
		return x + 1, nil
	})
	for i := range 4 {
		value, err := link(bar, foo.Scatter(i)).Wait(t.Context())
		check(t, "value", value, i*i+1)
		checkErr(t, "Wait", err, nil)
	}
	check(t, "bar", gather(t, bar), []int{1, 2, 5, 10})
}

// lox could not do this at all: steps of one pool that wait for each other.
func TestAChainWithinOnePool(t *testing.T) {
	inEveryKind(t, func(t *testing.T, pool func(int, intFunc) *intPool) {
		p := pool(1, func(ctx context.Context, x int) (int, error) { return x + 1, nil })
		promise := p.Scatter(0)
		for range 1000 {
			promise = link(p, promise)
		}
		check(t, "the last step", gather(t, p), []int{1001})
		checkErr(t, "Close", p.Close(), nil)
	})
}

func TestCallGoesPastAChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		foo := engine.Thread(1, sleepy)
		bar := engine.New(t.Context(), spawn(runner(square)), engine.Options{Workers: 1})
		link(bar, foo.Scatter(60))
		begin := time.Now()
		got, err := bar.Call(t.Context(), 4)
		check(t, "Call", got, 16)
		checkErr(t, "Call", err, nil)
		check(t, "time", time.Since(begin), 0)
		check(t, "Gather", gather(t, bar), []int{3600})
		checkErr(t, "Close", bar.Close(), nil)
	})
}

// What a Runner gives back is run again with the same arguments.
func TestAChainedJobThatDoesNotStartIsRunAgain(t *testing.T) {
	foo := engine.Thread(2, square)
	uses := gauge{}
	tries := gauge{}
	bar := engine.New(t.Context(), spawn(runFunc(func(_ context.Context, job intJob) (int, error) {
		if tries.enter(); tries.now.Load()%2 == 1 {
			return 0, engine.ErrNotStarted
		}
		job.Begin()
		return job.Args, nil
	})), engine.Options{Workers: 1})
	for i := range 3 {
		engine.Then(bar, foo.Scatter(i), func(x int) (int, error) { uses.enter(); return x, nil })
	}
	check(t, "bar", gather(t, bar), []int{0, 1, 4})
	check(t, "uses", uses.now.Load(), 3)
	checkErr(t, "Close", bar.Close(), nil)
}

func TestResultOfAClaimedJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		foo, bar := engine.Thread(1, sleepy), engine.Thread(1, sleepy)
		first := foo.Scatter(2)
		second := link(bar, first)
		_, over := first.Result()
		check(t, "over", over, false)
		gather(t, bar)
		at := func(s int) time.Time { return begin.Add(time.Duration(s) * time.Second) }
		check(t, "first", resultOf(t, first), engine.Result[int]{Seq: 1, Slot: 1, Attempt: 1, Value: 2, Start: at(0), End: at(2)})
		check(t, "second", resultOf(t, second), engine.Result[int]{Seq: 1, Slot: 1, Attempt: 1, Value: 2, Start: at(2), End: at(4)})
	})
}

func TestASkippedJobNeverBegan(t *testing.T) {
	foo, bar, baz := engine.Thread(1, intFunc(live)), engine.Thread(1, square), engine.Thread(1, square)
	bar.Scatter(0)
	first := foo.Scatter(4) // fails
	second := link(bar, first)
	third := link(baz, second)
	gather(t, bar)
	_, err := baz.Gather(t.Context())
	skipped := &engine.SkippedError{Seq: 1, Err: errBoom}
	check(t, "failures", jobErrors(err), []*engine.JobError{{Seq: 1, Err: skipped}})
	check(t, "second", resultOf(t, second), engine.Result[int]{Seq: 2, Err: skipped})
	check(t, "third", resultOf(t, third), engine.Result[int]{Seq: 1, Err: skipped})
	checkErr(t, "the reason", err, errBoom)
	check(t, "text", skipped.Error(), "skipped: job 1: boom")
}

func TestARefusedPromiseSkipsWhatWaitsForIt(t *testing.T) {
	foo, bar := engine.Thread(1, square), engine.Thread(1, square)
	foo.Drain(errEnded)
	_, err := link(bar, foo.Scatter(1)).Wait(t.Context())
	check(t, "failure", err, error(&engine.SkippedError{Err: errEnded}))
	check(t, "text", err.Error(), "skipped: "+errEnded.Error())
}

func TestAllWaitsForAllAndFailsWithTheFirstInItsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		p := engine.Thread(4, intFunc(live))
		late, early, fine := p.Scatter(8*2+4), p.Scatter(8*1+5), p.Scatter(8*3) // fail after 2 and 1 seconds
		all := engine.All(fine, late, early)
		values, err := all.Wait(t.Context())
		check(t, "time", time.Since(begin), 3*time.Second)
		check(t, "failure", err, error(&engine.SkippedError{Seq: 1, Err: errBoom}))
		check(t, "values", values, []int{24, 20, 0})
		check(t, "Index", all.Index(), -1)
		check(t, "Seq", all.Seq(), 0)
		check(t, "left in the pool", gather(t, p), []int{})
	})
}

func TestAllOfNothingAndOfTheSame(t *testing.T) {
	p := engine.Thread(1, square)
	values, err := engine.All[int]().Wait(t.Context())
	check(t, "nothing", values, []int{})
	checkErr(t, "nothing", err, nil)
	three := p.Scatter(3)
	values, err = engine.All(three, three).Wait(t.Context())
	check(t, "the same twice", values, []int{9, 9})
	checkErr(t, "the same twice", err, nil)
}

func TestAllKeepsItsOwnList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := engine.Thread(2, sleepy)
		list := []*engine.Promise[int]{p.Scatter(1), p.Scatter(2)}
		all := engine.All(list...)
		list[0] = list[1]
		values, err := all.Wait(t.Context())
		check(t, "values", values, []int{1, 2})
		checkErr(t, "Wait", err, nil)
	})
}

func TestTheErrorOfUseIsTheJobsOwn(t *testing.T) {
	ends := map[string]struct {
		use  func(int) (int, error)
		want error
	}{
		"error":  {func(int) (int, error) { return 0, errBoom }, errBoom},
		"panic":  {func(int) (int, error) { panic(errBoom) }, errBoom},
		"goexit": {func(int) (int, error) { runtime.Goexit(); return 0, nil }, engine.ErrGoexit},
	}
	for name, tt := range ends {
		t.Run(name, func(t *testing.T) {
			inEveryKind(t, func(t *testing.T, pool func(int, intFunc) *intPool) {
				if name == "goexit" && strings.HasSuffix(t.Name(), "inline") {
					t.Skip("it would end the goroutine of the test")
				}
				testUse(t, pool, tt.use, tt.want)
			})
		})
	}
}

func testUse(t *testing.T, pool func(int, intFunc) *intPool, use func(int) (int, error), want error) {
	foo, bar, baz := pool(1, sleepy), pool(1, square), pool(1, square)
	promise := foo.Scatter(1)
	for _, use := range []func(int) (int, error){engine.Whole[int], use, engine.Whole[int]} {
		link(baz, engine.Then(bar, promise, use)) // the others of the promise are not affected
	}
	link(baz, foo.Scatter(2)) // nor is the next job of the slot
	got, err := baz.Gather(t.Context())
	check(t, "values", got, []int{1, 0, 1, 4})
	check(t, "failed", failed(err), []int{1})
	checkErr(t, "failure", err, want)
	check(t, "the promise itself", resultOf(t, promise).Err, nil)
	var skipped *engine.SkippedError
	check(t, "skipped", errors.As(err, &skipped) && skipped.Seq == 2, true)
	for _, p := range []*intPool{foo, bar, baz} {
		checkErr(t, "Close", p.Close(), nil)
	}
}
