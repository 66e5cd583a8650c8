package pipes

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/loxctl/loxctl/internal/state"
)

// A group has a mapped table of the records that consumers have taken and not
// acknowledged: the file grp.<slot>, a header of 64 bytes and entries. Its guard
// is G, a byte of subs. Words are written in an order that lets a process be
// killed between any two of them.
const (
	flightMagic  = "LOXGRP\x00\x01"
	flightCount  = 16 // u32: how many entries there are
	flightHeader = 64
	flightSize   = 32
	firstFlights = (4096 - flightHeader) / flightSize
	maxFlights   = 1 << 20
)

// The words of an entry.
const (
	flightSeq    = 0 // 0: the entry is free. Written last
	flightOff    = 8
	flightTicket = 16 // of the consumer; 0: it was given back
	flightTries  = 24 // u32
)

// groups are the tables of a log.
type groups struct {
	log   *log
	guard *state.File // the description of subs that G is locked on
	mu    sync.Mutex  // before G: the kernel does not keep goroutines apart

	opening sync.Mutex
	tables  map[uint64]*flights // by the ticket of the slot
}

// flights is the mapped table of a group.
type flights struct {
	file *state.File
	mu   sync.Mutex
	maps []*state.Shared // all that were ever used; the last one is the largest
}

func (g *groups) open(l *log) (err error) {
	g.log, g.tables = l, make(map[uint64]*flights)
	g.guard, err = state.OpenFile(l.file("subs"), 0)
	return err
}

func (g *groups) close() {
	for _, t := range g.tables {
		t.close()
	}
	if g.guard != nil {
		g.guard.Close()
	}
}

func (t *flights) close() {
	for _, m := range t.maps {
		m.Unmap()
	}
	t.file.Close()
}

func (g *groups) path(s slot) string { return g.log.file("grp." + strconv.Itoa(s.index)) }

// create makes the table for a slot that is free. The caller has M.
func (g *groups) create(s slot) error {
	if err := g.remove(s); err != nil {
		return err
	}
	name := "grp." + strconv.Itoa(s.index)
	return newMapped(g.log.dir, name, g.log.mode, flightHeader+firstFlights*flightSize, func(m *state.Shared) {
		m.Uint32(flightCount).Store(firstFlights)
		copy(m.Bytes(0, 8), flightMagic)
	})
}

