package pipes

import (
	"errors"
	"io/fs"
	"os"

	"github.com/loxctl/loxctl/internal/state"
)

// recover makes a log of what the end of the machine has left. The memory of
// the head may be older than the records, or younger. So the last segment is
// read from its start: records that are whole and follow each other are kept,
// also behind the stored end, and the log ends where they do. What else is
// there is put aside if it was committed. The caller has M. A process that is
// killed in here leaves the work to the next one.
func (l *log) recover() error {
	found, err := l.recoverEnd()
	if err != nil {
		return err
	}
	if err := l.recoverFirst(found); err != nil {
		return err
	}
	if err := l.recoverPositions(found); err != nil {
		return err
	}
	for i := range uint64(idsCount) {
		l.removeID(i)
	}
	if err := os.Remove(l.file("pend")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	l.head.waiters().Store(0) // nobody can have waited so long
	l.head.roomWaiters().Store(0)
	l.head.setBoot(l.boot)
	return nil
}

// recoverEnd ends the log where it cannot be read any further.
func (l *log) recoverEnd() (wholePart, error) {
	l.dropCurrent()
	l.walk.forget()
	l.walk.buf = nil
	bases, err := l.segs.list()
	if err != nil {
		return wholePart{}, err
	}
	found, err := l.lastWhole(bases)
	if err != nil {
		return found, err
	}
	if err := l.cut(found); err != nil {
		return found, err
	}
	h := l.head
	h.seg().Store(found.head.base)
	h.end().Store(found.end)
	h.lastSeq().Store(found.last.seq)
	h.lastLen().Store(found.last.len)
	h.lastEnd().Store(found.end)
	return found, nil
}

// wholePart is what is good of the last segment.
type wholePart struct {
	head segmentHead
	end  uint64
	last lastRecord
	why  error // it ends there, if records are missing
}

// lastWhole returns the last segment that can be read at all. Others behind it
// are put aside. Without any there is a new one.
func (l *log) lastWhole(bases []uint64) (wholePart, error) {
	for i := len(bases) - 1; i >= 0; i-- {
		h, err := l.segs.head(bases[i])
		if err == nil {
			return l.whole(h)
		}
		if err != errNoSegment {
			return wholePart{}, err
		}
		if bases[i] < l.head.end().Load() {
			l.report(bases[i], bases[i], l.head.lastSeq().Load(), errChecksum)
		}
		path := l.segs.path(bases[i])
		if err := os.Rename(path, path+damagedEnding); err != nil {
			return wholePart{}, err
		}
	}
	end, seq := l.head.end().Load(), l.head.lastSeq().Load()
	h := segmentHead{base: end, seq: seq + 1, back: uint32(l.head.lastLen().Load()), time: now()}
	return wholePart{head: h, end: end, last: lastRecord{seq, uint64(h.back)}}, l.segs.create(h)
}

// whole reads a segment up to where it cannot be read.
func (l *log) whole(h segmentHead) (wholePart, error) {
	w := wholePart{head: h, end: h.base, why: errShort, last: lastRecord{h.seq - 1, uint64(h.back)}}
	g, err := l.segs.use(h.base)
	if err != nil {
		return w, err
	}
	defer l.segs.release(g)
	size, err := g.file.Size()
	if err != nil {
		return w, err
	}
	limit := h.base + uint64(max(size-segmentHeader, 0))
	// Not l.walk: it believes what the head says.
	r := reader{log: l, ahead: readAhead, seg: g}
	for w.end < limit {
		rec, err := r.record(w.end, limit)
		if err == nil && (rec.seq != w.last.seq+1 || uint64(rec.back) != w.last.len) {
			err = errChecksum
		}
		if err != nil && !isDamage(err) {
			return w, err
		}
		if err != nil {
			w.why = err
			break
		}
		w.end, w.last = rec.end, lastRecord{rec.seq, rec.size()}
	}
	return w, nil
}

// cut ends the last segment where the good part ends. What was committed
// behind that is kept in another file.
func (l *log) cut(w wholePart) error {
	g, err := l.segs.use(w.head.base)
	if err != nil {
		return err
	}
	defer l.segs.release(g)
	at := g.at(w.end)
	if w.end < l.head.end().Load() {
		size, err := g.file.Size()
		if err != nil {
			return err
		}
		l.report(w.head.base, w.end, w.last.seq, w.why)
		if size > at {
			err = l.setAside(g, at, size)
		}
		if err != nil {
			return err
		}
	}
	return g.file.Truncate(at)
}

// report notes what was found to be damaged.
func (l *log) report(base, off, seq uint64, why error) {
	if l.damage == nil {
		l.damage = &CorruptError{Name: l.name, File: segmentName(base),
			Offset: int64(segmentHeader + off - base), Seq: seq + 1, Why: why.Error()}
	}
}

// setAside copies what lies in the segment from one offset to another.
func (l *log) setAside(g *segment, from, to int64) error {
	path := l.segs.path(g.base) + damagedEnding
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	aside, err := state.OpenFile(path, l.mode)
	if err != nil {
		return err
	}
	defer aside.Close()
	b := make([]byte, readAhead)
	for at := from; at < to; {
		n, err := g.file.ReadSome(b[:min(int64(len(b)), to-at)], at)
		if err != nil || n == 0 {
			return err
		}
		if err := aside.WriteAt(b[:n], at-from); err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}

// recoverFirst makes the first record that of the first segment there is.
func (l *log) recoverFirst(w wholePart) error {
	bases, err := l.segs.list()
	if err != nil {
		return err
	}
	first := w.head
	for _, base := range bases {
		h, err := l.segs.head(base)
		if err == errNoSegment {
			continue // met by whoever reads it
		}
		if err != nil {
			return err
		}
		first = h
		break
	}
	l.head.firstSeq().Store(first.seq)
	l.head.first().Store(first.base)
	return nil
}

// recoverPositions moves back who was behind what is now the end.
func (l *log) recoverPositions(w wholePart) error {
	if err := l.refresh(); err != nil {
		return err
	}
	return l.subs.all(func(s slot) error {
		if s.off().Load() > w.end {
			s.off().Store(w.end)
		}
		s.seq().Store(min(s.seq().Load(), w.last.seq))
		s.taken().Store(min(s.taken().Load(), w.last.seq))
		if !s.is(slotGroup) {
			return nil
		}
		return l.groups.cut(s, w.end)
	})
}

// refresh maps again what has grown.
func (l *log) refresh() error { return l.subs.refresh() }

// Damage returns what was found to be damaged when this process opened the
// announcement for the first time since the machine was started, or nil. What
// lies behind it is in a file beside the log's, see Info.
func (t *Topic) Damage() *CorruptError { return t.log.damage }
