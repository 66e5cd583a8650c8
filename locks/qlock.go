package locks

import "context"

// A QLock is a mutual exclusion lock that is given out in the order of arrival.
type QLock struct {
	line memLine
	held bool
}

var _ Locker = (*QLock)(nil)

// NewQLock returns a free lock.
func NewQLock() *QLock { return &QLock{} }

// Acquire waits in line for the lock, see [Locker].
func (l *QLock) Acquire(ctx context.Context) (*Hold, error) {
	return l.line.acquire(ctx, l, &l.line.main)
}

// TryAcquire takes the lock if it is free, see [Locker].
func (l *QLock) TryAcquire() (*Hold, error) { return l.line.tryAcquire(l) }

// Locked reports whether somebody has the lock.
func (l *QLock) Locked() bool {
	l.line.mu.Lock()
	defer l.line.mu.Unlock()
	return l.held
}

// Waiting is the number of those who wait for the lock; its holder does not
// count.
func (l *QLock) Waiting() int { return l.line.waiting() }

func (l *QLock) enter() (index int, ok bool) {
	if l.held {
		return 0, false
	}
	l.held = true
	return 0, true
}

func (l *QLock) release(*Hold) error {
	l.line.mu.Lock()
	defer l.line.mu.Unlock()
	l.held = false
	l.line.admit()
	return nil
}
