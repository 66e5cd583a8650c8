package locks

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

func openTemp(t testing.TB) *Dir {
	t.Helper()
	d, err := Open(t.TempDir() + "/state")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func acquire(t testing.TB, l Locker) *Hold {
	t.Helper()
	h, err := l.Acquire(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func release(t testing.TB, h *Hold) {
	t.Helper()
	if err := h.Release(); err != nil {
		t.Fatal(err)
	}
}

func TestNamedLockKeepsOthersOut(t *testing.T) {
	d := openTemp(t)
	l := d.QLock("db")
	h := acquire(t, l)
	if _, err := l.TryAcquire(); err != ErrHeld {
		t.Fatalf("second try: %v", err)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, errors.New("late"))
	defer cancel()
	if _, err := l.Acquire(ctx); err == nil || err.Error() != "late" {
		t.Fatalf("second acquire: %v", err)
	}
	release(t, h)
	if err := h.Release(); err != ErrReleased {
		t.Fatalf("second release: %v", err)
	}
	again := acquire(t, l)
	if again.Token() <= h.Token() {
		t.Errorf("token fell from %d to %d", h.Token(), again.Token())
	}
	release(t, again)
}

func TestNamedSemaphoreCountsInProcess(t *testing.T) {
	d := openTemp(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	taken := make(map[int]bool)
	for i := range 40 {
		wg.Go(func() {
			l := d.IndexSemaphore("gpu", 3)
			for range 20 {
				h, err := l.Acquire(t.Context())
				if err != nil {
					t.Error(i, err)
					return
				}
				mu.Lock()
				if taken[h.Index()] {
					t.Errorf("index %d twice", h.Index())
				}
				taken[h.Index()] = true
				mu.Unlock()
				mu.Lock()
				delete(taken, h.Index())
				mu.Unlock()
				if err := h.Release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestNamedMixedInProcess(t *testing.T) {
	d := openTemp(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	writers, readers := 0, make(map[string]int)
	check := func(what string, delta int) {
		mu.Lock()
		defer mu.Unlock()
		if what == "x" {
			writers += delta
		} else {
			readers[what] += delta
			if readers[what] == 0 {
				delete(readers, what)
			}
		}
		if writers > 1 || writers == 1 && len(readers) > 0 || len(readers) > 1 {
			t.Errorf("together: %d writers, readers %v", writers, readers)
		}
	}
	lockers := map[string][]Locker{
		"x": {d.QLock("a")},
		"s": {d.RWLock("a").Reader(), d.RWLock("a").PoliteReader()},
		"A": {d.LightSwitch("A", "a")}, "B": {d.LightSwitch("B", "a"), d.Locker(Request{Name: "a", Mode: Member, Switch: "B", Fair: true})},
	}
	for what, list := range lockers {
		for _, l := range list {
			for k := range 4 {
				wg.Go(func() {
					for n := range 50 {
						ctx, cancel := t.Context(), func() {}
						if k == 3 {
							ctx, cancel = context.WithTimeout(ctx, time.Duration(n)*100*time.Microsecond)
						}
						h, err := l.Acquire(ctx)
						cancel()
						if err != nil {
							if k != 3 {
								t.Error(err)
							}
							continue
						}
						check(what, 1)
						check(what, -1)
						if err := h.Release(); err != nil {
							t.Error(err)
						}
					}
				})
			}
		}
	}
	wg.Wait()
	infos, err := d.Inspect(KindLock, "a")
	if err != nil || len(infos) > 0 {
		t.Errorf("left: %+v %v", infos, err)
	}
}
