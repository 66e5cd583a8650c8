//go:build unix

package locks

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// A damaged file is an error, or works; it is nothing worse.
func TestNamedDamagedFile(t *testing.T) {
	d := openTemp(t)
	for kind, l := range map[Kind]Locker{KindLock: d.QLock("a"), KindSem: d.IndexSemaphore("a", 2)} {
		release(t, acquire(t, l))
		path := l.(*named).path
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for at := range headerSize {
			for _, flip := range []byte{0xff, 0x01} {
				damaged := append([]byte(nil), whole...)
				damaged[at] ^= flip
				useDamaged(t, d, kind, l, damaged)
			}
		}
		for _, size := range []int{0, 1, 7, 8, 24, 65, 4096, offRecords, offRecords + 100} {
			useDamaged(t, d, kind, l, whole[:min(size, len(whole))])
		}
	}
}

func useDamaged(t *testing.T, d *Dir, kind Kind, l Locker, content []byte) {
	t.Helper()
	if err := os.WriteFile(l.(*named).path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	var format *FormatError
	var capacity *CapacityError
	if h, err := l.TryAcquire(); err == nil {
		release(t, h)
	} else if !errors.As(err, &format) && !errors.As(err, &capacity) {
		t.Errorf("% x…: %v", content[:min(len(content), 48)], err)
	}
	d.Inspect(kind, "a")
	d.Check(kind, "a")
	d.Names(kind)
}

func TestNamedOtherVersion(t *testing.T) {
	d := openTemp(t)
	l := d.QLock("a")
	release(t, acquire(t, l))
	f, err := os.OpenFile(l.(*named).path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteAt([]byte{2}, 5)
	f.Close()
	var format *FormatError
	if _, err := l.TryAcquire(); !errors.As(err, &format) || !strings.Contains(err.Error(), "version 2") {
		t.Error(err)
	}
}

// tree is in whose name a deadlock test acquires.
func tree(d *Dir, kind Kind, name string, id uint64, check bool) Locker {
	r := Request{Kind: kind, Name: name, Mode: Exclusive, Who: Who{Tree: id, Inside: id, Check: check}}
	if kind == KindSem {
		r.Mode, r.Slots = Slot, 2
	}
	return d.Locker(r)
}

// Each of n holds one lock and waits for the next one's.
func TestNamedDeadlock(t *testing.T) {
	for _, n := range []int{2, 3} {
		d := openTemp(t)
		names := []string{"a", "b", "c"}[:n]
		var holds []*Hold
		for i, name := range names {
			holds = append(holds, acquire(t, tree(d, KindLock, name, uint64(i+1), false)))
		}
		for i := range n - 1 {
			queue(t, d, KindLock, names[i+1], tree(d, KindLock, names[i+1], uint64(i+1), false))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		_, err := tree(d, KindLock, "a", uint64(n), true).Acquire(ctx)
		cancel()
		var deadlock *DeadlockError
		if !errors.As(err, &deadlock) || len(deadlock.Chain) != n || !deadlock.Chain[0].You {
			t.Errorf("%d: %v", n, err)
		}
		for _, h := range holds {
			release(t, h)
		}
	}
}

// These waits end some day, or are not the ones to give up.
func TestNamedNoDeadlock(t *testing.T) {
	tests := map[string]func(t *testing.T, d *Dir) (c *call, end []*Hold){
		"one slot can be freed": func(t *testing.T, d *Dir) (*call, []*Hold) {
			lock := acquire(t, tree(d, KindLock, "a", 1, false))
			own := acquire(t, tree(d, KindSem, "s", 2, false))
			other := acquire(t, tree(d, KindSem, "s", 3, false))
			queue(t, d, KindLock, "a", tree(d, KindLock, "a", 2, false))
			return queue(t, d, KindSem, "s", tree(d, KindSem, "s", 1, true)), []*Hold{other, own, lock}
		},
		"behind the deadlock of others": func(t *testing.T, d *Dir) (*call, []*Hold) {
			a := acquire(t, tree(d, KindLock, "a", 1, false))
			b := acquire(t, tree(d, KindLock, "b", 2, false))
			queue(t, d, KindLock, "b", tree(d, KindLock, "b", 1, false))
			queue(t, d, KindLock, "a", tree(d, KindLock, "a", 2, false))
			return queue(t, d, KindLock, "a", tree(d, KindLock, "a", 9, true)), []*Hold{a, b}
		},
	}
	for name, start := range tests {
		t.Run(name, func(t *testing.T) {
			c, end := start(t, openTemp(t))
			select {
			case err := <-c.err:
				t.Error(err)
			case <-time.After(deadlockAfter + deadlockAfter/4):
			}
			c.end()
			for _, h := range end {
				release(t, h)
			}
		})
	}
}
