//go:build linux

package pipes

import (
	"context"
	"errors"
	"testing"
	"time"
)

var (
	failing  = Fail
	dropping = DropOldest
)

func TestNamedFull(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{MaxSize: 2})
	slow := subscribe(t, topic, "slow", CursorOptions{})
	fast := subscribe(t, topic, "fast", CursorOptions{MaxSize: 100})
	put(t, topic, "a", "b")

	_, err := topic.Put(t.Context(), PutOptions{WhenFull: &failing}, []byte("c"))
	var full *FullError
	if !errors.As(err, &full) || *full != (FullError{Full: 1, Subscriber: "slow", Unread: 2, MaxSize: 2}) {
		t.Errorf("fail: %v", err)
	}
	if want := "news: full: subscriber slow has 2 unread (maxsize 2)"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = topic.Put(ctx, PutOptions{}, []byte("c"))
	if !errors.As(err, &full) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("block: %v", err)
	}
	wantNext(t, fast, 1, "a")
	wantNext(t, fast, 2, "b")
	wantNothing(t, fast)

	if _, err = topic.Put(t.Context(), PutOptions{WhenFull: &dropping}, []byte("c")); err != nil {
		t.Fatal(err)
	}
	wantNext(t, slow, 2, "b")
	if slow.Missed() != 1 {
		t.Errorf("missed %d", slow.Missed())
	}
	wantNext(t, slow, 3, "c")
	wantNext(t, fast, 3, "c")
	info, err := topic.Info()
	if err != nil || len(info.Subscribers) != 2 || info.Subscribers[0].Dropped != 1 || !info.Subscribers[0].Blocks || info.Subscribers[1].Blocks {
		t.Errorf("%+v %v", info, err)
	}
}

// A put that waits goes on as soon as the reader, of another process, moves its
// position; it keeps nobody else waiting meanwhile.
func TestNamedBlockedPut(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{})
	far := newTopic(t, again(t, d), "news", Settings{})
	slow := subscribe(t, far, "slow", CursorOptions{MaxSize: 1})
	put(t, topic, "1")
	done := make(chan error)
	go func() {
		_, err := topic.Put(t.Context(), PutOptions{}, []byte("2"))
		done <- err
	}()
	for topic.log.head.roomWaiters().Load() == 0 {
		time.Sleep(time.Millisecond) // the only sign of a process that waits is in memory
	}
	other := subscribe(t, topic, "other", CursorOptions{From: FromStart})
	wantNext(t, other, 1, "1")
	start := time.Now()
	wantNext(t, slow, 1, "1")
	if err := slow.Commit(1); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if d := time.Since(start); d > 500*time.Millisecond {
		t.Errorf("the put went on after %v", d)
	}
	wantNext(t, other, 2, "2")
}

// A subscriber without a name that was killed blocks nobody.
func TestNamedDeadBlocksNobody(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{})
	dead := subscribe(t, topic, "", CursorOptions{MaxSize: 1})
	put(t, topic, "1")
	if _, err := topic.Put(t.Context(), PutOptions{WhenFull: &failing}, nil); err == nil {
		t.Fatal("nobody is full")
	}
	die(dead.log, dead.file)
	if _, err := topic.Put(t.Context(), PutOptions{WhenFull: &failing}, nil); err != nil {
		t.Fatal(err)
	}
	if info, err := topic.Info(); err != nil || len(info.Subscribers) != 0 {
		t.Errorf("%+v %v", info, err)
	}
}

// The hint of a reader that was killed between its two stores is set right.
func TestNamedStaleHint(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{MaxSize: 1})
	c := subscribe(t, topic, "s", CursorOptions{})
	put(t, topic, "1")
	wantNext(t, c, 1, "1")
	c.slot.off().Store(c.at)
	if seq := put(t, topic, "2"); seq != 2 || c.slot.seq().Load() != 1 {
		t.Errorf("seq %d, hint %d", seq, c.slot.seq().Load())
	}
}

// More records than a subscriber may have fit if it has read everything, X19.
func TestNamedOverfull(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{Backlog: BacklogAll})
	put(t, topic, "1", "2", "3")
	c := subscribe(t, topic, "s", CursorOptions{MaxSize: 2})
	fails := func() bool {
		_, err := topic.Put(t.Context(), PutOptions{WhenFull: &failing}, []byte("x"))
		var full *FullError
		if err != nil && !errors.As(err, &full) {
			t.Fatal(err)
		}
		return err != nil
	}
	for seq := uint64(1); seq <= 2; seq++ {
		if !fails() {
			t.Errorf("there is room before %d was read", seq)
		}
		r, _, err := c.TryNext()
		if err != nil || r.Seq != seq || c.Commit(seq) != nil {
			t.Fatal(r, err)
		}
	}
	if fails() {
		t.Error("no room after 2 were read")
	}
}

// Records that were dropped while nobody read are counted once.
func TestNamedMissedWhileAway(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{MaxSize: 2, WhenFull: DropOldest})
	if err := topic.Register("s", CursorOptions{}); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		put(t, topic, "x")
	}
	for range 2 { // before the position is moved it counts again
		c := subscribe(t, topic, "s", CursorOptions{})
		wantNext(t, c, 4, "x")
		if c.Missed() != 3 {
			t.Errorf("missed %d", c.Missed())
		}
		c.Close()
	}
	strict := subscribe(t, topic, "s", CursorOptions{NoGap: true})
	var gap *GapError
	if _, _, err := strict.TryNext(); !errors.As(err, &gap) || gap.Missed != 3 || gap.Seq != 4 {
		t.Errorf("%v", err)
	}
	strict.Close()
	c := subscribe(t, topic, "s", CursorOptions{})
	wantNext(t, c, 4, "x")
	if err := c.Commit(4); err != nil {
		t.Fatal(err)
	}
	c.Close()
	c = subscribe(t, topic, "s", CursorOptions{NoGap: true})
	wantNext(t, c, 5, "x")
}

// The slots of subscribers without a name that were killed are used again.
func TestNamedDeadSlots(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{})
	for range 5 * firstSlots {
		c := subscribe(t, topic, "", CursorOptions{})
		die(c.log, c.file)
	}
	if n := topic.log.subs.slots(); n != firstSlots {
		t.Errorf("%d slots", n)
	}
}
