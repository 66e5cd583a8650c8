package locks_test

import (
	"testing"
	"testing/synctest"

	"github.com/loxctl/loxctl/locks"
)

// bubble runs test on the locks in memory, in fake time.
func bubble(t *testing.T, test func(t *trial)) {
	t.Helper()
	memoryFamily().try(t, behaviour{test: test})
}

func TestLightSwitchInside(t *testing.T) { // D33
	bubble(t, func(t *trial) {
		room := locks.NewQLock()
		sw := locks.NewLightSwitch(room)
		count := func(want int) {
			t.Helper()
			t.same("inside", sw.Inside(), want)
			t.same("room taken", room.Locked(), want > 0)
		}
		count(0)
		first := t.acquire(sw)
		count(1)
		second := t.acquire(sw)
		count(2)
		t.release(first)
		count(1)
		t.release(second)
		count(0)
		h := t.acquire(room)
		t.expires(sw, brief)
		t.same("inside", sw.Inside(), 0) // D34
		t.release(h)
	})
}

func TestRWLockReaders(t *testing.T) { // E45, X4
	bubble(t, func(t *trial) {
		l := locks.NewRWLock(locks.RWOptions{})
		first := t.acquire(l.Reader())
		t.same("readers", l.Readers(), 1)
		second := t.acquire(l.Reader())
		t.same("readers", l.Readers(), 2)
		t.same("waiting", l.Waiting(), 0)
		w, r := t.start(l.Writer(), 1), t.start(l.Reader(), 2)
		t.same("readers", l.Readers(), 2)
		t.same("waiting", l.Waiting(), 2)
		t.release(first, second)
		t.same("readers", l.Readers(), 0)
		t.same("waiting", l.Waiting(), 1)
		t.release(w.gets())
		t.release(r.gets())
	})
}

// Instead of a flag there are two methods, so none can be wrong. However often
// they are called, they are the sides of one lock.
func TestRWLockSides(t *testing.T) { // E46
	bubble(t, func(t *trial) {
		l := locks.NewRWLock(locks.RWOptions{})
		r := t.acquire(l.Reader())
		t.refused(l.Writer())
		t.release(r, t.enter(l.Reader()))
		w := t.acquire(l.Writer())
		t.refused(l.Reader())
		t.refused(l.Writer())
		t.release(w)
	})
}

func TestQLockLocked(t *testing.T) { // F50
	bubble(t, func(t *trial) {
		l := locks.NewQLock()
		t.same("locked", l.Locked(), false)
		h := t.acquire(l)
		t.same("locked", l.Locked(), true)
		t.expires(l, brief)
		t.same("locked", l.Locked(), true)
		t.release(h)
		t.same("locked", l.Locked(), false)
	})
}

func TestQLockWaiting(t *testing.T) { // F52, X4
	bubble(t, func(t *trial) {
		l := locks.NewQLock()
		h := t.acquire(l)
		t.same("waiting", l.Waiting(), 0)
		one, two := t.start(l, 1), t.start(l, 2)
		t.same("waiting", l.Waiting(), 2)
		one.givesUp()
		t.same("waiting", l.Waiting(), 1)
		t.release(h)
		t.same("waiting", l.Waiting(), 0)
		t.release(two.gets())
	})
}

func TestIndexSemaphoreFree(t *testing.T) { // G59, X4
	bubble(t, func(t *trial) {
		s := locks.NewIndexSemaphore(3, locks.SemOptions{})
		var holds []*locks.Hold
		for free := 3; free > 0; free-- {
			t.same("free", s.Free(), free)
			holds = append(holds, t.acquire(s))
		}
		t.same("free", s.Free(), 0)
		t.same("waiting", s.Waiting(), 0)
		p := t.start(s, 1)
		t.same("waiting", s.Waiting(), 1)
		t.release(holds...)
		t.same("free", s.Free(), 2)
		t.release(p.gets())
		t.same("free", s.Free(), 3)
	})
}

func TestIndexSemaphoreOfNothing(t *testing.T) { // G56
	for _, n := range []int{0, -1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a semaphore of %d", n)
				}
			}()
			locks.NewIndexSemaphore(n, locks.SemOptions{})
		}()
	}
}

