package pipes

import (
	"fmt"
	"math"
	"strconv"
)

// From is where a subscriber begins: a seq, or one of the constants. A seq that
// is no longer retained is the first one there is, and one that is not there
// yet is the next one.
type From uint64

// Where a subscriber can begin.
const (
	FromBacklog From = 0                  // what the settings say
	FromStart   From = 1                  // the first record there is
	FromLast    From = math.MaxUint64 - 1 // the last record there is
	FromNow     From = math.MaxUint64     // the next one
)

// ParseFrom reads start, now, last, or a seq.
func ParseFrom(text string) (From, error) {
	switch text {
	case "start":
		return FromStart, nil
	case "now":
		return FromNow, nil
	case "last":
		return FromLast, nil
	}
	seq, err := strconv.ParseUint(text, 10, 63)
	if err != nil || seq == 0 {
		return 0, fmt.Errorf("%q is none of start, now, last, or the number of a record", text)
	}
	return From(seq), nil
}

// A position is the place of a record in the log, of one that is not there yet
// perhaps.
type position struct{ off, seq uint64 }

// start returns where somebody begins. The caller has M.
func (l *log) start(from From) (position, error) {
	last, err := l.last()
	if err != nil {
		return position{}, err
	}
	now := position{l.head.end().Load(), last.seq + 1}
	switch from {
	case FromNow:
		return now, nil
	case FromLast:
		return l.locate(now, last, last.seq)
	case FromBacklog:
		n := int64(l.head.Uint64(setBacklog).Load())
		if n == BacklogNone {
			return now, nil
		}
		if n == BacklogAll || uint64(n) > last.seq {
			return l.locate(now, last, 1)
		}
		return l.locate(now, last, last.seq-uint64(n)+1)
	}
	return l.locate(now, last, uint64(from))
}

// locate returns the position of the record seq, or the nearest one there is.
// now is the end of the log, last the record before it.
func (l *log) locate(now position, last lastRecord, seq uint64) (position, error) {
	first := position{l.head.first().Load(), l.head.firstSeq().Load()}
	switch {
	case seq >= now.seq || first.off >= now.off:
		return now, nil
	case seq <= first.seq:
		return first, nil
	}
	const near = 2000 // about what a scan of a segment costs
	if now.seq-seq <= near {
		if at, ok := l.walkBack(now, last.len, seq); ok {
			return at, nil
		}
	}
	return l.scan(now, first, seq)
}

// walkBack goes back from the end, record by record, to seq.
func (l *log) walkBack(now position, size, seq uint64) (position, bool) {
	r := reader{log: l, ahead: recordHeader}
	defer r.forget()
	at := now
	for at.seq > seq {
		if size == 0 || size > at.off {
			return at, false
		}
		at = position{at.off - size, at.seq - 1}
		h, err := r.headAt(at.off, now.off)
		if err != nil || h.seq != at.seq || h.size() != size {
			return at, false
		}
		size = uint64(h.back)
	}
	return at, true
}

// scan goes forward to seq, through its segment. What cannot be read is passed.
func (l *log) scan(now, first position, seq uint64) (position, error) {
	at, err := l.segmentBefore(first, seq)
	if err != nil {
		return at, err
	}
	r := reader{log: l, ahead: readAhead}
	defer r.forget()
	for at.off < now.off {
		rec, err := r.record(at.off, now.off)
		switch {
		case err == nil && rec.seq >= seq:
			return position{rec.off, rec.seq}, nil
		case err == nil:
			at = position{rec.end, rec.seq + 1}
		case isDamage(err):
			if at.off, err = r.resync(at.off, now.off, at.seq-1); err != nil {
				return at, err
			}
		default:
			return at, err
		}
	}
	return now, nil
}

// segmentBefore returns the beginning of the last segment that begins at or
// before the record seq.
func (l *log) segmentBefore(first position, seq uint64) (position, error) {
	bases, err := l.segs.list()
	at := first
	for i := len(bases) - 1; i >= 0 && err == nil && bases[i] > first.off; i-- {
		h, bad := l.segs.head(bases[i])
		if bad == nil && h.seq <= seq {
			return position{h.base, h.seq}, nil
		}
	}
	return at, err
}

// seqAt returns the seq of the record at off: that of the next one, at the
// end, and of the first one there is before that.
func (l *log) seqAt(r *reader, off, last uint64) (uint64, error) {
	end := l.head.end().Load()
	if off >= end {
		return last + 1, nil
	}
	if off < l.head.first().Load() {
		return l.head.firstSeq().Load(), nil
	}
	rec, err := r.record(off, end)
	if err == errGone {
		return l.head.firstSeq().Load(), nil
	}
	return rec.seq, err
}

// lastSeq is the seq of the last record, without M.
func (l *log) lastSeq() (uint64, error) {
	r := reader{log: l, ahead: walkAhead}
	defer r.forget()
	for {
		end, hint, seq := l.head.end().Load(), l.head.lastEnd().Load(), l.head.lastSeq().Load()
		if hint > end || hint != l.head.lastEnd().Load() {
			continue // in the middle of a commit
		}
		for hint < end {
			rec, err := r.record(hint, end)
			if err != nil {
				return 0, l.corrupt(err, hint, seq+1)
			}
			hint, seq = rec.end, rec.seq
		}
		return seq, nil
	}
}
