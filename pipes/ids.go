package pipes

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/loxctl/loxctl/internal/state"
)

// The file ids remembers the last put ids: a header of 64 bytes with the
// number of the next entry, and a ring of entries of three words. Guard M.
const (
	idsCount  = 4096
	idsHeader = 64
	idsNext   = 16
	idsEntry  = 24
	idsSize   = idsHeader + idsCount*idsEntry
	idsMagic  = "LOXIDS\x00\x01"
)

type idEntry struct{ id, seq, off uint64 }

// hashID makes the id of a record of a key: 0 for none, and for no key.
func hashID(key string) uint64 {
	if key == "" {
		return 0
	}
	sum := sha256.Sum256([]byte(key))
	return max(binary.LittleEndian.Uint64(sum[:]), 1)
}

func openIDs(l *log) (*state.Shared, error) {
	file, err := state.OpenFile(l.file("ids"), 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	ids, err := file.Share(idsSize)
	if err == nil && string(ids.Bytes(0, 8)) != idsMagic {
		ids.Unmap()
		return nil, &FormatError{Name: l.name, Path: "ids", Why: "is no table of ids"}
	}
	return ids, err
}

// findID returns the seq of the record that was put with the id, even if it is
// no longer retained. The caller has M.
func (l *log) findID(id uint64) (seq uint64, ok bool, err error) {
	if id == 0 {
		return 0, false, nil
	}
	l.tidyIDs()
	end, first := l.head.end().Load(), l.head.first().Load()
	for i := range uint64(idsCount) {
		e := l.idAt(i)
		if e.id != id || e.off >= end {
			continue
		}
		if e.off < first {
			return e.seq, true, nil
		}
		r, err := l.walk.record(e.off, end)
		if err != nil && !isDamage(err) {
			return 0, false, err
		}
		if err == nil && r.id == id && r.seq == e.seq {
			return e.seq, true, nil
		}
	}
	return 0, false, nil
}

// tidyIDs removes an entry whose writer was killed before the commit: at the
// offset that it has there will be another record. It is the last one, or the
// one behind that. The caller has M.
func (l *log) tidyIDs() {
	next := l.ids.Uint64(idsNext).Load()
	l.removeID(next - 1)
	l.removeID(next)
}

func (l *log) removeID(i uint64) {
	if e := l.idAt(i); e.id != 0 && e.off >= l.head.end().Load() {
		l.ids.Uint64(idOffset(i)).Store(0)
	}
}

// noteID enters an id, over the oldest one. The caller has M, and commits its
// record next.
func (l *log) noteID(e idEntry) {
	if e.id == 0 {
		return
	}
	next := l.ids.Uint64(idsNext)
	at := idOffset(next.Load())
	l.ids.Uint64(at).Store(0) // an entry with an id is whole
	l.ids.Uint64(at + 8).Store(e.seq)
	l.ids.Uint64(at + 16).Store(e.off)
	l.ids.Uint64(at).Store(e.id)
	next.Add(1)
}

func (l *log) idAt(i uint64) idEntry {
	at := idOffset(i)
	return idEntry{l.ids.Uint64(at).Load(), l.ids.Uint64(at + 8).Load(), l.ids.Uint64(at + 16).Load()}
}

// idOffset is where the entry number i is, of all that there ever were.
func idOffset(i uint64) int { return idsHeader + int(i%idsCount)*idsEntry }
