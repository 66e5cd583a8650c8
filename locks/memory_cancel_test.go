package locks_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/locks"
)

// A lateCtx lets a waiter look for the end of its context only when it has been
// ended: so the waiter can be granted before and not know.
type lateCtx struct {
	context.Context
	ended chan struct{}
}

func (c lateCtx) Done() <-chan struct{} { <-c.ended; return c.ended }

func (c lateCtx) Err() error {
	select {
	case <-c.ended:
		return errGaveUp
	default:
		return nil
	}
}

// A contest is a lock that keeps side waiting while holder has it.
type contest struct{ holder, side locks.Locker }

func contests() map[string]contest {
	q, s, room := locks.NewQLock(), locks.NewIndexSemaphore(1, locks.SemOptions{}), locks.NewQLock()
	fair := locks.NewRWLock(locks.RWOptions{})
	strict := locks.NewRWLock(locks.RWOptions{PreferWriters: true})
	return map[string]contest{
		"QLock":            {q, q},
		"reader":           {fair.Writer(), fair.Reader()},
		"writer":           {fair.Reader(), fair.Writer()},
		"preferred writer": {strict.Reader(), strict.Writer()},
		"polite reader":    {strict.Writer(), strict.Reader()},
		"LightSwitch":      {room, locks.NewLightSwitch(room)},
		"IndexSemaphore":   {s, s},
	}
}

func TestGrantRacesCancel(t *testing.T) { // X3
	for name := range contests() {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *trial) { grantRacesCancel(t, contests()[name]) })
		})
	}
}

// grantRacesCancel grants c.side to a waiter and ends its context before it
// knows. The grant must be passed on to the next one, and after that the lock
// be free for both sides.
func grantRacesCancel(t *trial, c contest) {
	h := t.acquire(c.holder)
	ctx := lateCtx{context.Background(), make(chan struct{})}
	var err error
	go func() { _, err = c.side.Acquire(ctx) }()
	synctest.Wait()
	next := t.start(c.holder, 2)
	t.release(h)
	synctest.Wait()
	close(ctx.ended)
	h = next.gets()
	t.same("cause", err, errGaveUp)
	t.release(h)
	t.release(t.enter(c.side))
	t.release(t.enter(c.holder))
}

// All of them give up at the very instant at which the lock is released.
func TestDeadlineAtTheInstantOfRelease(t *testing.T) { // X2, X3
	for name := range contests() {
		t.Run(name, func(t *testing.T) {
			for range 20 {
				bubble(t, func(t *trial) { sameInstant(t, contests()[name]) })
			}
		})
	}
}

func sameInstant(t *trial, c contest) {
	h := t.acquire(c.holder)
	for range 5 {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), brief)
			defer cancel()
			h, err := c.side.Acquire(ctx)
			if err == nil {
				h.Release()
			} else if h != nil || err != context.DeadlineExceeded {
				t.Errorf("Acquire: %v, %v", h, err)
			}
		}()
	}
	time.Sleep(brief)
	t.release(h)
	synctest.Wait()
	t.release(t.enter(c.holder))
	t.release(t.enter(c.side))
}

func TestFirstEntrantGivesUp(t *testing.T) {
	bubble(t, func(t *trial) {
		room := locks.NewQLock()
		sw := locks.NewLightSwitch(room)
		h := t.acquire(room)
		first := t.start(sw, 1)
		outsider := t.start(room, 2)
		second := t.start(sw, 3)
		first.givesUp()
		t.refused(sw)
		t.release(h) // the place of the switch is before the outsider's
		h = second.gets()
		t.same("inside", sw.Inside(), 1)
		outsider.waits()
		t.release(h)
		t.release(outsider.gets())
	})
}

func TestLastEntrantGivesUp(t *testing.T) {
	bubble(t, func(t *trial) {
		room := locks.NewQLock()
		sw := locks.NewLightSwitch(room)
		h := t.acquire(room)
		first, second := t.start(sw, 1), t.start(sw, 2)
		t.same("places of the switch", room.Waiting(), 1)
		first.givesUp()
		t.same("places of the switch", room.Waiting(), 1)
		second.givesUp()
		t.expires(sw, brief)
		t.same("places of the switch", room.Waiting(), 0)
		outsider := t.start(room, 1)
		late := t.start(sw, 2)
		t.release(h)
		h = outsider.gets()
		late.waits()
		t.release(h)
		t.release(late.gets())
	})
}

