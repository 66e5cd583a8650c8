package pipes_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/pipes"
)

// A family is one implementation of announcements and funnels, on which the
// behaviours below are tried.
type family struct {
	name     string
	bubble   bool // its waits can be seen by synctest, so that time is fake
	announce func(t *testing.T, o pipes.Options) announcer
	funnel   func(t *testing.T, inputs int, o pipes.FunnelOptions) funneler

	// blocked returns when n calls wait on x, which is an announcer whose
	// subscribers are full, an empty subscriber or an empty funneler.
	blocked func(t *testing.T, x any, n int)
}

// What the behaviours need of an announcement, whoever makes it.
type (
	announcer interface {
		Put(ctx context.Context, v string, w pipes.WhenFull) error
		Subscribe(maxSize int) (subscriber, error) // 0: the announcement's
		Subscribers() int
		Finalize()
		Close()
	}
	subscriber interface {
		Get(ctx context.Context) (string, error)
		TryGet() (string, bool)
		Len() int
		Dropped() uint64
		Unsubscribe() error
	}
	// A member is a subscriber that can put too. Not every family has them.
	member interface {
		Put(ctx context.Context, v string) error
		Others() announcer
	}
)

// What they need of a funnel.
type (
	funneler interface {
		Subscribe() inputer // as the last one
		Input(i int) inputer
		Inputs() int
		Get(ctx context.Context) (set, error)
		Pending() int
		Drop(job string) bool
		Close()
	}
	inputer interface {
		Put(job, v string) error
		Index() int
	}
	set = pipes.Set[string, string]
)

func memoryFamily() family {
	return family{
		name:     "memory",
		bubble:   true,
		announce: func(_ *testing.T, o pipes.Options) announcer { return memAnnouncer{pipes.NewAnnouncement[string](o)} },
		funnel: func(_ *testing.T, inputs int, o pipes.FunnelOptions) funneler {
			f := &memFunneler{Funnel: pipes.NewFunnel[string, string](o)}
			for range inputs {
				f.Subscribe()
			}
			return f
		},
		blocked: func(*testing.T, any, int) { synctest.Wait() },
	}
}

type memAnnouncer struct{ *pipes.Announcement[string] }

func (a memAnnouncer) Put(ctx context.Context, v string, w pipes.WhenFull) error {
	return a.PutWith(ctx, v, w)
}

func (a memAnnouncer) Subscribe(maxSize int) (subscriber, error) {
	s, err := a.Announcement.Subscribe(pipes.SubscribeOptions{MaxSize: maxSize})
	if err != nil {
		return nil, err
	}
	return memSubscriber{s}, nil
}

type memSubscriber struct{ *pipes.Subscription[string] }

func (s memSubscriber) Others() announcer { return memAnnouncer{s.Announcement()} }

type memFunneler struct {
	*pipes.Funnel[string, string]
	inputs []inputer
}

func (f *memFunneler) Subscribe() inputer {
	f.inputs = append(f.inputs, f.Funnel.Subscribe())
	return f.inputs[len(f.inputs)-1]
}

func (f *memFunneler) Input(i int) inputer { return f.inputs[i] }

// A behaviour has the number that it has in the semantics of lox, defects an X.
type behaviour struct {
	name string
	test func(t *trial)
}

func TestBehaviour(t *testing.T) { memoryFamily().run(t) }

// run tries all behaviours.
func (f family) run(t *testing.T) {
	tables := [][]behaviour{announceBehaviours, announceDefects, memberBehaviours, funnelBehaviours, funnelDefects}
	for _, table := range tables {
		for _, b := range table {
			t.Run(f.name+"/"+b.name, func(t *testing.T) { f.try(t, b.test) })
		}
	}
}

func (f family) try(t *testing.T, test func(t *trial)) {
	if !f.bubble {
		test(&trial{t, f})
		return
	}
	// The end of the bubble is the leak check: it fails while a goroutine is left.
	synctest.Test(t, func(t *testing.T) { test(&trial{t, f}) })
}

// inMemory runs a test with fake time.
func inMemory(t *testing.T, test func(t *trial)) { memoryFamily().try(t, test) }

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

func (t *trial) make(o pipes.Options) announcer { return t.announce(t.T, o) }
func (t *trial) makeFunnel(inputs int) funneler { return t.funnel(t.T, inputs, pipes.FunnelOptions{}) }
func (t *trial) is(what string, err error, target error) {
	t.Helper()
	t.same(what, errors.Is(err, target), true)
}

func (t *trial) subscribe(a announcer, maxSize int) subscriber {
	t.Helper()
	s, err := a.Subscribe(maxSize)
	if err != nil || s == nil {
		t.Fatalf("Subscribe: %v, %v", s, err)
	}
	return s
}

