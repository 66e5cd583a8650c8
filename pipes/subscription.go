package pipes

import (
	"context"
	"iter"
)

// A Subscription is one reader of an announcement. It gets every value put since
// it began, the backlog before them, and nothing that was put through itself.
//
// It may be read by several goroutines: then each value goes to one of them, to
// those who wait in the order in which they came.
type Subscription[T any] struct {
	of      *Announcement[T]
	maxSize int // of unread; none if it is not positive

	// What follows is under the mutex of the announcement.
	index   int         // in its subs
	next    *memNode[T] // the next to be read; the end of the chain if unread is 0
	unread  int
	dropped uint64
	gone    bool
	getters memLine[T] // they wait only while unread is 0
}

// Announcement is what s subscribes to, for members who want to subscribe
// others, finalize or close it.
func (s *Subscription[T]) Announcement() *Announcement[T] { return s.of }

// Get returns the next value, for which it waits until ctx ends; then the error
// is the cause of ctx. If ctx has ended before, nothing is taken. A value that
// comes while ctx ends is returned rather than lost.
//
// ErrEnd says that the announcement is closed and everything read,
// ErrUnsubscribed what it says.
func (s *Subscription[T]) Get(ctx context.Context) (v T, err error) {
	if ctx.Err() != nil {
		return v, context.Cause(ctx)
	}
	w, v, err := s.get()
	if w == nil {
		return v, err
	}
	return s.getters.wait(ctx, &s.of.mu, w)
}

// get takes the next value. If there is none yet, it returns a place in the line.
func (s *Subscription[T]) get() (w *memWaiter[T], v T, err error) {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	switch {
	case s.gone:
		return nil, v, ErrUnsubscribed
	case s.unread > 0:
		return nil, s.read(), nil
	case s.of.closed:
		return nil, v, ErrEnd
	}
	return s.getters.join(v), v, nil
}

// TryGet returns the next value if it is there already.
func (s *Subscription[T]) TryGet() (v T, ok bool) {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	if s.unread == 0 {
		return v, false
	}
	return s.read(), true
}

// All is the values to come, one Get after the other. It ends at ErrEnd. Any
// other error is its last element.
func (s *Subscription[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			v, err := s.Get(ctx)
			if err == ErrEnd || !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// Put is Announcement.Put to everybody but s itself, whose room is of no concern
// either. Once s has been given back, it returns ErrUnsubscribed.
func (s *Subscription[T]) Put(ctx context.Context, v T) error {
	return s.of.put(ctx, memPut[T]{value: v, from: s}, s.of.whenFull)
}

// Len is how many values there are to be read now. It may be above MaxSize, see
// Announcement.Subscribe.
func (s *Subscription[T]) Len() int {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	return s.unread
}

// Dropped counts the values that s has lost to puts with DropOldest.
func (s *Subscription[T]) Dropped() uint64 {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	return s.dropped
}

// Unsubscribe gives s back. It gets nothing more, not even what is unread, and
// calls of Get that wait return ErrUnsubscribed. So does a second Unsubscribe.
func (s *Subscription[T]) Unsubscribe() error {
	a := s.of
	a.mu.Lock()
	defer a.mu.Unlock()
	if s.gone {
		return ErrUnsubscribed
	}
	if s.full() {
		a.full--
	}
	s.gone, s.next, s.unread = true, nil, 0
	s.getters.fail(ErrUnsubscribed)
	last := len(a.subs) - 1
	a.subs[s.index] = a.subs[last]
	a.subs[s.index].index = s.index
	a.subs[last] = nil
	a.subs = a.subs[:last]
	a.admit()
	return nil
}

// full says whether s has no room for another value. As all methods below it
// needs the mutex.
func (s *Subscription[T]) full() bool { return s.maxSize > 0 && s.unread >= s.maxSize }

// receive takes notice of p, which has just been appended to the chain.
func (s *Subscription[T]) receive(p memPut[T]) {
	if s == p.from {
		s.skip()
		return
	}
	s.unread++
	if s.unread == s.maxSize {
		s.of.full++
	}
	if w := s.getters.head(); w != nil {
		w.value = s.take()
		s.getters.serve(w)
	}
}

// read takes the next value and lets in the puts that have waited for it.
func (s *Subscription[T]) read() T {
	v := s.take()
	s.of.admit()
	return v
}

// take takes the next value, which must be there.
func (s *Subscription[T]) take() T {
	for s.next.from == s {
		s.next = s.next.next
	}
	v := s.next.value
	s.next = s.next.next
	s.unread--
	if s.unread == s.maxSize-1 {
		s.of.full--
	}
	s.skip()
	return v
}

// skip passes what s has put itself if there is nothing else, for it would not
// be freed while s waits in front of it.
func (s *Subscription[T]) skip() {
	if s.unread == 0 {
		s.next = s.of.backlog.end
	}
}
