//go:build linux

package pipes

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// reboot opens the directory as it is found after the machine has started
// again.
func reboot(t testing.TB, d *Dir) *Dir {
	t.Helper()
	noError(t, d.Close())
	var boot [16]byte
	binary.LittleEndian.PutUint64(boot[:], rand.Uint64())
	again, err := HomeOptions{}.open(d.home.Path, boot)
	noError(t, err)
	t.Cleanup(func() { again.Close() })
	return again
}

// history is what was committed: all records, and the end after each commit.
type history struct {
	records [][]byte
	pending [][]byte // of the put that was not finished
}

// write makes a log of small segments, and leaves it in the middle of a put.
func (h *history) write(t testing.TB, topic *Topic, rng *rand.Rand) {
	random := func() [][]byte {
		batch := make([][]byte, 1+rng.IntN(4))
		for i := range batch {
			batch[i] = bytes.Repeat([]byte{byte('a' + rng.IntN(26))}, rng.IntN(3000))
		}
		return batch
	}
	for range 1 + rng.IntN(60) {
		batch := random()
		_, err := topic.Put(t.Context(), PutOptions{}, batch...)
		noError(t, err)
		h.records = append(h.records, batch...)
	}
	h.pending = random()
	l := topic.log
	noError(t, l.exclusively(func() error { // all of a put but its end
		noError(t, l.begin())
		for _, r := range h.pending {
			l.add(flagPut, 0, 0, r)
		}
		end := l.head.end().Load()
		noError(t, l.makeWritable(end, uint64(len(l.batch.b))))
		return l.current.file.WriteAt(append(l.batch.b, make([]byte, recordAlign)...), l.current.at(end))
	}))
}

// check reads the log from its start. It must be a prefix of the history, and
// the records of the put that was not finished behind all of it.
func (h *history) check(t testing.TB, topic *Topic) (n int) {
	all := append(h.records[:len(h.records):len(h.records)], h.pending...)
	c := subscribe(t, topic, "", CursorOptions{From: FromStart})
	defer c.Close()
	for ; ; n++ {
		r, ok, err := c.TryNext()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return n
		}
		if n >= len(all) || r.Seq != uint64(n+1) || !bytes.Equal(r.Data, all[n]) {
			t.Fatalf("record %d of %d is %d: %.20q", n+1, len(all), r.Seq, r.Data)
		}
	}
}

// lastFile returns the path and the length of the last segment.
func lastFile(t testing.TB, topic *Topic) (string, int64) {
	t.Helper()
	path := topic.log.segs.path(topic.log.head.seg().Load())
	info, err := os.Stat(path)
	noError(t, err)
	return path, info.Size()
}

// FuzzRecovery cuts the last segment, or flips a byte of it, anywhere. What
// comes out is a prefix of what was committed, and whole records of the put that
// was not finished; and the log goes on.
func FuzzRecovery(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed, uint32(seed*2654435761), seed%2 == 0)
	}
	f.Fuzz(func(t *testing.T, seed uint64, at uint32, flip bool) {
		d := openTemp(t)
		s := Settings{Segment: 16 << 10, Backlog: BacklogAll, MaxSize: 1 << 20}
		topic := newTopic(t, d, "news", s)
		var h history
		h.write(t, topic, rand.New(rand.NewPCG(seed, 1)))
		noError(t, topic.Register("s", CursorOptions{From: FromNow}))
		path, size := lastFile(t, topic)
		where := int64(at) % size
		b, err := os.ReadFile(path)
		noError(t, err)
		if flip {
			b[where] ^= 1 << (seed % 8)
		} else {
			b = b[:where]
		}
		noError(t, os.WriteFile(path, b, 0))

		d = reboot(t, d)
		topic, err = d.Announcement("news")
		noError(t, err)
		n := h.check(t, topic)
		if cut, damage := n < len(h.records), topic.Damage(); cut != (damage != nil) {
			t.Errorf("%d records of %d, reported: %v", n, len(h.records), damage)
		}
		seq := put(t, topic, "goes on")
		if gone := n == 0 && seq == uint64(len(h.records)+1); seq != uint64(n+1) && !gone { // with the only header
			t.Errorf("seq %d after %d records", seq, n)
		}
		c := subscribe(t, topic, "s", CursorOptions{})
		last, ok, err := Record{}, true, error(nil)
		for r := (Record{}); ok && err == nil; r, ok, err = c.TryNext() {
			last = r
		}
		if err != nil || string(last.Data) != "goes on" {
			t.Errorf("the subscriber ends with %d %.20q, %v", last.Seq, last.Data, err)
		}
	})
}

