package pipes_test

import (
	"context"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/loxctl/loxctl/pipes"
)

// A page is a value whose end can be seen.
type page struct{ _ [4096]byte }

// freed says whether what w points to is gone once the garbage is collected.
func freed(w weak.Pointer[page]) bool {
	runtime.GC()
	runtime.GC()
	return w.Value() == nil
}

func checkFreed(t *testing.T, what string, w weak.Pointer[page], want bool) {
	t.Helper()
	if got := freed(w); got != want {
		t.Errorf("%s: freed is %v, want %v", what, got, want)
	}
}

// putPage puts a new page that only a knows of.
func putPage(t *testing.T, put func(context.Context, *page) error) weak.Pointer[page] {
	t.Helper()
	p := new(page)
	if err := put(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	return weak.Make(p)
}

func subscribePages(t *testing.T, a *pipes.Announcement[*page]) *pipes.Subscription[*page] {
	t.Helper()
	s, err := a.Subscribe(pipes.SubscribeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A value is kept while somebody is to read it, and no longer, though all of
// them stay.
func TestX36ValuesAreFreedByTheLastReader(t *testing.T) {
	a := pipes.NewAnnouncement[*page](pipes.Options{})
	checkFreed(t, "nobody", putPage(t, a.Put), true)
	one, two := subscribePages(t, a), subscribePages(t, a)
	w := putPage(t, a.Put)
	one.TryGet()
	checkFreed(t, "one is to read it", w, false)
	two.TryGet()
	checkFreed(t, "both have read it", w, true)
	w = putPage(t, a.Put)
	one.TryGet()
	two.Unsubscribe()
	checkFreed(t, "the other has unsubscribed", w, true)
	w = putPage(t, one.Put)
	checkFreed(t, "nobody but the sender", w, true)
	runtime.KeepAlive(a)
	runtime.KeepAlive(one)
	runtime.KeepAlive(two)
}

// What a member puts after something that it has not read goes when it reads on.
func TestX36OwnValuesAreFreed(t *testing.T) {
	a := pipes.NewAnnouncement[*page](pipes.Options{})
	s := subscribePages(t, a)
	unread := putPage(t, a.Put)
	own := putPage(t, s.Put)
	checkFreed(t, "unread", unread, false)
	s.TryGet()
	checkFreed(t, "read", unread, true)
	checkFreed(t, "own", own, true)
	runtime.KeepAlive(s)
}

func TestX36BacklogIsFreed(t *testing.T) { // H67
	a := pipes.NewAnnouncement[*page](pipes.Options{Backlog: 2})
	first, second, third := putPage(t, a.Put), putPage(t, a.Put), putPage(t, a.Put)
	checkFreed(t, "before the last two", first, true)
	checkFreed(t, "in the backlog", second, false)
	a.Finalize()
	checkFreed(t, "after finalize", second, true)
	checkFreed(t, "after finalize", third, true)
	checkFreed(t, "put after finalize", putPage(t, a.Put), true)
	runtime.KeepAlive(a)
}

// So is a subscription that has been given back.
func TestX36SubscriptionsAreFreed(t *testing.T) {
	a := pipes.NewAnnouncement[*page](pipes.Options{})
	subscribePages(t, a)
	s := subscribePages(t, a)
	w := weak.Make(s)
	s.Unsubscribe()
	runtime.GC()
	if w.Value() != nil {
		t.Error("it is still there")
	}
	runtime.KeepAlive(a)
}

func TestX36DroppedValuesAreFreed(t *testing.T) {
	a := pipes.NewAnnouncement[*page](pipes.Options{MaxSize: 1, WhenFull: pipes.DropOldest})
	s := subscribePages(t, a)
	first, second := putPage(t, a.Put), putPage(t, a.Put)
	checkFreed(t, "dropped", first, true)
	checkFreed(t, "kept", second, false)
	runtime.KeepAlive(s)
}

func TestX36SetsAreFreed(t *testing.T) {
	f := pipes.NewFunnel[int, *page](pipes.FunnelOptions{Expire: time.Hour})
	in := f.Subscribe()
	put := func(_ context.Context, p *page) error { return in.Put(1, p) }
	first, second := putPage(t, put), putPage(t, put)
	checkFreed(t, "ready", first, false)
	f.Get(t.Context())
	checkFreed(t, "taken", first, true)
	checkFreed(t, "ready", second, false)
	f.Subscribe()
	begun := putPage(t, put)
	f.Drop(1)
	checkFreed(t, "dropped", begun, true)
	never := putPage(t, put)
	f.Close()
	checkFreed(t, "never complete, in a funnel that is over", never, true)
}

// A put allocates the same for few and for many, and takes a time that grows
// with their number, not with its square. The bound is far above the first and
// far below the second, for a machine that does other things as well.
func TestX34PutCostsTheSameForEach(t *testing.T) {
	few, many := newCrowd(t, 200), newCrowd(t, 1600)
	few.put(t)
	many.put(t)
	if a, b := testing.AllocsPerRun(100, func() { few.put(t) }), testing.AllocsPerRun(100, func() { many.put(t) }); a != b || b > 2 {
		t.Errorf("%v allocations for 200, %v for 1600", a, b)
	}
	a, b := few.fastest(t), many.fastest(t)
	if b > 25*a {
		t.Errorf("%v for 200, %v for 1600: more than 25 times as much", a, b)
	}
}

// A crowd is an announcement with subscribers that are full.
type crowd struct{ *pipes.Announcement[int] }

func newCrowd(t testing.TB, n int) crowd {
	a := pipes.NewAnnouncement[int](pipes.Options{MaxSize: 4, WhenFull: pipes.DropOldest})
	for range n {
		if _, err := a.Subscribe(pipes.SubscribeOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return crowd{a}
}

func (c crowd) put(t testing.TB) {
	if err := c.Put(t.Context(), 1); err != nil {
		t.Error(err)
	}
}

func (c crowd) fastest(t testing.TB) time.Duration {
	best := time.Hour
	for range 20 {
		began := time.Now()
		for range 20 {
			c.put(t)
		}
		best = min(best, time.Since(began))
	}
	return best
}

// Neither of them has a goroutine of its own, closed or not.
func TestNoGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	a := newCrowd(t, 10)
	f := pipes.NewFunnel[int, int](pipes.FunnelOptions{Expire: time.Hour})
	one, _ := f.Subscribe(), f.Subscribe()
	for job := range 100 {
		a.put(t)
		if err := one.Put(job, job); err != nil {
			t.Fatal(err)
		}
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines, %d before", n, before)
	}
	f.Close()
}
