package pipes_test

import (
	"context"
	"testing"
	"time"

	"github.com/loxctl/loxctl/pipes"
)

var announceBehaviours = []behaviour{
	{"H61 every subscriber gets every value in order", func(t *trial) {
		a := t.make(pipes.Options{})
		foo, bar := t.subscribe(a, 0), t.subscribe(a, 0)
		t.put(a, "1", "2", "3", "4", "5")
		t.has(foo, "1", "2", "3", "4", "5")
		t.has(bar, "1", "2", "3", "4", "5")
	}},
	{"H62 two subscriptions are different objects", func(t *trial) {
		a := t.make(pipes.Options{})
		foo, bar := t.subscribe(a, 0), t.subscribe(a, 0)
		t.same("the same", foo == bar, false)
		t.put(a, "1")
		t.has(foo, "1")
		t.has(bar, "1")
	}},
	{"H63 a backlog of all", func(t *trial) {
		a := t.make(pipes.Options{Backlog: pipes.BacklogAll})
		t.put(a, "1", "2", "3", "4", "5")
		foo := t.subscribe(a, 0)
		t.has(foo, "1", "2", "3", "4", "5")
		t.put(a, "6")
		t.has(foo, "6")
		t.has(t.subscribe(a, 0), "1", "2", "3", "4", "5", "6")
	}},
	{"H64 a backlog of the last two", func(t *trial) {
		a := t.make(pipes.Options{Backlog: 2})
		t.has(t.subscribe(a, 0))
		t.put(a, "0")
		t.has(t.subscribe(a, 0), "0")
		t.put(a, "1", "2", "3", "4")
		late := t.subscribe(a, 0)
		t.put(a, "5")
		t.has(late, "3", "4", "5")
	}},
	{"H65 no backlog", func(t *trial) {
		a := t.make(pipes.Options{})
		t.put(a, "1") // goes nowhere
		s := t.subscribe(a, 0)
		t.empty(s)
		t.put(a, "2")
		t.has(s, "2")
	}},
	{"H66 nobody subscribes after finalize", func(t *trial) {
		a := t.make(pipes.Options{Backlog: pipes.BacklogAll})
		t.put(a, "1")
		a.Finalize()
		a.Finalize()
		for range 2 {
			s, err := a.Subscribe(0)
			if s != nil {
				t.Fatal("there is a new subscriber")
			}
			t.is("Subscribe", err, pipes.ErrFinal)
		}
		t.same("subscribers", a.Subscribers(), 0)
	}},
	{"H67 subscriptions go on after finalize", func(t *trial) {
		a := t.make(pipes.Options{Backlog: pipes.BacklogAll})
		s := t.subscribe(a, 0)
		t.put(a, "1", "2")
		a.Finalize()
		t.has(s, "1", "2")
		t.empty(s)
		t.put(a, "3")
		t.has(s, "3")
	}},
	{"H69 subscribers are counted", func(t *trial) {
		a := t.make(pipes.Options{})
		t.same("none", a.Subscribers(), 0)
		foo, bar := t.subscribe(a, 0), t.subscribe(a, 0)
		t.same("two", a.Subscribers(), 2)
		t.same("Unsubscribe", foo.Unsubscribe(), nil)
		t.same("one", a.Subscribers(), 1)
		t.same("Unsubscribe", bar.Unsubscribe(), nil)
		t.same("none", a.Subscribers(), 0)
	}},
	{"H70 maxsize of the announcement and of the subscription", func(t *trial) {
		a := t.make(pipes.Options{MaxSize: 1})
		narrow, wide := t.subscribe(a, 0), t.subscribe(a, 2)
		t.put(a, "1")
		t.full(a.Put(t.Context(), "lost", pipes.Fail), 1)
		t.has(narrow, "1")
		t.put(a, "2")
		t.full(a.Put(t.Context(), "lost", pipes.Fail), 2)
		t.has(wide, "1", "2")
		t.full(a.Put(t.Context(), "lost", pipes.Fail), 1)
		t.has(narrow, "2")
		t.put(a, "3")
	}},
	{"H71 a put that does not wait", func(t *trial) {
		a := t.make(pipes.Options{MaxSize: 1})
		s := t.subscribe(a, 0)
		t.put(a, "1")
		began := time.Now()
		t.full(a.Put(t.Context(), "2", pipes.Fail), 1)
		if took := time.Since(began); t.bubble && took != 0 {
			t.Errorf("it waited %v", took)
		}
		t.has(s, "1")
	}},
	{"H71 a put that waits for a while", func(t *trial) {
		a := t.make(pipes.Options{MaxSize: 1})
		s := t.subscribe(a, 0)
		t.put(a, "1")
		t.full(t.outlasts(brief, func(ctx context.Context) error { return a.Put(ctx, "2", pipes.Block) }), 1)
		t.has(s, "1")
		t.put(a, "3")
		t.has(s, "3")
	}},
	{"H71 a put that waits", func(t *trial) {
		a := t.make(pipes.Options{MaxSize: 2})
		s := t.subscribe(a, 0)
		t.put(a, "1", "2")
		p := t.startPut(a, 1, "3")
		v, _ := s.TryGet()
		t.same("the oldest", v, "1")
		p.ends(nil)
		t.has(s, "2", "3")
	}},
	{"H71 a put that drops the oldest", func(t *trial) {
		a := t.make(pipes.Options{MaxSize: 2})
		s, free := t.subscribe(a, 0), t.subscribe(a, 9)
		t.put(a, "1", "2")
		for _, v := range []string{"3", "4", "5"} {
			t.same("Put", a.Put(t.Context(), v, pipes.DropOldest), nil)
		}
		t.same("dropped", s.Dropped(), uint64(3))
		t.same("dropped", free.Dropped(), uint64(0))
		t.has(s, "4", "5")
		t.has(free, "1", "2", "3", "4", "5")
	}},
	{"H72 get waits, and len is of the own values", func(t *trial) {
		a := t.make(pipes.Options{})
		foo, bar := t.subscribe(a, 0), t.subscribe(a, 0)
		t.empty(foo)
		t.put(a, "1", "2")
		t.has(foo, "1", "2")
		t.same("unread of the other", bar.Len(), 2)
		p := t.startGet(foo, 1)
		t.put(a, "3")
		p.gets("3")
		t.same("unread", foo.Len(), 0)
		t.has(bar, "1", "2", "3")
	}},
	{"H73 who has unsubscribed gets nothing more", func(t *trial) {
		a := t.make(pipes.Options{MaxSize: 2})
		gone, stays := t.subscribe(a, 0), t.subscribe(a, 0)
		t.put(a, "1")
		t.same("Unsubscribe", gone.Unsubscribe(), nil)
		t.is("second Unsubscribe", gone.Unsubscribe(), pipes.ErrUnsubscribed)
		t.put(a, "2")
		t.has(stays, "1", "2")
		t.put(a, "3", "4") // it holds nobody up either
		if v, ok := gone.TryGet(); ok {
			t.Errorf("it got %q", v)
		}
	}},
	{"H73 unsubscribing makes room", func(t *trial) {
		a := t.make(pipes.Options{MaxSize: 1})
		gone, stays := t.subscribe(a, 0), t.subscribe(a, 2)
		t.put(a, "1")
		p := t.startPut(a, 1, "2")
		t.same("Unsubscribe", gone.Unsubscribe(), nil)
		p.ends(nil)
		t.has(stays, "1", "2")
	}},
}

