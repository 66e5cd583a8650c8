package locks

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/loxctl/loxctl/internal/state"
)

// A lock file has a header, which stands in its first 4096 bytes, the stamps
// of a semaphore, and a table of records. All numbers are little-endian. Every
// word of it has one guard, without which it may not be written.
const (
	offMagic    = 0  // 8 bytes; all zero in a new file. Guard M
	offTicket   = 8  // ticket last drawn u64, enqueues so far u64: one write. Guard M
	offNslots   = 24 // size of the record table, u32. Guard M
	offKind     = 28 // u32. Written with the magic
	offGroup    = 32 // of those inside, u64. Guard: the write lock on H
	offCapacity = 40 // of a semaphore, u32. Guard M
	offName     = 64 // length u16, bytes. Written with the magic

	headerSize = offName + 2 + state.MaxName
	offStamps  = 4096 // 8 bytes a slot, µs. Guard: the write lock on S(i)
	offRecords = 12288
)

// The bytes that are locked lie far behind all that. A region holds one kind
// of byte, because the kernel answers "who is in there" in no useful order.
const (
	byteM     int64 = 1 << 62         // whoever enqueues, for microseconds
	baseQ     int64 = 1 << 60         // Q(t): ticket t in the main line; an exclusive holder
	baseP           = baseQ + 1<<58   // P(t): ticket t inside
	baseR           = baseQ + 1<<59   // R(t): ticket t in the line of polite readers
	byteH     int64 = 1 << 58         // H = S(0): the lock itself
	endQ            = baseP           // exclusive
	endP            = baseR           // exclusive
	endR            = baseR + 1<<58   // exclusive
	ticketEnd       = uint64(1) << 53 // tickets are below
)

const (
	magic       = "LOXLK\x01\x00\x00"
	firstNslots = 8
	maxNslots   = 1 << 20

	// MaxSlots is how many slots a named semaphore can have.
	MaxSlots = 1024
)

// A FormatError is a lock file that cannot be one.
type FormatError struct {
	Path string
	Why  string
}

func (e *FormatError) Error() string { return e.Path + ": " + e.Why }

// Hint says what to do about it.
func (e *FormatError) Hint() string {
	return "when nobody uses it, remove the file: it comes into being again"
}

var errNewFile = errors.New("nobody has written the header yet")

// header is the first part of a lock file, as it was read.
type header struct {
	ticket, seq uint64
	nslots      uint32
	kind        Kind
	group       uint64
	capacity    int
	name        string
}

// readHeader returns errNewFile for a file that has none. The kind may be 0:
// whatever the file is.
func readHeader(f *state.File, kind Kind) (header, error) {
	var b [headerSize]byte
	if err := f.ReadAt(b[:], 0); err != nil {
		return header{}, err
	}
	if b == [headerSize]byte{} {
		return header{}, errNewFile
	}
	le := binary.LittleEndian
	h := header{
		ticket: le.Uint64(b[offTicket:]), seq: le.Uint64(b[offTicket+8:]),
		nslots: le.Uint32(b[offNslots:]), kind: Kind(le.Uint32(b[offKind:])),
		group: le.Uint64(b[offGroup:]), capacity: int(le.Uint32(b[offCapacity:])),
	}
	length := min(int(le.Uint16(b[offName:])), state.MaxName)
	h.name = string(b[offName+2 : offName+2+length])
	return h, h.check(f.Path(), string(b[:8]), kind)
}

func (h *header) check(path, start string, kind Kind) error {
	why := ""
	switch {
	case start != magic && start[:5] == magic[:5]:
		why = fmt.Sprintf("is of version %d, this loxctl knows version %d", start[5], magic[5])
	case start != magic:
		why = "is no lock file"
	case kind != 0 && h.kind != kind:
		why = "is of another kind than its directory says"
	case h.nslots < firstNslots || h.nslots > maxNslots || h.ticket >= ticketEnd || h.capacity > MaxSlots:
		why = "is damaged"
	default:
		return nil
	}
	return &FormatError{Path: path, Why: why}
}

// writeHeader makes a new file a lock file, in one write. The caller has M.
func writeHeader(f *state.File, kind Kind, name string, capacity int) (header, error) {
	h := header{nslots: firstNslots, kind: kind, name: name, capacity: capacity}
	b := make([]byte, headerSize)
	le := binary.LittleEndian
	copy(b, magic)
	le.PutUint32(b[offNslots:], h.nslots)
	le.PutUint32(b[offKind:], uint32(kind))
	le.PutUint32(b[offCapacity:], uint32(capacity))
	le.PutUint16(b[offName:], uint16(len(name)))
	copy(b[offName+2:], name)
	return h, f.WriteAt(b, 0)
}

// writeWords writes numbers of 8 bytes side by side.
func writeWords(f *state.File, at int64, words ...uint64) error {
	b := make([]byte, 0, 16)
	for _, word := range words {
		b = binary.LittleEndian.AppendUint64(b, word)
	}
	return f.WriteAt(b, at)
}

func readWord(f *state.File, at int64) (uint64, error) {
	var b [8]byte
	err := f.ReadAt(b[:], at)
	return binary.LittleEndian.Uint64(b[:]), err
}

// writeHalf writes a number of 4 bytes.
func writeHalf(f *state.File, at int64, value uint32) error {
	return f.WriteAt(binary.LittleEndian.AppendUint32(nil, value), at)
}
