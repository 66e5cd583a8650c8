package pipes

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/loxctl/loxctl/internal/state"
)

// A batch is what is appended in one commit: all of it is seen, or nothing.
type batch struct {
	b     []byte // records, one behind the other
	first uint64 // seq of the first one
	next  recordHead
	last  uint64  // size of the last one
	id    idEntry // of one record
	sync  bool    // it is on the disk when it is committed
}

// keepBatch is how much memory is kept for the next batch.
const keepBatch = 1 << 20

// lastRecord is what the next record has to know about the one before it.
type lastRecord struct {
	seq uint64 // 0: there was none
	len uint64
}

// last returns what is known of the last record. The caller has M.
func (l *log) last() (lastRecord, error) {
	end, hint := l.head.end().Load(), l.head.lastEnd().Load()
	last := lastRecord{l.head.lastSeq().Load(), l.head.lastLen().Load()}
	for hint < end { // a writer was killed between the commit and the hint
		r, err := l.walk.record(hint, end)
		if err != nil {
			return last, l.corrupt(err, hint, last.seq+1)
		}
		last = lastRecord{r.seq, r.size()}
		hint = r.end
	}
	return last, nil
}

// begin begins a batch. The caller has M, until it is committed or left.
func (l *log) begin() error {
	last, err := l.last()
	if err != nil {
		return err
	}
	l.tidyIDs()
	if cap(l.batch.b) > keepBatch {
		l.batch.b = nil
	}
	l.batch = batch{
		b: l.batch.b[:0], first: last.seq + 1, last: last.len,
		next: recordHead{seq: last.seq + 1, time: now(), back: uint32(last.len)},
	}
	return nil
}

// add adds a record to the batch, one of which may have an id. Its payload is
// the parts, one behind the other, the first hlen bytes of it a funnel's
// header. It returns the offset that the record will have.
func (l *log) add(flags, hlen uint16, id uint64, parts ...[]byte) (off uint64) {
	b := &l.batch
	off = l.head.end().Load() + uint64(len(b.b))
	start := len(b.b)
	b.next.flags, b.next.hlen, b.next.id = flags, hlen, id
	b.b = appendRecord(b.b, b.next, parts...)
	b.last = uint64(len(b.b) - start)
	if id != 0 {
		b.id = idEntry{id, b.next.seq, off}
	}
	b.next.seq++
	b.next.back = uint32(b.last)
	return off
}

// commit appends the batch, and returns the seq of its first record. Without
// an error everybody sees it, with one nobody ever does.
func (l *log) commit(sync bool) (first uint64, err error) {
	b := &l.batch
	size := uint64(len(b.b))
	end := l.head.end().Load()
	b.sync = sync || l.head.Uint32(setSync).Load() != 0
	if err := l.makeWritable(end, size); err != nil {
		return 0, fmt.Errorf("%s: %w", l.name, err)
	}
	if mutant == "end before the record" {
		l.head.end().Store(end + size)
	}
	if mutant != "no zeros behind a record" {
		b.b = append(b.b, make([]byte, recordAlign)...)
	}
	if err := l.current.file.WriteAt(b.b, l.current.at(end)); err != nil {
		return 0, fmt.Errorf("%s: %w", l.name, err)
	}
	if b.sync {
		if err := l.current.file.Sync(); err != nil {
			return 0, fmt.Errorf("%s: %w", l.name, err)
		}
	}
	l.publish(end + size)
	return b.first, nil
}

// publish makes what was written part of the log.
func (l *log) publish(end uint64) {
	b := &l.batch
	if mutant == "wake before end" {
		l.news.wake()
	}
	if mutant != "id after end" {
		l.noteID(b.id)
	}
	l.head.end().Store(end)
	if mutant == "id after end" {
		time.Sleep(time.Millisecond) // long enough to be killed
		l.noteID(b.id)
	}
	l.head.lastSeq().Store(b.next.seq - 1)
	l.head.lastLen().Store(b.last)
	l.head.lastEnd().Store(end)
	if mutant != "wake before end" {
		l.news.wake()
	}
}

// makeWritable opens the segment for the next size bytes, a new one if there
// is no room in the last.
func (l *log) makeWritable(end, size uint64) error {
	base := l.head.seg().Load()
	segment := l.head.Uint64(setSegment).Load()
	if used := end - base; used > 0 && segmentHeader+used+size > segment {
		return l.rotate(base, end)
	}
	if l.current != nil && l.current.base == base {
		return nil
	}
	err := l.openCurrent(base)
	if errors.Is(err, fs.ErrNotExist) && base == end {
		return l.newSegment(end) // a writer was killed before it was made
	}
	return err
}

func (l *log) openCurrent(base uint64) error {
	current, err := l.segs.use(base)
	if err != nil {
		return err
	}
	l.dropCurrent()
	l.current = current
	return nil
}

func (l *log) dropCurrent() {
	if l.current != nil {
		l.segs.release(l.current)
		l.current = nil
	}
}

// rotate ends the segment at base, and begins another one.
func (l *log) rotate(base, end uint64) error {
	if err := l.openCurrent(base); err != nil {
		return err
	}
	if mutant != "no truncate at rotation" {
		if err := l.current.file.Truncate(l.current.at(end)); err != nil {
			return err
		}
	}
	// First the word, then the file: so no file can be left behind in the middle
	// of what another one holds.
	l.head.seg().Store(end)
	return l.newSegment(end)
}

// newSegment makes the segment that begins at the end of the log, and deletes
// those that nobody needs any more.
func (l *log) newSegment(end uint64) error {
	last, err := l.last()
	if err != nil {
		return err
	}
	h := segmentHead{base: end, seq: last.seq + 1, back: uint32(last.len), time: now()}
	if err := l.segs.create(h); err != nil {
		return err
	}
	if l.batch.sync {
		if err := state.SyncDir(l.dir); err != nil {
			return err
		}
	}
	if err := l.openCurrent(end); err != nil {
		return err
	}
	l.trim(last.seq) // what cannot be deleted is no reason not to put: gc says why
	return nil
}
