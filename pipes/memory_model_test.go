package pipes_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/loxctl/loxctl/pipes"
)

// A model is the reference of an announcement: plain slices, everything copied
// and counted anew, by the plainest rules. Values are numbers.
type model struct {
	pipes.Options
	log           []int
	subs          []*modelSub
	line          []modelPut
	final, closed bool
	outcomes      map[int]string // of calls that are over
}

type modelSub struct {
	max, dropped int
	unread       []int
	getters      []int // calls
	gone         bool
}

type modelPut struct{ call, value, from int } // from -1: nobody

func (m *model) fullFor(from int) (n int) {
	for i, s := range m.subs {
		if i != from && !s.gone && s.max > 0 && len(s.unread) >= s.max {
			n++
		}
	}
	return n
}

func (m *model) deliver(p modelPut) {
	m.outcomes[p.call] = "<nil>"
	m.log = append(m.log, p.value)
	for i, s := range m.subs {
		switch {
		case i == p.from || s.gone:
		case len(s.getters) > 0:
			m.outcomes[s.getters[0]] = fmt.Sprint(p.value)
			s.getters = s.getters[1:]
		default:
			s.unread = append(s.unread, p.value)
		}
	}
}

func (m *model) settle() {
	for len(m.line) > 0 && m.fullFor(m.line[0].from) == 0 {
		m.deliver(m.line[0])
		m.line = m.line[1:]
	}
}

func (m *model) put(p modelPut, w pipes.WhenFull) {
	full := m.fullFor(p.from)
	switch {
	case p.from >= 0 && m.subs[p.from].gone:
		m.outcomes[p.call] = pipes.ErrUnsubscribed.Error()
	case m.closed:
		m.outcomes[p.call] = pipes.ErrClosed.Error()
	case full == 0 && len(m.line) == 0:
		m.deliver(p)
	case w == pipes.Block:
		m.line = append(m.line, p)
	case w == pipes.Fail:
		if full == 0 {
			full = m.fullFor(m.line[0].from)
		}
		m.outcomes[p.call] = (&pipes.FullError{Full: full}).Error()
	default:
		for _, p := range append(m.line, p) {
			m.drop(p.from)
			m.deliver(p)
		}
		m.line = nil
	}
}

func (m *model) drop(from int) {
	for i, s := range m.subs {
		if i != from && !s.gone && s.max > 0 && len(s.unread) >= s.max {
			s.unread = s.unread[1:]
			s.dropped++
		}
	}
}

func (m *model) subscribe(size int) {
	s := &modelSub{max: size}
	if size == 0 {
		s.max = m.MaxSize
	}
	switch {
	case m.Backlog < 0:
		s.unread = slices.Clone(m.log)
	case m.Backlog > 0:
		s.unread = slices.Clone(m.log[max(0, len(m.log)-m.Backlog):])
	}
	m.subs = append(m.subs, s)
}

func (m *model) get(call, i int) {
	switch s := m.subs[i]; {
	case s.gone:
		m.outcomes[call] = pipes.ErrUnsubscribed.Error()
	case len(s.unread) > 0:
		m.outcomes[call] = fmt.Sprint(s.unread[0])
		s.unread = s.unread[1:]
		m.settle()
	case m.closed:
		m.outcomes[call] = pipes.ErrEnd.Error()
	default:
		s.getters = append(s.getters, call)
	}
}

// cancel ends the context of a call, if that is not over.
func (m *model) cancel(call int) {
	for _, s := range m.subs {
		if i := slices.Index(s.getters, call); i >= 0 {
			s.getters = slices.Delete(s.getters, i, i+1)
			m.outcomes[call] = errGaveUp.Error()
		}
	}
	i := slices.IndexFunc(m.line, func(p modelPut) bool { return p.call == call })
	if i < 0 {
		return
	}
	full := m.fullFor(m.line[i].from)
	if full == 0 {
		full = m.fullFor(m.line[0].from)
	}
	m.line = slices.Delete(m.line, i, i+1)
	m.outcomes[call] = fmt.Sprintf("%v: %v", &pipes.FullError{Full: full}, errGaveUp)
	m.settle()
}

func (m *model) unsubscribe(i int) (err error) {
	s := m.subs[i]
	if s.gone {
		return pipes.ErrUnsubscribed
	}
	for _, call := range s.getters {
		m.outcomes[call] = pipes.ErrUnsubscribed.Error()
	}
	s.gone, s.getters, s.unread = true, nil, nil
	m.settle()
	return nil
}

func (m *model) close() {
	m.closed = true
	for _, p := range m.line {
		m.outcomes[p.call] = pipes.ErrClosed.Error()
	}
	m.line = nil
	for _, s := range m.subs {
		for _, call := range s.getters {
			m.outcomes[call] = pipes.ErrEnd.Error()
		}
		s.getters = nil
	}
}

// A duel does the same to an announcement and to its model.
type duel struct {
	t     *testing.T
	model model
	real  *pipes.Announcement[int]
	subs  []*pipes.Subscription[int]
	calls
}

// Calls are made in goroutines of their own.
type calls struct {
	cancels  []context.CancelCauseFunc
	outcomes chan outcome
}

type outcome struct {
	call int
	text string
}

func newCalls() calls { return calls{outcomes: make(chan outcome, 1000)} }

