package source

import (
	"fmt"
	"io"
	"strings"
)

const (
	blockSize  = 128 << 10 // read at most, in one call
	emptyReads = 100       // reads in a row that may bring neither data nor an error
)

// splitter cuts what a reader brings at a delimiter. It reads only when it
// holds no whole record, delivers at once what has arrived, and takes linear
// time however long a record is.
//
// Every read becomes one string, of just what has arrived, that the records
// share; only the record across two reads is put together on its own.
type splitter struct {
	r     io.Reader
	delim string
	max   int

	buf   []byte   // what is read into
	block string   // has arrived and is not delivered
	parts []string // beginning of the record that block continues
	size  int      // of parts
	err   error    // ended the reading
}

// next returns the next record with its delimiter, and how much of that is
// the record; io.EOF after the last, which gets a delimiter if it has none. A
// record that a read error has cut off is not returned, the error is.
func (s *splitter) next() (raw string, n int, err error) {
	for {
		if i := strings.Index(s.block, s.delim); i >= 0 {
			raw, s.block = s.block[:i+len(s.delim)], s.block[i+len(s.delim):]
			return s.deliver(raw)
		}
		if s.err == io.EOF && s.size+len(s.block) > 0 {
			s.parts = append(s.parts, s.block)
			s.size += len(s.block)
			s.block = ""
			return s.deliver(s.delim)
		}
		if s.err != nil {
			return "", 0, s.err
		}
		s.fill()
	}
}

// deliver completes raw with what came before it: put together once, at the
// end, so that a large record is copied once.
func (s *splitter) deliver(raw string) (string, int, error) {
	if len(s.parts) > 0 {
		raw = strings.Join(append(s.parts, raw), "")
		clear(s.parts)
		s.parts, s.size = s.parts[:0], 0
	}
	n := len(raw) - len(s.delim)
	if s.max > 0 && n > s.max {
		s.fail(tooLong(s.max))
		return "", 0, s.err
	}
	return raw, n, nil
}

// fill reads once. The end of the block that may be the beginning of a
// delimiter stays in front of what arrives, the rest has been searched and
// moves to parts.
func (s *splitter) fill() {
	keep := min(len(s.delim)-1, len(s.block))
	searched := len(s.block) - keep
	if searched > 0 {
		s.parts = append(s.parts, s.block[:searched])
		s.size += searched
	}
	if s.max > 0 && s.size > s.max {
		s.fail(tooLong(s.max))
		return
	}
	if s.buf == nil {
		s.buf = make([]byte, blockSize+len(s.delim))
	}
	copy(s.buf, s.block[searched:])
	n, err := readSome(s.r, s.buf[keep:])
	s.block = string(s.buf[:keep+n])
	if s.err = err; err != nil {
		s.buf = nil
	}
}

// fail ends the splitting; what has not been delivered is dropped.
func (s *splitter) fail(err error) {
	s.err, s.block, s.buf = err, "", nil
	s.parts, s.size = nil, 0
}

// readSome reads once, or again if that brought nothing.
func readSome(r io.Reader, p []byte) (int, error) {
	for range emptyReads {
		if n, err := r.Read(p); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

func tooLong(limit int) error {
	return fmt.Errorf("%w: more than %d bytes", ErrTooLong, limit)
}
