package locks_test

import (
	"sync"
	"testing"
	"time"

	"github.com/loxctl/loxctl/locks"
)

// namedFamily has each lock in a directory of its own.
func namedFamily() family {
	var dirs sync.Map // *testing.T to *locks.Dir
	open := func(t *testing.T) *locks.Dir {
		d, err := locks.Open(t.TempDir() + "/state")
		if err != nil {
			t.Fatal(err)
		}
		dirs.Store(t, d)
		return d
	}
	return family{
		name:  "named",
		qlock: func(t *testing.T) locks.Locker { return open(t).QLock("a") },
		rw: func(t *testing.T) (reader, writer locks.Locker) {
			l := open(t).RWLock("a")
			return l.Reader(), l.Writer()
		},
		lightSwitch: func(t *testing.T) (sw, room locks.Locker) {
			d := open(t)
			return d.LightSwitch("s", "a"), d.QLock("a")
		},
		semaphore: func(t *testing.T, n int) locks.Locker { return open(t).IndexSemaphore("a", n) },
		queued: func(t *testing.T, _ locks.Locker, n int) {
			d, _ := dirs.Load(t)
			for end := time.Now().Add(10 * time.Second); waiting(t, d.(*locks.Dir)) != n; {
				if time.Now().After(end) {
					t.Fatalf("there never were %d waiters", n)
				}
				time.Sleep(time.Millisecond) // the kernel tells nobody who waits
			}
		},
	}
}

// waiting counts all who wait in the directory.
func waiting(t *testing.T, d *locks.Dir) (n int) {
	for _, kind := range []locks.Kind{locks.KindLock, locks.KindSem} {
		for info, err := range d.List(kind) {
			if err != nil {
				t.Fatal(err)
			}
			if !info.Held {
				n++
			}
		}
	}
	return n
}
