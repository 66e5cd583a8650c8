package pipes

import (
	"container/list"
	"context"
	"sync"
)

// A memLine is a line of calls that wait, each on a channel of its own, served
// in the order of their arrival. All methods but wait need the mutex of what the
// calls wait for, which nobody holds while waiting.
type memLine[V any] struct{ list list.List }

// A memWaiter is one call that stands in a line.
type memWaiter[V any] struct {
	value  V     // what a put brings along, or what a get is given
	err    error // why it gets nothing
	served chan struct{}
	place  *list.Element
}

// join puts a new waiter at the end of the line.
func (l *memLine[V]) join(v V) *memWaiter[V] {
	w := &memWaiter[V]{value: v, served: make(chan struct{})}
	w.place = l.list.PushBack(w)
	return w
}

// head is the next to be served, nil if nobody waits.
func (l *memLine[V]) head() *memWaiter[V] {
	e := l.list.Front()
	if e == nil {
		return nil
	}
	return e.Value.(*memWaiter[V])
}

// serve ends the wait of w, which may look at its value and error from now on.
func (l *memLine[V]) serve(w *memWaiter[V]) {
	l.list.Remove(w.place)
	w.place = nil
	close(w.served)
}

// fail serves everybody with err.
func (l *memLine[V]) fail(err error) {
	for w := l.head(); w != nil; w = l.head() {
		w.err = err
		l.serve(w)
	}
}

// leave takes w, whose context has ended, out of the line. It reports false if
// w was served just before: then that counts, so that nothing which has been
// given is lost, or said not to have happened.
func (l *memLine[V]) leave(w *memWaiter[V]) bool {
	if w.place == nil {
		return false
	}
	l.list.Remove(w.place)
	return true
}

// wait returns what w is given, or the cause of ctx if that ends first. mu is
// the mutex that the other methods need.
func (l *memLine[V]) wait(ctx context.Context, mu *sync.Mutex, w *memWaiter[V]) (v V, err error) {
	select {
	case <-w.served:
		return w.value, w.err
	case <-ctx.Done():
	}
	mu.Lock()
	defer mu.Unlock()
	if !l.leave(w) {
		return w.value, w.err
	}
	return v, context.Cause(ctx)
}
