package pipes_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/pipes"
)

// A lateCtx lets a waiter look for the end of its context only when it has been
// ended: so the waiter can be served before and not know.
type lateCtx struct {
	context.Context
	ended chan struct{}
}

func newLateCtx() lateCtx { return lateCtx{context.Background(), make(chan struct{})} }

func (c lateCtx) Done() <-chan struct{} { <-c.ended; return c.ended }

func (c lateCtx) Err() error {
	select {
	case <-c.ended:
		return errGaveUp
	default:
		return nil
	}
}

// races is how often a race of two channels is run, so that each one wins.
const races = 40

// What a get is given while its context ends is not lost.
func TestValueRacesCancel(t *testing.T) {
	for range races {
		inMemory(t, func(t *trial) {
			a := t.make(pipes.Options{MaxSize: 1})
			s, ctx := t.subscribe(a, 0), newLateCtx()
			p := t.start(s, 1, func(context.Context) (string, error) { return s.Get(ctx) })
			next := t.startGet(s, 2)
			t.put(a, "1")
			close(ctx.ended)
			p.gets("1")
			next.waits()
			t.put(a, "2")
			next.gets("2")
			t.put(a, "3") // there is room
			t.has(s, "3")
		})
	}
}

// A put that is served while its context ends has reached everybody, and says so.
func TestRoomRacesCancel(t *testing.T) {
	for range races {
		inMemory(t, func(t *trial) {
			a := t.make(pipes.Options{MaxSize: 1})
			s, other, ctx := t.subscribe(a, 0), t.subscribe(a, 9), newLateCtx()
			t.put(a, "1")
			p := t.start(a, 1, func(context.Context) (string, error) { return "", a.Put(ctx, "2", pipes.Block) })
			v, _ := s.TryGet()
			t.same("value", v, "1")
			close(ctx.ended)
			p.ends(nil)
			t.has(s, "2")
			t.has(other, "1", "2")
		})
	}
}

func TestSetRacesCancel(t *testing.T) {
	for range races {
		inMemory(t, func(t *trial) {
			f, ctx := t.makeFunnel(1), newLateCtx()
			p := t.start(f, 1, func(context.Context) (string, error) { s, err := f.Get(ctx); return s.Job, err })
			t.fill(f, "x", 0)
			close(ctx.ended)
			p.gets("x")
			t.incomplete(f)
		})
	}
}

// All of them give up at the very instant at which there is a value, or room:
// what puts say to have given is what gets and the rest of the queue have.
func TestDeadlineAtTheInstantOfDelivery(t *testing.T) {
	for range races {
		inMemory(t, sameInstant)
	}
}

func sameInstant(t *trial) {
	a := t.make(pipes.Options{MaxSize: 1})
	s, witness := t.subscribe(a, 0), t.subscribe(a, -1)
	var put, got atomic.Int32
	for range 5 {
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), brief)
			defer cancel()
			v, err := s.Get(ctx)
			if err == nil {
				got.Add(1)
			} else if v != "" || err != context.DeadlineExceeded {
				t.Errorf("Get: %q, %v", v, err)
			}
		}()
		go func() {
			time.Sleep(brief)
			ctx, cancel := context.WithCancel(t.Context())
			go cancel()
			if a.Put(ctx, "1", pipes.Block) == nil {
				put.Add(1)
			}
		}()
	}
	time.Sleep(brief)
	synctest.Wait()
	t.same("values of the witness", int32(witness.Len()), put.Load())
	t.same("values", got.Load()+int32(s.Len()), put.Load())
	s.TryGet()
	t.put(a, "room")
	t.has(s, "room")
}

// A job comes to one end only, also if another one comes at the very instant at
// which it expires.
func TestExpiryRacesOtherEnds(t *testing.T) {
	// Each of them says whether it was there first.
	for name, end := range map[string]func(f *pipes.Funnel[string, int], two *pipes.Input[string, int]) bool{
		"drop": func(f *pipes.Funnel[string, int], _ *pipes.Input[string, int]) bool { return f.Drop("x") },
		"close": func(f *pipes.Funnel[string, int], _ *pipes.Input[string, int]) bool {
			f.Close()
			return f.Pending() == 1
		},
		"complete": func(f *pipes.Funnel[string, int], two *pipes.Input[string, int]) bool {
			two.Put("x", 2)
			return f.Pending() == 0
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range races {
				inMemory(t, func(t *trial) {
					f, one, two, expired := expiring()
					first := false
					time.AfterFunc(time.Minute, func() { first = end(f, two) })
					one.Put("x", 1)
					time.Sleep(time.Minute)
					t.same("it has expired", len(expired()), map[bool]int{true: 0, false: 1}[first])
					f.Close()
				})
			}
		})
	}
}

func TestEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errGaveUp)
	a := pipes.NewAnnouncement[int](pipes.Options{})
	s, _ := a.Subscribe(pipes.SubscribeOptions{})
	other, _ := a.Subscribe(pipes.SubscribeOptions{})
	if err := errors.Join(a.Put(t.Context(), 1), other.Put(t.Context(), 2)); err != nil {
		t.Fatal(err)
	}
	f := pipes.NewFunnel[int, int](pipes.FunnelOptions{})
	if err := f.Subscribe().Put(1, 1); err != nil {
		t.Fatal(err)
	}
	_, getErr := s.Get(ctx)
	_, setErr := f.Get(ctx)
	for _, err := range []error{a.Put(ctx, 3), a.PutWith(ctx, 3, pipes.DropOldest), s.Put(ctx, 3), getErr, setErr} {
		if err != errGaveUp {
			t.Errorf("%v, want %v", err, errGaveUp)
		}
	}
	if s.Len() != 2 || other.Len() != 1 {
		t.Errorf("unread: %d and %d, want 2 and 1", s.Len(), other.Len())
	}
	if _, err := f.Get(t.Context()); err != nil {
		t.Errorf("the set is gone: %v", err)
	}
}

// The error of a put that has waited says both what was missing and why it
// waited no longer.
func TestErrorOfAPutThatGaveUp(t *testing.T) {
	inMemory(t, func(t *trial) {
		a := t.make(pipes.Options{MaxSize: 1})
		t.subscribe(a, 0)
		t.subscribe(a, 0)
		t.put(a, "1")
		p := t.startPut(a, 1, "2")
		p.givesUp()
		t.full(p.err, 2)
		t.same("text", p.err.Error(), "full: 2 subscribers have no room: gave up")
	})
}

func TestUnsubscribeEndsGets(t *testing.T) {
	inMemory(t, func(t *trial) {
		a := t.make(pipes.Options{})
		s := t.subscribe(a, 0)
		one, two := t.startGet(s, 1), t.startGet(s, 2)
		t.same("Unsubscribe", s.Unsubscribe(), nil)
		one.ends(pipes.ErrUnsubscribed)
		two.ends(pipes.ErrUnsubscribed)
		_, err := s.Get(t.Context())
		t.is("Get", err, pipes.ErrUnsubscribed)
	})
}

func TestAll(t *testing.T) {
	cancelled, cancel := context.WithCancelCause(t.Context())
	for _, c := range []struct {
		name string
		ctx  context.Context
		end  func(a *pipes.Announcement[int], s *pipes.Subscription[int])
		stop int   // the loop breaks here
		want []int // values, a zero stands for the error
		err  error
	}{
		{"end of stream", t.Context(), func(a *pipes.Announcement[int], _ *pipes.Subscription[int]) { a.Close() }, 9, []int{1, 2, 3}, nil},
		{"break", t.Context(), nil, 2, []int{1, 2}, nil},
		{"context", cancelled, func(*pipes.Announcement[int], *pipes.Subscription[int]) { cancel(errGaveUp) }, 9, []int{0}, errGaveUp},
		{"unsubscribed", t.Context(), func(_ *pipes.Announcement[int], s *pipes.Subscription[int]) { s.Unsubscribe() }, 9, []int{0}, pipes.ErrUnsubscribed},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := pipes.NewAnnouncement[int](pipes.Options{Backlog: pipes.BacklogAll})
			for v := range 3 {
				a.Put(t.Context(), v+1)
			}
			s, _ := a.Subscribe(pipes.SubscribeOptions{})
			if c.end != nil {
				c.end(a, s)
			}
			got, last := collect(s, c.ctx, c.stop)
			if !slices.Equal(got, c.want) || last != c.err {
				t.Errorf("%v, %v, want %v, %v", got, last, c.want, c.err)
			}
		})
	}
}

func collect(s *pipes.Subscription[int], ctx context.Context, stop int) (got []int, last error) {
	for v, err := range s.All(ctx) {
		got, last = append(got, v), err
		if v == stop {
			break
		}
	}
	return got, last
}
