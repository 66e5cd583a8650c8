package pipes

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/loxctl/loxctl/internal/state"
)

// A waker lets any number of goroutines wait for a word of shared memory to
// change, while one of them all sleeps in the kernel. Whoever changes the word
// calls the kernel only if somebody waits.
//
// The order that loses no call: a waiter joins, which raises waiters, and looks
// after that whether it has to wait at all. Who has something to tell changes
// what is looked at, then the word, and then looks at waiters.
type waker struct {
	word    *atomic.Uint32 // of the shared memory
	waiters *atomic.Uint32 // how many processes wait; too high where one was killed
	tick    time.Duration

	mu     sync.Mutex
	more   sync.Cond // round has been set, or over
	round  *round    // nil while nobody waits
	joined int
	done   chan struct{} // closed when the sleeping goroutine ends; nil: there is none
	over   bool
}

// A round is what all wait for who have joined since the last one was over.
type round struct {
	value uint32 // of the word, before any of them has looked
	woken chan struct{}
}

func newWaker(word, waiters *atomic.Uint32) *waker {
	w := &waker{word: word, waiters: waiters, tick: safetyTick()}
	w.more.L = &w.mu
	return w
}

// join returns a channel that is closed once somebody has called wake, or for
// no reason. Each join is followed by a leave.
func (w *waker) join() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.joined++
	if w.over {
		closed := make(chan struct{})
		close(closed)
		return closed
	}
	if w.joined == 1 && mutant != "waiters is raised late" {
		w.waiters.Add(1)
	}
	if w.round == nil {
		w.round = &round{value: w.word.Load(), woken: make(chan struct{})}
		w.more.Signal()
	}
	if w.done == nil {
		w.done = make(chan struct{})
		go w.sleep(w.done)
	}
	return w.round.woken
}

func (w *waker) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.joined--; w.joined == 0 && !w.over && mutant != "waiters is raised late" {
		w.waiters.Add(^uint32(0))
	}
}

// sleep is the goroutine that sleeps in the kernel. It ends with close.
func (w *waker) sleep(done chan struct{}) {
	defer close(done)
	for {
		r := w.next()
		if r == nil {
			return
		}
		value := r.value
		if mutant == "waiters is raised late" {
			value = w.word.Load()
			w.waiters.Add(1)
		}
		state.Sleep(w.word, value, w.tick)
		if mutant == "waiters is raised late" {
			w.waiters.Add(^uint32(0))
		}
		w.mu.Lock()
		close(r.woken)
		w.round = nil
		w.mu.Unlock()
	}
}

// next waits until there is a round to sleep for: nil when it is over.
func (w *waker) next() *round {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.round == nil && !w.over {
		w.more.Wait()
	}
	if w.over && w.round != nil {
		close(w.round.woken)
		w.round = nil
	}
	return w.round
}

// wake ends the round of every process.
func (w *waker) wake() {
	w.word.Add(1)
	if w.waiters.Load() > 0 {
		state.Wake(w.word)
	}
}

// wakeAny is wake for words that nobody looks at but those who wait.
func (w *waker) wakeAny() {
	if w.waiters.Load() > 0 {
		w.wake()
	}
}

// close ends the goroutine. Nobody waits after that, and the shared memory can
// go.
func (w *waker) close() {
	w.mu.Lock()
	if w.over {
		w.mu.Unlock()
		return
	}
	w.over = true
	if w.joined > 0 && mutant != "waiters is raised late" {
		w.waiters.Add(^uint32(0))
	}
	done := w.done
	w.more.Signal()
	w.mu.Unlock()
	if done != nil {
		w.word.Add(1)
		state.Wake(w.word)
		<-done
	}
}
