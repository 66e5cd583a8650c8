package pipes

import (
	"sync"
	"sync/atomic"

	"github.com/loxctl/loxctl/internal/state"
)

// The file subs is the mapped table of subscribers: a header, then slots. It
// grows under M; who finds that it has grown maps it again.
const (
	subsHeader = 4096
	subsMagic  = "LOXSUBS\x01"
	subsSlots  = 16 // u32: how many slots there are. Guard M
	subsUsed   = 20 // u32: no slot from here on was ever used. Guard M
	subsTicket = 24 // the last ticket of a slot. Guard M
	subsDraw   = 32 // the last ticket of a consumer. Atomic add
	firstSlots = 64
	maxSlots   = 1 << 20
	slotSize   = 512
)

// The words of a slot. All but those that name a guard, seq and told are written
// under M alone.
const (
	slotTicket  = 0  // 0: the slot is free
	slotOff     = 8  // the position. Guard C or M, with compare-and-swap
	slotSeq     = 16 // a hint: of the record before off, never too high
	slotDropped = 24 // records dropped so far
	slotTold    = 32 // how many of those the subscriber knows about
	slotOwed    = 32 // of a group: records missed before one that was passed. Guard G
	slotFlags   = 40 // u32
	slotMax     = 44 // u32: unread records it may have; 0: what the settings say
	slotMoved   = 48 // changes when somebody else moves the position, but for room
	slotTaken   = 56 // of a group: seq of the last record taken, or passed. Guard G
	slotName    = 64 // length u32, bytes
)

// Flags of a slot.
const (
	slotDurable = 1 << iota
	slotGroup
)

// Bytes of subs that are locked: C(slot) by the user of a slot, G(slot) for the
// table of a group, C'(ticket) by a consumer as long as it is alive.
const (
	byteC = 1 << 60
	byteG = byteC + 1<<58
	byteT = 1 << 61
)

// table is the mapped table of subscribers.
type table struct {
	log   *log
	file  *state.File // for looking at locks: it never holds one
	grown sync.Mutex
	maps  []*state.Shared // all that were ever used: slots point into them
	last  atomic.Pointer[state.Shared]
}

func (t *table) open(l *log) (err error) {
	t.log = l
	if t.file, err = state.OpenFile(l.file("subs"), 0); err != nil {
		return err
	}
	size, err := t.file.Size()
	if err != nil {
		return err
	}
	if size < subsHeader+firstSlots*slotSize {
		return t.format("is cut short")
	}
	if err := t.share(firstSlots); err != nil {
		return err
	}
	if string(t.last.Load().Bytes(0, 8)) != subsMagic {
		return t.format("is no table of subscribers")
	}
	return t.refresh()
}

func (t *table) format(why string) error {
	return &FormatError{Name: t.log.name, Path: "subs", Why: why}
}

func (t *table) share(slots int) error {
	m, err := t.file.Share(subsHeader + slots*slotSize)
	if err != nil {
		return err
	}
	t.maps = append(t.maps, m)
	t.last.Store(m)
	return nil
}

// refresh maps the table again if it has grown.
func (t *table) refresh() error {
	m := t.last.Load()
	slots := int(m.Uint32(subsSlots).Load())
	if subsHeader+slots*slotSize == m.Size() {
		return nil
	}
	t.grown.Lock()
	defer t.grown.Unlock()
	if slots < firstSlots || slots > maxSlots {
		return t.format("is damaged")
	}
	if subsHeader+slots*slotSize > t.last.Load().Size() {
		return t.share(slots)
	}
	return nil
}

// grow doubles the table. The caller has M.
func (t *table) grow() error {
	slots := 2 * t.slots()
	if slots > maxSlots {
		return t.format("is full")
	}
	t.grown.Lock()
	defer t.grown.Unlock()
	if err := t.share(slots); err != nil {
		return err
	}
	t.header(subsSlots).Store(uint32(slots))
	return nil
}

func (t *table) close() {
	for _, m := range t.maps {
		m.Unmap()
	}
	if t.file != nil {
		t.file.Close()
	}
}

func (t *table) header(at int) *atomic.Uint32 { return t.last.Load().Uint32(at) }

// slots is how many there are.
func (t *table) slots() int { return (t.last.Load().Size() - subsHeader) / slotSize }

func (t *table) slot(i int) slot {
	return slot{t.last.Load(), subsHeader + i*slotSize, i}
}

// all calls f with each slot that is not free.
func (t *table) all(f func(s slot) error) error {
	used := min(int(t.header(subsUsed).Load()), t.slots())
	for i := range used {
		s := t.slot(i)
		if s.ticket().Load() == 0 {
			continue
		}
		if err := f(s); err != nil {
			return err
		}
	}
	return nil
}

// find returns the slot of a durable subscriber or group.
func (t *table) find(name string) (found slot, ok bool) {
	t.all(func(s slot) error {
		if !ok && s.is(slotDurable) && s.name() == name {
			found, ok = s, true
		}
		return nil
	})
	return found, ok
}

// locked reports whether somebody has locked the byte.
func (t *table) locked(at int64) (bool, error) {
	_, locked, err := t.file.Test(at, at+1, state.ReadLock)
	return locked, err
}

