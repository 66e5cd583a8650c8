package pipes_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/loxctl/loxctl/pipes"
)

// BenchmarkMemoryPut is a put to subscribers whose unread values are dropped for
// it. The figure to watch is that of 1600 to that of 200: lox has 51.
func BenchmarkMemoryPut(b *testing.B) {
	for _, n := range []int{0, 1, 8, 200, 1600} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := newCrowd(b, n)
			b.ReportAllocs()
			for b.Loop() {
				c.put(b)
			}
		})
	}
}

// BenchmarkMemoryPutGet is a put that all subscribers read, one after the other.
func BenchmarkMemoryPutGet(b *testing.B) {
	for _, n := range []int{1, 8, 200, 1600} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			a := pipes.NewAnnouncement[int](pipes.Options{MaxSize: 4})
			subs := make([]*pipes.Subscription[int], n)
			for i := range subs {
				subs[i], _ = a.Subscribe(pipes.SubscribeOptions{})
			}
			b.ReportAllocs()
			for b.Loop() {
				a.Put(b.Context(), 1)
				for _, s := range subs {
					s.Get(b.Context())
				}
			}
		})
	}
}

// BenchmarkMemoryStream is a publisher and subscribers that run at once, a
// buffered channel for each beside it.
func BenchmarkMemoryStream(b *testing.B) {
	for _, n := range []int{1, 8} {
		b.Run(fmt.Sprintf("%d/channels", n), func(b *testing.B) { streamChannels(b, n) })
		b.Run(fmt.Sprintf("%d/announcement", n), func(b *testing.B) { streamAnnouncement(b, n) })
	}
}

const streamRoom = 64

func streamChannels(b *testing.B, n int) {
	var readers sync.WaitGroup
	out := make([]chan int, n)
	for i := range out {
		out[i] = make(chan int, streamRoom)
		readers.Go(func() {
			for range out[i] {
			}
		})
	}
	for b.Loop() {
		for _, c := range out {
			c <- 1
		}
	}
	for _, c := range out {
		close(c)
	}
	readers.Wait()
}

func streamAnnouncement(b *testing.B, n int) {
	var readers sync.WaitGroup
	a := pipes.NewAnnouncement[int](pipes.Options{MaxSize: streamRoom})
	for range n {
		s, _ := a.Subscribe(pipes.SubscribeOptions{})
		readers.Go(func() {
			for range s.All(b.Context()) {
			}
		})
	}
	b.ReportAllocs()
	for b.Loop() {
		a.Put(b.Context(), 1)
	}
	a.Close()
	readers.Wait()
}

// BenchmarkMemoryFunnel is a set of three inputs, while so many other jobs are
// not complete.
func BenchmarkMemoryFunnel(b *testing.B) {
	for _, pending := range []int{10, 10_000} {
		b.Run(fmt.Sprint(pending, " pending"), func(b *testing.B) {
			f := pipes.NewFunnel[int, int](pipes.FunnelOptions{})
			in := []*pipes.Input[int, int]{f.Subscribe(), f.Subscribe(), f.Subscribe()}
			for job := range pending {
				in[0].Put(-job, 0)
			}
			b.ReportAllocs()
			for job := 1; b.Loop(); job++ {
				for _, in := range in {
					in.Put(job, 1)
				}
				f.Get(b.Context())
			}
		})
	}
}
