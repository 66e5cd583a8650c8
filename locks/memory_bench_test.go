package locks_test

import (
	"context"
	"sync"
	"testing"

	"github.com/loxctl/loxctl/locks"
)

var benchmarked = []struct {
	name string
	make func() locks.Locker
}{
	{"QLock", func() locks.Locker { return locks.NewQLock() }},
	{"reader", func() locks.Locker { return locks.NewRWLock(locks.RWOptions{}).Reader() }},
	{"writer", func() locks.Locker { return locks.NewRWLock(locks.RWOptions{}).Writer() }},
	{"LightSwitch", func() locks.Locker { return locks.NewLightSwitch(locks.NewQLock()) }},
	{"IndexSemaphore", func() locks.Locker { return locks.NewIndexSemaphore(4, locks.SemOptions{}) }},
}

// BenchmarkMemoryFree is an acquire and a release of a lock that nobody else
// wants.
func BenchmarkMemoryFree(b *testing.B) {
	b.Run("sync.Mutex", func(b *testing.B) {
		var mu sync.Mutex
		n := 0
		for b.Loop() {
			mu.Lock()
			n++
			mu.Unlock()
		}
	})
	for _, bm := range benchmarked {
		b.Run(bm.name, func(b *testing.B) {
			l := bm.make()
			b.ReportAllocs()
			for b.Loop() {
				visitOnce(b, l)
			}
		})
	}
}

// BenchmarkMemoryContended is the same with many who want it: each release
// hands over to somebody who sleeps.
func BenchmarkMemoryContended(b *testing.B) {
	b.Run("sync.Mutex", func(b *testing.B) {
		var mu sync.Mutex
		n := 0
		b.SetParallelism(8)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				mu.Lock()
				n++
				mu.Unlock()
			}
		})
	})
	for _, bm := range benchmarked {
		b.Run(bm.name, func(b *testing.B) {
			l := bm.make()
			b.ReportAllocs()
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					visitOnce(b, l)
				}
			})
		})
	}
}

func visitOnce(b *testing.B, l locks.Locker) {
	h, err := l.Acquire(context.Background())
	if err == nil {
		err = h.Release()
	}
	if err != nil {
		b.Error(err)
	}
}
