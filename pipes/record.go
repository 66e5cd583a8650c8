package pipes

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// A record in a log: a header, the payload, and zeros up to a multiple of 8.
// All numbers are little-endian.
//
//	0 length of the payload u32, 4 crc32c u32 of all that follows it, 8 seq u64,
//	16 time i64 in ns, 24 id u64, 32 size of the record before u32,
//	36 flags u16, 38 length of the funnel's header u16
const (
	recordHeader = 40
	recordAlign  = 8

	// maxRecord is more than any record may have: a length above it is damage.
	maxRecord = 1 << 30
)

// Flags of a record.
const (
	flagPut       = 1 << iota // a value was put
	flagCompletes             // the last one of a funnel's job
	flagExpired               // a funnel's job that was given up
	flagDropped               // a funnel's job that was dropped
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	errChecksum = errors.New("bad checksum")
	errShort    = errors.New("record is cut short")
)

// recordHead is what stands before the payload of a record.
type recordHead struct {
	length uint32 // of the payload
	seq    uint64
	time   int64  // ns since 1970
	id     uint64 // 0: none
	back   uint32 // size of the record before it, 0 for the very first
	flags  uint16
	hlen   uint16 // so much of the payload is a funnel's header
}

// size is how many bytes the record takes.
func (h *recordHead) size() uint64 { return recordSize(int(h.length)) }

func recordSize(payload int) uint64 {
	return (recordHeader + uint64(payload) + recordAlign - 1) &^ (recordAlign - 1)
}

// appendRecord appends the record to b. Its payload is the parts, one behind
// the other.
func appendRecord(b []byte, h recordHead, parts ...[]byte) []byte {
	start := len(b)
	b = append(b, make([]byte, recordHeader)...)
	for _, part := range parts {
		b = append(b, part...)
	}
	r := b[start:]
	le := binary.LittleEndian
	le.PutUint32(r, uint32(len(r)-recordHeader))
	le.PutUint64(r[8:], h.seq)
	le.PutUint64(r[16:], uint64(h.time))
	le.PutUint64(r[24:], h.id)
	le.PutUint32(r[32:], h.back)
	le.PutUint16(r[36:], h.flags)
	le.PutUint16(r[38:], h.hlen)
	le.PutUint32(r[4:], crc32.Checksum(r[8:], castagnoli))
	var padding [recordAlign]byte
	return append(b, padding[:recordSize(len(r)-recordHeader)-uint64(len(r))]...)
}

// parseHead reads the header at the start of b, without believing a word of
// it: the checksum is over the payload too.
func parseHead(b []byte) (h recordHead, err error) {
	if len(b) < recordHeader {
		return h, errShort
	}
	le := binary.LittleEndian
	h = recordHead{
		length: le.Uint32(b), seq: le.Uint64(b[8:]), time: int64(le.Uint64(b[16:])), id: le.Uint64(b[24:]),
		back: le.Uint32(b[32:]), flags: le.Uint16(b[36:]), hlen: le.Uint16(b[38:]),
	}
	if h.length > maxRecord || uint32(h.hlen) > h.length || h.seq == 0 {
		return h, errChecksum
	}
	return h, nil
}

// parseRecord reads the record at the start of b. The payload is part of b.
func parseRecord(b []byte) (h recordHead, payload []byte, err error) {
	if h, err = parseHead(b); err != nil {
		return h, nil, err
	}
	if uint64(len(b)) < h.size() {
		return h, nil, errShort
	}
	whole := b[:recordHeader+int(h.length)]
	if crc32.Checksum(whole[8:], castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return h, nil, errChecksum
	}
	return h, whole[recordHeader:len(whole):len(whole)], nil
}
