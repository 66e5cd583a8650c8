package pipes

import (
	"context"
	"fmt"
	"sync"
)

// Options are those of an announcement in memory. The zero value has no backlog
// and no bound.
type Options struct {
	// Backlog says how many of the values put before it a new subscriber gets:
	// BacklogNone, BacklogAll (or any negative number), or the last n. Keeping
	// them does not depend on anybody reading.
	Backlog int

	// MaxSize is how many unread values a subscriber may have; 0 is no bound.
	MaxSize int

	// WhenFull is what Put does when some subscriber has that many.
	WhenFull WhenFull
}

// SubscribeOptions are those of one subscription.
type SubscribeOptions struct {
	// MaxSize is how many unread values it may have: 0 is what the announcement
	// says, a negative number no bound.
	MaxSize int
}

// An Announcement carries values from anybody to all its subscribers. Each of
// them gets every value, and all in the same order.
//
// A put decides once for all subscribers: it reaches every one of them or none.
// It costs a few nanoseconds for each. A value is kept once, however many are
// still to read it, and until the last of them and the backlog have passed it.
// So a subscription that is read no more should be given back with Unsubscribe.
//
// An announcement may be used by many goroutines at once, and has none itself:
// one that is no longer used need not be closed.
type Announcement[T any] struct {
	maxSize  int
	whenFull WhenFull

	mu      sync.Mutex
	backlog memBacklog[T]
	subs    []*Subscription[T]
	full    int                // how many of them are full
	line    memLine[memPut[T]] // puts that wait until none is
	final   bool
	closed  bool
}

// A memPut is a value on its way.
type memPut[T any] struct {
	value T
	from  *Subscription[T] // who does not get it; nil if everybody does
}

// NewAnnouncement returns an announcement without subscribers.
func NewAnnouncement[T any](o Options) *Announcement[T] {
	return &Announcement[T]{
		maxSize:  o.MaxSize,
		whenFull: o.WhenFull,
		backlog:  newMemBacklog[T](o.Backlog),
	}
}

// Put is PutWith as Options.WhenFull says.
func (a *Announcement[T]) Put(ctx context.Context, v T) error {
	return a.PutWith(ctx, v, a.whenFull)
}

// PutWith gives v to all subscribers and to the backlog. If it returns an error,
// v has reached nobody.
//
// If a subscriber is full, w decides. Block waits until all have room, at most
// until ctx ends; then the error is a *FullError as well as the cause of ctx.
// Fail returns a *FullError at once. DropOldest never waits: the oldest unread
// value of each full subscriber is dropped for v.
//
// Puts that wait are served in order, and none that comes later overtakes them,
// though there may be room for it and not for them. So Fail fails while others
// wait, and DropOldest makes room for those too, as if they were its own.
//
// After Close the error is ErrClosed, also for those who wait. If ctx has ended
// before, nothing is tried.
func (a *Announcement[T]) PutWith(ctx context.Context, v T, w WhenFull) error {
	return a.put(ctx, memPut[T]{value: v}, w)
}

func (a *Announcement[T]) put(ctx context.Context, p memPut[T], w WhenFull) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	waiter, err := a.decide(p, w)
	if waiter == nil {
		return err
	}
	select {
	case <-waiter.served:
		return waiter.err
	case <-ctx.Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.line.leave(waiter) {
		return waiter.err
	}
	full := &FullError{Full: a.inTheWay(p)}
	a.admit() // the next in line may have room where p had none
	return fmt.Errorf("%w: %w", full, context.Cause(ctx))
}

// decide does what w says of p, at once. If that is to wait, it returns the
// place in the line.
func (a *Announcement[T]) decide(p memPut[T], w WhenFull) (*memWaiter[memPut[T]], error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case p.from != nil && p.from.gone:
		return nil, ErrUnsubscribed
	case a.closed:
		return nil, ErrClosed
	case a.lacking(p) == 0 && a.line.head() == nil:
		a.deliver(p)
	case w == Fail:
		return nil, &FullError{Full: a.inTheWay(p)}
	case w == DropOldest:
		a.force(p)
	default:
		return a.line.join(p), nil
	}
	return nil, nil
}

// lacking counts the subscribers that have no room for p. As all methods below
// it needs the mutex.
func (a *Announcement[T]) lacking(p memPut[T]) int {
	if p.from != nil && p.from.full() {
		return a.full - 1
	}
	return a.full
}

// inTheWay counts the subscribers that keep p from being delivered now: if there
// is room for p itself, those that keep the head of the line waiting.
func (a *Announcement[T]) inTheWay(p memPut[T]) int {
	if n := a.lacking(p); n > 0 {
		return n
	}
	return a.lacking(a.line.head().value)
}

// deliver gives p to everybody.
func (a *Announcement[T]) deliver(p memPut[T]) {
	a.backlog.push(p.value, p.from)
	for _, s := range a.subs {
		s.receive(p)
	}
}

// force delivers the line, which is there first, and p. Whoever has no room
// drops a value for each.
func (a *Announcement[T]) force(p memPut[T]) {
	for w := a.line.head(); w != nil; w = a.line.head() {
		a.dropFor(w.value)
		a.deliver(w.value)
		a.line.serve(w)
	}
	a.dropFor(p)
	a.deliver(p)
}

func (a *Announcement[T]) dropFor(p memPut[T]) {
	if a.lacking(p) == 0 {
		return
	}
	for _, s := range a.subs {
		if s != p.from && s.full() {
			s.take()
			s.dropped++
		}
	}
}

// admit delivers the puts in the line from its head on, for as long as there is
// room. Whoever makes room or takes a put out of the line calls it before the
// mutex is let go, so nothing ever waits for what is there.
func (a *Announcement[T]) admit() {
	for w := a.line.head(); w != nil && a.lacking(w.value) == 0; w = a.line.head() {
		a.deliver(w.value)
		a.line.serve(w)
	}
}

// Subscribe returns a new subscription, which gets the backlog and everything
// put from now on, or ErrFinal after Finalize.
//
// A backlog above its MaxSize is no reason to wait or to refuse: the subscription
// has more to read than it may, and is full until it has read down below. After
// Close there is still the backlog to be had.
func (a *Announcement[T]) Subscribe(o SubscribeOptions) (*Subscription[T], error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.final {
		return nil, ErrFinal
	}
	if o.MaxSize == 0 {
		o.MaxSize = a.maxSize
	}
	s := &Subscription[T]{
		of:      a,
		index:   len(a.subs),
		maxSize: o.MaxSize,
		next:    a.backlog.first,
		unread:  a.backlog.len,
	}
	a.subs = append(a.subs, s)
	if s.full() {
		a.full++
	}
	return s, nil
}

// Subscribers counts the subscriptions.
func (a *Announcement[T]) Subscribers() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.subs)
}

// Finalize lets nobody subscribe from now on, and frees the backlog. Puts go on,
// and so do the subscriptions. More calls do nothing.
func (a *Announcement[T]) Finalize() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.final = true
	a.backlog.forget()
}

// Close ends the announcement: there are no more puts, and subscriptions end
// when they have been read to the end. Puts that wait fail with ErrClosed. More
// calls do nothing.
func (a *Announcement[T]) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	a.line.fail(ErrClosed)
	for _, s := range a.subs {
		s.getters.fail(ErrEnd)
	}
}
