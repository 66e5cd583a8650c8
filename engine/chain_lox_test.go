package engine_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/engine"
)

// What lox, the Python library, promises of chains (B16 to B28).

// tupled is foo of lox's manual: (x, x*y).
func tupled(_ context.Context, p pair) (pair, error) { return pair{p.x, p.x * p.y}, nil }

func sum(_ context.Context, p pair) (int, error) { return p.x + p.y, nil }

// twelve are the inputs of lox's tests.
func twelve() (all []pair) {
	for x := 1; x <= 12; x++ {
		all = append(all, pair{x, x + 12})
	}
	return all
}

func TestB16ResultsAreInTheOrderOfTheLastScatter(t *testing.T) {
	foo, bar := engine.Thread(2, tupled), engine.Thread(3, sum)
	for round := range 3 {
		var want []int
		for _, p := range twelve() {
			p.x += 100 * round
			engine.Then(bar, foo.Scatter(p), engine.Whole)
			want = append(want, p.x+p.x*p.y)
		}
		check(t, "bar", gather(t, bar), want)
	}
}

func TestB17GatheringTheLastStageGathersTheEarlierOnes(t *testing.T) {
	a, b, c := engine.Thread(2, square), engine.Thread(2, square), engine.Thread(2, square)
	for i := range 4 {
		engine.Then(c, engine.Then(b, a.Scatter(i), engine.Whole), engine.Whole)
	}
	check(t, "c", gather(t, c), []int{0, 1, 256, 6561})
	check(t, "b", gather(t, b), []int{})
	check(t, "a", gather(t, a), []int{})
}

func TestB18OneValueIsOneArgument(t *testing.T) {
	foo, bar := engine.Thread(2, sum), engine.Thread(2, square)
	for range 2 {
		var want []int
		for _, p := range twelve() {
			engine.Then(bar, foo.Scatter(p), engine.Whole)
			want = append(want, (p.x+p.y)*(p.x+p.y))
		}
		check(t, "bar", gather(t, bar), want)
	}
}

// applied is a stage of functions with any arguments, as workers have them.
func applied(f func(args engine.Tuple) any) *engine.Pool[engine.Tuple, any] {
	return engine.Thread(2, func(_ context.Context, args engine.Tuple) (any, error) { return f(args), nil })
}

// Every way in which a Tuple becomes arguments.
func TestB19to22UnpackingAndFurtherArguments(t *testing.T) {
	type use = func(any) (engine.Tuple, error)
	foo := applied(func(args engine.Tuple) any {
		x, y := args[0].(int), args[1].(int)
		return engine.Tuple{x, x * y}
	})
	for name, tt := range map[string]struct {
		use  use
		want engine.Tuple
	}{
		"unpacked":      {func(v any) (engine.Tuple, error) { return engine.Unpack(v), nil }, engine.Tuple{2, 10}},
		"whole (B19)":   {func(v any) (engine.Tuple, error) { return engine.Tuple{v}, nil }, engine.Tuple{engine.Tuple{2, 10}}},
		"after (B20)":   {func(v any) (engine.Tuple, error) { return append(engine.Unpack(v), "z"), nil }, engine.Tuple{2, 10, "z"}},
		"before (B21)":  {func(v any) (engine.Tuple, error) { return append(engine.Tuple{"z"}, engine.Unpack(v)...), nil }, engine.Tuple{"z", 2, 10}},
		"keyword (B22)": {func(v any) (engine.Tuple, error) { return append(engine.Unpack(v), map[string]any{"z": 5}), nil }, engine.Tuple{2, 10, map[string]any{"z": 5}}},
	} {
		t.Run(name, func(t *testing.T) {
			echo := applied(func(args engine.Tuple) any { return args })
			for range 2 {
				engine.Then(echo, foo.Scatter(engine.Tuple{2, 5}), tt.use)
				check(t, "arguments", gather(t, echo), []any{tt.want})
			}
		})
	}
}

// In Go a struct is the tuple: its fields are the arguments.
func TestB20to22ByStruct(t *testing.T) {
	type args struct{ before, x, xy, after int }
	foo := engine.Thread(2, tupled)
	bar := engine.Thread(2, func(_ context.Context, a args) (args, error) { return a, nil })
	engine.Then(bar, foo.Scatter(pair{2, 5}), func(v pair) (args, error) { return args{7, v.x, v.y, 8}, nil })
	check(t, "bar", gather(t, bar), []args{{7, 2, 10, 8}})
}

