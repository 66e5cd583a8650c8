// Package spool keeps the output of jobs that must wait for their turn: first
// in memory, then in one unlinked file, both bounded for all jobs together.
//
// A Store is shared by the jobs of a run. A Buffer is one stream of one job;
// it collects until the reader takes over with Flow, from when on what is
// written goes straight through.
package spool

import (
	"errors"
	"sync"
	"sync/atomic"
)

// chunkSize is how much a piece holds at most in memory, and what it takes in
// the file.
const chunkSize = 64 << 10

// firstChunk is the least memory that is set aside for a stream with output.
const firstChunk = 64

// ErrClosed is what Writes fail with that need room in a closed store.
var ErrClosed = errors.New("spool is closed")

// Options of a Store.
type Options struct {
	Mem  int64  // most bytes in memory, at least 64
	Disk int64  // most bytes in the file; 0: half of what is free in Dir when the file is made
	Dir  string // where the file is; "" is os.TempDir()
}

// Store is the room that the Buffers of a run share. When memory and file are
// full, a Write waits until a reader has freed some. Its file has no name: it
// is gone with the process, however that ends.
type Store struct {
	opt   Options
	stuck func()

	news    atomic.Uint64 // how often a Write that waits had reason to look again
	mu      sync.Mutex
	changed sync.Cond // news, which is counted with the lock held
	waiting int       // Writes that wait
	memory  memory
	disk    disk
	err     error // what Writes fail with; nil: the store is open
}

// NewStore returns an empty store. A Write that finds no room calls stuck, if
// that is not nil, each time before it waits.
func NewStore(opt Options, stuck func()) *Store {
	s := &Store{opt: opt, stuck: stuck, memory: memory{most: max(opt.Mem, firstChunk)}}
	s.changed.L = &s.mu
	return s
}

// Close frees the file and fails the Writes that wait for room, and all later
// ones that need some. Buffers must not be read afterwards.
func (s *Store) Close() error {
	s.Fail(ErrClosed)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.disk.close()
}

// Fail lets the Writes that wait for room fail with err, and all later ones
// that need some: nobody is going to make any. The first error stays.
func (s *Store) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	s.notify()
}

// Err is what Fail or Close was told; nil while the store is open.
func (s *Store) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Wake lets every Write that waits look for room again, and call stuck if
// there is none.
func (s *Store) Wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notify()
}

// notify is Wake with the lock held.
func (s *Store) notify() {
	s.news.Add(1)
	if s.waiting > 0 {
		s.changed.Broadcast()
	}
}

// await blocks until there are news since somebody saw that many.
func (s *Store) await(seen uint64) {
	if s.stuck != nil && s.news.Load() == seen {
		s.stuck()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting++
	for s.news.Load() == seen {
		s.changed.Wait()
	}
	s.waiting--
}

// AwaitRoom blocks while both memory and file are full, and returns Err. It is
// for who would make more work that needs room, and has none to give back.
func (s *Store) AwaitRoom() error {
	for {
		seen := s.news.Load()
		if full, err := s.full(); !full || err != nil {
			return err
		}
		s.await(seen)
	}
}

func (s *Store) full() (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hasMemory := s.memory.used+firstChunk <= s.memory.most
	return !hasMemory && !s.disk.hasRoom(&s.opt), s.err
}

// reserve finds room for a piece of up to size bytes: memory, or a place in
// the file. The zero chunk means that there is none now; somebody has a piece
// in memory then.
func (s *Store) reserve(size int, urgent bool) (chunk, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return chunk{}, s.err
	}
	if p := s.memory.reserve(size); p != nil {
		return chunk{mem: p}, nil
	}
	return s.disk.reserve(&s.opt, urgent)
}

// release gives the room of pieces back and forgets what was in them.
func (s *Store) release(chunks []chunk) {
	if len(chunks) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range chunks {
		if c.file != nil {
			s.disk.holes = append(s.disk.holes, c.at)
		} else {
			s.memory.release(c.mem)
		}
	}
	clear(chunks)
	s.notify()
}
