package spool

import (
	"fmt"
	"io"
	"os"
)

// chunk is a piece of a stream: in memory, or in the file if that is not nil.
// The zero chunk holds nothing.
type chunk struct {
	mem  []byte
	file *os.File
	at   int64 // in the file
	n    int   // bytes in the file
}

// add appends what fits of p.
func (c *chunk) add(p []byte) (int, error) {
	if c.file == nil {
		n := min(len(p), cap(c.mem)-len(c.mem))
		c.mem = append(c.mem, p[:n]...)
		return n, nil
	}
	n, err := c.file.WriteAt(p[:min(len(p), chunkSize-c.n)], c.at+int64(c.n))
	c.n += n
	if err != nil {
		return n, fmt.Errorf("spool: %w", err)
	}
	return n, nil
}

// writeTo writes the content to w. What is in the file is read to buf, which
// is made for the first such piece.
func (c *chunk) writeTo(w io.Writer, buf *[]byte) (int, error) {
	if c.file == nil {
		return w.Write(c.mem)
	}
	if *buf == nil {
		*buf = make([]byte, chunkSize)
	}
	p := (*buf)[:c.n]
	if _, err := c.file.ReadAt(p, c.at); err != nil {
		return 0, fmt.Errorf("spool: %w", err)
	}
	return w.Write(p)
}
