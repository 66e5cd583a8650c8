package pipes

import (
	"errors"
	"io/fs"
	"time"
)

const (
	readAhead = 64 << 10 // of who reads one record after the other
	walkAhead = 4 << 10  // of who looks here and there
)

// errGone says that the offset is before the first record that is retained.
var errGone = errors.New("no longer retained")

// A record as it was read.
type record struct {
	recordHead
	off, end uint64 // in the log
	payload  []byte // until the next read
}

// A reader reads records of a log, at any offset. It sees only what is below
// the end that its caller has read from the head: that is never changed.
type reader struct {
	log   *log
	ahead int // how much it reads at once
	seg   *segment
	buf   []byte // of seg, from log offset from
	from  uint64
}

// record returns the record at off, below end.
func (r *reader) record(off, end uint64) (record, error) {
	b, err := r.bytes(off, recordHeader, end)
	if err != nil {
		return record{}, err
	}
	h, err := parseHead(b)
	if err != nil {
		return record{}, err
	}
	if b, err = r.bytes(off, h.size(), end); err != nil {
		return record{}, err
	}
	h, payload, err := parseRecord(b)
	return record{h, off, off + h.size(), payload}, err
}

// headAt returns the header at off, without a look at the payload: it is what
// it says only if what the caller expects is there.
func (r *reader) headAt(off, end uint64) (recordHead, error) {
	b, err := r.bytes(off, recordHeader, end)
	if err != nil {
		return recordHead{}, err
	}
	return parseHead(b)
}

// bytes returns n bytes at off.
func (r *reader) bytes(off, n, end uint64) ([]byte, error) {
	if off >= r.from && off+n <= r.from+uint64(len(r.buf)) {
		at := off - r.from
		return r.buf[at : at+n], nil
	}
	if off+n > end {
		return nil, errShort
	}
	want := min(max(n, uint64(r.ahead)), end-off)
	r.buf = r.buf[:0]
	if have := uint64(cap(r.buf)); have < want || have > keepBatch && want <= readAhead {
		r.buf = make([]byte, 0, bufferSize(want))
	}
	got, err := r.read(r.buf[:want], off)
	r.buf, r.from = r.buf[:got], off
	if err == nil && uint64(got) < n {
		err = errShort
	}
	return r.buf[:min(uint64(got), n)], err
}

// bufferSize is how large a buffer is made for n bytes: readers of little stay
// small, and those of more do not grow step by step.
func bufferSize(n uint64) uint64 {
	size := uint64(1 << 10)
	for size < n {
		size *= 2
	}
	return size
}

// read reads what there is at off, which is below the end, in one segment.
func (r *reader) read(b []byte, off uint64) (int, error) {
	if r.seg == nil || off < r.seg.base {
		if err := r.seek(off); err != nil {
			return 0, err
		}
	}
	for {
		n, err := r.seg.file.ReadSome(b, r.seg.at(off))
		if n > 0 || err != nil {
			return n, err
		}
		was := r.seg.base // it ends before off, so another one goes on
		if err := r.seek(off); err != nil {
			return 0, err
		}
		if r.seg.base == was {
			return 0, errMissing
		}
	}
}

// seek opens the segment that has off in it.
func (r *reader) seek(off uint64) error {
	base, ok := r.log.head.seg().Load(), true
	if off < base {
		var err error
		if base, ok, err = r.log.segs.holding(off); err != nil {
			return err
		}
	}
	err := fs.ErrNotExist
	if ok {
		var seg *segment
		if seg, err = r.log.segs.use(base); err == nil {
			r.forget()
			r.seg = seg
			return nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		if off < r.log.head.first().Load() {
			return errGone
		}
		return errMissing
	}
	return err
}

var errMissing = errors.New("segment is missing")

// forget gives the segment back.
func (r *reader) forget() {
	if r.seg != nil {
		r.log.segs.release(r.seg)
		r.seg = nil
	}
}

// resync returns where the next readable record behind off begins, which
// cannot be read: at most at end. Its seq is above seq.
func (r *reader) resync(off, end, seq uint64) (uint64, error) {
	stop, err := r.stop(off, end)
	if err != nil {
		return 0, err
	}
	for next := off + recordAlign; next < stop; next += recordAlign {
		h, err := r.headAt(next, end)
		if err == errShort || err == errMissing {
			break
		}
		if err == nil && h.seq > seq {
			if _, err = r.record(next, end); err == nil {
				return next, nil
			}
		}
		if err != nil && !isDamage(err) {
			return 0, err
		}
	}
	return stop, nil
}

// stop returns where the segment ends that has off in it.
func (r *reader) stop(off, end uint64) (uint64, error) {
	bases, err := r.log.segs.list()
	if err != nil {
		return 0, err
	}
	for _, base := range bases {
		if base > off {
			return min(base, end), nil
		}
	}
	return end, nil
}

// isDamage reports whether the files are not what was written.
func isDamage(err error) bool {
	return errors.Is(err, errChecksum) || errors.Is(err, errShort) || errors.Is(err, errMissing)
}

// corrupt makes a *CorruptError of damage at off, where the record seq should
// be. Other errors stay what they are.
func (l *log) corrupt(err error, off, seq uint64) error {
	if !isDamage(err) {
		return err
	}
	if err == errMissing {
		return &CorruptError{Name: l.name, File: segmentName(off), Seq: seq, Why: err.Error()}
	}
	base, at := l.head.seg().Load(), int64(0)
	if off < base {
		if b, ok, err := l.segs.holding(off); ok && err == nil {
			base = b
		}
	}
	if off >= base {
		at = int64(segmentHeader + off - base)
	}
	return &CorruptError{Name: l.name, File: segmentName(base), Offset: at, Seq: seq, Why: err.Error()}
}

// public is the record as its reader gets it.
func (r *record) public(missed uint64) Record {
	return Record{Seq: r.seq, Time: time.Unix(0, r.time), ID: r.id, Data: r.payload, Missed: missed}
}
