//go:build linux

package locks

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"
)

// entries counts what a directory of /proc/self has.
func entries(t testing.TB, dir string) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/" + dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// Holders and waiters leave nothing behind, not even those who gave up.
func TestNamedLeavesNothing(t *testing.T) {
	d := openTemp(t)
	release(t, acquire(t, d.IndexSemaphore("a", 1)))
	r, w, err := os.Pipe() // the first makes the runtime open its poller, for good
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	w.Close()
	goroutines, files := runtime.NumGoroutine(), entries(t, "fd")
	for _, l := range []Locker{d.QLock("a"), d.RWLock("a").PoliteReader(), d.LightSwitch("s", "a"), d.IndexSemaphore("a", 1)} {
		kind := l.(*named).Kind
		for range 250 {
			h := acquire(t, d.Locker(Request{Kind: kind, Name: "a", Mode: map[Kind]Mode{KindLock: Exclusive, KindSem: Slot}[kind]}))
			c := queue(t, d, kind, "a", l)
			c.end()
			if err := <-c.err; err != context.Canceled {
				t.Fatal(err)
			}
			release(t, h)
			release(t, acquire(t, l))
		}
	}
	until(t, func() bool { return runtime.NumGoroutine() <= goroutines && entries(t, "fd") <= files })
}

// Behind a holder that this process knows nothing of, two hundred waiters and
// those who have given up cost a few threads. Another Dir is like another
// process.
func TestNamedThreads(t *testing.T) {
	far, d := openTemp(t), (*Dir)(nil)
	d, err := Open(far.home.Path)
	if err != nil {
		t.Fatal(err)
	}
	h := acquire(t, far.QLock("a"))
	threads := entries(t, "task")
	l := d.QLock("a")
	var wg sync.WaitGroup
	for range 30 { // a few at once: the runtime keeps a thread for each that is in a system call
		for range 10 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				defer cancel()
				if _, err := l.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	for n := range 200 {
		wg.Go(func() {
			h, err := l.Acquire(t.Context())
			if err == nil {
				err = h.Release()
			}
			if err != nil {
				t.Error(err)
			}
		})
		until(t, func() bool { return countWaiting(t, far, KindLock, "a") == n+1 })
	}
	if more := entries(t, "task") - threads; more > 50 {
		t.Errorf("%d more threads", more)
	}
	release(t, h)
	wg.Wait()
}

// Any number of waiters is served, and the table of records that they have
// made grow is used again.
func TestNamedManyWaiters(t *testing.T) {
	d := openTemp(t)
	l := d.QLock("a")
	sizes := make([]int64, 2)
	for i := range sizes {
		h := acquire(t, l)
		served := make(chan uint64, 1000)
		for range cap(served) {
			go func() {
				h, err := l.Acquire(t.Context())
				if err != nil {
					t.Error(err)
					served <- 0
					return
				}
				served <- h.Token()
				if err := h.Release(); err != nil {
					t.Error(err)
				}
			}()
		}
		until(t, func() bool { return countWaiting(t, d, KindLock, "a") == cap(served) })
		release(t, h)
		last := h.Token()
		for range cap(served) {
			token := <-served
			if token <= last {
				t.Fatalf("token %d after %d", token, last)
			}
			last = token
		}
		info, err := os.Stat(l.(*named).path)
		if err != nil {
			t.Fatal(err)
		}
		sizes[i] = info.Size()
	}
	if sizes[0] < offRecords+1000*recordSize || sizes[1] > 2*sizes[0] {
		t.Errorf("sizes of the file: %v", sizes)
	}
}

// A collector beside lockers removes no file that somebody is at.
func TestNamedGC(t *testing.T) {
	d := openTemp(t)
	var wg, collector sync.WaitGroup
	done := make(chan struct{})
	removed := 0
	collector.Go(func() {
		for {
			n, err := d.GC(0)
			if err != nil {
				t.Error(err)
			}
			removed += n
			select {
			case <-done:
				return
			default:
			}
		}
	})
	var inside sync.Mutex
	for range 8 {
		wg.Go(func() {
			other, err := Open(d.home.Path)
			if err != nil {
				t.Error(err)
				return
			}
			for range 200 {
				h, err := other.QLock("a").Acquire(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				if !inside.TryLock() {
					t.Error("two are inside")
					return
				}
				for range 20 {
					runtime.Gosched()
				}
				inside.Unlock()
				if err := h.Release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	close(done)
	collector.Wait()
	t.Logf("%d removed", removed)
}
