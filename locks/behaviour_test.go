package locks_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/locks"
)

// A family is one implementation of all locks, on which the behaviours below
// are tried. Each constructor makes a new free lock.
type family struct {
	name        string
	bubble      bool // its waits can be seen by synctest, so that time is fake
	qlock       func(t *testing.T) locks.Locker
	rw          func(t *testing.T) (reader, writer locks.Locker)
	lightSwitch func(t *testing.T) (sw, room locks.Locker)
	semaphore   func(t *testing.T, n int) locks.Locker

	// queued returns when n calls of Acquire wait in the line that l is a side
	// of. A light switch and its room are two sides of one line.
	queued func(t *testing.T, l locks.Locker, n int)
}

func families() []family {
	return []family{memoryFamily(), namedFamily()}
}

func memoryFamily() family {
	return family{
		name:   "memory",
		bubble: true,
		qlock:  func(*testing.T) locks.Locker { return locks.NewQLock() },
		rw: func(*testing.T) (reader, writer locks.Locker) {
			l := locks.NewRWLock(locks.RWOptions{})
			return l.Reader(), l.Writer()
		},
		lightSwitch: func(*testing.T) (sw, room locks.Locker) {
			l := locks.NewQLock()
			return locks.NewLightSwitch(l), l
		},
		semaphore: func(_ *testing.T, n int) locks.Locker {
			return locks.NewIndexSemaphore(n, locks.SemOptions{})
		},
		queued: func(*testing.T, locks.Locker, int) { synctest.Wait() },
	}
}

// A behaviour has the number that it has in the semantics of lox.
type behaviour struct {
	name string
	test func(t *trial)
}

func TestBehaviour(t *testing.T) {
	tables := [][]behaviour{switchBehaviours, rwBehaviours, qlockBehaviours, semaphoreBehaviours, defects}
	for _, f := range families() {
		for _, table := range tables {
			for _, b := range table {
				t.Run(f.name+"/"+b.name, func(t *testing.T) { f.try(t, b) })
			}
		}
	}
}

func (f family) try(t *testing.T, b behaviour) {
	if !f.bubble {
		b.test(&trial{t, f})
		return
	}
	// The end of the bubble is the leak check: it fails while a goroutine is left.
	synctest.Test(t, func(t *testing.T) { b.test(&trial{t, f}) })
}

const (
	brief   = 20 * time.Millisecond // for what must fail
	patient = 20 * time.Second      // for what must not
)

var errGaveUp = errors.New("gave up")

// A trial is one behaviour on one family.
type trial struct {
	*testing.T
	family
}

// acquire gets l, which must work, perhaps after a wait.
func (t *trial) acquire(l locks.Locker) *locks.Hold {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	h, err := l.Acquire(ctx)
	if err != nil || h == nil {
		t.Fatalf("Acquire: %v, %v", h, err)
	}
	return h
}

// enter gets l without a wait.
func (t *trial) enter(l locks.Locker) *locks.Hold {
	t.Helper()
	h, err := l.TryAcquire()
	if err != nil || h == nil {
		t.Fatalf("TryAcquire: %v, %v", h, err)
	}
	return h
}

func (t *trial) release(holds ...*locks.Hold) {
	t.Helper()
	for _, h := range holds {
		if err := h.Release(); err != nil {
			t.Fatalf("Release: %v", err)
		}
	}
}

// inside has body run while l is held. Unlike the methods above it may be called
// from any goroutine.
func (t *trial) inside(l locks.Locker, body func(h *locks.Hold)) {
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	h, err := l.Acquire(ctx)
	if err != nil {
		t.Errorf("Acquire: %v", err)
		return
	}
	body(h)
	if err := h.Release(); err != nil {
		t.Errorf("Release: %v", err)
	}
}

// refused says that l cannot be had, neither at once nor soon.
func (t *trial) refused(l locks.Locker) {
	t.Helper()
	if h, err := l.TryAcquire(); h != nil || !errors.Is(err, locks.ErrHeld) {
		t.Fatalf("TryAcquire: %v, %v, want ErrHeld", h, err)
	}
	t.expires(l, brief)
}

// expires says that l cannot be had within d, and that d is what it takes to
// find out.
func (t *trial) expires(l locks.Locker, d time.Duration) {
	t.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	h, err := l.Acquire(ctx)
	took := time.Since(began)
	if h != nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Acquire: %v, %v, want the deadline", h, err)
	}
	if took < d || t.bubble && took > d {
		t.Fatalf("Acquire took %v, want %v", took, d)
	}
}

// A pending is an Acquire in a goroutine of its own.
type pending struct {
	t      *trial
	cancel context.CancelCauseFunc
	over   chan struct{}
	hold   *locks.Hold
	err    error
}

// start begins to acquire l and returns when n wait, this one included.
func (t *trial) start(l locks.Locker, n int) *pending {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	p := &pending{t: t, cancel: cancel, over: make(chan struct{})}
	go func() {
		defer close(p.over)
		p.hold, p.err = l.Acquire(ctx)
	}()
	t.queued(t.T, l, n)
	p.waits()
	return p
}

// waits says that nothing has come of p yet.
func (p *pending) waits() {
	p.t.Helper()
	if p.t.bubble {
		synctest.Wait()
	}
	select {
	case <-p.over:
		p.t.Fatalf("waiter got %v, %v", p.hold, p.err)
	default:
	}
}

// gets is the hold that p gets now.
func (p *pending) gets() *locks.Hold {
	p.t.Helper()
	p.ends()
	if p.err != nil {
		p.t.Fatalf("waiter: %v", p.err)
	}
	return p.hold
}

// givesUp cancels p, which must still wait.
func (p *pending) givesUp() {
	p.t.Helper()
	p.waits()
	p.cancel(errGaveUp)
	p.ends()
	if p.hold != nil || p.err != errGaveUp {
		p.t.Fatalf("waiter that gave up: %v, %v", p.hold, p.err)
	}
}

func (p *pending) ends() {
	p.t.Helper()
	if p.t.bubble {
		synctest.Wait()
		select {
		case <-p.over:
		default:
			p.t.Fatal("waiter is not served")
		}
		return
	}
	select {
	case <-p.over:
	case <-time.After(patient):
		p.t.Fatal("waiter is not served")
	}
}

// A journal is what has happened, in order: "a+" says that a has come, "a-"
// that it goes.
type journal struct {
	mu    sync.Mutex
	words []string
}

func (j *journal) add(word string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.words = append(j.words, word)
}

// comesAndGoes is the body of a visit.
func (j *journal) comesAndGoes(who string) func() {
	return func() { j.add(who + "+"); j.add(who + "-") }
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Join(j.words, " ")
}

// visit waits for l in a goroutine of its own, as the nth in line, has body run
// inside, and leaves.
func (t *trial) visit(l locks.Locker, n int, body func()) *pending {
	t.Helper()
	p := &pending{t: t, over: make(chan struct{})}
	go func() {
		defer close(p.over)
		t.inside(l, func(*locks.Hold) { body() })
	}()
	t.queued(t.T, l, n)
	p.waits()
	return p
}

func (t *trial) same(what string, got, want any) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
}
