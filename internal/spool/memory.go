package spool

// memory is what a Store keeps outside of its file.
type memory struct {
	most  int64    // bytes, those of spare included
	used  int64    // bytes set aside
	spare [][]byte // of chunkSize, free: used again rather than left to the collector, which would let the heap double
}

// reserve returns room for up to size bytes; nil means that there is none now.
func (m *memory) reserve(size int) []byte {
	n := min(int64(size), m.most)
	if m.used+n > m.most {
		return nil
	}
	m.used += n
	last := len(m.spare) - 1
	if n == chunkSize && last >= 0 {
		p := m.spare[last]
		m.spare[last], m.spare = nil, m.spare[:last]
		return p
	}
	for ; m.used+int64(last+1)*chunkSize > m.most; last-- {
		m.spare[last], m.spare = nil, m.spare[:last]
	}
	return make([]byte, 0, n)
}

// release takes back what reserve returned.
func (m *memory) release(p []byte) {
	m.used -= int64(cap(p))
	if cap(p) == chunkSize {
		m.spare = append(m.spare, p[:0])
	}
}
