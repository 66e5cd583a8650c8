// Package locks has fair locks, reader-writer locks, light switches and indexed
// semaphores, in memory and as named ones in files, through which programs and
// shell scripts coordinate. All of them are one interface, [Locker].
//
// A lock in memory is made by [NewQLock], [NewRWLock], [NewLightSwitch] or
// [NewIndexSemaphore]; a named one comes from a directory, see [Open]. What
// they share:
//
//   - Waiters are served in the order of their arrival.
//   - A release hands over: the lock is never free while somebody waits, so
//     that no newcomer can slip in.
//   - A wait that ends by its context leaves no trace, and a grant that it
//     races is passed on.
//   - Only the [Hold] that was given can release, once.
//   - The contexts are the timeouts; one of them covers the whole wait,
//     whatever is inside.
package locks

import (
	"context"
	"errors"
	"sync/atomic"
)

// A Locker is anything that can be held: a lock in memory or a named one, the
// reader's or the writer's side of a lock, a light switch, a semaphore. It may
// be used from any number of goroutines.
type Locker interface {
	// Acquire waits in line until the lock is had. When ctx ends first, or has
	// ended already, it has left the line, holds nothing and returns
	// context.Cause(ctx).
	Acquire(ctx context.Context) (*Hold, error)

	// TryAcquire takes the lock if that can be done at once. It returns
	// ErrHeld if it would have to wait for a holder or behind a waiter.
	TryAcquire() (*Hold, error)
}

var (
	// ErrHeld says that a lock cannot be had without waiting.
	ErrHeld = errors.New("held by somebody else")

	// ErrReleased says that a hold was released before. Nothing has changed.
	ErrReleased = errors.New("released already")
)

// A Hold is what Acquire returns: a lock, a slot of a semaphore or a side of a
// light switch that somebody has. It is not bound to a goroutine: whoever has
// the Hold may release it. A Hold that is dropped without Release keeps its
// lock in memory for ever, a named one until the process ends.
type Hold struct {
	of    releaser
	index int
	token uint64
	done  atomic.Bool
	keep  any // files that must stay open as long
}

// A releaser takes back what it has given. It is called once for each hold.
type releaser interface {
	release(h *Hold) error
}

// Release gives the lock back, to the next in line if there is one. The first
// call does that; each later one returns ErrReleased and changes nothing. A
// named lock may return a *VanishedError: it was released, but its file had
// been removed, so that others may have been inside at the same time.
func (h *Hold) Release() error {
	if h.done.Swap(true) {
		return ErrReleased
	}
	return h.of.release(h)
}

// Index is the index of the slot of a semaphore, from 0; other locks have 0.
func (h *Hold) Index() int { return h.index }

// Token is the fencing token: it grows from each exclusive hold of a lock, or
// slot of a semaphore, to the next. In memory it counts the grants of the lock
// from 1. Named locks keep it growing across crashes and reboots; it is below
// 2^53.
func (h *Hold) Token() uint64 { return h.token }