var announceDefects = []behaviour{
	{"X16 another subscription of the same kind receives", func(t *trial) { // H74
		a := t.make(pipes.Options{})
		foo := t.subscribe(a, 0)
		clone := t.subscribe(a, 0)
		t.put(a, "1")
		t.has(clone, "1")
		t.has(foo, "1")
		t.same("Unsubscribe", clone.Unsubscribe(), nil)
		t.put(a, "2")
		t.has(foo, "2")
	}},
	{"X17 a put that waits is in nobody's way", func(t *trial) {
		a := t.make(pipes.Options{Backlog: pipes.BacklogAll, MaxSize: 1})
		slow, quick := t.subscribe(a, 0), t.subscribe(a, 9)
		t.put(a, "1")
		p := t.startPut(a, 1, "2")
		t.has(quick, "1")
		t.empty(quick)
		late := t.subscribe(a, 9)
		t.has(late, "1")
		t.same("subscribers", a.Subscribers(), 3)
		t.same("Unsubscribe", late.Unsubscribe(), nil)
		t.full(a.Put(t.Context(), "lost", pipes.Fail), 1)
		a.Finalize()
		p.waits()
		v, _ := slow.TryGet()
		t.same("value", v, "1")
		p.ends(nil)
		t.has(slow, "2")
		t.has(quick, "2")
	}},
	{"X18 a put reaches all or nobody", func(t *trial) {
		a := t.make(pipes.Options{})
		before, slow, after := t.subscribe(a, 0), t.subscribe(a, 1), t.subscribe(a, 0)
		t.put(a, "1")
		t.full(a.Put(t.Context(), "lost", pipes.Fail), 1)
		t.full(t.outlasts(brief, func(ctx context.Context) error { return a.Put(ctx, "lost", pipes.Block) }), 1)
		for _, s := range []subscriber{before, slow, after} {
			t.has(s, "1")
		}
	}},
	{"X18 one deadline for all who are full", func(t *trial) {
		a := t.make(pipes.Options{MaxSize: 1})
		s := []subscriber{t.subscribe(a, 0), t.subscribe(a, 0), t.subscribe(a, 0)}
		t.put(a, "1")
		time.AfterFunc(2*brief, func() { s[0].TryGet() })
		time.AfterFunc(4*brief, func() { s[1].TryGet() })
		t.full(t.outlasts(5*brief, func(ctx context.Context) error { return a.Put(ctx, "lost", pipes.Block) }), 1)
		t.has(s[0])
		t.has(s[1])
		t.has(s[2], "1")
	}},
	{"X19 a backlog above maxsize", func(t *trial) {
		a := t.make(pipes.Options{Backlog: pipes.BacklogAll, MaxSize: 2})
		t.put(a, "1", "2", "3", "4")
		s := t.subscribe(a, 0)
		t.same("subscribers", a.Subscribers(), 1)
		t.same("unread", s.Len(), 4)
		p := t.startPut(a, 1, "5")
		for _, want := range []string{"1", "2"} {
			v, _ := s.TryGet()
			t.same("value", v, want)
			p.waits()
		}
		v, _ := s.TryGet()
		t.same("value", v, "3")
		p.ends(nil)
		t.has(s, "4", "5")
	}},
	{"X33 close ends those who wait", func(t *trial) {
		a := t.make(pipes.Options{MaxSize: 1})
		waits, drains := t.subscribe(a, 0), t.subscribe(a, 0)
		t.put(a, "1")
		t.has(waits, "1")
		get, put := t.startGet(waits, 1), t.startPut(a, 1, "lost")
		a.Finalize()
		get.waits()
		a.Close()
		a.Close()
		get.ends(pipes.ErrEnd)
		put.ends(pipes.ErrClosed)
		t.is("Put", a.Put(t.Context(), "lost", pipes.DropOldest), pipes.ErrClosed)
		t.has(drains, "1")
		for _, s := range []subscriber{waits, drains, drains} {
			_, err := s.Get(t.Context())
			t.is("Get", err, pipes.ErrEnd)
		}
	}},
	{"X33 the backlog is still to be had after close", func(t *trial) {
		a := t.make(pipes.Options{Backlog: pipes.BacklogAll})
		t.put(a, "1")
		a.Close()
		s := t.subscribe(a, 0)
		t.has(s, "1")
		_, err := s.Get(t.Context())
		t.is("Get", err, pipes.ErrEnd)
	}},
}

