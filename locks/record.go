package locks

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/loxctl/loxctl/internal/state"
)

// recordSize is how many bytes a record has in its file.
const recordSize = 256

// recordState is what the owner of a record was last doing.
type recordState uint8

const (
	recordWaits recordState = 1
	recordHolds recordState = 2
)

const (
	flagFD     = 1 << iota // held by a descriptor that a script keeps open
	flagKeeper             // held by a keeper in the name of its owner
)

// record says who a ticket belongs to. It advises those who list, and those
// who look for a deadlock; who is inside is decided by bytes alone.
type record struct {
	ticket     uint64
	state      recordState
	mode       Mode
	flags      uint16
	index      uint32
	pid        uint32
	start      uint64 // of pid
	namespace  uint64 // of pids
	owner      uint32 // pid
	uid        uint32
	ownerStart uint64
	since      int64 // Unix time in ns
	group      uint64
	tree       uint64 // what runs inside this hold has it as inside or ownerKey
	inside     uint64 // tree of the hold that this one runs in
	ownerKey   uint64
	label      string // up to 64 bytes
	command    string // up to 96 bytes
}

const (
	offChecksum = 8
	offState    = 12
	offLabel    = 96
	offCommand  = 160
)

func recordOffset(k uint32) int64 { return offRecords + recordSize*int64(k) }

func (r *record) encode(b *[recordSize]byte) {
	*b = [recordSize]byte{}
	le := binary.LittleEndian
	le.PutUint64(b[0:], r.ticket)
	b[offState], b[13] = byte(r.state), byte(r.mode)
	le.PutUint16(b[14:], r.flags)
	le.PutUint32(b[16:], r.index)
	le.PutUint32(b[20:], r.pid)
	le.PutUint64(b[24:], r.start)
	le.PutUint64(b[32:], r.namespace)
	le.PutUint32(b[40:], r.owner)
	le.PutUint32(b[44:], r.uid)
	le.PutUint64(b[48:], r.ownerStart)
	le.PutUint64(b[56:], uint64(r.since))
	le.PutUint64(b[64:], r.group)
	le.PutUint64(b[72:], r.tree)
	le.PutUint64(b[80:], r.inside)
	le.PutUint64(b[88:], r.ownerKey)
	copy(b[offLabel:offCommand], r.label)
	copy(b[offCommand:], r.command)
	le.PutUint32(b[offChecksum:], checksum(b))
}

// checksum covers all but itself.
func checksum(b *[recordSize]byte) uint32 {
	return crc32c(b[:offChecksum], b[offState:])
}

// decode reports whether b is a whole record.
func (r *record) decode(b *[recordSize]byte) bool {
	le := binary.LittleEndian
	*r = record{
		ticket: le.Uint64(b[0:]), state: recordState(b[offState]), mode: Mode(b[13]),
		flags: le.Uint16(b[14:]), index: le.Uint32(b[16:]), pid: le.Uint32(b[20:]),
		start: le.Uint64(b[24:]), namespace: le.Uint64(b[32:]), owner: le.Uint32(b[40:]),
		uid: le.Uint32(b[44:]), ownerStart: le.Uint64(b[48:]), since: int64(le.Uint64(b[56:])),
		group: le.Uint64(b[64:]), tree: le.Uint64(b[72:]), inside: le.Uint64(b[80:]),
		ownerKey: le.Uint64(b[88:]), label: text(b[offLabel:offCommand]), command: text(b[offCommand:]),
	}
	return r.ticket != 0 && le.Uint32(b[offChecksum:]) == checksum(b)
}

func text(b []byte) string { return strings.TrimRight(string(b), "\x00") }

// clip cuts s to n bytes, at a rune.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// A numbered record is one that was found in a table.
type numbered struct {
	record
	slot uint32
}

// readRecords returns the records of the table that are whole. Writers do not
// wait for readers, so a torn one is looked at again.
func readRecords(f *state.File, nslots uint32) ([]numbered, error) {
	table := make([]byte, recordSize*int64(nslots))
	if err := f.ReadAt(table, offRecords); err != nil {
		return nil, err
	}
	var found []numbered
	for k := range nslots {
		b := (*[recordSize]byte)(table[recordSize*int64(k):])
		r := numbered{slot: k}
		for try := 0; !r.decode(b) && r.ticket != 0 && try < 3; try++ {
			if err := f.ReadAt(b[:], recordOffset(k)); err != nil {
				return nil, err
			}
		}
		if r.ticket != 0 && r.ticket < ticketEnd && r.decode(b) {
			found = append(found, r)
		}
	}
	return found, nil
}
