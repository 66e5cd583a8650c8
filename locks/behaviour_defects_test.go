package locks_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/loxctl/loxctl/locks"
)

// defects are those of lox, not to be repeated.
var defects = []behaviour{
	{"X1 a newcomer cannot slip in", func(t *trial) {
		lock := t.qlock(t.T)
		h := t.acquire(lock)
		for range 20 {
			p := t.start(lock, 1)
			t.release(h)
			if h, err := lock.TryAcquire(); h != nil || err != locks.ErrHeld {
				t.Fatalf("a newcomer got %v, %v", h, err)
			}
			h = p.gets()
		}
		t.release(h)
	}},
	{"X1 never two at once", neverTwoAtOnce},
	{"X2 who gives up takes its own place along", func(t *trial) {
		lock := t.qlock(t.T)
		h := t.acquire(lock)
		b, c, d := t.start(lock, 1), t.start(lock, 2), t.start(lock, 3)
		c.givesUp()
		t.release(h)
		h = b.gets()
		d.waits()
		t.release(h)
		t.release(d.gets())
		t.release(t.enter(lock))
	}},
	{"X2 the head of the line gives up", func(t *trial) {
		lock := t.qlock(t.T)
		h := t.acquire(lock)
		b, d := t.start(lock, 1), t.start(lock, 2)
		b.givesUp()
		t.release(h)
		t.release(d.gets())
		t.release(t.enter(lock))
	}},
	{"X3 a grant that races a cancel is not lost", cancelRacesGrant},
	{"X5 release twice, a switch", func(t *trial) {
		sw, room := t.lightSwitch(t.T)
		one, two := t.acquire(sw), t.acquire(sw)
		t.release(one)
		t.same("second release", one.Release(), locks.ErrReleased)
		t.refused(room)
		t.release(two)
		t.same("second release", two.Release(), locks.ErrReleased)
		h := t.enter(sw)
		t.refused(room)
		t.release(h)
	}},
	{"X5 release twice, readers and writers", func(t *trial) {
		reader, writer := t.rw(t.T)
		r := t.acquire(reader)
		t.release(r)
		t.same("second release", r.Release(), locks.ErrReleased)
		r = t.acquire(reader)
		t.refused(writer)
		t.release(r)
		w := t.enter(writer)
		t.same("third release", r.Release(), locks.ErrReleased)
		t.refused(reader)
		t.release(w)
	}},
	{"X6 no hold, no body, and nothing of others is released", func(t *trial) {
		reader, writer := t.rw(t.T)
		r := t.acquire(reader)
		t.expires(writer, brief)
		t.refused(writer)
		t.release(r)
		t.release(t.enter(writer))
	}},
	{"X7 one deadline for everything inside", oneDeadline},
	{"X8 looping writers do not starve a reader", loopingWriters},
	{"X9 no try is refused while the light is on", func(t *trial) { churn(t, true) }},
	{"X9 no try is refused by others entering and leaving", func(t *trial) { churn(t, false) }},
	{"X28 an index is released once", func(t *trial) {
		sem := t.semaphore(t.T, 2)
		zero, one := t.acquire(sem), t.acquire(sem)
		t.release(zero)
		t.same("second release", zero.Release(), locks.ErrReleased)
		again := t.enter(sem)
		t.same("index", again.Index(), 0)
		t.same("third release", zero.Release(), locks.ErrReleased)
		t.refused(sem)
		t.release(one, again)
	}},
	{"X29 the error and the panic of the body come through", func(t *trial) {
		sem := t.semaphore(t.T, 1)
		errBody := errors.New("body")
		body := func() (err error) {
			h := t.acquire(sem)
			defer func() { err = errors.Join(err, h.Release()) }()
			return errBody
		}
		if err := body(); !errors.Is(err, errBody) || err.Error() != "body" {
			t.Errorf("body: %v", err)
		}
		func() {
			defer func() { t.same("panic", recover(), "slipped") }()
			defer t.acquire(sem).Release()
			panic("slipped")
		}()
		t.release(t.enter(sem))
	}},
}

// neverTwoAtOnce lets three work without a pause: one inside, one in line, one
// who comes just when the lock changes hands.
func neverTwoAtOnce(t *trial) {
	lock := t.qlock(t.T)
	var inside atomic.Int32
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for range 500 {
				t.inside(lock, func(*locks.Hold) {
					if n := inside.Add(1); n != 1 {
						t.Errorf("%d inside", n)
					}
					runtime.Gosched()
					inside.Add(-1)
				})
			}
		})
	}
	all.Wait()
}

// cancelRacesGrant cancels the head of the line while it is served. Whoever
// wins, the next one has its turn.
func cancelRacesGrant(t *trial) {
	lock := t.qlock(t.T)
	for range 50 {
		h := t.acquire(lock)
		head, next := t.start(lock, 1), t.start(lock, 2)
		go head.cancel(errGaveUp)
		t.release(h)
		head.ends()
		if head.err == nil {
			t.release(head.hold)
		} else {
			t.same("cause", head.err, errGaveUp)
		}
		t.release(next.gets())
	}
}

// oneDeadline has the one whom a reader waits for change meanwhile.
func oneDeadline(t *trial) {
	reader, writer := t.rw(t.T)
	w := t.acquire(writer)
	next := t.start(writer, 1)
	time.AfterFunc(2*brief, func() { w.Release() })
	t.expires(reader, 5*brief)
	t.release(next.gets())
	t.release(t.enter(reader))
}

// loopingWriters hand the lock to each other. A reader has its turn after
// those who were there before it.
func loopingWriters(t *trial) {
	reader, writer := t.rw(t.T)
	var all sync.WaitGroup
	defer all.Wait()
	ctx, stop := context.WithTimeout(context.Background(), 500*brief)
	defer stop()
	for range 3 {
		all.Go(func() {
			for ctx.Err() == nil {
				t.inside(writer, func(*locks.Hold) { time.Sleep(brief) })
			}
		})
	}
	if t.bubble {
		time.Sleep(brief / 2)
	}
	began := time.Now()
	h := t.acquire(reader)
	if t.bubble {
		t.same("turns before the reader", int((time.Since(began)+brief/2)/brief), 3)
	}
	t.same("writers are still there", ctx.Err(), nil)
	t.release(h)
}

// churn has four who enter and leave, two of them by tries, with nobody else at
// the room: there is no reason to refuse one, whether the light stays on or not.
func churn(t *trial, stays bool) {
	sw, room := t.lightSwitch(t.T)
	if stays {
		defer t.release(t.acquire(sw))
		defer t.start(room, 1).givesUp() // and an outsider waits for the room
	}
	var all sync.WaitGroup
	defer all.Wait()
	for range 2 {
		all.Go(func() {
			for range 200 {
				t.inside(sw, func(*locks.Hold) {})
			}
		})
		all.Go(func() {
			for range 200 {
				h, err := sw.TryAcquire()
				if err != nil {
					t.Errorf("TryAcquire: %v", err)
					return
				}
				h.Release()
			}
		})
	}
}
