//go:build unix

package locks

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"
)

const (
	chaosWorkers = 10
	chaosLanes   = 3 // goroutines of a worker, each of which acquires
	chaosSlots   = 16
	chaosLog     = 1 << 17
	chaosNotes   = 8
)

// A stamp is what somebody inside writes on the board: the generation of the
// worker, its group, and its lane.
type stamp uint64

func newStamp(generation uint64, group, lane int) stamp {
	return stamp(generation<<16 | uint64(group)<<8 | uint64(lane))
}

func (s stamp) generation() uint64 { return uint64(s >> 16) }
func (s stamp) group() int         { return int(s>>8) & 0xff }
func (s stamp) worker() int        { return int(s&0xff) / chaosLanes }

func (s stamp) String() string {
	return fmt.Sprintf("worker %d.%d lane %d group %d", s.worker(), s.generation(), int(s&0xff)%chaosLanes, s.group())
}

// A board is memory that all processes of a test share. It knows nothing of
// locks: whoever got in says so on it, and looks for others that should not be
// there.
type board struct {
	stop    atomic.Uint32
	writer  atomic.Uint64                            // stamp of who is alone inside
	lanes   [chaosWorkers * chaosLanes]atomic.Uint64 // stamps of who shares, each in its own
	slots   [chaosSlots]atomic.Uint64                // stamps of holders of slots
	last    [chaosSlots]atomic.Uint64                // tokens: of the last holder of a slot, or of the last writer
	dead    [chaosWorkers]atomic.Uint64              // last generation that is, or is about to be, killed
	ready   [chaosWorkers]atomic.Uint64              // generation that is at work
	helper  [chaosWorkers]atomic.Int64               // a process that works for the worker
	noted   atomic.Uint64                            // how many of notes
	notes   [chaosNotes]struct{ what, mine, other atomic.Uint64 }
	entries atomic.Uint64
	late    atomic.Uint64 // waits that ended by their context
	refused atomic.Uint64 // tries
	found   atomic.Uint64 // holds of a dead process that lived on in a descriptor
	logged  atomic.Uint64
	log     [chaosLog]atomic.Uint64 // tokens, in the order of the entries
}

// What can be noted on a board.
const (
	noteWriterMetWriter = iota + 1
	noteWriterMetReader
	noteReaderMetWriter
	noteReaderMetGroup
	noteSlotTwice
	noteOverwritten
	noteTokenFell
)

var noteWords = []string{
	noteWriterMetWriter: "writer met writer", noteWriterMetReader: "writer met reader",
	noteReaderMetWriter: "reader met writer", noteReaderMetGroup: "reader met another group",
	noteSlotTwice: "slot given twice", noteOverwritten: "overwritten while inside", noteTokenFell: "token fell",
}

// openBoard maps the board at path, and makes it if it is not there.
func openBoard(path string) (*board, error) { return shared[board](path) }

// shared maps the file at path, and makes it if it is not there, as a value that
// processes share.
func shared[T any](path string) (*T, error) {
	size := int(unsafe.Sizeof(*new(T)))
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Truncate(int64(size)); err != nil {
		return nil, err
	}
	memory, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return (*T)(unsafe.Pointer(unsafe.SliceData(memory))), nil
}

func newBoard(t testing.TB) (b *board, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "board")
	b, err := openBoard(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(unsafe.Slice((*byte)(unsafe.Pointer(b)), unsafe.Sizeof(*b))) })
	return b, path
}

// note notes what went wrong between two holders, unless one of them is marked
// as killed.
func (b *board) note(what int, mine, other stamp) {
	if b.isDead(mine) || other != 0 && b.isDead(other) {
		return
	}
	n := &b.notes[(b.noted.Add(1)-1)%chaosNotes]
	n.what.Store(uint64(what))
	n.mine.Store(uint64(mine))
	n.other.Store(uint64(other))
}

func (b *board) isDead(s stamp) bool { return s.generation() <= b.dead[s.worker()].Load() }

// enter writes the stamp of a holder on the board and looks for others.
func (b *board) enter(side byte, index int, mine stamp, token uint64) {
	b.entries.Add(1)
	switch side {
	case 'x':
		if other := stamp(b.writer.Swap(uint64(mine))); other != 0 {
			b.note(noteWriterMetWriter, mine, other)
		}
		b.grow(0, mine, token)
	case 'i':
		if other := stamp(b.slots[index].Swap(uint64(mine))); other != 0 {
			b.note(noteSlotTwice, mine, other)
		}
		b.grow(index, mine, token)
	default:
		b.lanes[mine&0xff].Store(uint64(mine))
	}
	b.look(side, mine)
}

// look looks for others who should not be inside together with mine.
func (b *board) look(side byte, mine stamp) {
	switch side {
	case 'x':
		for i := range b.lanes {
			if other := stamp(b.lanes[i].Load()); other != 0 {
				b.note(noteWriterMetReader, mine, other)
			}
		}
	case 'i':
	default:
		if other := stamp(b.writer.Load()); other != 0 {
			b.note(noteReaderMetWriter, mine, other)
		}
		for i := range b.lanes {
			if other := stamp(b.lanes[i].Load()); other != 0 && other.group() != mine.group() {
				b.note(noteReaderMetGroup, mine, other)
			}
		}
	}
}

// grow checks that token is larger than the one before it.
func (b *board) grow(index int, mine stamp, token uint64) {
	if last := b.last[index].Swap(token); token <= last {
		b.note(noteTokenFell, mine, 0)
	}
	if at := b.logged.Add(1) - 1; at < chaosLog {
		b.log[at].Store(token)
	}
}

// leave looks again and takes the stamp back.
func (b *board) leave(side byte, index int, mine stamp) {
	b.look(side, mine)
	cell := b.cell(side, index, mine)
	if other := stamp(cell.Swap(0)); other != mine {
		b.note(noteOverwritten, mine, other)
	}
}

func (b *board) cell(side byte, index int, mine stamp) *atomic.Uint64 {
	switch side {
	case 'x':
		return &b.writer
	case 'i':
		return &b.slots[index]
	default:
		return &b.lanes[mine&0xff]
	}
}

// stamped calls f for each cell in which somebody is.
func (b *board) stamped(f func(cell *atomic.Uint64, s stamp)) {
	visit := func(cell *atomic.Uint64) {
		if s := stamp(cell.Load()); s != 0 {
			f(cell, s)
		}
	}
	visit(&b.writer)
	for i := range b.slots {
		visit(&b.slots[i])
	}
	for i := range b.lanes {
		visit(&b.lanes[i])
	}
}

// clear takes back what a worker that is gone has left, and reports whether
// there was anything.
func (b *board) clear(worker int) (inside bool) {
	b.stamped(func(cell *atomic.Uint64, s stamp) {
		if s.worker() == worker && cell.CompareAndSwap(uint64(s), 0) {
			inside = true
		}
	})
	return inside
}

// check fails the test for what has been noted.
func (b *board) check(t testing.TB) {
	t.Helper()
	n := b.noted.Load()
	for i := range min(n, chaosNotes) {
		note := &b.notes[i]
		t.Errorf("%s: %v, %v", noteWords[note.what.Load()], stamp(note.mine.Load()), stamp(note.other.Load()))
	}
	if n > chaosNotes {
		t.Errorf("and so on, %d times in all", n)
	}
}
