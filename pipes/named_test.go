//go:build linux

package pipes

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/loxctl/loxctl/internal/state"
)

// openTemp returns a directory of named pipes that ends with the test.
func openTemp(t testing.TB) *Dir {
	t.Helper()
	d, err := Open(filepath.Join(t.TempDir(), "home"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// again opens the same directory as another process would.
func again(t testing.TB, d *Dir) *Dir {
	t.Helper()
	other, err := Open(d.home.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	return other
}

func newTopic(t testing.TB, d *Dir, name string, s Settings) *Topic {
	t.Helper()
	topic, err := d.CreateAnnouncement(name, s)
	if err != nil {
		t.Fatal(err)
	}
	return topic
}

func put(t testing.TB, topic *Topic, records ...string) uint64 {
	t.Helper()
	seq, err := topic.Put(t.Context(), PutOptions{}, bytesOf(records)...)
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

func bytesOf(records []string) [][]byte {
	b := make([][]byte, len(records))
	for i, r := range records {
		b[i] = []byte(r)
	}
	return b
}

func subscribe(t testing.TB, topic *Topic, name string, o CursorOptions) *Cursor {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, err := topic.Subscribe(ctx, name, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// die closes a descriptor as the kernel does when a process is killed.
func die(l *log, file *state.File) {
	l.handle.remove(file)
	file.Close()
}

func wantNext(t testing.TB, c *Cursor, seq uint64, data string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := c.Next(ctx)
	if err != nil || r.Seq != seq || string(r.Data) != data {
		t.Fatalf("next: %d %.40q, %v; want %d %.40q", r.Seq, r.Data, err, seq, data)
	}
}

func wantNothing(t testing.TB, c *Cursor) {
	t.Helper()
	if r, ok, err := c.TryNext(); ok || err != nil {
		t.Fatalf("try next: %d %q %v %v", r.Seq, r.Data, ok, err)
	}
}

func TestNamedPutAndRead(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{})
	a := subscribe(t, topic, "a", CursorOptions{})
	if seq := put(t, topic, "one", "", "three"); seq != 1 {
		t.Errorf("first seq %d", seq)
	}
	far, err := again(t, d).Announcement("news")
	if err != nil {
		t.Fatal(err)
	}
	if seq := put(t, far, "four"); seq != 4 {
		t.Errorf("fourth seq %d", seq)
	}
	wantNext(t, a, 1, "one")
	wantNext(t, a, 2, "")
	if err := a.Commit(2); err != nil {
		t.Fatal(err)
	}
	wantNext(t, a, 3, "three")
	if n := a.Unread(); n != 1 {
		t.Errorf("unread %d", n)
	}
	a.Close()
	b := subscribe(t, far, "a", CursorOptions{})
	wantNext(t, b, 3, "three")
	wantNext(t, b, 4, "four")
	wantNothing(t, b)
}

// A reader that sleeps is woken by another Dir, which is like another process.
func TestNamedWakes(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{})
	far := newTopic(t, again(t, d), "news", Settings{})
	c := subscribe(t, topic, "", CursorOptions{})
	back := subscribe(t, far, "", CursorOptions{})
	go func() {
		for i := range 2000 {
			if _, err := c.Next(t.Context()); err != nil {
				t.Error(i, err)
				return
			}
			if _, err := topic.Put(t.Context(), PutOptions{}, []byte("pong")); err != nil {
				t.Error(err)
				return
			}
			c.Next(t.Context()) // its own
		}
	}()
	start := time.Now()
	for i := range 2000 {
		put(t, far, "ping")
		wantNext(t, back, uint64(2*i+1), "ping")
		wantNext(t, back, uint64(2*i+2), "pong")
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("%v: woken by the tick only", d)
	}
}

func TestNamedEnds(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{Backlog: BacklogAll})
	put(t, topic, "a", "b", "c")
	c := subscribe(t, topic, "s", CursorOptions{})
	if err := topic.Finalize(); err != nil {
		t.Fatal(err)
	}
	_, err := topic.Subscribe(t.Context(), "late", CursorOptions{})
	if !errors.Is(err, ErrFinal) || err.Error() != "news: final since seq 3, no new subscribers" {
		t.Errorf("late: %v", err)
	}
	put(t, topic, "d")
	for i, data := range []string{"a", "b", "c", "d"} {
		wantNext(t, c, uint64(i+1), data)
	}
	ended := make(chan error)
	go func() {
		_, err := c.Next(t.Context())
		ended <- err
	}()
	if err := topic.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != ErrEnd {
		t.Errorf("next after close: %v", err)
	}
	if _, err := topic.Put(t.Context(), PutOptions{}, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("put after close: %v", err)
	}
}

func TestNamedNames(t *testing.T) {
	d := openTemp(t)
	_, err := d.Announcement("nwes")
	if !errors.Is(err, fs.ErrNotExist) || err.Error() != "nwes: no such announcement" {
		t.Errorf("%v", err)
	}
	for _, name := range []string{"news", "Ünlich", "a/b"} {
		newTopic(t, d, name, Settings{})
	}
	names, err := d.Names(KindAnnounce)
	if err != nil || fmt.Sprint(names) != "[a/b news Ünlich]" {
		t.Errorf("%q %v", names, err)
	}
	var mismatch *MismatchError
	if _, err := d.CreateAnnouncement("news", Settings{Backlog: 2}); !errors.As(err, &mismatch) || err.Error() != "news: backlog is none, not 2" {
		t.Errorf("%v", err)
	}
	topic := newTopic(t, d, "news", Settings{})
	c := subscribe(t, topic, "", CursorOptions{})
	if err := d.Remove(KindAnnounce, "news"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Next(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("next of what was removed: %v", err)
	}
	if _, err := topic.Put(t.Context(), PutOptions{}, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("put to what was removed: %v", err)
	}
	fresh := newTopic(t, d, "news", Settings{Backlog: 2})
	put(t, fresh, "x")
	entries, err := os.ReadDir(filepath.Join(d.home.Path, "announce"))
	if err != nil || len(entries) != 3 {
		t.Errorf("%v %v", entries, err)
	}
}

// Those who create at the same time get the same announcement.
func TestNamedCreateAtOnce(t *testing.T) {
	d := openTemp(t)
	var wg sync.WaitGroup
	for range 10 {
		far := again(t, d)
		wg.Go(func() {
			topic, err := far.CreateAnnouncement("news", Settings{Backlog: 5})
			if err == nil {
				_, err = topic.Put(t.Context(), PutOptions{}, []byte("x"))
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if info, err := newTopic(t, d, "news", Settings{Backlog: 5}).Info(); err != nil || info.LastSeq != 10 || info.Backlog != 5 {
		t.Errorf("%+v %v", info, err)
	}
	entries, err := os.ReadDir(filepath.Join(d.home.Path, "announce"))
	if err != nil || len(entries) != 1 {
		t.Errorf("%v %v", entries, err)
	}
}

// A table of subscribers that another process has made larger is seen.
func TestNamedTableGrows(t *testing.T) {
	d := openTemp(t)
	topic, far := newTopic(t, d, "news", Settings{}), newTopic(t, again(t, d), "news", Settings{})
	first := subscribe(t, topic, "first", CursorOptions{})
	for i := range 3 * firstSlots {
		noError(t, far.Register(fmt.Sprint("s", i), CursorOptions{}))
	}
	noError(t, far.Register("strict", CursorOptions{MaxSize: 1}))
	put(t, topic, "1")
	wantNext(t, first, 1, "1")
	noError(t, first.Commit(1))
	var full *FullError
	if _, err := topic.Put(t.Context(), PutOptions{WhenFull: &failing}, nil); !errors.As(err, &full) || full.Subscriber != "strict" {
		t.Errorf("%v", err)
	}
	noError(t, topic.Unsubscribe("strict"))
	noError(t, far.Unsubscribe("first"))
	put(t, topic, "2")
	if _, _, err := first.TryNext(); !errors.Is(err, ErrUnsubscribed) {
		t.Errorf("%v", err)
	}
	info, err := topic.Info()
	if err != nil || len(info.Subscribers) != 3*firstSlots {
		t.Errorf("%d %v", len(info.Subscribers), err)
	}
}

func TestNamedUpdate(t *testing.T) {
	d := openTemp(t)
	topic, far := newTopic(t, d, "news", Settings{}), newTopic(t, again(t, d), "news", Settings{})
	want := Settings{Backlog: 3, MaxSize: 7, WhenFull: DropOldest, RetainBytes: 1 << 20, RetainAge: time.Hour,
		Segment: smallSegment, MaxRecord: 10, Sync: true}
	noError(t, topic.Update(want))
	if got := far.Settings(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	var large *TooLargeError
	if _, err := far.Put(t.Context(), PutOptions{}, []byte("0123456789a")); !errors.As(err, &large) || err.Error() != "news: a record of 11 bytes, 10 are allowed" {
		t.Errorf("%v", err)
	}
	put(t, far, "0123456789")
	for _, s := range []Settings{{Backlog: -2}, {MaxSize: 1 << 40}, {WhenFull: 3}, {Segment: 1}, {MaxRecord: -1}, {RetainAge: -1}} {
		if err := topic.Update(s); err == nil {
			t.Errorf("%+v is accepted", s)
		}
		if _, err := d.CreateAnnouncement("other", s); err == nil {
			t.Errorf("%+v is accepted", s)
		}
	}
}

func TestNamedList(t *testing.T) {
	d := openTemp(t)
	put(t, newTopic(t, d, "b", Settings{Backlog: 2}), "1", "2", "3")
	noError(t, newTopic(t, d, "a", Settings{}).Register("s", CursorOptions{MaxSize: 4}))
	noError(t, newTopic(t, d, "a", Settings{}).Finalize())
	var got []Info
	for info, err := range d.List() {
		noError(t, err)
		got = append(got, info)
	}
	if len(got) != 2 || got[0].Name != "a" || !got[0].Final || got[1].Backlog != 2 || got[1].LastSeq != 3 || got[1].Bytes == 0 {
		t.Errorf("%+v", got)
	}
	if s := got[0].Subscribers; len(s) != 1 || s[0].Name != "s" || s[0].MaxSize != 4 || s[0].Active || !s[0].Durable || s[0].Group {
		t.Errorf("%+v", s)
	}
}

// Whoever waits for anything returns when its context ends, with the cause, or
// when the directory is closed.
func TestNamedWaitsEnd(t *testing.T) {
	cause := errors.New("the cause")
	for _, closing := range []bool{false, true} {
		d := openTemp(t)
		topic := newTopic(t, d, "news", Settings{})
		full := newTopic(t, d, "full", Settings{MaxSize: 1})
		noError(t, full.Register("s", CursorOptions{}))
		put(t, full, "x")
		used, c, g := subscribe(t, topic, "used", CursorOptions{}), subscribe(t, topic, "", CursorOptions{}), consumer(t, topic, CursorOptions{})
		defer used.Close()
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := make(chan error)
		waits := []func() error{
			func() error { _, err := c.Next(ctx); return err },
			func() error { _, err := g.Next(ctx); return err },
			func() error { _, err := topic.Subscribe(ctx, "used", CursorOptions{}); return err },
			func() error { _, err := full.Put(ctx, PutOptions{}, nil); return err },
		}
		for _, wait := range waits {
			go func() { ended <- wait() }()
		}
		for joined(topic.log.news)+joined(full.log.space) < len(waits) {
			time.Sleep(time.Millisecond)
		}
		start, want := time.Now(), cause
		if closing {
			want = os.ErrClosed
			noError(t, d.Close())
		} else {
			cancel(cause)
		}
		for range waits {
			if err := <-ended; !errors.Is(err, want) {
				t.Errorf("%v, want %v", err, want)
			}
		}
		if took := time.Since(start); took > 500*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		cancel(nil)
	}
}

func joined(w *waker) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.joined
}