// free returns a slot that is free and has no user left. The caller has M.
func (t *table) free() (slot, error) {
	s, ok, err := t.firstFree()
	if ok || err != nil {
		return s, err
	}
	for i := range t.slots() { // before there are more of them
		if _, err := t.tidy(t.slot(i)); err != nil {
			return slot{}, err
		}
	}
	if s, ok, err = t.firstFree(); ok || err != nil {
		return s, err
	}
	i := t.slots()
	if err := t.grow(); err != nil {
		return slot{}, err
	}
	return t.slot(i), nil
}

// firstFree returns a slot that nobody is entered in. Somebody who was may
// still hold its lock.
func (t *table) firstFree() (slot, bool, error) {
	for i := range t.slots() {
		s := t.slot(i)
		if s.ticket().Load() != 0 {
			continue
		}
		if used, err := t.locked(s.byteC()); err != nil || !used {
			return s, err == nil, err
		}
	}
	return slot{}, false, nil
}

// tidy frees the slot of an ephemeral subscriber that is dead, and reports
// whether the slot is free. The caller has M.
func (t *table) tidy(s slot) (free bool, err error) {
	if s.ticket().Load() == 0 {
		return true, nil
	}
	if s.is(slotDurable) {
		return false, nil
	}
	alive, err := t.locked(s.byteC())
	if err != nil || alive {
		return false, err
	}
	s.ticket().Store(0)
	return true, nil
}

// fill makes a free slot that of a subscriber. The caller has M.
func (t *table) fill(s slot, name string, flags, maxsize uint32, at position) {
	for word := slotOff; word < slotMoved; word += 8 { // moved only grows
		s.m.Uint64(s.at + word).Store(0)
	}
	s.off().Store(at.off)
	s.seq().Store(at.seq - 1)
	s.taken().Store(at.seq - 1)
	s.m.Uint32(s.at + slotFlags).Store(flags)
	s.m.Uint32(s.at + slotMax).Store(maxsize)
	s.m.Uint32(s.at + slotName).Store(uint32(len(name)))
	copy(s.m.Bytes(s.at+slotName+4, s.at+slotSize), name)
	if used := t.header(subsUsed); int(used.Load()) <= s.index {
		used.Store(uint32(s.index + 1))
	}
	s.ticket().Store(t.last.Load().Uint64(subsTicket).Add(1))
}

// slot is a place in the table.
type slot struct {
	m     *state.Shared
	at    int // in m
	index int
}

func (s slot) ticket() *atomic.Uint64  { return s.m.Uint64(s.at + slotTicket) }
func (s slot) off() *atomic.Uint64     { return s.m.Uint64(s.at + slotOff) }
func (s slot) seq() *atomic.Uint64     { return s.m.Uint64(s.at + slotSeq) }
func (s slot) dropped() *atomic.Uint64 { return s.m.Uint64(s.at + slotDropped) }
func (s slot) told() *atomic.Uint64    { return s.m.Uint64(s.at + slotTold) }
func (s slot) owed() *atomic.Uint64    { return s.m.Uint64(s.at + slotOwed) }
func (s slot) moved() *atomic.Uint64   { return s.m.Uint64(s.at + slotMoved) }
func (s slot) is(flag uint32) bool     { return s.m.Uint32(s.at+slotFlags).Load()&flag != 0 }
func (s slot) taken() *atomic.Uint64   { return s.m.Uint64(s.at + slotTaken) }
func (s slot) maxsize() uint64         { return uint64(s.m.Uint32(s.at + slotMax).Load()) }
func (s slot) byteC() int64            { return byteC + int64(s.index) }
func (s slot) byteG() int64            { return byteG + int64(s.index) }

func (s slot) name() string {
	n := min(int(s.m.Uint32(s.at+slotName).Load()), state.MaxName)
	return string(s.m.Bytes(s.at+slotName+4, s.at+slotName+4+n))
}

// raise raises the hint to seq. Whoever has moved the position since seq was
// learned has raised it further.
func (s slot) raise(seq uint64) { raise(s.seq(), seq) }

func raise(word *atomic.Uint64, to uint64) {
	for is := word.Load(); is < to && !word.CompareAndSwap(is, to); is = word.Load() {
	}
}

// advance moves the position to off, behind the record seq. It never moves it
// back: whoever makes room may have moved it further. It also gives way to who
// has moved it for another reason since moved had this value.
func (s slot) advance(off, seq, moved uint64) bool {
	for {
		is := s.off().Load()
		if is >= off || s.moved().Load() != moved {
			return false
		}
		if s.off().CompareAndSwap(is, off) {
			s.seq().Store(seq)
			return true
		}
	}
}

// place moves the position to any place. The caller has M; of a group G, too.
func (s slot) place(to position) {
	s.moved().Add(1)                             // so the user does not move it any more,
	s.seq().Store(min(s.seq().Load(), to.seq-1)) // never too high
	s.off().Store(to.off)
	s.seq().Store(to.seq - 1)
	if s.is(slotGroup) {
		s.owed().Store(0)
	} else {
		s.told().Store(s.dropped().Load())
	}
	s.taken().Store(to.seq - 1)
	s.moved().Add(1) // and finds it where it is
}