var memberBehaviours = []behaviour{
	{"H63 a subscriber's subscriber has the backlog", func(t *trial) {
		a := t.make(pipes.Options{Backlog: pipes.BacklogAll})
		t.put(a, "1", "2")
		t.has(t.subscribe(t.member(t.subscribe(a, 0)).Others(), 0), "1", "2")
	}},
	{"H66 a subscriber finalizes for all", func(t *trial) {
		a := t.make(pipes.Options{})
		foo, bar := t.subscribe(a, 0), t.subscribe(a, 0)
		t.member(foo).Others().Finalize()
		for _, x := range []announcer{a, t.member(foo).Others(), t.member(bar).Others()} {
			_, err := x.Subscribe(0)
			t.is("Subscribe", err, pipes.ErrFinal)
		}
	}},
	{"H68 what a subscriber puts reaches all others", func(t *trial) {
		a := t.make(pipes.Options{})
		foo, bar, baz := t.subscribe(a, 0), t.subscribe(a, 0), t.subscribe(a, 0)
		t.same("Put", t.member(foo).Put(t.Context(), "1"), nil)
		t.same("Put", t.member(bar).Put(t.Context(), "2"), nil)
		t.put(a, "3")
		t.same("Put", t.member(bar).Put(t.Context(), "4"), nil)
		t.has(foo, "2", "3", "4")
		t.has(bar, "1", "3")
		t.has(baz, "1", "2", "3", "4")
	}},
	{"H68 the sender's own room is of no concern", func(t *trial) {
		a := t.make(pipes.Options{})
		foo, bar := t.subscribe(a, 1), t.subscribe(a, 0)
		t.put(a, "1")
		t.same("Put", t.member(foo).Put(t.Context(), "2"), nil)
		t.full(a.Put(t.Context(), "lost", pipes.Fail), 1)
		t.has(foo, "1")
		t.has(bar, "1", "2")
	}},
	{"H73 a member that has unsubscribed puts nothing", func(t *trial) {
		a := t.make(pipes.Options{})
		foo, bar := t.subscribe(a, 0), t.subscribe(a, 0)
		t.same("Unsubscribe", foo.Unsubscribe(), nil)
		t.is("Put", t.member(foo).Put(t.Context(), "1"), pipes.ErrUnsubscribed)
		t.has(bar)
	}},
}

