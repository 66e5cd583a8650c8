//go:build linux

package pipes

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

// entries counts what a directory of /proc/self has.
func entries(t testing.TB, dir string) int {
	t.Helper()
	list, err := os.ReadDir(filepath.Join("/proc/self", dir))
	noError(t, err)
	return len(list)
}

// A thousand subscribers of one announcement wait in one thread, all are woken
// by one put, and nothing is left when the directory is closed.
func TestNamedBounds(t *testing.T) {
	warm := openTemp(t)
	newTopic(t, warm, "news", Settings{})
	noError(t, warm.Close())
	files, goroutines := entries(t, "fd"), runtime.NumGoroutine()
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{})
	const n = 1000
	var wg, read sync.WaitGroup
	read.Add(n)
	cursors := make([]*Cursor, n)
	for i := range cursors {
		cursors[i] = subscribe(t, topic, "", CursorOptions{})
	}
	threads := entries(t, "task")
	for _, c := range cursors {
		wg.Go(func() {
			wantNext(t, c, 1, "one")
			read.Done()
			if _, err := c.Next(t.Context()); !errors.Is(err, os.ErrClosed) {
				t.Error(err)
			}
		})
	}
	waiting := func(want int) {
		for {
			if joined(topic.log.news) == want {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
	waiting(n)
	if now := entries(t, "task"); now > threads+8 { // the runtime has a few of its own
		t.Errorf("%d threads, %d before", now, threads)
	}
	put(t, topic, "one")
	read.Wait()
	waiting(n)
	start := time.Now()
	noError(t, d.Close())
	wg.Wait()
	if d := time.Since(start); d > 500*time.Millisecond {
		t.Errorf("close took %v", d)
	}
	if now := entries(t, "fd"); now > files {
		t.Errorf("%d files, %d before", now, files)
	}
	for runtime.NumGoroutine() > goroutines {
		time.Sleep(time.Millisecond)
	}
	noError(t, cursors[0].Close())
	if _, err := topic.Put(t.Context(), PutOptions{}, nil); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	if _, err := d.Announcement("news"); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

// Cursors that come and go leave nothing, and read ones no memory.
func TestNamedLeavesNothing(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{Segment: smallSegment})
	run := func(n int) (files int, heap uint64) {
		for range n {
			c := subscribe(t, topic, "", CursorOptions{})
			g := consumer(t, topic, CursorOptions{})
			for range 30 {
				seq := put(t, topic, fat(1))
				wantNext(t, c, seq, fat(1))
				noError(t, c.Commit(seq))
				wantTake(t, g, seq, 1)
				noError(t, g.Ack(seq))
			}
			noError(t, c.Close())
			noError(t, g.Close())
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return entries(t, "fd"), m.HeapAlloc
	}
	files, heap := run(5)
	nowFiles, nowHeap := run(100)
	if nowFiles > files || nowHeap > heap+512<<10 {
		t.Errorf("%d files and %d bytes, %d and %d before", nowFiles, nowHeap, files, heap)
	}
	if n := segmentsOf(t, topic); n > 2 {
		t.Errorf("%d segments", n)
	}
	if slots := topic.log.subs.header(subsUsed).Load(); slots > 3 {
		t.Errorf("%d slots were used for two", slots)
	}
}
