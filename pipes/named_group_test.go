//go:build linux

package pipes

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"
)

func consumer(t testing.TB, topic *Topic, o CursorOptions) *Consumer {
	t.Helper()
	c, err := topic.Group(t.Context(), "g", o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantTake(t testing.TB, c *Consumer, seq uint64, tries int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	d, err := c.Next(ctx)
	if err != nil || d.Seq != seq || d.Tries != tries {
		t.Fatalf("took %d try %d, %v; want %d try %d", d.Seq, d.Tries, err, seq, tries)
	}
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestGroupSharesRecords(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "jobs", Settings{})
	a := consumer(t, topic, CursorOptions{})
	b := consumer(t, newTopic(t, again(t, d), "jobs", Settings{}), CursorOptions{})
	put(t, topic, "1", "2", "3", "4")
	wantTake(t, a, 1, 1)
	wantTake(t, b, 2, 1)
	wantTake(t, a, 3, 1)
	noError(t, a.Ack(1))
	noError(t, b.Nack(2))
	wantTake(t, a, 2, 2)
	noError(t, topic.Ack("g", 2)) // from any process
	noError(t, a.Close())         // 3 is left behind
	wantTake(t, b, 3, 2)
	wantTake(t, b, 4, 1)
	info, err := topic.Info()
	noError(t, err)
	if s := info.Subscribers[0]; len(s.InFlight) != 2 || !s.InFlight[0].Held || !s.Active || s.Unread != 0 {
		t.Errorf("%+v", s)
	}
	noError(t, b.Ack(3))
	noError(t, b.Ack(4))
	noError(t, b.Ack(4))
	var seq *SeqError
	if err := b.Ack(5); !errors.As(err, &seq) || err.Error() != "jobs: record 5 was not taken" {
		t.Errorf("%v", err)
	}
	if err := b.Nack(4); !errors.As(err, &seq) {
		t.Errorf("%v", err)
	}
}

// The descriptor of a consumer keeps it alive, whoever has it.
func TestGroupFile(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "jobs", Settings{})
	a, b := consumer(t, topic, CursorOptions{}), consumer(t, topic, CursorOptions{})
	put(t, topic, "1")
	wantTake(t, a, 1, 1)
	var keep io.Closer = a.File()
	noError(t, a.Close())
	if d, ok, err := b.TryNext(); ok || err != nil {
		t.Fatalf("%+v %v", d, err)
	}
	start := time.Now()
	noError(t, keep.Close())
	wantTake(t, b, 1, 2)
	if d := time.Since(start); d > 1200*time.Millisecond {
		t.Errorf("redelivered after %v", d)
	}
}

// The stream ends for a consumer when no other one can leave anything behind.
func TestGroupEnd(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "jobs", Settings{})
	a, b := consumer(t, topic, CursorOptions{}), consumer(t, topic, CursorOptions{})
	put(t, topic, "1")
	wantTake(t, a, 1, 1)
	noError(t, topic.Close())
	if _, _, err := a.TryNext(); err != ErrEnd {
		t.Errorf("who has the last one itself: %v", err)
	}
	ended := make(chan error)
	go func() {
		_, err := b.Next(t.Context())
		ended <- err
	}()
	for topic.log.head.waiters().Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	start := time.Now()
	noError(t, a.Ack(1))
	if err := <-ended; err != ErrEnd {
		t.Errorf("%v", err)
	}
	if d := time.Since(start); d > 500*time.Millisecond {
		t.Errorf("after %v", d)
	}
}

// A consumer that was killed between the entry and the move of the position
// leaves the record to another one, once.
func TestGroupSettles(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "jobs", Settings{})
	a, b := consumer(t, topic, CursorOptions{}), consumer(t, topic, CursorOptions{})
	put(t, topic, "1", "2")
	wantTake(t, a, 1, 1)
	a.slot.off().Store(0)
	a.slot.seq().Store(0)
	die(a.log, a.file)
	wantTake(t, b, 1, 2)
	wantTake(t, b, 2, 1)
	if b.got.off == 0 || b.slot.seq().Load() != 2 {
		t.Errorf("%+v, position behind %d", b.got, b.slot.seq().Load())
	}
}

// More records in hand than the table has room for at first.
func TestGroupTableGrows(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "jobs", Settings{})
	a, far := consumer(t, topic, CursorOptions{}), newTopic(t, again(t, d), "jobs", Settings{})
	const n = 3 * firstFlights
	for range n {
		put(t, topic, "x")
	}
	b := consumer(t, far, CursorOptions{})
	for seq := uint64(1); seq <= n; seq++ {
		wantTake(t, a, seq, 1)
	}
	if d, ok, err := b.TryNext(); ok || err != nil {
		t.Fatalf("%+v %v", d, err)
	}
	noError(t, a.Close())
	for seq := uint64(1); seq <= n; seq++ {
		wantTake(t, b, seq, 2)
		noError(t, b.Ack(seq))
	}
}