// member is s if its family has members.
func (t *trial) member(s subscriber) member {
	m, ok := s.(member)
	if !ok {
		t.Skip("subscribers of this family do not put")
	}
	return m
}

// What the table cannot say of other families: the order of puts that wait is
// promised in memory only.

func TestWaitingPutsAreServedInOrder(t *testing.T) {
	inMemory(t, func(t *trial) {
		a := t.make(pipes.Options{MaxSize: 1})
		s := t.subscribe(a, 0)
		t.put(a, "0")
		first, second, third := t.startPut(a, 1, "1"), t.startPut(a, 2, "2"), t.startPut(a, 3, "3")
		second.givesUp()
		for i, p := range []*pending{first, third} {
			p.waits()
			v, _ := s.TryGet()
			t.same("value", v, []string{"0", "1"}[i])
			p.ends(nil)
		}
		t.has(s, "3")
	})
}

// A put with room of its own does not overtake one without.
func TestNoPutOvertakes(t *testing.T) {
	inMemory(t, func(t *trial) {
		a := pipes.NewAnnouncement[string](pipes.Options{MaxSize: 1})
		s, _ := a.Subscribe(pipes.SubscribeOptions{})
		free, _ := a.Subscribe(pipes.SubscribeOptions{MaxSize: -1})
		mine := func(ctx context.Context) (string, error) { return "", s.Put(ctx, "mine") }
		t.same("Put", a.Put(t.Context(), "0"), nil)
		theirs := t.startPut(memAnnouncer{a}, 1, "theirs")
		t.full(a.PutWith(t.Context(), "lost", pipes.Fail), 1)
		own := t.start(a, 2, mine) // there is room for it, as s is full only for others
		theirs.givesUp()
		own.ends(nil) // nobody is before it any more
		t.has(memSubscriber{s}, "0")
		t.has(memSubscriber{free}, "0", "mine")
	})
}

// A put that drops takes along those who were there before.
func TestDropOldestServesTheLine(t *testing.T) {
	inMemory(t, func(t *trial) {
		a := t.make(pipes.Options{})
		narrow, wide := t.subscribe(a, 2), t.subscribe(a, 3)
		t.put(a, "0", "1")
		first, second := t.startPut(a, 1, "2"), t.startPut(a, 2, "3")
		t.same("Put", a.Put(t.Context(), "4", pipes.DropOldest), nil)
		first.ends(nil)
		second.ends(nil)
		t.same("dropped", narrow.Dropped(), uint64(3))
		t.same("dropped", wide.Dropped(), uint64(2))
		t.has(narrow, "3", "4")
		t.has(wide, "2", "3", "4")
	})
}