// start makes a call, and returns its number.
func (c *calls) start(ctx context.Context, f func(ctx context.Context) (any, error)) int {
	call := len(c.cancels)
	ctx, cancel := context.WithCancelCause(ctx)
	c.cancels = append(c.cancels, cancel)
	go func() {
		v, err := f(ctx)
		if v == nil || err != nil {
			v = err
		}
		c.outcomes <- outcome{call, fmt.Sprint(v)}
	}()
	return call
}

// over checks that those calls are over which should be.
func (c *calls) over(t *testing.T, want map[int]string) {
	t.Helper()
	synctest.Wait()
	for len(c.outcomes) > 0 {
		o := <-c.outcomes
		if want[o.call] != o.text {
			t.Fatalf("call %d: %s, want %q", o.call, o.text, want[o.call])
		}
		delete(want, o.call)
	}
	if len(want) > 0 {
		t.Fatalf("still wait: %v", want)
	}
}

func newDuel(t *testing.T, o pipes.Options) *duel {
	m := model{Options: o, outcomes: make(map[int]string)}
	return &duel{t: t, model: m, real: pipes.NewAnnouncement[int](o), calls: newCalls()}
}

// step does what two bytes say, and compares.
func (d *duel) step(op, arg byte) {
	who := -1
	if len(d.subs) > 0 {
		who = int(arg>>3) % len(d.subs)
	}
	switch op %= 16; {
	case op == 0 && len(d.subs) < 6:
		d.subscribe(int(arg%5) - 1)
	case op <= 4:
		d.put(-1, pipes.WhenFull(arg%3))
	case op <= 6 && who >= 0:
		d.put(who, d.model.WhenFull)
	case op <= 9 && who >= 0:
		call := d.start(d.t.Context(), func(ctx context.Context) (any, error) { return d.subs[who].Get(ctx) })
		d.model.get(call, who)
	case op <= 11 && who >= 0:
		d.tryGet(who)
	case op <= 13 && len(d.cancels) > 0:
		call := len(d.cancels) - 1 - int(arg)%min(8, len(d.cancels))
		d.cancels[call](errGaveUp)
		d.model.cancel(call)
	case op == 14 && who >= 0 && arg%4 == 0:
		if got, want := d.subs[who].Unsubscribe(), d.model.unsubscribe(who); got != want {
			d.t.Fatalf("Unsubscribe: %v, want %v", got, want)
		}
	case op == 15 && arg%16 == 0:
		d.real.Finalize()
		d.model.final, d.model.log, d.model.Backlog = true, nil, 0
	case op == 15 && arg%32 == 1:
		d.real.Close()
		d.model.close()
	}
	d.compare()
}

func (d *duel) subscribe(size int) {
	s, err := d.real.Subscribe(pipes.SubscribeOptions{MaxSize: size})
	if d.model.final {
		if err != pipes.ErrFinal {
			d.t.Fatalf("Subscribe: %v", err)
		}
		return
	}
	d.subs = append(d.subs, s)
	d.model.subscribe(size)
}

func (d *duel) put(from int, w pipes.WhenFull) {
	v := len(d.cancels) + 1
	call := d.start(d.t.Context(), func(ctx context.Context) (any, error) {
		if from >= 0 {
			return nil, d.subs[from].Put(ctx, v)
		}
		return nil, d.real.PutWith(ctx, v, w)
	})
	d.model.put(modelPut{call, v, from}, w)
}

func (d *duel) tryGet(i int) {
	v, ok := d.subs[i].TryGet()
	want := 0
	if s := d.model.subs[i]; len(s.unread) > 0 {
		want, s.unread = s.unread[0], s.unread[1:]
		d.model.settle()
	}
	if v != want || ok != (want > 0) {
		d.t.Fatalf("TryGet: %d, %v, want %d", v, ok, want)
	}
}

func (d *duel) compare() {
	d.t.Helper()
	d.over(d.t, d.model.outcomes)
	here := 0
	for i, s := range d.model.subs {
		if !s.gone {
			here++
		}
		if n, dropped := d.subs[i].Len(), d.subs[i].Dropped(); n != len(s.unread) || dropped != uint64(s.dropped) {
			d.t.Fatalf("subscriber %d: %d unread, %d dropped, want %v and %d", i, n, dropped, s.unread, s.dropped)
		}
	}
	if n := d.real.Subscribers(); n != here {
		d.t.Fatalf("%d subscribers, want %d", n, here)
	}
}

// fight plays a script: two bytes of options, two for each step.
func fight(t *testing.T, script []byte) {
	if len(script) < 2 || len(script) > 1000 {
		return
	}
	synctest.Test(t, func(t *testing.T) {
		o := pipes.Options{
			Backlog:  int(script[0]%5) - 1,
			MaxSize:  int(script[1] % 4),
			WhenFull: pipes.WhenFull(script[0] / 5 % 3),
		}
		d := newDuel(t, o)
		for script = script[2:]; len(script) >= 2; script = script[2:] {
			d.step(script[0], script[1])
		}
	})
}

func randomScript(r *rand.Rand, n int) []byte {
	script := make([]byte, n)
	for i := range script {
		script[i] = byte(r.Uint32())
	}
	return script
}

func TestAnnouncementAgainstModel(t *testing.T) {
	for seed := range uint64(300) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { fight(t, randomScript(rand.New(rand.NewPCG(seed, 1)), 400)) })
	}
}

func FuzzAnnouncement(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(randomScript(rand.New(rand.NewPCG(seed, 2)), 100))
	}
	f.Fuzz(fight)
}
