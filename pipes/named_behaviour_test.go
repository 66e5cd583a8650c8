//go:build linux

package pipes_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/loxctl/loxctl/pipes"
)

// The same behaviours of what is named: within one process, and with every
// handle in a process of its own. Skipped is only what a named announcement does
// not have: subscribers that put.
func TestNamedBehaviour(t *testing.T) {
	namedFamily("named", false).run(t)
	namedFamily("named apart", true).run(t)
}

func namedFamily(name string, apart bool) family {
	return family{
		name: name,
		announce: func(t *testing.T, o pipes.Options) announcer {
			h := newNamedHome(t, apart)
			s := pipes.Settings{Backlog: int64(o.Backlog), MaxSize: uint64(o.MaxSize), WhenFull: o.WhenFull}
			topic, err := h.open().CreateAnnouncement("news", s)
			h.must(err)
			return &namedAnnouncer{h: h, topic: topic}
		},
		funnel: func(t *testing.T, inputs int, o pipes.FunnelOptions) funneler {
			h := newNamedHome(t, apart)
			names := make([]string, inputs)
			for i := range names {
				names[i] = inputName(i)
			}
			join, err := h.open().CreateFunnel("f", names, pipes.Settings{Replace: o.Replace})
			h.must(err)
			return &namedFunneler{h: h, join: join, others: make(map[int]inputer)}
		},
		blocked: blockedNamed,
	}
}

// blockedNamed waits until so many calls wait. It polls: there is nothing else
// to be seen of them.
func blockedNamed(t *testing.T, x any, n int) {
	waiting := func() int {
		switch x := x.(type) {
		case *namedAnnouncer:
			return x.topic.PutsWaiting()
		case *namedSubscriber:
			return x.topic.GetsWaiting()
		}
		return x.(*namedFunneler).join.GetsWaiting()
	}
	for giveUp := time.Now().Add(patient); waiting() < n; time.Sleep(time.Millisecond) {
		if time.Now().After(giveUp) {
			t.Fatalf("%d calls wait, want %d", waiting(), n)
		}
	}
}

// namedHome is the directory of a trial.
type namedHome struct {
	t     *testing.T
	path  string
	apart bool
	first *pipes.Dir
}

func newNamedHome(t *testing.T, apart bool) *namedHome {
	return &namedHome{t: t, path: filepath.Join(t.TempDir(), "home"), apart: apart}
}

// open returns the directory, as another process would have it if handles are
// apart.
func (h *namedHome) open() *pipes.Dir {
	h.t.Helper()
	if h.first != nil && !h.apart {
		return h.first
	}
	d, err := pipes.Open(h.path)
	h.must(err)
	h.t.Cleanup(func() { d.Close() })
	h.first = d
	return d
}

func (h *namedHome) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

type namedAnnouncer struct {
	h     *namedHome
	topic *pipes.Topic
	made  int // subscribers
}

func (a *namedAnnouncer) Put(ctx context.Context, v string, w pipes.WhenFull) error {
	_, err := a.topic.Put(ctx, pipes.PutOptions{WhenFull: &w}, []byte(v))
	return err
}

func (a *namedAnnouncer) Subscribe(maxSize int) (subscriber, error) {
	a.made++
	name := fmt.Sprint("s", a.made)
	topic, err := a.h.open().Announcement("news")
	a.h.must(err)
	c, err := topic.Subscribe(a.h.t.Context(), name, pipes.CursorOptions{MaxSize: uint64(maxSize)})
	if err != nil {
		return nil, err
	}
	return &namedSubscriber{h: a.h, topic: topic, name: name, c: c}, nil
}

func (a *namedAnnouncer) info() pipes.Info {
	info, err := a.topic.Info()
	a.h.must(err)
	return info
}

func (a *namedAnnouncer) Subscribers() int { return len(a.info().Subscribers) }
func (a *namedAnnouncer) Finalize()        { a.h.must(a.topic.Finalize()) }
func (a *namedAnnouncer) Close()           { a.h.must(a.topic.Close()) }

// A namedSubscriber has consumed what it was given.
type namedSubscriber struct {
	h     *namedHome
	topic *pipes.Topic
	name  string
	mu    sync.Mutex // one goroutine at a time may use the cursor
	c     *pipes.Cursor
}

func (s *namedSubscriber) Get(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.c.Next(ctx)
	if err != nil {
		return "", err
	}
	return string(r.Data), s.c.Commit(r.Seq)
}

func (s *namedSubscriber) TryGet() (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok, err := s.c.TryNext()
	if !ok || err != nil {
		return "", false
	}
	v := string(r.Data)
	return v, s.c.Commit(r.Seq) == nil
}

func (s *namedSubscriber) info() (is pipes.SubscriberInfo) {
	info, err := s.topic.Info()
	s.h.must(err)
	if i := slices.IndexFunc(info.Subscribers, func(is pipes.SubscriberInfo) bool { return is.Name == s.name }); i >= 0 {
		is = info.Subscribers[i]
	}
	return is
}

func (s *namedSubscriber) Len() int        { return int(s.info().Unread) }
func (s *namedSubscriber) Dropped() uint64 { return s.info().Dropped }

// Unsubscribe is ErrUnsubscribed for a name that is not there any more.
func (s *namedSubscriber) Unsubscribe() error {
	err := s.topic.Unsubscribe(s.name)
	if unknown := (*pipes.SubscriberError)(nil); errors.As(err, &unknown) {
		return fmt.Errorf("%w: %w", pipes.ErrUnsubscribed, err)
	}
	return err
}

func inputName(i int) string { return fmt.Sprint("input", i) }

type namedFunneler struct {
	h      *namedHome
	join   *pipes.Join
	others map[int]inputer // by number, each of a Dir of its own if handles are apart
}

func (f *namedFunneler) Subscribe() inputer {
	i := f.Inputs()
	f.h.must(f.join.AddInput(inputName(i)))
	return f.Input(i)
}

func (f *namedFunneler) Input(i int) inputer {
	if f.others[i] == nil {
		join, err := f.h.open().Funnel("f")
		f.h.must(err)
		f.others[i] = namedInput{join, inputName(i)}
	}
	return f.others[i]
}

func (f *namedFunneler) Inputs() int { return len(f.join.Inputs()) }
func (f *namedFunneler) Close()      { f.h.must(f.join.Close()) }

// Get is a getter of its own, which acknowledges what it got.
func (f *namedFunneler) Get(ctx context.Context) (set, error) {
	g, err := f.join.Getter(ctx)
	f.h.must(err)
	defer g.Close()
	s, err := g.Next(ctx)
	if err != nil {
		return set{}, err
	}
	got := set{Job: s.Job}
	for _, v := range s.Values {
		got.Values = append(got.Values, string(v))
	}
	return got, g.Ack(s.Seq)
}

func (f *namedFunneler) Pending() int {
	info, err := f.join.Info()
	f.h.must(err)
	return info.Pending
}

func (f *namedFunneler) Drop(job string) bool {
	err := f.join.Drop(job)
	if unknown := (*pipes.JobError)(nil); errors.As(err, &unknown) {
		return false
	}
	f.h.must(err)
	return true
}

type namedInput struct {
	join *pipes.Join
	name string
}

func (in namedInput) Put(job, v string) error {
	_, err := in.join.Put(context.Background(), pipes.PutOptions{}, in.name, job, []byte(v))
	return err
}

func (in namedInput) Index() int { return slices.Index(in.join.Inputs(), in.name) }
