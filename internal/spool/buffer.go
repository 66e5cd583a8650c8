package spool

import (
	"io"
	"sync"
)

// Buffer is one stream of a job's output. One goroutine writes, another reads.
type Buffer struct {
	store *Store

	mu     sync.Mutex
	chunks []*chunk
	size   int64     // bytes written since the last Reset
	live   io.Writer // where what is written goes; nil: it is collected
	urgent bool      // Writes do not wait for room
}

// Init sets the store of a zero Buffer.
func (b *Buffer) Init(s *Store) { b.store = s }

// Size is the number of bytes written, delivered ones included.
func (b *Buffer) Size() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.size
}

// Write collects p or passes it on, and waits while the store is full. It
// fails when the disk does, or when what it passes on to does.
func (b *Buffer) Write(p []byte) (int, error) {
	done := 0
	for seen := uint64(0); ; {
		n, err := b.put(p[done:])
		done += n
		if err != nil || done == len(p) {
			return done, err
		}
		if now := b.store.state(); now != seen {
			seen = now // room may have come since
			continue
		}
		b.store.await(seen)
	}
}

// put takes as much of p as there is room for.
func (b *Buffer) put(p []byte) (done int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.live != nil {
		n, err := b.live.Write(p)
		b.size += int64(n)
		return n, err
	}
	for done < len(p) {
		n := 0
		if last := len(b.chunks) - 1; last >= 0 {
			n, err = b.chunks[last].add(b.store, p[done:])
		}
		if n == 0 && err == nil {
			var c *chunk
			if c, err = b.store.reserve(b.grow(len(p)-done), b.urgent); c == nil {
				return done, err
			}
			b.chunks = append(b.chunks, c)
		}
		done += n
		b.size += int64(n)
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// grow is the size of the next piece: what is needed now, and as much as there
// is already.
func (b *Buffer) grow(need int) int {
	return min(max(need, int(min(b.size, chunkSize)), firstChunk), chunkSize)
}

// Urgent says that nothing will read the Buffer before its writer is done:
// from now on its Writes exceed the bound of the file instead of waiting.
func (b *Buffer) Urgent() {
	b.mu.Lock()
	b.urgent = true
	b.mu.Unlock()
	b.wake()
}

func (b *Buffer) wake() {
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	b.store.notify()
}

// Flow writes what was collected to w and frees it, and from then on lets
// Write pass everything on to w. Only one goroutine at a time writes to w.
func (b *Buffer) Flow(w io.Writer) error {
	var buf []byte
	for {
		c := b.take(w)
		if c == nil {
			return nil
		}
		p, err := c.bytes(b.store, &buf)
		if err == nil {
			_, err = w.Write(p)
		}
		b.store.release(c)
		if err != nil {
			return err
		}
	}
}

// take returns the oldest piece, or goes live if there is none.
func (b *Buffer) take(w io.Writer) *chunk {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.chunks) == 0 {
		b.live = w
		b.chunks = nil
		b.wake()
		return nil
	}
	c := b.chunks[0]
	b.chunks = b.chunks[1:]
	return c
}

// WriteTo writes what is collected to w and keeps it. The writer of the
// Buffer must be done.
func (b *Buffer) WriteTo(w io.Writer) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var buf []byte
	var total int64
	for _, c := range b.chunks {
		p, err := c.bytes(b.store, &buf)
		if err != nil {
			return total, err
		}
		n, err := w.Write(p)
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
	for _, c := range b.chunks {
		b.store.release(c)
	}
	b.chunks, b.size = nil, 0
}