func TestB23OnePromiseFeedsSeveralStages(t *testing.T) {
	foo := engine.Thread(2, tupled)
	bar, baz := engine.Thread(2, sum), engine.Thread(2, multiply)
	for range 2 {
		var sums, products []int
		for _, p := range twelve() {
			promise := foo.Scatter(p)
			engine.Then(bar, promise, engine.Whole)
			engine.Then(baz, promise, engine.Whole)
			sums, products = append(sums, p.x+p.x*p.y), append(products, p.x*p.x*p.y)
		}
		check(t, "bar", gather(t, bar), sums)
		check(t, "baz", gather(t, baz), products)
		check(t, "foo", gather(t, foo), []pair{})
	}
}

// lox takes one promise a job (B24); All takes any number, by job.
func TestB24AJobOfSeveralPromises(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, quick := engine.Thread(4, sleepy), engine.Thread(1, square)
		sums := engine.Thread(2, func(_ context.Context, v []int) (int, error) { return 100*v[0] + v[1], nil })
		for i := range 4 {
			engine.Then(sums, engine.All(slow.Scatter(4-i), quick.Scatter(i)), engine.Whole)
		}
		check(t, "sums", gather(t, sums), []int{400, 301, 204, 109})
		check(t, "slow", gather(t, slow), []int{})
		check(t, "quick", gather(t, quick), []int{})
	})
}

// A diamond of diamonds, with a stage that is used twice.
func TestB25AnyTopology(t *testing.T) {
	inEveryKind(t, func(t *testing.T, pool func(int, intFunc) *intPool) {
		a, b, c := pool(2, sleepy), pool(3, square), pool(1, func(_ context.Context, x int) (int, error) { return x + 1, nil })
		d := engine.Thread(2, func(_ context.Context, v []int) (int, error) { return v[0]*10000 + v[1]*100 + v[2], nil })
		var want []int
		for i := range 5 {
			root := a.Scatter(5 - i)
			left, right := engine.Then(b, root, engine.Whole), engine.Then(c, root, engine.Whole)
			engine.Then(d, engine.All(left, right, engine.Then(c, right, engine.Whole)), engine.Whole)
			want = append(want, (5-i)*(5-i)*10000+(6-i)*100+7-i)
		}
		check(t, "d", gather(t, d), want)
		for _, p := range []*intPool{a, b, c} {
			check(t, "gathered with d", gather(t, p), []int{})
			checkErr(t, "Close", p.Close(), nil)
		}
	})
}

// lox's own figures: five images, ten workers of a second each, then two: each
// pair of the second stage begins when it can, so 1+3 seconds and not 1+5.
func TestB26StagesOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		fetch, resize := engine.Thread(10, sleepy), engine.Thread(2, sleepy)
		for range 5 {
			engine.Then(resize, fetch.Scatter(1), engine.Whole)
		}
		gather(t, resize)
		check(t, "time", time.Since(begin), 4*time.Second)
	})
}

func TestB26ThereIsNoBarrier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		first, second := engine.Thread(1, sleepy), engine.Thread(1, sleepy)
		for range 5 {
			engine.Then(second, first.Scatter(1), engine.Whole)
		}
		second.Seal()
		for r := range second.Results() {
			check(t, "start", r.Start.Sub(begin), time.Duration(r.Seq)*time.Second)
		}
		check(t, "time", time.Since(begin), 6*time.Second)
	})
}

func TestB27OnlyATupleUnpacks(t *testing.T) {
	type named engine.Tuple
	for _, tt := range []struct {
		v    any
		want engine.Tuple
	}{
		{engine.Tuple{1, "b"}, engine.Tuple{1, "b"}},
		{engine.Tuple{engine.Tuple{1, 2}}, engine.Tuple{engine.Tuple{1, 2}}},
		{engine.Tuple{}, engine.Tuple{}},
		{[]any{1, 2}, engine.Tuple{[]any{1, 2}}},
		{named{1, 2}, engine.Tuple{named{1, 2}}},
		{pair{1, 2}, engine.Tuple{pair{1, 2}}},
		{nil, engine.Tuple{nil}},
		{"a b", engine.Tuple{"a b"}},
	} {
		check(t, "Unpack", engine.Unpack(tt.v), tt.want)
	}
}