func TestGroupIsNoSubscriber(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "jobs", Settings{})
	noError(t, topic.Register("g", CursorOptions{Group: true}))
	noError(t, topic.Register("g", CursorOptions{Group: true}))
	noError(t, topic.Register("s", CursorOptions{}))
	var wrong *SubscriberError
	if _, err := topic.Subscribe(t.Context(), "g", CursorOptions{}); !errors.As(err, &wrong) || err.Error() != "jobs: g: is a group" {
		t.Errorf("%v", err)
	}
	if _, err := topic.Group(t.Context(), "s", CursorOptions{}); !errors.As(err, &wrong) {
		t.Errorf("%v", err)
	}
	if err := topic.Unsubscribe("nobody"); !errors.As(err, &wrong) || err.Error() != "jobs: nobody: no such subscriber" {
		t.Errorf("%v", err)
	}
	c := consumer(t, topic, CursorOptions{})
	put(t, topic, "1", "2")
	wantTake(t, c, 1, 1)
	noError(t, topic.Unsubscribe("g"))
	if _, err := c.Next(t.Context()); !errors.Is(err, ErrUnsubscribed) {
		t.Errorf("%v", err)
	}
	fresh := consumer(t, topic, CursorOptions{From: FromStart})
	wantTake(t, fresh, 1, 1)
	noError(t, topic.Seek("g", FromStart))
	wantTake(t, fresh, 1, 1)
}

// A record that is dropped while it waits for a consumer is missed by the group.
func TestGroupMisses(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "jobs", Settings{MaxSize: 2, WhenFull: DropOldest})
	c := consumer(t, topic, CursorOptions{})
	for range 5 {
		put(t, topic, "x")
	}
	got, ok, err := c.TryNext()
	if err != nil || !ok || got.Seq != 4 || got.Missed != 3 {
		t.Fatalf("%+v %v", got, err)
	}
	if got, _, _ := c.TryNext(); got.Seq != 5 || got.Missed != 0 {
		t.Errorf("%+v", got)
	}
}

// What the group has missed is told by what it has taken, not by the hint, which
// others write: they may be late, or killed before they could.
func TestGroupMissesNothing(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "jobs", Settings{})
	c := consumer(t, topic, CursorOptions{})
	put(t, topic, "1", "2", "3", "4", "5")
	for seq := range uint64(2) {
		wantTake(t, c, seq+1, 1)
		noError(t, c.Ack(seq+1))
	}
	c.slot.seq().Store(1)
	if got, _, err := c.TryNext(); err != nil || got.Seq != 3 || got.Missed != 0 {
		t.Errorf("the hint is low: %+v %v", got, err)
	}
	c.slot.seq().Store(3)
	c.slot.raise(2)
	if is := c.slot.seq().Load(); is != 3 {
		t.Errorf("the hint falls to %d", is)
	}
}

// A descriptor of a script keeps what consumers have taken in its name, until
// the last one of its description is closed.
func TestGroupLentFile(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "jobs", Settings{})
	put(t, topic, "0")
	path, err := d.Path(KindAnnounce, "jobs")
	noError(t, err)
	script, err := os.OpenFile(path, os.O_RDWR, 0)
	noError(t, err)
	other := consumer(t, topic, CursorOptions{})
	put(t, topic, "1", "2", "3")
	self := uint64(0)
	for seq := uint64(1); seq <= 2; seq++ {
		far := newTopic(t, again(t, d), "jobs", Settings{}) // another command of the script
		c := consumer(t, far, CursorOptions{File: script})
		wantTake(t, c, seq+1, 1)
		if self != 0 && c.self != self {
			t.Errorf("the ticket is %d, and was %d", c.self, self)
		}
		self = c.self
		noError(t, c.Close())
	}
	noError(t, topic.Ack("g", 3))
	wantTake(t, other, 4, 1)
	if got, ok, err := other.TryNext(); ok || err != nil {
		t.Fatalf("%+v %v", got, err)
	}
	noError(t, script.Close())
	wantTake(t, other, 2, 2)

	readOnly, err := os.Open(path)
	noError(t, err)
	defer readOnly.Close()
	wrong, err := os.CreateTemp(t.TempDir(), "")
	noError(t, err)
	defer wrong.Close()
	for _, file := range []*os.File{readOnly, wrong} {
		var bad *FileError
		if _, err := topic.Group(t.Context(), "g", CursorOptions{File: file}); !errors.As(err, &bad) {
			t.Errorf("%s: %v", file.Name(), err)
		}
	}
}
