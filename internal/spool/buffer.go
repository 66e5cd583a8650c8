package spool

import (
	"io"
	"sync"
	"sync/atomic"
)

// Buffer is one stream of a job's output. One goroutine writes, others read.
type Buffer struct {
	store *Store
	size  atomic.Int64 // bytes written since the last Reset

	mu      sync.Mutex
	chunks  []chunk   // what is collected
	flowing bool      // a Flow writes what was: Writes wait
	live    io.Writer // where Writes go; nil: they are collected
	urgent  bool      // Writes do not wait for room
	err     error     // of a Flow
}

// Init sets the store of a zero Buffer.
func (b *Buffer) Init(s *Store) { b.store = s }

// Size is the number of bytes written since the last Reset, delivered ones
// included.
func (b *Buffer) Size() int64 { return b.size.Load() }

// Write collects p or passes it on, and waits while the store is full or a
// Flow has not come to its end. It fails when the disk does, or when what it
// passes on to does.
func (b *Buffer) Write(p []byte) (int, error) {
	for done := 0; ; {
		seen := b.store.news.Load()
		live, n, err := b.collect(p[done:])
		if live != nil {
			n, err = live.Write(p[done:])
		}
		b.size.Add(int64(n))
		done += n
		if live != nil || err != nil || done == len(p) {
			return done, err
		}
		b.store.await(seen)
	}
}

// collect takes as much of p as there is room for, or returns where it is to
// go.
func (b *Buffer) collect(p []byte) (live io.Writer, done int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.live != nil || b.flowing || b.err != nil {
		return b.live, 0, b.err
	}
	for done < len(p) {
		n, err := b.fill(p[done:])
		done += n
		if n == 0 || err != nil {
			return nil, done, err
		}
	}
	return nil, done, nil
}

// fill puts some of p into the last piece, or into a new one if that is full.
func (b *Buffer) fill(p []byte) (int, error) {
	if last := len(b.chunks) - 1; last >= 0 {
		if n, err := b.chunks[last].add(p); n > 0 || err != nil {
			return n, err
		}
	}
	// What is needed now, or as much as there is already.
	size := min(max(int64(len(p)), b.size.Load(), firstChunk), chunkSize)
	c, err := b.store.reserve(int(size), b.urgent)
	if err != nil || c.mem == nil && c.file == nil {
		return 0, err
	}
	n, err := c.add(p)
	b.chunks = append(b.chunks, c)
	return n, err
}

// Urgent says that nothing will read the Buffer before its writer is done:
// from now on its Writes exceed the bound of the file instead of waiting.
func (b *Buffer) Urgent() {
	b.mu.Lock()
	b.urgent = true
	b.mu.Unlock()
	b.store.Wake()
}

// Flow writes what was collected to w and frees it, and from then on lets
// Write pass everything on to w. Until it returns the Buffer's Writes wait;
// its error is theirs, too. It is called by one goroutine at a time.
func (b *Buffer) Flow(w io.Writer) error {
	b.mu.Lock()
	if b.err != nil {
		defer b.mu.Unlock()
		return b.err
	}
	b.flowing = true
	b.mu.Unlock()
	err := b.Drain(w)
	b.mu.Lock()
	b.flowing = false
	if b.err = err; err == nil {
		b.live = w
	}
	b.mu.Unlock()
	b.store.Wake()
	return err
}

// Drain writes what was collected to w and frees it, also after an error. The
// writer of the Buffer must not write meanwhile.
func (b *Buffer) Drain(w io.Writer) error {
	b.mu.Lock()
	chunks := b.chunks
	b.chunks = nil
	b.mu.Unlock()
	var buf []byte
	for i := range chunks {
		if _, err := chunks[i].writeTo(w, &buf); err != nil {
			b.store.release(chunks[i:])
			return err
		}
		b.store.release(chunks[i : i+1])
	}
	return nil
}

// WriteTo writes what was collected to w and keeps it. The writer of the
// Buffer must be done.
func (b *Buffer) WriteTo(w io.Writer) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var buf []byte
	var total int64
	for i := range b.chunks {
		n, err := b.chunks[i].writeTo(w, &buf)
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// Reset forgets what was collected: a new try begins.
func (b *Buffer) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.store.release(b.chunks)
	b.chunks = nil
	b.size.Store(0)
}
