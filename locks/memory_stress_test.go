package locks_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loxctl/loxctl/locks"
)

// An oracle sees who is inside without a look at the lock.
type oracle struct {
	t      *trial
	shared atomic.Int32
	slots  []slotOracle
	slotOracle
}

// A slotOracle is guarded by an exclusive hold, of the lock or of the slot: a
// race on token is a failure of the lock.
type slotOracle struct {
	taken atomic.Int32
	token uint64
}

// holds says that h is alone, and that its token is larger than those before.
func (s *slotOracle) holds(t *trial, h *locks.Hold) (leave func()) {
	if n := s.taken.Add(1); n != 1 {
		t.Errorf("%d have index %d", n, h.Index())
	}
	if h.Token() <= s.token {
		t.Errorf("token %d after %d", h.Token(), s.token)
	}
	s.token = h.Token()
	return func() { s.taken.Add(-1) }
}

func (o *oracle) enter(side rune, h *locks.Hold) (leave func()) {
	switch side {
	case 'i':
		return o.slots[h.Index()].holds(o.t, h)
	case 'x':
		out := o.holds(o.t, h)
		if n := o.shared.Load(); n != 0 {
			o.t.Errorf("%d share what somebody has alone", n)
		}
		return out
	}
	o.shared.Add(1)
	if n := o.taken.Load(); n != 0 {
		o.t.Errorf("%d have alone what others share", n)
	}
	token := o.token
	return func() {
		if o.token != token {
			o.t.Errorf("token %d came in beside those who share", o.token)
		}
		o.shared.Add(-1)
	}
}

// TestStress has eight do random things at once, with waits that expire.
func TestStress(t *testing.T) {
	for _, f := range families() {
		for _, m := range modelledOf(f) {
			t.Run(f.name+"/"+m.name, func(t *testing.T) {
				f.try(t, behaviour{test: func(t *trial) { stress(t, m) }})
			})
		}
	}
}

func stress(t *trial, m modelled) {
	o := &oracle{t: t, slots: make([]slotOracle, m.slots)}
	sides := m.sides(t.T, t.family)
	var all sync.WaitGroup
	for seed := range uint64(8) {
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, 1))
			for range 100 {
				for side, l := range sides {
					visitAtRandom(o, r, side, l)
				}
			}
		})
	}
	all.Wait()
	for _, l := range sides {
		t.release(t.enter(l))
	}
}

// visitAtRandom waits for ever in half of the cases, for a while in three of
// ten, and tries in the others.
func visitAtRandom(o *oracle, r *rand.Rand, side rune, l locks.Locker) {
	ctx, cancel := context.Background(), context.CancelFunc(func() {})
	acquire := l.Acquire
	switch n := r.IntN(10); {
	case n < 3:
		ctx, cancel = context.WithTimeout(ctx, time.Duration(r.IntN(4000))*time.Microsecond)
	case n < 5:
		acquire = func(context.Context) (*locks.Hold, error) { return l.TryAcquire() }
	}
	defer cancel()
	h, err := acquire(ctx)
	if err != nil {
		if h != nil || !errors.Is(err, context.DeadlineExceeded) && err != locks.ErrHeld {
			o.t.Errorf("%v, %v", h, err)
		}
		return
	}
	leave := o.enter(side, h)
	if n := r.IntN(3); n > 0 {
		time.Sleep(time.Duration(n*r.IntN(750)) * time.Microsecond)
	}
	leave()
	if err := h.Release(); err != nil {
		o.t.Errorf("Release: %v", err)
	}
}
