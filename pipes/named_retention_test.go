//go:build linux

package pipes

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
)

const smallSegment = 64 << 10

// fat is a record of a kilobyte with its number at the start.
func fat(i int) string { return fmt.Sprintf("%06d", i) + strings.Repeat("x", 1000) }

func fill(t testing.TB, topic *Topic, from, to int) {
	t.Helper()
	for i := from; i <= to; i++ {
		put(t, topic, fat(i))
	}
}

func segmentsOf(t testing.TB, topic *Topic) int {
	t.Helper()
	bases, err := topic.log.segs.list()
	noError(t, err)
	return len(bases)
}

func TestRotation(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{Segment: smallSegment, Backlog: BacklogAll})
	far := newTopic(t, again(t, d), "news", Settings{Segment: smallSegment, Backlog: BacklogAll})
	live := subscribe(t, far, "", CursorOptions{})
	for i := 1; i <= 300; i++ {
		put(t, []*Topic{topic, far}[i%2], fat(i))
		wantNext(t, live, uint64(i), fat(i))
	}
	if n := segmentsOf(t, topic); n != 5 {
		t.Errorf("%d segments", n)
	}
	late := subscribe(t, topic, "", CursorOptions{})
	for i := 1; i <= 300; i++ {
		wantNext(t, late, uint64(i), fat(i))
	}
	big := strings.Repeat("b", 3*smallSegment) // a record is never cut in two
	put(t, topic, big)
	wantNext(t, late, 301, big)
	put(t, topic, "small")
	wantNext(t, late, 302, "small")
	wantNext(t, live, 301, big)
	wantNext(t, live, 302, "small")
}

// What everybody has read is deleted, what one has not read is kept.
func TestRetentionOfWhatIsRead(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{Segment: smallSegment})
	c := subscribe(t, topic, "s", CursorOptions{})
	g := consumer(t, topic, CursorOptions{})
	fill(t, topic, 1, 300)
	if n := segmentsOf(t, topic); n != 5 {
		t.Errorf("%d segments while nobody has read", n)
	}
	for i := 1; i <= 300; i++ {
		wantNext(t, c, uint64(i), fat(i))
		wantTake(t, g, uint64(i), 1)
		if i != 70 { // of the second segment
			noError(t, g.Ack(uint64(i)))
		}
	}
	noError(t, c.Commit(300))
	if n, err := d.GC(); n != 1 || err != nil || segmentsOf(t, topic) != 4 {
		t.Errorf("%d removed, %v: 70 is in hand", n, err)
	}
	noError(t, g.Ack(70))
	if n, err := d.GC(); n != 3 || err != nil || segmentsOf(t, topic) != 1 {
		t.Errorf("%d removed, %v", n, err)
	}
	fill(t, topic, 301, 302)
	wantNext(t, c, 301, fat(301))
	start := subscribe(t, topic, "", CursorOptions{From: FromStart})
	first, ok, err := start.TryNext()
	if err != nil || !ok || first.Seq < 200 || first.Missed != 0 {
		t.Errorf("start: %d %v", first.Seq, err)
	}
}

func TestRetentionOfBacklog(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{Segment: smallSegment, Backlog: 100})
	fill(t, topic, 1, 1000)
	if n := segmentsOf(t, topic); n != 3 {
		t.Errorf("%d segments for 100 of 60 each", n)
	}
	c := subscribe(t, topic, "", CursorOptions{})
	wantNext(t, c, 901, fat(901))
	noError(t, c.Close())
	noError(t, topic.Finalize())
	if _, err := d.GC(); err != nil || segmentsOf(t, topic) != 1 {
		t.Errorf("%d segments after finalize, %v", segmentsOf(t, topic), err)
	}
}

// A hard bound goes over those who do not read: they miss, and are told.
func TestRetentionBound(t *testing.T) {
	for name, s := range map[string]Settings{
		"bytes": {RetainBytes: 3 * smallSegment}, "age": {RetainAge: time.Nanosecond},
	} {
		t.Run(name, func(t *testing.T) {
			d := openTemp(t)
			s.Segment, s.Backlog = smallSegment, BacklogAll
			topic := newTopic(t, d, "news", s)
			c, reading := subscribe(t, topic, "s", CursorOptions{}), subscribe(t, topic, "r", CursorOptions{})
			g := consumer(t, topic, CursorOptions{})
			fill(t, topic, 1, 10)
			wantNext(t, reading, 1, fat(1))
			wantTake(t, g, 1, 1)
			noError(t, g.Nack(1))
			fill(t, topic, 11, 1000)
			info, err := topic.Info()
			if err != nil || info.FirstSeq < 800 || info.Bytes > 4*smallSegment {
				t.Errorf("%+v %v", info, err)
			}
			r, ok, err := c.TryNext()
			if err != nil || !ok || r.Seq != info.FirstSeq || r.Missed != r.Seq-1 || c.Missed() != r.Seq-1 {
				t.Errorf("%d missed %d, %v; first is %d", r.Seq, r.Missed, err, info.FirstSeq)
			}
			noError(t, g.Close()) // it may have the first record in its buffer
			taken, ok, err := consumer(t, topic, CursorOptions{}).TryNext()
			if err != nil || !ok || taken.Seq != info.FirstSeq || taken.Missed != taken.Seq-2 {
				t.Errorf("%d missed %d, %v", taken.Seq, taken.Missed, err)
			}
			last := uint64(1) // it may have more in its buffer
			for range 1000 {
				r, ok, err := reading.TryNext()
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					break
				}
				if r.Seq != last+1+r.Missed || string(r.Data) != fat(int(r.Seq)) {
					t.Fatalf("%d missed %d after %d", r.Seq, r.Missed, last)
				}
				last = r.Seq
			}
			if last != 1000 || reading.Missed() == 0 {
				t.Errorf("ends at %d, missed %d", last, reading.Missed())
			}
		})
	}
}

