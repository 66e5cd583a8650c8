package pipes

import (
	"encoding/binary"
	"math"
)

// The payload of a funnel's record begins with a header, all numbers
// little-endian, and ends with the value:
//
//	0 input u16, 2 inputs of the job u16, 4 length of the job's name u16, 6 zero,
//	8 an offset for each input u64, then the job's name
//
// The offsets are zeros, but in a record that ends a job: there they are those
// of the records that the set consists of, or noRef where the input has given
// nothing. The value of a record that gives up a job is the time when it began.
const (
	partHeader = 8
	noRef      = math.MaxUint64

	// maxJob is how long the name of a job may be.
	maxJob = 4096
)

// A part is the header of a funnel's record.
type part struct {
	input, inputs int
	refs          []byte // 8 for each input
	job           []byte
}

// ref is the offset for an input.
func (p *part) ref(i int) uint64 { return binary.LittleEndian.Uint64(p.refs[8*i:]) }

// appendPart appends the header of a record for the job. Without refs they are
// zeros.
func appendPart(b []byte, input, inputs int, refs []uint64, job string) []byte {
	le := binary.LittleEndian
	b = le.AppendUint16(b, uint16(input))
	b = le.AppendUint16(b, uint16(inputs))
	b = le.AppendUint16(b, uint16(len(job)))
	b = le.AppendUint16(b, 0)
	for i := range inputs {
		ref := uint64(0)
		if refs != nil {
			ref = refs[i]
		}
		b = le.AppendUint64(b, ref)
	}
	return append(b, job...)
}

// parsePart reads the header that b is. The part is made of parts of b.
func parsePart(b []byte) (part, error) {
	if len(b) < partHeader {
		return part{}, errChecksum
	}
	le := binary.LittleEndian
	p := part{input: int(le.Uint16(b)), inputs: int(le.Uint16(b[2:]))}
	refs := 8 * p.inputs
	if p.input >= p.inputs || partHeader+refs+int(le.Uint16(b[4:])) != len(b) {
		return part{}, errChecksum
	}
	p.refs, p.job = b[partHeader:partHeader+refs], b[partHeader+refs:]
	return p, nil
}

// part is the header of the record, and value what lies behind it.
func (r *record) part() (p part, value []byte, err error) {
	p, err = parsePart(r.payload[:r.hlen])
	return p, r.payload[r.hlen:], err
}

// partAt reads the header of the record at off, without a look at its value,
// which may be large, and so without its checksum.
func (r *reader) partAt(off, end uint64) (part, error) {
	h, err := r.headAt(off, end)
	if err != nil {
		return part{}, err
	}
	b, err := r.bytes(off, recordHeader+uint64(h.hlen), end)
	if err != nil {
		return part{}, err
	}
	return parsePart(b[recordHeader:])
}
