package mount

import "bytes"

// A cutter cuts lines out of bytes that come in pieces. It is a value: as long
// as the next one is not taken over, the same piece can be cut again.
type cutter struct {
	limit int    // of a line, without its newline
	rest  []byte // the beginning of a line
	over  bool   // the beginning was above the limit and is gone
}

// cut returns the lines that b completes, without their newlines, and the
// cutter for what comes after b. What belongs to lines above the limit is in
// long, newlines and all. Lines may lie in b.
func (c cutter) cut(b []byte) (next cutter, lines [][]byte, long []byte) {
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			break
		}
		switch {
		case c.over:
			long = append(long, b[:i+1]...)
		case len(c.rest)+i > c.limit:
			long = append(append(long, c.rest...), b[:i+1]...)
		case len(c.rest) > 0:
			lines = append(lines, append(c.rest, b[:i]...))
		default:
			lines = append(lines, b[:i:i])
		}
		c.rest, c.over = nil, false
		b = b[i+1:]
	}
	switch {
	case c.over:
		long = append(long, b...)
	case len(c.rest)+len(b) > c.limit:
		long = append(append(long, c.rest...), b...)
		c.rest, c.over = nil, true
	case len(b) > 0:
		c.rest = append(c.rest, b...)
	}
	return c, lines, long
}