// What one stage appends, another that takes the same value does not see.
func TestUnpackedValuesAreNotSharedByAppend(t *testing.T) {
	v := append(make(engine.Tuple, 0, 8), 1)
	one, two := append(engine.Unpack(v), "one"), append(engine.Unpack(v), "two")
	check(t, "one", one, engine.Tuple{1, "one"})
	check(t, "two", two, engine.Tuple{1, "two"})
}

// Neither the pools nor the promises of later jobs keep what was delivered.
func TestB28NothingIsKeptAfterDelivery(t *testing.T) {
	for _, unordered := range []bool{false, true} {
		var live tracker
		grow := engine.Func[*big, *big](func(context.Context, *big) (*big, error) { return live.object(), nil })
		opt := engine.Options{Workers: 2, Unordered: unordered}
		a, b := engine.New(t.Context(), grow, opt), engine.New(t.Context(), grow, opt)
		c := engine.New(t.Context(), grow, opt)
		var last []*engine.Promise[*big]
		for range 50 {
			promise := a.Scatter(nil)
			middle := engine.Then(b, promise, engine.Whole)
			last = append(last, engine.Then(c, middle, engine.Whole))
			engine.Then(c, engine.All(promise, middle), func(all []*big) (*big, error) { return all[0], nil })
		}
		gather(t, c)
		live.wantGone(t, 150) // all but those of the promises that are held
		check(t, "freed", live.gone.Load(), 150)
		runtime.KeepAlive(last)
		last = nil
		live.wantGone(t, 200)
		runtime.KeepAlive([]any{a, b, c})
	}
}

// A value is not kept by a later stage while that works on what was made of it.
func TestB28AValueIsFreedWhenItsFollowersHaveIt(t *testing.T) {
	var live tracker
	token := make(chan struct{})
	a := engine.Thread(2, func(context.Context, int) (*big, error) { return live.object(), nil })
	b := engine.Thread(1, func(context.Context, int) (int, error) { <-token; return 0, nil })
	for i := range 20 {
		engine.Then(b, a.Scatter(i), func(v *big) (int, error) { return len(v.payload), nil })
	}
	live.wantGone(t, 20)
	close(token)
	gather(t, b)
}

// A promise that is held keeps its own value, not what was made of it, and a
// job not the closure that brought its arguments.
func TestB28APromiseDoesNotKeepWhatFollows(t *testing.T) {
	var live tracker
	token := make(chan struct{})
	a := engine.Thread(1, func(context.Context, int) (int, error) { <-token; return 0, nil })
	b := engine.Thread(2, func(context.Context, *big) (*big, error) { return live.object(), nil })
	c := engine.Thread(2, func(_ context.Context, x int) (int, error) { return x, nil })
	var kept []*engine.Promise[int]
	for i := range 20 {
		first, captured := a.Scatter(i), live.object()
		engine.Then(b, first, func(int) (*big, error) { return nil, nil })
		kept = append(kept, first, engine.Then(c, first, func(x int) (int, error) { return x + int(captured.payload[0]), nil }))
	}
	close(token)
	gather(t, b)
	gather(t, c)
	live.wantGone(t, 40)
	runtime.KeepAlive(kept)
}

// What lox gets wrong with chains.

func TestX11AResultThatIsEarlyIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		foo, bar := engine.Thread(2, square), engine.Thread(2, square)
		promise := foo.Scatter(3)
		time.Sleep(time.Hour)
		engine.Then(bar, promise, engine.Whole)
		check(t, "bar", gather(t, bar), []int{81})
		check(t, "foo", gather(t, foo), []int{})
	})
}

func TestX12AStageTakesFromAnyNumberOfPools(t *testing.T) {
	one, two, last := engine.Thread(1, square), engine.Thread(1, sum), engine.Thread(2, square)
	engine.Then(last, one.Scatter(2), engine.Whole)
	engine.Then(last, two.Scatter(pair{2, 3}), engine.Whole)
	engine.Then(last, one.Scatter(3), engine.Whole)
	check(t, "last", gather(t, last), []int{16, 25, 81})
}

func TestX13MatchingIsByPromise(t *testing.T) {
	same := intFunc(func(_ context.Context, x int) (int, error) { return x, nil })
	times10 := intFunc(func(_ context.Context, x int) (int, error) { return 10 * x, nil })
	foo, bar := engine.Thread(2, same), engine.Thread(2, times10)
	var promises []*engine.Promise[int]
	for i := range 4 {
		promises = append(promises, foo.Scatter(i))
	}
	engine.Then(bar, promises[2], engine.Whole)
	engine.Then(bar, promises[3], engine.Whole)
	check(t, "two of four", gather(t, bar), []int{20, 30})
	check(t, "the others", gather(t, foo), []int{0, 1})

	bar.Scatter(7)
	engine.Then(bar, foo.Scatter(1), engine.Whole)
	engine.Then(bar, foo.Scatter(2), engine.Whole)
	check(t, "a plain job before chained ones", gather(t, bar), []int{70, 10, 20})
}