func TestFrom(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{Segment: smallSegment, Backlog: 7})
	keep := subscribe(t, topic, "", CursorOptions{})
	for i := 1; i <= 3000; i++ {
		put(t, topic, fmt.Sprintf("%0*d", 1+i%200, i))
	}
	if n := segmentsOf(t, topic); n < 4 {
		t.Fatalf("%d segments", n)
	}
	tests := map[From]uint64{FromStart: 1, FromBacklog: 2994, FromLast: 3000, FromNow: 3001, 3000: 3000, 3001: 3001, 9999: 3001}
	for range 200 {
		seq := 1 + rand.Uint64N(3000)
		tests[From(seq)] = seq
	}
	for from, want := range tests {
		c := subscribe(t, topic, "", CursorOptions{From: from})
		if c.expect != want {
			t.Errorf("from %d: %d, want %d", from, c.expect, want)
		}
		if want <= 3000 {
			wantNext(t, c, want, fmt.Sprintf("%0*d", 1+want%200, want))
		}
		c.Close()
	}
	keep.Close()
	s := subscribe(t, topic, "s", CursorOptions{From: 100})
	wantNext(t, s, 100, fmt.Sprintf("%0*d", 101, 100))
	for _, to := range []uint64{200, 50} { // in use, by another Dir
		noError(t, newTopic(t, again(t, d), "news", topic.Settings()).Seek("s", From(to)))
		noError(t, s.Commit(100)) // too late
		wantNext(t, s, to, fmt.Sprintf("%0*d", 1+to%200, to))
	}
	noError(t, topic.Ack("s", 59))
	wantNext(t, s, 60, fmt.Sprintf("%0*d", 61, 60))
	if s.Missed() != 0 {
		t.Errorf("missed %d", s.Missed())
	}
	s.Close()
	for _, to := range []uint64{200, 50} {
		noError(t, topic.Seek("s", From(to)))
		s = subscribe(t, topic, "s", CursorOptions{})
		if r, ok, err := s.TryNext(); err != nil || !ok || r.Seq != to || r.Missed != 0 {
			t.Errorf("%d missed %d, %v", r.Seq, r.Missed, err)
		}
		s.Close()
	}
}

func TestParseFrom(t *testing.T) {
	for text, want := range map[string]From{"start": FromStart, "now": FromNow, "last": FromLast, "17": 17} {
		if got, err := ParseFrom(text); got != want || err != nil {
			t.Errorf("%s: %d %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "end", "18446744073709551615"} {
		if got, err := ParseFrom(text); err == nil {
			t.Errorf("%q: %d", text, got)
		}
	}
}

// A position can be moved to any record that was read.
func TestCommitOlder(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{Segment: smallSegment})
	c := subscribe(t, topic, "s", CursorOptions{})
	fill(t, topic, 1, 200)
	for i := 1; i <= 200; i++ {
		wantNext(t, c, uint64(i), fat(i))
		if i > 10 && i%3 == 0 {
			noError(t, c.Commit(uint64(i-10)))
			if r, err := c.r.headAt(c.slot.off().Load(), c.log.head.end().Load()); err != nil || r.seq != uint64(i-9) {
				t.Fatalf("position at %d, %v after commit of %d", r.seq, err, i-10)
			}
		}
	}
	noError(t, c.Commit(5)) // never back
	if err := c.Commit(201); err == nil {
		t.Error("a record that was not read is committed")
	}
	noError(t, c.Close())
	c = subscribe(t, topic, "s", CursorOptions{})
	wantNext(t, c, 189, fat(189))
	c.Close()
	noError(t, topic.Ack("s", 195)) // from any process
	c = subscribe(t, topic, "s", CursorOptions{NoGap: true})
	wantNext(t, c, 196, fat(196))
}

// One user of a subscriber at a time; the next one waits for it.
func TestSubscriberInUse(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{})
	far := newTopic(t, again(t, d), "news", Settings{})
	c := subscribe(t, topic, "s", CursorOptions{})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := far.Subscribe(ctx, "s", CursorOptions{}); err != context.DeadlineExceeded {
		t.Errorf("%v", err)
	}
	got := make(chan *Cursor)
	go func() {
		next, err := far.Subscribe(t.Context(), "s", CursorOptions{})
		if err != nil {
			t.Error(err)
		}
		got <- next
	}()
	for topic.log.head.waiters().Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	start := time.Now()
	noError(t, c.Close())
	if next := <-got; next == nil || time.Since(start) > 500*time.Millisecond {
		t.Errorf("%v after %v", next, time.Since(start))
	}
	if _, err := os.Stat(topic.log.file("grp.0")); err == nil {
		t.Error("a subscriber has the table of a group")
	}
}

// A segment whose header cannot be read goes with those before it.
func TestRetentionOfADamagedSegment(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{Segment: smallSegment})
	c := subscribe(t, topic, "s", CursorOptions{})
	fill(t, topic, 1, 62*3)
	bases, err := topic.log.segs.list()
	noError(t, err)
	damage(t, topic.log.segs.path(bases[1]), 20)
	for range 62 * 3 {
		_, _, err := c.TryNext()
		noError(t, err) // the header is for looking for records
	}
	noError(t, c.Commit(62*3))
	fill(t, topic, 187, 190)
	if n := segmentsOf(t, topic); n != 1 {
		t.Errorf("%d segments", n)
	}
}
