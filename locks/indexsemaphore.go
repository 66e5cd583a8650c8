package locks

import (
	"context"
	"fmt"
	"slices"
)

// An IndexSemaphore lets n in at once and gives each of them an index below n
// that nobody else has meanwhile, see [Hold.Index]. An acquire or release moves
// up to n words.
type IndexSemaphore struct {
	line memLine
	pick Pick
	free []int // the next one to be given is the first
}

var _ Locker = (*IndexSemaphore)(nil)

// SemOptions are the choices of a semaphore.
type SemOptions struct {
	// Pick says which one of the free indexes is given.
	Pick Pick
}

// A Pick is an order in which a semaphore gives its free indexes.
type Pick int

const (
	PickLRU    Pick = iota // the one that has been free for longest, the default; at first 0, 1, 2, …
	PickLowest             // the lowest one
)

// String is the name of the order: lru or lowest.
func (p Pick) String() string {
	switch p {
	case PickLRU:
		return "lru"
	case PickLowest:
		return "lowest"
	}
	return fmt.Sprintf("Pick(%d)", int(p))
}

// NewIndexSemaphore returns a semaphore of n free indexes. It panics if n < 1.
func NewIndexSemaphore(n int, o SemOptions) *IndexSemaphore {
	if n < 1 {
		panic(fmt.Sprintf("locks: a semaphore of %d indexes", n))
	}
	free := make([]int, n)
	for i := range free {
		free[i] = i
	}
	return &IndexSemaphore{pick: o.Pick, free: free}
}

// Acquire waits in line for an index, see [Locker].
func (s *IndexSemaphore) Acquire(ctx context.Context) (*Hold, error) {
	return s.line.acquire(ctx, s, &s.line.main)
}

// TryAcquire takes an index if one is free, see [Locker].
func (s *IndexSemaphore) TryAcquire() (*Hold, error) { return s.line.tryAcquire(s) }

// Free is the number of indexes that nobody has.
func (s *IndexSemaphore) Free() int {
	s.line.mu.Lock()
	defer s.line.mu.Unlock()
	return len(s.free)
}

// Waiting is the number of those who wait for an index.
func (s *IndexSemaphore) Waiting() int { return s.line.waiting() }

func (s *IndexSemaphore) enter() (index int, ok bool) {
	if len(s.free) == 0 {
		return 0, false
	}
	index = s.free[0]
	s.free = slices.Delete(s.free, 0, 1)
	return index, true
}

func (s *IndexSemaphore) release(h *Hold) error {
	s.line.mu.Lock()
	defer s.line.mu.Unlock()
	at := len(s.free)
	if s.pick == PickLowest {
		at, _ = slices.BinarySearch(s.free, h.index)
	}
	s.free = slices.Insert(s.free, at, h.index)
	s.line.admit()
	return nil
}