// Without damage nothing is lost, and records behind the stored end come in:
// the head may be older than the log.
func TestRecoveryOfAnOldHead(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{Segment: smallSegment, Backlog: BacklogAll})
	fill(t, topic, 1, 20)
	old := topic.log.head.end().Load()
	fill(t, topic, 21, 200)
	topic.log.head.end().Store(old) // in the first segment
	topic.log.head.seg().Store(0)
	topic.log.head.lastEnd().Store(old)
	topic.log.head.lastSeq().Store(20)
	d = reboot(t, d)
	topic = newTopic(t, d, "news", Settings{Segment: smallSegment, Backlog: BacklogAll})
	if seq := put(t, topic, fat(201)); seq != 201 || topic.Damage() != nil {
		t.Errorf("seq %d, %v", seq, topic.Damage())
	}
	c := subscribe(t, topic, "", CursorOptions{})
	for i := 1; i <= 201; i++ {
		wantNext(t, c, uint64(i), fat(i))
	}
}

// Bytes of an earlier, longer put that was not finished do not come alive
// behind the record that was put over them.
func TestRecoveryDoesNotResurrect(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{})
	l := topic.log
	put(t, topic, "1")
	noError(t, l.exclusively(func() error {
		noError(t, l.begin())
		for range 3 {
			l.add(flagPut, 0, 0, []byte("lost"))
		}
		return l.current.file.WriteAt(append(l.batch.b, make([]byte, recordAlign)...), l.current.at(l.head.end().Load()))
	}))
	put(t, topic, "2 it") // as long as what was lost
	topic = newTopic(t, reboot(t, d), "news", Settings{})
	info, err := topic.Info()
	if err != nil || info.LastSeq != 2 {
		t.Errorf("%+v %v", info, err)
	}
}

func TestRecoverySetsAside(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{Backlog: BacklogAll})
	c := subscribe(t, topic, "s", CursorOptions{})
	g := consumer(t, topic, CursorOptions{})
	fill(t, topic, 1, 10)
	for i := 1; i <= 9; i++ {
		wantNext(t, c, uint64(i), fat(i))
		wantTake(t, g, uint64(i), 1)
	}
	noError(t, c.Commit(9))
	path, size := lastFile(t, topic)
	damage(t, path, segmentHeader+4*int64(recordSize(1006))+100)
	topic = newTopic(t, reboot(t, d), "news", Settings{Backlog: BacklogAll})
	want := "news: 0000000000000000.log: bad checksum at 4256 (record 5)"
	if err := topic.Damage(); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	info, err := topic.Info()
	noError(t, err)
	if info.LastSeq != 4 || strings.Join(info.Damaged, " ") != "0000000000000000.log.damaged" {
		t.Errorf("%+v", info)
	}
	if aside, err := os.Stat(path + damagedEnding); err != nil || aside.Size()+4256 != size {
		t.Errorf("%v %v", aside, err)
	}
	for _, s := range info.Subscribers {
		if s.Seq != 4 || s.Unread != 0 || s.Group && len(s.InFlight) != 4 {
			t.Errorf("%+v", s)
		}
	}
}

// The opener that is killed in the middle of a recovery leaves it to the next.
func TestRecoveryTwice(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{Backlog: BacklogAll})
	fill(t, topic, 1, 10)
	path, _ := lastFile(t, topic)
	damage(t, path, 5000)
	noError(t, d.Close())
	for _, boot := range []byte{1, 2, 2} {
		d, err := HomeOptions{}.open(d.home.Path, [16]byte{boot})
		noError(t, err)
		topic, err := d.Announcement("news")
		noError(t, err)
		if damaged := topic.Damage() != nil; damaged != (boot == 1) {
			t.Errorf("boot %d: %v", boot, topic.Damage())
		}
		info, err := topic.Info()
		if err != nil || info.LastSeq != 4 || len(info.Damaged) != 1 {
			t.Errorf("%+v %v", info, err)
		}
		if boot == 1 {
			topic.log.head.setBoot([2]uint64{9, 9})
		}
		noError(t, d.Close())
	}
}

// damage changes a byte of a file.
func damage(t testing.TB, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	noError(t, err)
	defer f.Close()
	b := make([]byte, 1)
	_, err = f.ReadAt(b, at)
	noError(t, err)
	b[0] ^= 0x40
	_, err = f.WriteAt(b, at)
	noError(t, err)
}

