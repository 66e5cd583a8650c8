package locks_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loxctl/loxctl/locks"
)

var qlockBehaviours = []behaviour{
	{"F48 entry is in the order of arrival", func(t *trial) {
		lock := t.qlock(t.T)
		var j journal
		var all []*pending
		want := ""
		h := t.acquire(lock)
		for i := range 26 {
			who := string(rune('A' + i))
			want += " " + who + "+ " + who + "-"
			all = append(all, t.visit(lock, i+1, j.comesAndGoes(who)))
		}
		t.release(h)
		for _, p := range all {
			p.ends()
		}
		t.same("order", j.String(), want[1:])
	}},
	{"F49 the second acquire expires", func(t *trial) {
		lock := t.qlock(t.T)
		h := t.acquire(lock)
		t.expires(lock, 5*brief)
		t.release(h)
	}},
	{"F50 a try fails at once while the lock is held", func(t *trial) {
		lock := t.qlock(t.T)
		h := t.enter(lock)
		began := time.Now()
		_, err := lock.TryAcquire()
		t.same("second try", err, locks.ErrHeld)
		if took := time.Since(began); t.bubble && took > 0 {
			t.Errorf("took %v", took)
		}
		t.release(h)
		t.release(t.enter(lock))
	}},
	{"F51 a second release is an error", func(t *trial) {
		lock := t.qlock(t.T)
		h := t.acquire(lock)
		t.release(h)
		t.same("second release", h.Release(), locks.ErrReleased)
		next := t.enter(lock)
		t.same("third release", h.Release(), locks.ErrReleased)
		t.refused(lock)
		t.release(next)
	}},
	{"F53 held for the length of a function", func(t *trial) {
		lock := t.qlock(t.T)
		func() {
			defer t.acquire(lock).Release()
			t.refused(lock)
		}()
		t.release(t.enter(lock))
	}},
}

var semaphoreBehaviours = []behaviour{
	{"G54 no index is held by two", func(t *trial) {
		sem := t.semaphore(t.T, 5)
		var holders [5]atomic.Int32
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				t.inside(sem, func(h *locks.Hold) {
					if n := holders[h.Index()].Add(1); n != 1 {
						t.Errorf("index %d has %d holders", h.Index(), n)
					}
					runtime.Gosched()
					holders[h.Index()].Add(-1)
				})
			})
		}
		all.Wait()
	}},
	{"G55 a released index goes to the back", func(t *trial) {
		sem := t.semaphore(t.T, 4)
		var h [3]*locks.Hold
		for i := range h {
			h[i] = t.acquire(sem)
			t.same("index", h[i].Index(), i)
		}
		t.release(h[2], h[0])
		for _, want := range []int{3, 2, 0} {
			t.same("index", t.acquire(sem).Index(), want)
		}
	}},
	{"G57 nobody enters when all are taken", func(t *trial) {
		sem := t.semaphore(t.T, 2)
		one, two := t.acquire(sem), t.acquire(sem)
		t.refused(sem)
		first, second := t.start(sem, 1), t.start(sem, 2)
		t.release(two)
		h := first.gets()
		t.same("index", h.Index(), 1)
		second.waits()
		t.release(one, h)
		t.release(second.gets())
	}},
	{"G58 a second release is an error", func(t *trial) {
		sem := t.semaphore(t.T, 1)
		h := t.acquire(sem)
		t.release(h)
		t.same("second release", h.Release(), locks.ErrReleased)
		h = t.enter(sem)
		t.refused(sem)
		t.release(h)
	}},
	{"G60 a deadline in the past takes nothing, none is for ever", func(t *trial) {
		sem := t.semaphore(t.T, 1)
		ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
		defer cancel()
		if h, err := sem.Acquire(ctx); h != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Acquire: %v, %v", h, err)
		}
		h := t.enter(sem)
		p := t.start(sem, 1)
		if t.bubble {
			time.Sleep(1000 * time.Hour)
		}
		p.waits()
		t.release(h)
		t.release(p.gets())
	}},
}

// A context that has ended takes nothing, of any lock, and its cause is what
// is returned.
func TestAcquireWithEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errGaveUp)
	for _, f := range families() {
		t.Run(f.name, func(t *testing.T) {
			reader, writer := f.rw(t)
			sw, room := f.lightSwitch(t)
			for _, l := range []locks.Locker{f.qlock(t), reader, writer, sw, room, f.semaphore(t, 1)} {
				if h, err := l.Acquire(ctx); h != nil || err != errGaveUp {
					t.Errorf("%T: Acquire: %v, %v", l, h, err)
				}
				tr := trial{t, f}
				tr.release(tr.enter(l))
			}
		})
	}
}
