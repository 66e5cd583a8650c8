package pipes

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"time"
)

// trim deletes segments: those that nobody has a claim to, and those that are
// beyond the bounds of what is retained. The last one stays. The caller has M.
func (l *log) trim(lastSeq uint64) (removed int, err error) {
	bases, err := l.segs.list()
	if err != nil || len(bases) < 2 {
		return 0, err
	}
	claimed, err := l.claimed()
	if err != nil {
		return 0, err
	}
	current := l.head.seg().Load()
	old := 0 // the first segment that is there
	for i := 1; i < len(bases) && bases[i] <= current; i++ {
		next, err := l.segs.head(bases[i])
		if err == errNoSegment {
			continue // it goes with those before it
		}
		if err != nil {
			return removed, err
		}
		free := bases[i] <= claimed && !l.inBacklog(next.seq, lastSeq)
		if !free && !l.beyond(next) {
			break
		}
		l.head.firstSeq().Store(next.seq)
		l.head.first().Store(next.base)
		for ; old < i; old++ {
			if err := os.Remove(l.segs.path(bases[old])); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return removed, err
			}
			removed++
		}
	}
	return removed, nil
}

// inBacklog reports whether a new subscriber would get a record before seq.
func (l *log) inBacklog(seq, lastSeq uint64) bool {
	n := int64(l.head.Uint64(setBacklog).Load())
	switch {
	case n == BacklogNone || l.head.has(logFinal):
		return false
	case n == BacklogAll:
		return true
	}
	return seq+uint64(n) > lastSeq+1
}

// beyond reports whether what lies before the segment is more than may be
// retained with it.
func (l *log) beyond(next segmentHead) bool {
	bytes, age := l.head.Uint64(setRetainBytes).Load(), time.Duration(l.head.Uint64(setRetainAge).Load())
	end := l.head.end().Load()
	// The bound is for what is kept, the segment before next included.
	if bytes > 0 && end-l.head.first().Load() > bytes {
		return true
	}
	return age > 0 && time.Since(time.Unix(0, next.time)) > age
}

// claimed returns the lowest offset that a subscriber, a group or somebody else
// may still want to read. The caller has M.
func (l *log) claimed() (uint64, error) {
	lowest := uint64(math.MaxUint64)
	err := l.subs.all(func(s slot) error {
		if free, err := l.subs.tidy(s); err != nil || free {
			return err
		}
		lowest = min(lowest, s.off().Load())
		if !s.is(slotGroup) {
			return nil
		}
		held, err := l.groups.lowest(s) // after the position, see take
		lowest = min(lowest, held)
		return err
	})
	for _, claim := range l.claims {
		if err != nil {
			break
		}
		var off uint64
		off, err = claim()
		lowest = min(lowest, off)
	}
	return lowest, err
}