// put puts values for which there must be room.
func (t *trial) put(a announcer, values ...string) {
	t.Helper()
	for _, v := range values {
		if err := a.Put(t.Context(), v, pipes.Fail); err != nil {
			t.Fatalf("Put %s: %v", v, err)
		}
	}
}

// full says that a put is refused because n subscribers are full.
func (t *trial) full(err error, n int) {
	t.Helper()
	var full *pipes.FullError
	if !errors.As(err, &full) || full.Full != n {
		t.Fatalf("Put: %v, want a FullError of %d", err, n)
	}
}

// has says that s has exactly these to be read, and reads them.
func (t *trial) has(s subscriber, values ...string) {
	t.Helper()
	t.same("unread", s.Len(), len(values))
	for _, want := range values {
		if v, ok := s.TryGet(); v != want || !ok {
			t.Fatalf("TryGet: %q, %v, want %q", v, ok, want)
		}
	}
	if v, ok := s.TryGet(); v != "" || ok {
		t.Fatalf("TryGet: %q, %v, want nothing", v, ok)
	}
}

// outlasts says that call fails when its context does, after d, which may be
// said by more than its own error.
func (t *trial) outlasts(d time.Duration, call func(ctx context.Context) error) error {
	t.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	err := call(ctx)
	took := time.Since(began)
	t.is(fmt.Sprintf("%v is the deadline", err), err, context.DeadlineExceeded)
	if took < d || t.bubble && took > d {
		t.Fatalf("it took %v, want %v", took, d)
	}
	return err
}

// empty says that s has nothing to be read, and that Get waits for it.
func (t *trial) empty(s subscriber) {
	t.Helper()
	t.has(s)
	t.outlasts(brief, func(ctx context.Context) error { _, err := s.Get(ctx); return err })
}

// A pending is a call in a goroutine of its own.
type pending struct {
	t      *trial
	cancel context.CancelCauseFunc
	over   chan struct{}
	value  string
	err    error
}

// start makes a call that waits on x as the nth.
func (t *trial) start(x any, n int, call func(ctx context.Context) (string, error)) *pending {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context()) // a test that fails leaves nobody behind
	p := &pending{t: t, cancel: cancel, over: make(chan struct{})}
	go func() {
		defer close(p.over)
		p.value, p.err = call(ctx)
	}()
	t.blocked(t.T, x, n)
	p.waits()
	return p
}

func (t *trial) startPut(a announcer, n int, v string) *pending {
	t.Helper()
	return t.start(a, n, func(ctx context.Context) (string, error) { return "", a.Put(ctx, v, pipes.Block) })
}

func (t *trial) startGet(s subscriber, n int) *pending {
	t.Helper()
	return t.start(s, n, s.Get)
}

// waits says that nothing has come of p yet.
func (p *pending) waits() {
	p.t.Helper()
	if p.t.bubble {
		synctest.Wait()
	}
	select {
	case <-p.over:
		p.t.Fatalf("waiter got %q, %v", p.value, p.err)
	default:
	}
}

// gets says what p gets now.
func (p *pending) gets(value string) {
	p.t.Helper()
	p.ends(nil)
	p.t.same("value", p.value, value)
}

// ends says that p ends now, and how.
func (p *pending) ends(err error) {
	p.t.Helper()
	if p.t.bubble {
		synctest.Wait()
		select {
		case <-p.over:
		default:
			p.t.Fatal("waiter is not served")
		}
	}
	select {
	case <-p.over:
	case <-time.After(patient):
		p.t.Fatal("waiter is not served")
	}
	if !errors.Is(p.err, err) {
		p.t.Fatalf("waiter: %v, want %v", p.err, err)
	}
}

// givesUp cancels p, which must still wait.
func (p *pending) givesUp() {
	p.t.Helper()
	p.waits()
	p.cancel(errGaveUp)
	p.ends(errGaveUp)
}

func (t *trial) same(what string, got, want any) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
}

// gives says what the next set of f is.
func (t *trial) gives(f funneler, job string, values ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	s, err := f.Get(ctx)
	if err != nil || s.Job != job || !slices.Equal(s.Values, values) {
		t.Fatalf("Get: %v, %v, want %s %v", s, err, job, values)
	}
}

// incomplete says that f has no set.
func (t *trial) incomplete(f funneler) {
	t.Helper()
	t.outlasts(brief, func(ctx context.Context) error { _, err := f.Get(ctx); return err })
}

// fill has inputs put values for job, each its own, in the order of inputs.
func (t *trial) fill(f funneler, job string, inputs ...int) {
	t.Helper()
	for _, i := range inputs {
		if err := f.Input(i).Put(job, job+string(rune('a'+i))); err != nil {
			t.Fatalf("Put %s by %d: %v", job, i, err)
		}
	}
}
