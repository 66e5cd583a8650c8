//go:build linux

package pipes

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What an actor of a chaos test notes in its diary: what it is about to do, and
// what it knows of.
const (
	noteBorn   = iota + 1 // a process begins: its generation
	noteBegun             // put is about to be called
	notePut               // it has returned
	noteGot               // a subscriber has a record
	noteMoved             // its position is behind it
	noteTaken             // a consumer has a record, a getter a set
	noteGiven             // it is about to give it back
	noteAcked             // it has acknowledged it
	chaosNotes = 1 << 20
)

// A note is an entry of a diary.
type note struct {
	what  uint64
	seq   uint64 // of the record, that of the first one of a put
	piece piece
	tries uint64
	when  int64 // by the monotonic clock, after what is noted, or before what is about to be
}

// A piece is the record that the put number n of an actor has at place i, or what
// an input has given for job n.
type piece struct{ actor, n, i uint64 }

// A diary is memory that an actor and the test share. A kill cannot tear it: a
// note counts when it is whole.
type diary struct {
	ready atomic.Uint64 // generation that is at work
	count atomic.Uint64
	notes [chaosNotes]note
}

// note adds an entry.
func (d *diary) note(n note) {
	at := d.count.Load()
	n.when = monotonic()
	d.notes[at] = n // a diary that is full is a panic
	d.count.Store(at + 1)
}

// entries are all notes so far.
func (d *diary) entries() []note { return d.notes[:d.count.Load()] }

// A board is what all actors of a chaos test share.
type board struct {
	stop   atomic.Uint32
	actors [chaosActors]diary
}

// openBoard maps the board in dir, and makes it if it is not there.
func openBoard(dir string) (*board, error) { return shared[board](filepath.Join(dir, "board")) }

func newBoard(t testing.TB, dir string) *board {
	t.Helper()
	b, err := openBoard(dir)
	noError(t, err)
	t.Cleanup(func() { unshare(b) })
	return b
}

// shared maps the file at path, and makes it if it is not there, as a value that
// processes share.
func shared[T any](path string) (*T, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size := int(unsafe.Sizeof(*new(T)))
	if err := f.Truncate(int64(size)); err != nil {
		return nil, err
	}
	page, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return (*T)(unsafe.Pointer(unsafe.SliceData(page))), nil
}

// unshare gives back what shared has mapped.
func unshare[T any](v *T) { unix.Munmap(unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v))) }
