package mount

import "os"

// A Tracker says how far the reader of a pipe has come to which a subscriber's
// records are written: what has been written is not consumed as long as it lies
// in the pipe. A reader that reads ahead counts as having consumed what it has
// read. One goroutine at a time may use it, but for Gone.
//
// It tells nothing of a file that is no pipe, and of none outside of Linux:
// what was sent there is consumed, and its reader is never gone.
type Tracker struct {
	unread   func() int
	sent     uint64  // bytes
	flying   []sent  // records that may be unread, in order
	position uint64  // the last record that is consumed
	readers  readers // of the pipe
}

// sent is a record and the byte at which it ended.
type sent struct{ seq, end uint64 }

// readers are those who may read what is sent.
type readers struct {
	gone  chan struct{}
	close func() error
}

// NewTracker returns the Tracker of a file that is written to without a buffer.
func NewTracker(f *os.File) (*Tracker, error) {
	t := &Tracker{unread: func() int { return 0 }}
	t.readers = readers{gone: make(chan struct{}), close: func() error { return nil }}
	if info, err := f.Stat(); err != nil || info.Mode().Type() != os.ModeNamedPipe {
		return t, err // an anonymous pipe has that mode too
	}
	return t, t.watch(f)
}

// Sent notes that n bytes have been written, which are all of the record seq.
func (t *Tracker) Sent(seq uint64, n int) {
	t.sent += uint64(n)
	t.flying = append(t.flying, sent{seq, t.sent})
}

// Position returns the last record that is consumed wholly, and whether it is
// another one than at the last call. To be called before each write, so that
// no more is remembered than the pipe holds.
func (t *Tracker) Position() (seq uint64, moved bool) {
	taken := t.sent - min(t.sent, uint64(t.unread())) // what others have written there is no reason to believe in more
	for len(t.flying) > 0 && t.flying[0].end <= taken {
		t.position, moved = t.flying[0].seq, true
		t.flying = t.flying[1:]
	}
	return t.position, moved
}

// Gone is closed when nobody has the pipe open for reading any more.
func (t *Tracker) Gone() <-chan struct{} { return t.readers.gone }

// Close ends the watch. The file stays open.
func (t *Tracker) Close() error { return t.readers.close() }
