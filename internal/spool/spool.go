// Package spool keeps the output of jobs that must wait for their turn: first
// in memory, then in one unlinked file, both bounded for all jobs together.
//
// A Store is shared by the jobs of a run. A Buffer is one stream of one job;
// it collects until the reader takes over with Flow, from when on what is
// written goes straight through.
package spool

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// chunkSize is how much a piece holds at most, in memory and in the file.
const chunkSize = 64 << 10

// firstChunk is the least memory that is set aside for a stream with output.
const firstChunk = 64

// ErrClosed is what a Write gets that waited for room when the store closed.
var ErrClosed = errors.New("spool is closed")

// Options of a Store.
type Options struct {
	Mem  int64  // most bytes in memory
	Disk int64  // most bytes in the file; 0: half of what is free in Dir when the file is made
	Dir  string // where the file is; "" is os.TempDir()
}

// Store is the room that the Buffers of a run share. When memory and file are
// full, a Write waits until a reader has freed some. Its file has no name: it
// is gone with the process, however that ends.
type Store struct {
	opt Options

	mu      sync.Mutex
	changed sync.Cond // room was freed, or a Buffer got another standing
	freed   uint64    // how often that happened
	closed  bool
	mem     int64 // bytes set aside
	file    *os.File
	name    string  // of the file, where it could not be removed at once
	limit   int64   // of the file, once it is there
	size    int64   // of the file
	holes   []int64 // chunks of the file that are free again
	waiting int     // Writes that wait
	stuck   func()  // told when a Write begins to wait
}

// NewStore returns an empty store. stuck, if not nil, is called in its own
// goroutine each time a Write begins to wait for room.
func NewStore(opt Options, stuck func()) *Store {
	s := &Store{opt: opt, stuck: stuck}
	s.changed.L = &s.mu
	return s
}

// Close frees the file and fails the Writes that wait. Buffers must not be
// read afterwards.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.notify()
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if s.name != "" {
		err = errors.Join(err, os.Remove(s.name))
	}
	return err
}

// Waiting is the number of Writes that wait for room.
func (s *Store) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting
}

// notify lets every waiting Write look again. The lock is held.
func (s *Store) notify() {
	s.freed++
	if s.waiting > 0 {
		s.changed.Broadcast()
	}
}

// reserve finds room for a piece of up to size bytes: memory, or a place in
// the file. A nil piece means that there is none now.
func (s *Store) reserve(size int, urgent bool) (*chunk, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if s.mem+int64(size) <= s.opt.Mem {
		s.mem += int64(size)
		return &chunk{mem: make([]byte, 0, size)}, nil
	}
	if s.file == nil {
		if err := s.open(); err != nil {
			return nil, err
		}
	}
	if n := len(s.holes); n > 0 {
		at := s.holes[n-1]
		s.holes = s.holes[:n-1]
		return &chunk{at: at}, nil
	}
	if s.size+chunkSize > s.limit && !urgent {
		return nil, nil
	}
	at := s.size
	s.size += chunkSize
	return &chunk{at: at}, nil
}

func (s *Store) open() error {
	f, err := os.CreateTemp(s.opt.Dir, "loxctl-spool-*")
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	if os.Remove(f.Name()) != nil { // not every system removes an open file
		s.name = f.Name()
	}
	s.file, s.limit = f, s.opt.Disk
	if s.limit == 0 {
		s.limit = free(f) / 2
	}
	return nil
}

// release gives the room of a piece back.
func (s *Store) release(c *chunk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.mem != nil {
		s.mem -= int64(cap(c.mem))
	} else {
		s.holes = append(s.holes, c.at)
	}
	s.notify()
}

// state returns what await compares.
func (s *Store) state() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.freed
}

// await blocks until something changed since state returned seen.
func (s *Store) await(seen uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.freed == seen && s.stuck != nil {
		go s.stuck()
	}
	s.waiting++
	for s.freed == seen && !s.closed {
		s.changed.Wait()
	}
	s.waiting--
}

// chunk is a piece of a stream, in memory or, if mem is nil, in the file.
type chunk struct {
	mem []byte
	at  int64 // in the file
	n   int   // bytes in the file
}

// add appends what fits of p.
func (c *chunk) add(s *Store, p []byte) (int, error) {
	if c.mem != nil {
		n := min(len(p), cap(c.mem)-len(c.mem))
		c.mem = append(c.mem, p[:n]...)
		return n, nil
	}
	n, err := s.file.WriteAt(p[:min(len(p), chunkSize-c.n)], c.at+int64(c.n))
	c.n += n
	if err != nil {
		return n, fmt.Errorf("spool: %w", err)
	}
	return n, nil
}

// bytes returns the piece's content, using buf if it must be read.
func (c *chunk) bytes(s *Store, buf *[]byte) ([]byte, error) {
	if c.mem != nil {
		return c.mem, nil
	}
	if *buf == nil {
		*buf = make([]byte, chunkSize)
	}
	b := (*buf)[:c.n]
	if _, err := s.file.ReadAt(b, c.at); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	return b, nil
}
