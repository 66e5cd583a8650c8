package spool

import (
	"fmt"
	"io"
)

// Reader reads what a Buffer has collected, which stays there.
type Reader struct {
	chunks []chunk
	at     int // in the first of them
	err    error
}

// Reader returns what was collected, from the beginning. The writer of the
// Buffer must be done; Reset and Drain end the reading, so nobody may read any
// more. Any number of Readers may be there.
func (b *Buffer) Reader() *Reader {
	b.mu.Lock()
	defer b.mu.Unlock()
	return &Reader{chunks: b.chunks}
}

// Read reads from one piece at a time.
func (r *Reader) Read(p []byte) (int, error) {
	if r.err != nil || len(p) == 0 {
		return 0, r.err
	}
	for len(r.chunks) > 0 {
		n, err := r.chunks[0].readAt(p, r.at)
		if err != nil {
			r.err = fmt.Errorf("spool: %w", err)
			return 0, r.err
		}
		if n > 0 {
			r.at += n
			return n, nil
		}
		r.chunks, r.at = r.chunks[1:], 0
	}
	r.err = io.EOF
	return 0, io.EOF
}

// Err is what reading failed with; nil if it did not.
func (r *Reader) Err() error {
	if r.err == io.EOF {
		return nil
	}
	return r.err
}

// readAt reads from offset at of the piece; 0 bytes are its end.
func (c *chunk) readAt(p []byte, at int) (int, error) {
	if c.file == nil {
		return copy(p, c.mem[at:]), nil
	}
	p = p[:min(len(p), c.n-at)]
	if len(p) == 0 {
		return 0, nil
	}
	return c.file.ReadAt(p, c.at+int64(at))
}
