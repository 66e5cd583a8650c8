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

	buf   []byte          // what is read into
	block string          // has arrived and is not delivered
	part  strings.Builder // beginning of the record that block continues
	err   error           // ended the reading
}

// next returns the next record without its delimiter, io.EOF after the last.
// A record that a read error has cut off is not returned, the error is.
func (s *splitter) next() (string, error) {
	for {
		if i := strings.Index(s.block, s.delim); i >= 0 {
			rec := s.block[:i]
			s.block = s.block[i+len(s.delim):]
			return s.deliver(rec)
		}
		if s.err == io.EOF && s.part.Len()+len(s.block) > 0 {
			rec := s.block
			s.block = ""
			return s.deliver(rec)
		}
		if s.err != nil {
			return "", s.err
		}
		s.fill()
	}
}

// deliver completes rec with what came before it.
func (s *splitter) deliver(rec string) (string, error) {
	if s.part.Len() > 0 {
		s.part.WriteString(rec)
		rec = s.part.String()
		s.part.Reset()
	}
	if s.max > 0 && len(rec) > s.max {
		s.fail(tooLong(s.max))
		return "", s.err
	}
	return rec, nil
}

// fill reads once. The end of the block that may be the beginning of a
// delimiter stays in front of what arrives, the rest has been searched and
// moves to part.
func (s *splitter) fill() {
	keep := min(len(s.delim)-1, len(s.block))
	searched := len(s.block) - keep
	s.part.WriteString(s.block[:searched])
	if s.max > 0 && s.part.Len() > s.max {
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
	s.part.Reset()
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
