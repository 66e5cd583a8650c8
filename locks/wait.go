package locks

import (
	"context"
	"time"

	"github.com/loxctl/loxctl/internal/state"
)

// deadlockAfter is how long a participant waits before it looks whether it
// waits for itself.
const deadlockAfter = time.Second

// A waiter is a participant in line.
type waiter struct {
	*participant
	ctx     context.Context
	slots   *slotWatch // of the head of a semaphore's line
	looked  bool       // for a deadlock
	started time.Time
}

// turn sleeps until something has changed for the participant, and enters if
// it is its turn.
func (w *waiter) turn() (inside bool, err error) {
	at, err := w.before(w.head.ticket)
	if err == nil && at == 0 && w.Mode == Polite {
		at, err = w.anyInLine()
	}
	if err == nil && at == 0 {
		if inside, err = w.enterOnce(); err != nil || inside {
			return inside, err
		}
		if w.Mode == Slot {
			return false, w.waitForSlot()
		}
		at, err = insideByte(w.file, true)
	}
	if err != nil || at == 0 { // at 0: they have left meanwhile
		return false, err
	}
	if err := w.await(at); err != nil {
		return false, err
	}
	if w.walksIn() {
		if inside, err = w.join(); err != nil || inside {
			return inside, err
		}
		return false, w.nextMate()
	}
	return false, nil
}

// enterOnce enters, unless the descriptor that is to hold the lock has got it
// from another process meanwhile: to the kernel they are one.
func (w *waiter) enterOnce() (bool, error) {
	if w.File != nil {
		if err := w.checkDescriptor(); err != nil {
			return false, err
		}
	}
	return w.enter()
}

// await sleeps until the byte is free, or the byte of the participant's mate.
// It also ends when it is time to look for a deadlock.
func (w *waiter) await(at int64) error {
	s := spot{w.id, at}
	if w.ctx.Done() == nil && !w.Who.Check && w.mate == 0 && !w.reg.isOwn(s) {
		if err := w.file.Lock(at, state.ReadLock); err != nil {
			return err
		}
		return w.file.Unlock(at)
	}
	freed, err := w.reg.freed(w.file, s)
	if err != nil {
		return err
	}
	var mate <-chan struct{}
	if w.mate != 0 {
		if mate, err = w.reg.freed(w.file, spot{w.id, baseQ + int64(w.mate)}); err != nil {
			return err
		}
	}
	return w.sleep(freed, mate)
}

// sleep returns when one of the channels is closed, or it is time to look for
// a deadlock and there is none.
func (w *waiter) sleep(freed, mate <-chan struct{}) error {
	var look <-chan time.Time
	if w.Who.Check && !w.looked {
		if w.started.IsZero() {
			w.started = time.Now()
		}
		timer := time.NewTimer(time.Until(w.started.Add(deadlockAfter)))
		defer timer.Stop()
		look = timer.C
	}
	select {
	case <-freed:
	case <-mate:
	case <-look:
		w.looked = true
		return w.lookForDeadlock()
	case <-w.ctx.Done():
		return context.Cause(w.ctx)
	}
	return nil
}

// end closes what waiting has opened.
func (w *waiter) end() {
	if w.slots != nil {
		w.slots.close()
	}
}