func TestPickLowest(t *testing.T) { // G55
	bubble(t, func(t *trial) {
		s := locks.NewIndexSemaphore(4, locks.SemOptions{Pick: locks.PickLowest})
		var h [3]*locks.Hold
		for i := range h {
			h[i] = t.acquire(s)
			t.same("index", h[i].Index(), i)
		}
		t.release(h[2], h[0])
		for _, want := range []int{0, 2, 3} {
			t.same("index", t.acquire(s).Index(), want)
		}
	})
}

func TestPickString(t *testing.T) {
	for p, want := range map[locks.Pick]string{locks.PickLRU: "lru", locks.PickLowest: "lowest", 7: "Pick(7)"} {
		if got := p.String(); got != want {
			t.Errorf("%d: %q, want %q", int(p), got, want)
		}
	}
}

// A token counts the grants of its lock. Those who were refused, or left the
// line, have none.
func TestTokens(t *testing.T) {
	rw := locks.NewRWLock(locks.RWOptions{})
	for name, sides := range map[string][2]locks.Locker{
		"QLock":          {locks.NewQLock()},
		"RWLock":         {rw.Writer(), rw.Reader()},
		"LightSwitch":    {locks.NewLightSwitch(locks.NewQLock())},
		"IndexSemaphore": {locks.NewIndexSemaphore(1, locks.SemOptions{})},
	} {
		t.Run(name, func(t *testing.T) {
			tr := &trial{T: t}
			side, other := sides[0], sides[1]
			if other == nil {
				other = side
			}
			for token := uint64(1); token < 9; token += 2 {
				h := tr.enter(side)
				tr.same("token", h.Token(), token)
				if name == "QLock" || name == "IndexSemaphore" {
					_, err := side.TryAcquire()
					tr.same("try", err, locks.ErrHeld)
				}
				tr.release(h)
				h = tr.enter(other)
				tr.same("token", h.Token(), token+1)
				tr.release(h)
			}
		})
	}
}

func TestTokensInLine(t *testing.T) {
	bubble(t, func(t *trial) {
		l := locks.NewQLock()
		h := t.acquire(l)
		one, gone, two := t.start(l, 1), t.start(l, 2), t.start(l, 3)
		gone.givesUp()
		for token, p := range []*pending{one, two} {
			t.release(h)
			h = p.gets()
			t.same("token", h.Token(), uint64(token+2))
		}
		t.release(h)
	})
}

func TestPreferWriters(t *testing.T) {
	bubble(t, func(t *trial) {
		l := locks.NewRWLock(locks.RWOptions{PreferWriters: true})
		h := t.acquire(l.Writer())
		r1 := t.start(l.Reader(), 1)
		w1 := t.start(l.Writer(), 2)
		r2 := t.start(l.Reader(), 3)
		w2 := t.start(l.Writer(), 4)
		for _, w := range []*pending{w1, w2} { // in their order, past both readers
			t.release(h)
			r1.waits()
			r2.waits()
			h = w.gets()
		}
		t.same("waiting", l.Waiting(), 2)
		t.release(h)
		t.same("readers", l.Readers(), 2)
		w := t.start(l.Writer(), 1)
		t.refused(l.Reader())
		late := t.start(l.Reader(), 2)
		w.givesUp()
		t.release(r1.gets(), r2.gets(), late.gets())
		t.release(t.enter(l.Writer()))
	})
}

// A thousand wait for each lock, every second one gives up, and all others have
// their turn. The end of the bubble shows that no goroutine is left.
func TestThousandWaiters(t *testing.T) {
	bubble(t, func(t *trial) {
		l, served := locks.NewQLock(), 0
		h := t.acquire(l)
		var leavers []*pending
		for i := range 500 {
			leavers = append(leavers, t.start(l, 2*i+1))
			go t.inside(l, func(*locks.Hold) { served++ })
		}
		synctest.Wait()
		t.same("waiting", l.Waiting(), 1000)
		for _, p := range leavers {
			p.givesUp()
		}
		t.same("waiting", l.Waiting(), 500)
		t.release(h)
		synctest.Wait()
		t.same("served", served, 500)
		t.same("locked", l.Locked(), false)
	})
}
