package locks

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"

	"github.com/loxctl/loxctl/internal/proc"
	"github.com/loxctl/loxctl/internal/state"
)

// readHeader reads the header, makes one in a new file, and sees to it that a
// semaphore has the capacity that was asked for. The caller has M.
func (p *participant) readHeader() (err error) {
	p.head, err = readHeader(p.file, p.Kind)
	if err == errNewFile {
		if p.Kind == KindSem && p.Slots == 0 {
			return &CapacityError{Name: p.Name}
		}
		p.head, err = writeHeader(p.file, p.Kind, p.Name, p.Slots)
	}
	if err != nil || p.Kind != KindSem {
		return err
	}
	switch {
	case p.head.capacity == 0 && p.Slots == 0:
		return &CapacityError{Name: p.Name}
	case p.head.capacity == 0: // its file was made by Path
		p.head.capacity = p.Slots
		return writeHalf(p.file, offCapacity, uint32(p.Slots))
	case p.Slots != 0 && p.Slots != p.head.capacity:
		return &CapacityError{Name: p.Name, Have: p.head.capacity, Want: p.Slots}
	}
	return nil
}

// chooseRecord finds a place in the table. A ticket that is over has set its
// record to zero, unless it was killed. If four places in a row are taken the
// table is too small. The caller has M.
func (p *participant) chooseRecord() error {
	n := p.head.nslots
	for i := range uint64(4) {
		k := uint32((p.head.seq + i) % uint64(n))
		ticket, err := readWord(p.file, recordOffset(k))
		if err != nil {
			return err
		}
		live := ticket != 0
		if live {
			if live, err = isLive(p.file, ticket); err != nil {
				return err
			}
		}
		if !live {
			p.slot = k
			return nil
		}
	}
	if n >= maxNslots {
		return errors.New(p.Name + ": too many are waiting")
	}
	p.slot = n
	return writeHalf(p.file, offNslots, 2*n)
}

// isLive reports whether a ticket is in line or inside. A ticket goes from the
// line to the inside without being in neither, so it is looked for in that
// order.
func isLive(f *state.File, ticket uint64) (bool, error) {
	if ticket >= ticketEnd {
		return false, nil
	}
	waits, err := inLine(f, ticket)
	if err != nil || waits {
		return waits, err
	}
	return isLocked(f, baseP+int64(ticket))
}

func readNslots(f *state.File) (uint32, error) {
	var b [4]byte
	err := f.ReadAt(b[:], offNslots)
	return min(binary.LittleEndian.Uint32(b[:]), maxNslots), err
}

func readCapacity(f *state.File) (int, error) {
	var b [4]byte
	err := f.ReadAt(b[:], offCapacity)
	return min(int(binary.LittleEndian.Uint32(b[:])), MaxSlots), err
}

// readName returns what a lock file says it is.
func readName(f *state.File) (Kind, string, error) {
	h, err := readHeader(f, 0)
	return h.kind, h.name, err
}

// insideByte returns the P byte of somebody who is inside, 0 if nobody is. An
// acquire that was killed while it locked that byte of a script's descriptor
// leaves one of nobody, so it looks closer if there are several, or if it is
// not certain that anybody is inside.
func insideByte(f *state.File, certain bool) (int64, error) {
	found, ok, err := test(f, baseP, endP)
	if err != nil || !ok {
		return 0, err
	}
	if certain {
		below, err := locked(f, baseP, found.Start)
		if err != nil {
			return 0, err
		}
		above, err := locked(f, found.End, endP)
		if err != nil || below == 0 && above == 0 {
			return found.Start, err
		}
	}
	tickets, err := lockedTickets(f, baseP, endP)
	if err != nil {
		return 0, err
	}
	for _, ticket := range tickets {
		if ghost, err := isGhost(f, ticket); err != nil || !ghost {
			return baseP + int64(ticket), err
		}
	}
	return 0, nil
}

// isGhost reports whether a ticket whose P is locked is that of an acquire that
// was killed: it is not in line any more and did not come to say that it holds.
func isGhost(f *state.File, ticket uint64) (bool, error) {
	waits, err := inLine(f, ticket)
	if err != nil || waits {
		return false, err
	}
	records, err := allRecords(f) // after that: who leaves the line has said so before
	r, known := records[ticket]
	return known && r.state == recordWaits && r.flags&flagFD != 0, err
}

