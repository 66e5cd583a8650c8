package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/loxctl/loxctl/engine"
)

// A plain function on four goroutines; the results are in scatter order.
func ExampleThread() {
	type pair struct{ x, y int }
	pool := engine.Thread(4, func(_ context.Context, p pair) (int, error) {
		return p.x * p.y, nil
	})
	for i := range 5 {
		pool.Scatter(pair{i, i + 1})
	}
	fmt.Println(pool.Gather(context.Background()))
	// Output: [0 2 6 12 20] <nil>
}

// Two pools in a row: the second works on the first word while the first is at
// the next one. Gathering the last pool gathers what feeds it.
func ExampleThen() {
	fetch := engine.Thread(10, func(_ context.Context, name string) (string, error) {
		return "contents of " + name, nil
	})
	shout := engine.Thread(2, func(_ context.Context, text string) (string, error) {
		return strings.ToUpper(text), nil
	})
	for _, name := range []string{"a.txt", "b.txt"} {
		engine.Then(shout, fetch.Scatter(name), engine.Whole)
	}
	fmt.Println(shout.Gather(context.Background()))
	// Output: [CONTENTS OF A.TXT CONTENTS OF B.TXT] <nil>
}

// The function between two pools unpacks a value and adds further arguments;
// a failure skips what would follow.
func ExampleThen_arguments() {
	type size struct{ w, h int }
	type box struct{ w, h, depth int }
	measure := engine.Thread(2, func(_ context.Context, image string) (size, error) {
		if image == "" {
			return size{}, errors.New("no image")
		}
		return size{len(image), 2}, nil
	})
	volume := engine.Thread(2, func(_ context.Context, b box) (int, error) { return b.w * b.h * b.depth, nil })
	for _, image := range []string{"cat", "", "horse"} {
		engine.Then(volume, measure.Scatter(image), func(s size) (box, error) { return box{s.w, s.h, 10}, nil })
	}
	fmt.Println(volume.Gather(context.Background()))
	// Output:
	// [60 0 100] job 2: skipped: job 2: no image
}

// A tree that joins again: two analyses of one download, and a report of both.
func ExampleAll() {
	fetch := engine.Thread(2, func(_ context.Context, name string) (string, error) { return name + "!", nil })
	count := engine.Thread(2, func(_ context.Context, s string) (string, error) { return fmt.Sprint(len(s)), nil })
	upper := engine.Thread(2, func(_ context.Context, s string) (string, error) { return strings.ToUpper(s), nil })
	report := engine.Thread(1, func(_ context.Context, of []string) (string, error) { return strings.Join(of, " "), nil })
	for _, name := range []string{"one", "three"} {
		page := fetch.Scatter(name)
		both := engine.All(engine.Then(upper, page, engine.Whole), engine.Then(count, page, engine.Whole))
		engine.Then(report, both, engine.Whole)
	}
	fmt.Println(report.Gather(context.Background()))
	// Output: [ONE! 4 THREE! 6] <nil>
}

// A value that stands for several becomes that many arguments.
func ExampleUnpack() {
	fmt.Println(engine.Unpack(engine.Tuple{2, 5}), append(engine.Unpack([]any{2, 5}), "more"))
	// Output: [2 5] [[2 5] more]
}

// A failure keeps its place and its reason; the others are not affected.
func ExamplePool_Gather() {
	pool := engine.Thread(2, func(_ context.Context, word string) (string, error) {
		if word == "" {
			return "", errors.New("nothing to shout")
		}
		return strings.ToUpper(word), nil
	})
	for _, word := range []string{"one", "", "three"} {
		pool.Scatter(word)
	}
	words, err := pool.Gather(context.Background())
	fmt.Printf("%q\n%v\n", words, err)
	// Output:
	// ["ONE" "" "THREE"]
	// job 2: nothing to shout
}

// A stream of any length: the window bounds what is in memory.
func ExamplePool_Results() {
	pool := engine.New(context.Background(), engine.Func[int, string](func(_ context.Context, x int) (string, error) {
		return strings.Repeat("*", x), nil
	}), engine.Options{Workers: 2, Window: 100})
	go func() {
		defer pool.Seal()
		for i := range 4 {
			pool.Scatter(i + 1)
		}
	}()
	for r := range pool.Results() {
		fmt.Println(r.Seq, r.Value)
	}
	// Output:
	// 1 *
	// 2 **
	// 3 ***
	// 4 ****
}

// Every slot gets a Runner of its own, here with three more tries of a second
// each and a pause between them.
func ExampleRetry() {
	failures := 2
	connect := engine.Func[string, string](func(_ context.Context, host string) (string, error) {
		if failures--; failures >= 0 {
			return "", errors.New("connection refused")
		}
		return "connected to " + host, nil
	})
	pause := func(try int, err error) (time.Duration, bool) {
		fmt.Printf("try %d: %v\n", try, err)
		return time.Millisecond << try, true
	}
	pool := engine.New(context.Background(), engine.SpawnFunc[string, string](
		func(context.Context, int) (engine.Runner[string, string], error) {
			return engine.Retry(engine.Timeout[string, string](connect, time.Second), 3, pause), nil
		}), engine.Options{Workers: 1})
	defer pool.Close()
	fmt.Println(pool.Call(context.Background(), "example.org"))
	// Output:
	// try 1: connection refused
	// try 2: connection refused
	// connected to example.org <nil>
}
