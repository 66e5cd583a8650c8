package pipes

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/loxctl/loxctl/internal/state"
)

// A segment is a file of a log, named by the offset in the log at which it
// begins. It has a header of 64 bytes, little-endian: magic, base u64, seq u64
// of its first record, size u32 of the record before that, 0 u32, time i64;
// and at 56 a crc32c u32 of all that.
const (
	segmentHeader = 64
	segmentMagic  = "LOXSEGM\x01"
	segmentSum    = 56
	segmentEnding = ".log"
	damagedEnding = ".damaged"
)

type segmentHead struct {
	base, seq uint64
	back      uint32
	time      int64 // when it was begun: no record before it is younger
}

func (h segmentHead) encode() []byte {
	b := make([]byte, segmentHeader)
	le := binary.LittleEndian
	copy(b, segmentMagic)
	le.PutUint64(b[8:], h.base)
	le.PutUint64(b[16:], h.seq)
	le.PutUint32(b[24:], h.back)
	le.PutUint64(b[32:], uint64(h.time))
	le.PutUint32(b[segmentSum:], crc32.Checksum(b[:segmentSum], castagnoli))
	return b
}

var errNoSegment = errors.New("bad segment header")

func parseSegmentHead(b []byte) (h segmentHead, err error) {
	if len(b) < segmentHeader || string(b[:8]) != segmentMagic {
		return h, errNoSegment
	}
	le := binary.LittleEndian
	if le.Uint32(b[segmentSum:]) != crc32.Checksum(b[:segmentSum], castagnoli) {
		return h, errNoSegment
	}
	return segmentHead{
		base: le.Uint64(b[8:]), seq: le.Uint64(b[16:]), back: le.Uint32(b[24:]), time: int64(le.Uint64(b[32:])),
	}, nil
}

func segmentName(base uint64) string { return fmt.Sprintf("%016x", base) + segmentEnding }

// segment is an open file of the log. Its users share the descriptor.
type segment struct {
	base  uint64
	file  *state.File
	users int
}

// at is where the log's offset is in the file.
func (s *segment) at(off uint64) int64 { return int64(segmentHeader + off - s.base) }

// segments are the files of a log.
type segments struct {
	dir  string
	mode fs.FileMode

	mu   sync.Mutex
	open map[uint64]*segment
}

// use opens the segment that begins at base, to be given back with release.
func (s *segments) use(base uint64) (*segment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.open[base]; g != nil {
		g.users++
		return g, nil
	}
	file, err := state.OpenFile(s.path(base), 0)
	if err != nil {
		return nil, err
	}
	g := &segment{base: base, file: file, users: 1}
	s.open[base] = g
	return g, nil
}

func (s *segments) release(g *segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.users--; g.users == 0 {
		g.file.Close()
		if s.open[g.base] == g {
			delete(s.open, g.base)
		}
	}
}

// closeAll closes all files, whoever uses them.
func (s *segments) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.open {
		g.file.Close()
	}
	clear(s.open)
}

func (s *segments) path(base uint64) string { return filepath.Join(s.dir, segmentName(base)) }

// create makes the segment's file, or replaces it: it comes into being whole.
// There is one writer at a time.
func (s *segments) create(h segmentHead) error {
	path := filepath.Join(s.dir, ".new"+segmentEnding)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := state.OpenFile(path, s.mode)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := file.WriteAt(h.encode(), 0); err != nil {
		return err
	}
	return os.Rename(path, s.path(h.base))
}

// head reads the header of the segment that begins at base.
func (s *segments) head(base uint64) (segmentHead, error) {
	g, err := s.use(base)
	if err != nil {
		return segmentHead{}, err
	}
	defer s.release(g)
	b := make([]byte, segmentHeader)
	n, err := g.file.ReadSome(b, 0)
	if err != nil {
		return segmentHead{}, err
	}
	h, err := parseSegmentHead(b[:n])
	if err == nil && h.base != base {
		err = errNoSegment
	}
	return h, err
}

// list returns the bases of all segments, in order.
func (s *segments) list() ([]uint64, error) {
	names, err := s.names(segmentEnding)
	if err != nil {
		return nil, err
	}
	bases := make([]uint64, 0, len(names))
	for _, name := range names {
		digits := strings.TrimSuffix(name, segmentEnding)
		if base, err := strconv.ParseUint(digits, 16, 64); err == nil && len(digits) == 16 {
			bases = append(bases, base)
		}
	}
	slices.Sort(bases)
	return bases, nil
}

// names returns the files whose name ends so.
func (s *segments) names(ending string) ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), ending) {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// holding returns the base of the segment that has the offset in it: the last
// one that does not begin behind it.
func (s *segments) holding(off uint64) (base uint64, ok bool, err error) {
	bases, err := s.list()
	i, exact := slices.BinarySearch(bases, off)
	if exact {
		return off, true, err
	}
	if i == 0 {
		return 0, false, err
	}
	return bases[i-1], true, err
}

// now is the time of a record.
func now() int64 { return time.Now().UnixNano() }