// Whatever is inside, also a switch over a switch over readers, the deadline
// that was asked for is the deadline.
func TestOneDeadlineThroughNestedLocks(t *testing.T) { // X7
	bubble(t, func(t *trial) {
		l := locks.NewRWLock(locks.RWOptions{})
		inner := locks.NewLightSwitch(l.Reader())
		outer := locks.NewLightSwitch(inner)
		w := t.acquire(l.Writer())
		t.expires(outer, 500*time.Millisecond)
		p := t.start(outer, 1)
		time.AfterFunc(brief, func() { w.Release() })
		time.Sleep(brief)
		h := p.gets()
		t.same("readers", l.Readers(), 1)
		t.release(h)
		t.release(t.enter(l.Writer()))
	})
}

var errRoom = errors.New("the room has burnt down")

// An oddRoom always has to be waited for, and acquire says what comes of it.
type oddRoom struct {
	*locks.QLock
	acquire func(ctx context.Context) (*locks.Hold, error)
}

func (r *oddRoom) TryAcquire() (*locks.Hold, error) { return nil, locks.ErrHeld }

func (r *oddRoom) Acquire(ctx context.Context) (*locks.Hold, error) { return r.acquire(ctx) }

func TestRoomFails(t *testing.T) {
	bubble(t, func(t *trial) {
		burns := make(chan struct{})
		room := &oddRoom{QLock: locks.NewQLock()}
		room.acquire = func(context.Context) (*locks.Hold, error) {
			<-burns
			return nil, errRoom
		}
		sw := locks.NewLightSwitch(room)
		all := []*pending{t.start(sw, 1), t.start(sw, 2), t.start(sw, 3)}
		close(burns)
		for _, p := range all {
			p.ends()
			t.same("error", p.err, errRoom)
			t.same("hold", p.hold, (*locks.Hold)(nil))
		}
		t.same("inside", sw.Inside(), 0)
		room.acquire = room.QLock.Acquire
		h := t.acquire(sw) // asks once more
		t.same("inside", sw.Inside(), 1)
		t.release(h)
		t.same("locked", room.Locked(), false)
	})
}

// brokenRoom fails without a wait.
type brokenRoom struct{ locks.Locker }

func (brokenRoom) TryAcquire() (*locks.Hold, error) { return nil, errRoom }

func TestRoomFailsAtOnce(t *testing.T) {
	bubble(t, func(t *trial) {
		sw := locks.NewLightSwitch(brokenRoom{locks.NewQLock()})
		for range 2 {
			_, err := sw.TryAcquire()
			t.same("try", err, errRoom)
			_, err = sw.Acquire(context.Background())
			t.same("acquire", err, errRoom)
		}
		t.same("inside", sw.Inside(), 0)
	})
}

// A room that is granted when nobody waits any more is given back, before the
// last one to give up returns.
func TestRoomIsGrantedTooLate(t *testing.T) {
	bubble(t, func(t *trial) {
		room := &oddRoom{QLock: locks.NewQLock()}
		room.acquire = func(ctx context.Context) (*locks.Hold, error) {
			<-ctx.Done()
			time.Sleep(brief)
			return room.QLock.TryAcquire()
		}
		sw := locks.NewLightSwitch(room)
		ctx, cancel := context.WithTimeoutCause(context.Background(), brief, errGaveUp)
		defer cancel()
		h, err := sw.Acquire(ctx)
		t.same("hold", h, (*locks.Hold)(nil))
		t.same("cause", err, errGaveUp)
		t.same("locked", room.Locked(), false)
		t.same("inside", sw.Inside(), 0)
	})
}

// While the switch withdraws from the room, because the last waiter has gone,
// the next entrant asks anew. What the old wait comes to is nothing to it.
func TestEntrantWhileTheSwitchWithdraws(t *testing.T) {
	for _, granted := range []bool{true, false} {
		bubble(t, func(t *trial) {
			resume := make(chan struct{})
			room := &oddRoom{QLock: locks.NewQLock()}
			room.acquire = func(context.Context) (*locks.Hold, error) {
				room.acquire = room.QLock.Acquire
				if granted {
					defer func() { <-resume }()
					return room.QLock.TryAcquire()
				}
				<-resume
				return nil, errRoom
			}
			sw := locks.NewLightSwitch(room)
			h := t.acquire(room.QLock)
			t.release(h)
			gone := t.start(sw, 1)
			gone.cancel(errGaveUp)
			gone.waits() // for the room to let go
			var next *pending
			if granted {
				next = t.start(sw, 1)
			} else {
				h = t.acquire(sw)
			}
			close(resume)
			if granted {
				h = next.gets()
			}
			gone.ends()
			t.same("cause", gone.err, errGaveUp)
			t.same("inside", sw.Inside(), 1)
			t.same("locked", room.Locked(), true)
			t.release(h)
			t.same("locked", room.Locked(), false)
		})
	}
}