// remove deletes the table of a slot. The caller has M.
func (g *groups) remove(s slot) error {
	if err := os.Remove(g.path(s)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// table returns the table of a group, with all its entries mapped.
func (g *groups) table(s slot) (*flights, error) {
	g.opening.Lock()
	defer g.opening.Unlock()
	ticket := s.ticket().Load()
	t := g.tables[ticket]
	if t == nil {
		var err error
		if t, err = g.openTable(s); err != nil {
			return nil, err
		}
		g.tables[ticket] = t
	}
	return t, t.refresh()
}

func (g *groups) openTable(s slot) (*flights, error) {
	file, err := state.OpenFile(g.path(s), 0)
	if errors.Is(err, fs.ErrNotExist) && !g.log.head.has(logRemoved) {
		return nil, fmt.Errorf("%s: %w", g.log.name, ErrUnsubscribed)
	}
	if err != nil {
		return nil, g.log.vanished(err)
	}
	t := &flights{file: file}
	if err = t.share(firstFlights); err == nil && string(t.last().Bytes(0, 8)) != flightMagic {
		err = &FormatError{Name: g.log.name, Path: "grp." + strconv.Itoa(s.index), Why: "is no table of a group"}
	}
	if err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *flights) share(count int) error {
	m, err := t.file.Share(flightHeader + count*flightSize)
	if err == nil {
		t.maps = append(t.maps, m)
	}
	return err
}

func (t *flights) last() *state.Shared { return t.maps[len(t.maps)-1] }

// refresh maps the table again if it has grown.
func (t *flights) refresh() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	count := min(int(t.last().Uint32(flightCount).Load()), maxFlights)
	if flightHeader+count*flightSize <= t.last().Size() {
		return nil
	}
	return t.share(count)
}

// scan calls f with all entries, the free ones too, until it returns false.
func (t *flights) scan(f func(flight) bool) {
	t.mu.Lock()
	m := t.last()
	t.mu.Unlock()
	for at := flightHeader; at+flightSize <= m.Size(); at += flightSize {
		if !f(flight{m, at}) {
			return
		}
	}
}

// each calls f with the entries that are in use, until it returns false.
func (t *flights) each(f func(flight) bool) {
	t.scan(func(e flight) bool { return e.seq().Load() == 0 || f(e) })
}

// find returns the entry of the record seq.
func (t *flights) find(seq uint64) (found flight, ok bool) {
	t.each(func(e flight) bool {
		if e.seq().Load() == seq {
			found, ok = e, true
		}
		return !ok
	})
	return found, ok
}

// add enters a record. The caller has G.
func (t *flights) add(seq, off, ticket uint64) (free flight, err error) {
	t.scan(func(e flight) bool {
		if e.seq().Load() == 0 {
			free = e
		}
		return free.m == nil
	})
	if free.m == nil {
		if free, err = t.grow(); err != nil {
			return free, err
		}
	}
	free.off().Store(off)
	free.ticket().Store(ticket)
	free.tries().Store(1)
	free.seq().Store(seq)
	return free, nil
}

// grow doubles the table, and returns the first new entry. The caller has G.
func (t *flights) grow() (flight, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	count := int(t.last().Uint32(flightCount).Load())
	if 2*count > maxFlights {
		return flight{}, errManyFlights
	}
	if err := t.share(2 * count); err != nil {
		return flight{}, err
	}
	t.last().Uint32(flightCount).Store(uint32(2 * count))
	return flight{t.last(), flightHeader + count*flightSize}, nil
}

var errManyFlights = errors.New("too many records are not acknowledged")

// flight is an entry of the table.
type flight struct {
	m  *state.Shared
	at int
}

func (e flight) seq() *atomic.Uint64    { return e.m.Uint64(e.at + flightSeq) }
func (e flight) off() *atomic.Uint64    { return e.m.Uint64(e.at + flightOff) }
func (e flight) ticket() *atomic.Uint64 { return e.m.Uint64(e.at + flightTicket) }
func (e flight) tries() *atomic.Uint32  { return e.m.Uint32(e.at + flightTries) }
func (e flight) free()                  { e.seq().Store(0) }

// lowest returns the lowest offset of a record that is not acknowledged. Who
// has read the position of the group before that misses none: a record is
// entered before the position moves past it.
func (g *groups) lowest(s slot) (uint64, error) {
	t, err := g.table(s)
	lowest := uint64(math.MaxUint64)
	if err != nil {
		return lowest, err
	}
	t.each(func(e flight) bool {
		lowest = min(lowest, e.off().Load())
		return true
	})
	return lowest, nil
}

// exclusively runs f under G.
func (g *groups) exclusively(s slot, f func(*flights) error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.guard.Lock(s.byteG(), state.WriteLock); err != nil {
		return err
	}
	defer g.guard.Unlock(s.byteG())
	t, err := g.table(s)
	if err != nil {
		return err
	}
	return f(t)
}

// seek moves the position of a group, and forgets what is not acknowledged. The
// caller has M.
func (g *groups) seek(s slot, at position) error {
	return g.exclusively(s, func(t *flights) error {
		t.each(func(e flight) bool {
			e.free()
			return true
		})
		s.place(at)
		g.log.tell()
		return nil
	})
}

// cut forgets entries at or behind the end of the log. The caller has M, and is
// alone.
func (g *groups) cut(s slot, end uint64) error {
	t, err := g.table(s)
	if err != nil {
		return err
	}
	t.each(func(e flight) bool {
		if e.off().Load() >= end {
			e.free()
		}
		return true
	})
	return nil
}