// lockedTickets returns the tickets whose byte in a region is locked, in
// order. The kernel names any of them, so each answer splits the rest in two.
func lockedTickets(f *state.File, from, to int64) ([]uint64, error) {
	return appendTickets(nil, f, from, from, to)
}

func appendTickets(tickets []uint64, f *state.File, base, from, to int64) ([]uint64, error) {
	if from >= to {
		return tickets, nil
	}
	found, ok, err := test(f, from, to)
	if err != nil || !ok {
		return tickets, err
	}
	first, last := max(found.Start, from), min(found.End, to)
	if tickets, err = appendTickets(tickets, f, base, from, first); err != nil {
		return nil, err
	}
	for at := first; at < last; at++ {
		tickets = append(tickets, uint64(at-base))
	}
	return appendTickets(tickets, f, base, last, to)
}

// allRecords returns the records of a table by ticket.
func allRecords(f *state.File) (map[uint64]numbered, error) {
	nslots, err := readNslots(f)
	if err != nil {
		return nil, err
	}
	list, err := readRecords(f, nslots)
	records := make(map[uint64]numbered, len(list))
	for _, r := range list {
		records[r.ticket] = r
	}
	return records, err
}

// Inside reports whether the token is inside the named lock.
func (d *Dir) Inside(kind Kind, name string, token uint64) (bool, error) {
	f, err := d.openToLook(kind, name)
	if f == nil || token >= ticketEnd {
		return false, err
	}
	defer f.Close()
	return isLocked(f, baseP+int64(token))
}

// openToLook opens a lock file for reading. It returns nil if there is none.
func (d *Dir) openToLook(kind Kind, name string) (*state.File, error) {
	if err := state.CheckName(name); err != nil {
		return nil, err
	}
	f, err := state.OpenReadOnly(d.path(relPath(kind, name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err = readHeader(f, kind); err == nil {
		return f, nil
	}
	f.Close()
	if err == errNewFile {
		err = nil
	}
	return nil, err
}

// Check reports whether the named lock could be had exclusively, or a slot of
// the semaphore, without waiting. It takes nothing.
func (d *Dir) Check(kind Kind, name string) (bool, error) {
	f, err := d.openToLook(kind, name)
	if f == nil {
		return err == nil, err
	}
	defer f.Close()
	if queued, err := locked(f, baseQ, endQ); err != nil || queued != 0 {
		return false, err
	}
	if kind == KindLock {
		if held, err := isLocked(f, byteH); err != nil || held {
			return false, err // perhaps by nobody who is alive, but a try would fail
		}
		inside, err := insideByte(f, false)
		return err == nil && inside == 0, err
	}
	capacity, err := readCapacity(f)
	for i := range int64(capacity) {
		if held, err := isLocked(f, byteH+i); err != nil || !held {
			return err == nil, err
		}
	}
	return capacity == 0, err
}

// Drained waits until nobody is inside the named lock or semaphore, without
// standing in line: others may enter at any time. When ctx ends first it
// returns context.Cause(ctx).
func (d *Dir) Drained(ctx context.Context, kind Kind, name string) error {
	f, err := d.openToLook(kind, name)
	if f == nil {
		return err
	}
	defer f.Close()
	id, _, err := f.Stat()
	for err == nil {
		var at int64
		if at, err = insideByte(f, false); err != nil || at == 0 {
			break
		}
		err = d.awaitByte(ctx, f, spot{id, at})
	}
	return err
}

func (d *Dir) awaitByte(ctx context.Context, f *state.File, s spot) error {
	freed, err := d.waits.freed(f, s)
	if err != nil {
		return err
	}
	select {
	case <-freed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Path returns the path of the file of a named lock or semaphore, for a script
// to open. It creates the file if it is not there.
func (d *Dir) Path(kind Kind, name string) (string, error) {
	l := d.Locker(Request{Kind: kind, Name: name}).(*named)
	if l.err != nil {
		return "", l.err
	}
	f, err := l.open()
	if err != nil {
		return "", err
	}
	f.Close()
	return l.path, nil
}

// Capacity returns how many slots a named semaphore has, 0 if it does not
// exist.
func (d *Dir) Capacity(name string) (int, error) {
	f, err := d.openToLook(KindSem, name)
	if f == nil {
		return 0, err
	}
	defer f.Close()
	return readCapacity(f)
}

// owner returns the identity of a process, as far as it can be known.
func (d *Dir) owner(pid int) proc.Identity {
	id, err := proc.Of(pid)
	if err != nil {
		id.PID = pid
	}
	return id
}
