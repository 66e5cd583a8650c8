package locks

import (
	"cmp"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/loxctl/loxctl/internal/state"
)

// A semaphore has a byte S(i) for each slot, and a FIFO that the holder of the
// slot keeps open: bytes cannot be waited for by the dozen, FIFOs can. Whoever
// is at the head of the line reads all of them and wakes when one ends. One
// more FIFO, the bell, says that the capacity has changed.

// takeSlot takes a free slot. Only the head of the line, or who has M, may.
func (p *participant) takeSlot() (bool, error) {
	capacity, err := readCapacity(p.file)
	if err != nil {
		return false, err
	}
	order, err := p.slotOrder(capacity)
	if err != nil {
		return false, err
	}
	for _, i := range order {
		taken, err := p.takeSlotNumber(i)
		if err != nil || taken {
			return taken, err
		}
	}
	return false, nil
}

// slotOrder returns the slots in the order in which they should be tried.
func (p *participant) slotOrder(capacity int) ([]int, error) {
	order := make([]int, capacity)
	for i := range order {
		order[i] = i
	}
	if p.Pick == PickLowest {
		return order, nil
	}
	b := make([]byte, 8*capacity)
	if err := p.file.ReadAt(b, offStamps); err != nil {
		return nil, err
	}
	stamp := func(i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(stamp(i), stamp(j)) })
	return order, nil
}

// takeSlotNumber takes slot i if it is free. The FIFO is opened before the
// byte is locked: so the death of a holder can always be seen on the FIFO.
func (p *participant) takeSlotNumber(i int) (bool, error) {
	at := byteH + int64(i)
	for {
		held, err := isLocked(p.body, at)
		if err != nil || held {
			return false, err
		}
		if p.fifo < 0 && p.File == nil {
			if p.fifo, err = p.openFifo("s"+strconv.Itoa(i), os.O_RDWR); err != nil {
				return false, err
			}
		}
		taken, err := p.body.Try(at, state.WriteLock)
		if taken {
			p.index = i
			return true, p.stamp()
		}
		if p.fifo >= 0 {
			state.CloseFifo(p.fifo)
			p.fifo = -1
		}
		if err != nil {
			return false, err
		}
		runtime.Gosched() // a passing probe was there
	}
}

// stamp notes when the slot was last taken or given back.
func (p *participant) stamp() error {
	return writeWords(p.body, offStamps+8*int64(p.index), uint64(time.Now().UnixMicro()))
}

// openFifo opens one of the semaphore's FIFOs.
func (l *named) openFifo(name string, flags int) (int, error) {
	return l.dir.openFifo(l.rel, name, flags)
}

func (d *Dir) openFifo(rel, name string, flags int) (int, error) {
	dir := fifoDir(rel)
	path := d.path(dir + "/" + name)
	fd, err := state.Fifo(path, flags, d.home.Mode())
	if !errors.Is(err, fs.ErrNotExist) {
		return fd, err
	}
	if err := d.home.Make(dir); err != nil {
		return -1, err
	}
	return state.Fifo(path, flags, d.home.Mode())
}

// fifoDir is the directory of a semaphore's FIFOs.
func fifoDir(rel string) string { return strings.TrimSuffix(rel, ".lk") + ".d" }

// bellName is the FIFO into which a byte is written for a new capacity.
const bellName = "bell"

// slotWatch watches the slots for the head of the line.
type slotWatch struct {
	fired chan struct{} // of capacity 1: something has changed

	mu    sync.Mutex
	fifos map[string]*os.File // open, and being read
	bytes map[int]bool        // slots that are waited for in the kernel
	over  chan struct{}
}

// waitForSlot sleeps until a slot may be free. What it has to open first can
// have changed before that, so it returns to look again.
func (w *waiter) waitForSlot() error {
	if w.slots == nil {
		w.slots = &slotWatch{
			fired: make(chan struct{}, 1), over: make(chan struct{}),
			fifos: make(map[string]*os.File), bytes: make(map[int]bool),
		}
	}
	opened, err := w.watchFifo(bellName, os.O_RDWR)
	if err != nil {
		return err
	}
	capacity, err := readCapacity(w.file)
	if err != nil {
		return err
	}
	for i := range capacity {
		fresh, err := w.watchSlot(i)
		if err != nil {
			return err
		}
		opened = opened || fresh
	}
	if opened {
		return nil
	}
	return w.sleep(w.slots.fired, nil)
}

// watchSlot watches the FIFO of slot i, or its byte if nobody has the FIFO
// open: it is held by a script's descriptor, or by a command that has outlived
// its loxctl.
func (w *waiter) watchSlot(i int) (fresh bool, err error) {
	s := w.slots
	s.mu.Lock()
	watched := s.bytes[i]
	s.mu.Unlock()
	if watched {
		return false, nil
	}
	fresh, err = w.watchFifo("s"+strconv.Itoa(i), os.O_RDONLY)
	if err == errNoWriter && mutant == "slots without a writer are not watched" {
		return false, nil
	}
	if err != errNoWriter {
		return fresh, err
	}
	at := byteH + int64(i)
	if held, err := isLocked(w.file, at); err != nil || !held {
		return true, err
	}
	freed, err := w.reg.freed(w.file, spot{w.id, at})
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	s.bytes[i] = true
	s.mu.Unlock()
	go func() {
		select {
		case <-freed:
			s.mu.Lock()
			delete(s.bytes, i)
			s.mu.Unlock()
			s.fire()
		case <-s.over:
		}
	}()
	return true, nil
}

var errNoWriter = errors.New("nobody has the FIFO open for writing")

// watchFifo opens a FIFO, unless it is open already, and fires when there is
// something to read or the last writer has gone.
func (w *waiter) watchFifo(name string, flags int) (fresh bool, err error) {
	s := w.slots
	s.mu.Lock()
	open := s.fifos[name] != nil
	s.mu.Unlock()
	if open {
		return false, nil
	}
	fd, err := w.openFifo(name, flags)
	if err != nil {
		return false, err
	}
	f, quiet := state.QuietFifo(fd)
	if !quiet {
		f.Close()
		if name == bellName {
			return true, nil
		}
		return false, errNoWriter
	}
	s.mu.Lock()
	s.fifos[name] = f
	s.mu.Unlock()
	go s.read(name, f)
	return true, nil
}

// read waits for one byte or the end of the FIFO.
func (s *slotWatch) read(name string, f *os.File) {
	f.Read(make([]byte, 1))
	s.mu.Lock()
	delete(s.fifos, name)
	s.mu.Unlock()
	f.Close()
	s.fire()
}

func (s *slotWatch) fire() {
	select {
	case s.fired <- struct{}{}:
	default:
	}
}

func (s *slotWatch) close() {
	close(s.over)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.fifos {
		f.Close()
	}
}
