package pipes_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loxctl/loxctl/pipes"
)

func ExampleAnnouncement() {
	ctx := context.Background()
	news := pipes.NewAnnouncement[string](pipes.Options{Backlog: 2})
	ann, _ := news.Subscribe(pipes.SubscribeOptions{})
	for _, word := range []string{"one", "two", "three"} {
		news.Put(ctx, word)
	}
	late, _ := news.Subscribe(pipes.SubscribeOptions{})
	news.Close()
	for word := range ann.All(ctx) {
		fmt.Println("ann:", word)
	}
	for word := range late.All(ctx) {
		fmt.Println("late:", word)
	}
	// Output:
	// ann: one
	// ann: two
	// ann: three
	// late: two
	// late: three
}

// A put reaches everybody or nobody. So it can be tried again.
func ExampleAnnouncement_Put() {
	ticks := pipes.NewAnnouncement[int](pipes.Options{MaxSize: 1})
	quick, _ := ticks.Subscribe(pipes.SubscribeOptions{})
	slow, _ := ticks.Subscribe(pipes.SubscribeOptions{})
	ticks.Put(context.Background(), 1)
	quick.TryGet()

	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	err := ticks.Put(ctx, 2)
	var full *pipes.FullError
	fmt.Println(errors.As(err, &full), errors.Is(err, context.DeadlineExceeded), quick.Len(), slow.Len())
	fmt.Println(err)
	// Output:
	// true true 0 1
	// full: a subscriber has no room: context deadline exceeded
}

// A slow reader that wants to know only what is new.
func ExampleAnnouncement_PutWith() {
	ctx := context.Background()
	temperature := pipes.NewAnnouncement[int](pipes.Options{})
	display, _ := temperature.Subscribe(pipes.SubscribeOptions{MaxSize: 1})
	for _, degrees := range []int{20, 21, 22} {
		temperature.PutWith(ctx, degrees, pipes.DropOldest)
	}
	now, _ := display.Get(ctx)
	fmt.Println(now, "after", display.Dropped(), "others")
	// Output: 22 after 2 others
}

// Everybody hears what the others say.
func ExampleSubscription_Put() {
	ctx := context.Background()
	chat := pipes.NewAnnouncement[string](pipes.Options{})
	ann, _ := chat.Subscribe(pipes.SubscribeOptions{})
	bob, _ := ann.Announcement().Subscribe(pipes.SubscribeOptions{})
	ann.Put(ctx, "hello")
	bob.Put(ctx, "hi ann")
	chat.Finalize()
	_, err := chat.Subscribe(pipes.SubscribeOptions{})
	fmt.Println("a third one:", err)
	toAnn, _ := ann.TryGet()
	toBob, _ := bob.TryGet()
	fmt.Println(toAnn, "/", toBob)
	// Output:
	// a third one: final, no new subscribers
	// hi ann / hello
}

// A build is announced when it has been compiled as well as tested.
func ExampleFunnel() {
	ctx := context.Background()
	builds := pipes.NewFunnel[string, string](pipes.FunnelOptions{})
	compiler, tester := builds.Subscribe(), builds.Subscribe()
	compiler.Put("v1", "v1.tar.gz")
	compiler.Put("v2", "v2.tar.gz")
	tester.Put("v2", "passed")
	tester.Put("v1", "passed")
	fmt.Println("again:", compiler.Put("v3", "v3.tar.gz"), compiler.Put("v3", "v3.zip"))
	builds.Close()
	for {
		set, err := builds.Get(ctx)
		if err != nil {
			fmt.Println(err, "-", builds.Pending(), "was never complete")
			return
		}
		fmt.Println(set.Job, set.Values)
	}
	// Output:
	// again: <nil> already gave another value
	// v2 [v2.tar.gz passed]
	// v1 [v1.tar.gz passed]
	// end of stream - 1 was never complete
}