// That a second promise cannot replace the first is in the types: Then takes
// one. The job of index 0 is like any other.
func TestX14TheFirstIndexIsLikeAnyOther(t *testing.T) {
	foo, bar := engine.Thread(2, square), engine.Thread(2, sum)
	first, second := foo.Scatter(2), foo.Scatter(3)
	for _, both := range [][]*engine.Promise[int]{{first, second}, {second, first}} {
		engine.Then(bar, engine.All(both...), func(v []int) (pair, error) { return pair{v[0], 10 * v[1]}, nil })
	}
	check(t, "bar", gather(t, bar), []int{94, 49})
}

func TestX15ARefusedThenLeavesNoTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		foo, bar := engine.Thread(2, sleepy), engine.Thread(2, square)
		engine.Then(bar, foo.Scatter(1), engine.Whole)
		bar.Seal()
		promise := engine.Then(bar, foo.Scatter(2), func(int) (int, error) { t.Error("use ran"); return 0, nil })
		check(t, "Index", promise.Index(), -1)
		check(t, "Seq", promise.Seq(), 0)
		_, err := promise.Wait(t.Context())
		checkErr(t, "Wait", err, engine.ErrClosed)
		check(t, "bar", gather(t, bar), []int{1})
		check(t, "foo keeps what was not taken", gather(t, foo), []int{2})
		checkErr(t, "Close", bar.Close(), nil)
	})
}

func TestX25RoundsOfSeveralConsumersDoNotMix(t *testing.T) {
	same := intFunc(func(_ context.Context, x int) (int, error) { return x, nil })
	foo, bar, baz := engine.Thread(2, same), engine.Thread(2, same), engine.Thread(2, same)
	for i := range 3 {
		promise := foo.Scatter(i)
		engine.Then(bar, promise, engine.Whole)
		engine.Then(baz, promise, engine.Whole)
	}
	check(t, "bar", gather(t, bar), []int{0, 1, 2})
	for i := range 3 {
		foo.Scatter(10 + i)
	}
	check(t, "baz", gather(t, baz), []int{0, 1, 2})
	check(t, "foo's second round", gather(t, foo), []int{10, 11, 12})
}

func TestX27AFailureIsNotPassedOn(t *testing.T) {
	var began atomic.Int32
	foo := engine.Thread(2, func(_ context.Context, x int) (int, error) {
		if x == 1 {
			return 5, errBoom
		}
		return x, nil
	})
	bar := engine.Thread(2, func(_ context.Context, x int) (int, error) { began.Add(1); return x, nil })
	for i := range 3 {
		engine.Then(bar, foo.Scatter(i), engine.Whole)
	}
	got, err := bar.Gather(t.Context())
	check(t, "values", got, []int{0, 0, 2})
	check(t, "failures", jobErrors(err), []*engine.JobError{{Index: 1, Seq: 2, Err: &engine.SkippedError{Seq: 2, Err: errBoom}}})
	check(t, "began", began.Load(), 2)
	check(t, "reported once", gather(t, foo), []int{})
}

// lox passed the number of the job where it overlooked a promise. Here it is
// a value like any other: nothing looks for promises in arguments.
func TestX35APromiseInAnArgumentIsTheArgument(t *testing.T) {
	type args struct{ promise *engine.Promise[int] }
	foo := engine.Thread(1, square)
	bar := engine.Thread(1, func(ctx context.Context, a args) (int, error) { return a.promise.Wait(ctx) })
	bar.Scatter(args{foo.Scatter(5)})
	check(t, "bar", gather(t, bar), []int{25})
	check(t, "foo", gather(t, foo), []int{25}) // it was not claimed
}

func TestRoundsOfAChainInSequence(t *testing.T) {
	foo, bar := engine.Thread(2, square), engine.Thread(2, square)
	var got []int
	for i := range 5 {
		check(t, "Index", engine.Then(bar, foo.Scatter(i), engine.Whole).Index(), 0)
		got = append(got, gather(t, bar)...)
	}
	check(t, "rounds", got, []int{0, 1, 16, 81, 256})
}
