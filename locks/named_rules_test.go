//go:build unix

package locks

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/loxctl/loxctl/internal/state"
)

// A call is an Acquire that may wait.
type call struct {
	hold chan *Hold
	err  chan error
	end  context.CancelFunc
}

// queue calls Acquire and returns when that stands in line, behind the others.
func queue(t testing.TB, d *Dir, kind Kind, name string, l Locker) *call {
	t.Helper()
	before := countWaiting(t, d, kind, name)
	ctx, cancel := context.WithCancel(t.Context())
	c := &call{make(chan *Hold, 1), make(chan error, 1), cancel}
	go func() {
		h, err := l.Acquire(ctx)
		if err != nil {
			c.err <- err
			return
		}
		c.hold <- h
	}()
	until(t, func() bool { return countWaiting(t, d, kind, name) > before })
	return c
}

func countWaiting(t testing.TB, d *Dir, kind Kind, name string) (n int) {
	t.Helper()
	infos, err := d.Inspect(kind, name)
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range infos {
		if !info.Held {
			n++
		}
	}
	return n
}

// until spins until ok, and fails the test if that takes too long.
func until(t testing.TB, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("this does not come")
		}
	}
}

// got returns the hold of a call that must get it now.
func (c *call) got(t testing.TB) *Hold {
	t.Helper()
	select {
	case h := <-c.hold:
		return h
	case err := <-c.err:
		t.Fatal(err)
	case <-time.After(5 * time.Second):
		t.Fatal("still waiting")
	}
	return nil
}

// waits fails the test if the call has got the lock.
func (c *call) waits(t testing.TB) {
	t.Helper()
	select {
	case h := <-c.hold:
		t.Fatalf("token %d has got in", h.Token())
	case err := <-c.err:
		t.Fatal(err)
	default:
	}
}

// A head of the line that finds the lock held sleeps on the byte P of somebody
// inside. Without that it would turn in circles.
func TestNamedHeadSleeps(t *testing.T) {
	d := openTemp(t)
	reader := acquire(t, d.RWLock("a").Reader())
	writer := d.QLock("a").(*named)
	p := &participant{named: writer, fifo: -1}
	if err := p.guarded.open(t.Context(), writer, false); err != nil {
		t.Fatal(err)
	}
	p.body = p.file
	inside, err := p.enqueue(false)
	if err != nil || inside {
		t.Fatal(inside, err)
	}
	if err := p.unlock(); err != nil {
		t.Fatal(err)
	}
	defer p.leave()
	w := waiter{participant: p, ctx: t.Context()}
	turned := make(chan error, 1)
	go func() {
		_, err := w.turn()
		turned <- err
	}()
	asleep := func() bool {
		d.waits.mu.Lock()
		defer d.waits.mu.Unlock()
		return d.waits.own[spot{p.id, baseP + int64(reader.Token())}] != nil
	}
	until(t, func() bool { return asleep() || len(turned) > 0 })
	if len(turned) > 0 {
		t.Error("a head turns while somebody is inside")
	}
	release(t, reader)
	if err := <-turned; err != nil {
		t.Error(err)
	}
}

// Probes of waiters who have given up stay on bytes for a while. They are in
// nobody's way.
func TestNamedTryIgnoresProbes(t *testing.T) {
	d := openTemp(t)
	for _, l := range []Locker{d.QLock("a"), d.RWLock("a").Reader(), d.RWLock("a").PoliteReader(), d.LightSwitch("s", "a")} {
		release(t, acquire(t, l))
		path, err := d.Path(KindLock, "a")
		if err != nil {
			t.Fatal(err)
		}
		f, err := state.OpenFile(path, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i := range int64(50) {
			for _, base := range []int64{baseQ, baseP, baseR} {
				if err := f.Lock(base+3*i, state.ReadLock); err != nil {
					t.Fatal(err)
				}
			}
		}
		if free, err := d.Check(KindLock, "a"); err != nil || !free {
			t.Errorf("check: %v, %v", free, err)
		}
		h, err := l.TryAcquire()
		if err != nil {
			t.Errorf("try: %v", err)
		} else {
			release(t, h)
		}
		f.Close()
	}
}

// A release frees the lock although a process that has inherited it goes on.
func TestNamedReleaseIsForHeirsToo(t *testing.T) {
	d := openTemp(t)
	for name, l := range map[string]Locker{
		"lock": d.QLock("a"), "reader": d.RWLock("b").Reader(), "slot": d.IndexSemaphore("c", 1),
	} {
		h := acquire(t, l)
		heir := File(h)
		release(t, h)
		if h, err := l.TryAcquire(); err != nil {
			t.Errorf("%s: %v", name, err)
		} else {
			release(t, h)
		}
		heir.Close()
	}
}

// Readers next to each other in line are inside together.
func TestNamedReadersFollow(t *testing.T) {
	d := openTemp(t)
	for name, l := range map[string]Locker{"fair": d.RWLock("a").Reader(), "polite": d.RWLock("b").PoliteReader()} {
		lock := map[string]string{"fair": "a", "polite": "b"}[name]
		writer := acquire(t, d.QLock(lock))
		var calls []*call
		for range 4 {
			calls = append(calls, queue(t, d, KindLock, lock, l))
		}
		release(t, writer)
		var holds []*Hold
		for _, c := range calls {
			holds = append(holds, c.got(t))
		}
		for _, h := range holds {
			release(t, h)
		}
	}
}

// The line is X A1 Y A2. When A1 gets in, its mate A2 follows at once, and Y
// after both.
func TestNamedMatesFollow(t *testing.T) {
	d := openTemp(t)
	l, member := d.QLock("a"), d.LightSwitch("s", "a")
	x := acquire(t, l)
	a1 := queue(t, d, KindLock, "a", member)
	y := queue(t, d, KindLock, "a", l)
	a2 := queue(t, d, KindLock, "a", member)
	release(t, x)
	first, second := a1.got(t), a2.got(t)
	y.waits(t)
	release(t, first)
	y.waits(t)
	release(t, second)
	release(t, y.got(t))
}

// Waiters enter in the order of their arrival, whichever of them gives up.
func TestNamedOrder(t *testing.T) {
	for name, quitters := range map[string][]int{"all": nil, "middle": {7, 8, 20}, "head": {0, 1}, "last": {25}} {
		t.Run(name, func(t *testing.T) {
			d := openTemp(t)
			l := d.QLock("a")
			h := acquire(t, l)
			calls := make([]*call, 26)
			for i := range calls {
				calls[i] = queue(t, d, KindLock, "a", l)
			}
			for _, i := range quitters {
				calls[i].end()
				if err := <-calls[i].err; err != context.Canceled {
					t.Fatal(err)
				}
				calls[i] = nil
			}
			for _, c := range calls {
				if c == nil {
					continue
				}
				c.waits(t)
				release(t, h)
				h = c.got(t)
			}
			release(t, h)
		})
	}
}