// What cannot be read is reported once, and the rest is delivered.
func TestCorruptSegments(t *testing.T) {
	const perSegment = 62
	size := int64(recordSize(1006))
	tests := map[string]struct {
		file   uint64 // which segment
		at     int64
		lost   []int // records
		vanish bool  // all of the file
	}{
		"a payload":        {0, segmentHeader + 4*size + 100, []int{5}, false},
		"a length":         {0, segmentHeader + 4*size, []int{5}, false},
		"a large length":   {0, segmentHeader + 4*size + 3, []int{5}, false},
		"the first one":    {0, segmentHeader + 8, []int{1}, false},
		"the last of some": {1, segmentHeader + (perSegment-1)*size + 500, []int{2 * perSegment}, false},
		"a whole segment":  {1, 0, nil, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := openTemp(t)
			topic := newTopic(t, d, "news", Settings{Segment: smallSegment, Backlog: BacklogAll})
			g := consumer(t, topic, CursorOptions{From: FromStart})
			fill(t, topic, 1, 4*perSegment)
			path := topic.log.segs.path(test.file * perSegment * uint64(size))
			if test.vanish {
				noError(t, os.Remove(path))
				for i := 1; i <= perSegment; i++ {
					test.lost = append(test.lost, perSegment+i)
				}
			} else {
				damage(t, path, test.at)
			}
			c := subscribe(t, topic, "s", CursorOptions{})
			next := func() (Record, error) { r, _, err := c.TryNext(); return r, err }
			take := func() (Record, error) { r, _, err := g.TryNext(); return r.Record, err }
			for what, read := range map[string]func() (Record, error){"cursor": next, "consumer": take} {
				checkLost(t, what, read, filepath.Base(path), 4*perSegment, test.lost)
			}
			if seq := uint64(test.lost[0] - 1); seq > 0 { // not past what cannot be read
				noError(t, c.Commit(seq))
				if s, _ := topic.log.subs.find("s"); s.off().Load() != seq*uint64(size) {
					t.Errorf("position %d behind %d", s.off().Load(), seq)
				}
			}
			noError(t, c.Commit(4*perSegment))
			for _, seq := range []int{1, test.lost[0], test.lost[len(test.lost)-1] + 1} {
				there := seq
				if seq == test.lost[0] {
					there = test.lost[len(test.lost)-1] + 1
				}
				c := subscribe(t, topic, "", CursorOptions{From: From(seq)})
				for r, ok, err := c.TryNext(); ; r, ok, err = c.TryNext() {
					if err == nil && ok && int(r.Seq) != there {
						t.Errorf("from %d: %d, want %d", seq, r.Seq, there)
					}
					if err == nil {
						break
					}
				}
				c.Close()
			}
		})
	}
}

func checkLost(t *testing.T, what string, read func() (Record, error), file string, n int, lost []int) {
	errs := 0
	for i := 1; i <= n; {
		r, err := read()
		var corrupt *CorruptError
		if errors.As(err, &corrupt) {
			if errs++; corrupt.File != file || int(corrupt.Seq) != lost[0] {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		if i == lost[0] {
			i += len(lost)
			if int(r.Missed) != len(lost) {
				t.Errorf("%s: %d missed before %d", what, r.Missed, r.Seq)
			}
		}
		if err != nil || int(r.Seq) != i || string(r.Data) != fat(i) {
			t.Fatalf("%s: %d %.10q %v, want %d", what, r.Seq, r.Data, err, i)
		}
		i++
	}
	if errs != 1 {
		t.Errorf("%s: reported %d times", what, errs)
	}
}

func TestOtherVersion(t *testing.T) {
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{})
	topic.log.head.Uint32(8).Store(2)
	_, err := again(t, d).Announcement("news")
	var format *FormatError
	if want := "news: head: is of version 2, this loxctl knows version 1"; !errors.As(err, &format) || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	topic.log.head.Uint32(8).Store(1)
	for _, name := range []string{"subs", "ids", "head"} {
		path := topic.log.file(name)
		b, err := os.ReadFile(path)
		noError(t, err)
		noError(t, os.WriteFile(path, []byte("short"), 0))
		if _, err := again(t, d).Announcement("news"); err == nil || !strings.HasPrefix(err.Error(), "news: "+name) {
			t.Errorf("%s cut: %v", name, err)
		}
		noError(t, os.WriteFile(path, b, 0))
	}
}
