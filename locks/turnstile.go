package locks

import (
	"context"
	"time"

	"github.com/loxctl/loxctl/internal/state"
)

// The turnstile, in words: a participant draws a ticket and locks the byte of
// that ticket in the line, both under the guard byte M. It sleeps on the byte
// of whoever is before it. At the head of the line it locks P of its ticket,
// so that others can wait for it, and then H, the lock itself, and lets the
// next one come to the turnstile. Only locked bytes decide; what the kernel
// takes back from a process that dies is all that anybody relies on.

// enqueue draws a ticket and enters, if that can be done at once, or stands in
// line. The caller has M.
func (p *participant) enqueue(try bool) (inside bool, err error) {
	if err := p.readHeader(); err != nil {
		return false, err
	}
	if p.File != nil {
		if err := p.clearDescriptor(); err != nil {
			return false, err
		}
	}
	prev := p.head.ticket
	p.ticket = max(prev+1, uint64(time.Now().UnixMicro()))
	if p.ticket >= ticketEnd {
		return false, &FormatError{Path: p.file.Path(), Why: "is damaged: no tickets are left"}
	}
	if err := writeWords(p.file, offTicket, p.ticket, p.head.seq+1); err != nil {
		return false, err
	}
	if mutant == "the header is rewritten whole" {
		writeWords(p.file, offGroup, p.head.group)
	}
	if err := p.chooseRecord(); err != nil {
		return false, err
	}
	p.record.ticket = p.ticket
	if inside, err = p.enterAtOnce(prev); err != nil || inside {
		return inside, err
	}
	if try {
		return false, ErrHeld
	}
	if p.walksIn() {
		if p.mate, err = p.findMate(); err != nil {
			return false, err
		}
	}
	if mutant == "the line byte is locked after M" {
		return false, p.note(recordWaits)
	}
	if err := p.standInLine(); err != nil {
		return false, err
	}
	return false, p.note(recordWaits)
}

// enterAtOnce enters if nobody is before the participant.
func (p *participant) enterAtOnce(prev uint64) (inside bool, err error) {
	if p.File != nil { // so that a P that a killed one leaves can be told from a holder's
		if err := p.note(recordWaits); err != nil {
			return false, err
		}
	}
	pred, err := p.before(prev)
	if err != nil {
		return false, err
	}
	if pred != 0 && p.walksIn() {
		inside, err = p.join()
	}
	if pred == 0 && p.Mode == Polite {
		pred, err = p.anyInLine()
	}
	if pred == 0 && err == nil {
		inside, err = p.enter()
	}
	if err != nil || !inside {
		return false, err
	}
	if p.Mode == Exclusive && p.File == nil {
		if err := p.standInLine(); err != nil {
			return false, err
		}
	}
	return true, p.note(recordHolds)
}

// wait sleeps until it is the turn of the participant, and enters.
func (p *participant) wait(ctx context.Context) error {
	if p.Who.Owner > 0 && !p.Who.Keeper {
		p.nameOwner()
		if err := p.note(recordWaits); err != nil {
			return err
		}
	}
	w := waiter{participant: p, ctx: ctx}
	defer w.end()
	for {
		inside, err := w.turn()
		if err != nil {
			return err
		}
		if !inside {
			continue
		}
		if err := p.note(recordHolds); err != nil {
			return err
		}
		if p.Mode != Exclusive && mutant != "holders stay in line" {
			return p.leaveLine()
		}
		return nil
	}
}

// walksIn reports whether the participant may pass waiters while its light is
// on.
func (p *participant) walksIn() bool { return p.Mode == Member && !p.Fair }

// lineBase is where the line of the participant is.
func (p *participant) lineBase() int64 {
	if p.Mode == Polite {
		return baseR
	}
	return baseQ
}

func (p *participant) lineSpot() spot { return spot{p.id, p.lineBase() + int64(p.ticket)} }
func (p *participant) bodySpot() spot { return spot{p.id, baseP + int64(p.ticket)} }

func (p *participant) standInLine() error {
	s := p.lineSpot()
	if err := p.file.Lock(s.at, state.WriteLock); err != nil {
		return err
	}
	p.reg.locked(s)
	p.queued = true
	return nil
}

// leaveLine lets the next one come to the turnstile.
func (p *participant) leaveLine() error {
	s := p.lineSpot()
	err := p.file.Unlock(s.at)
	p.reg.unlocked(s)
	return err
}

// before returns the byte of the nearest one before the participant in its
// line, 0 if there is none. With prev, the ticket drawn before, it knows where
// to look first.
func (p *participant) before(prev uint64) (int64, error) {
	base, own := p.lineBase(), p.lineBase()+int64(p.ticket)
	found, ok, err := test(p.file, base, own)
	if err != nil || !ok {
		return 0, err
	}
	if prev > 0 {
		at := base + int64(prev)
		if _, ok, err := test(p.file, at, at+1); err != nil || ok {
			return at, err
		}
	}
	// The kernel names any of them. What is above that one is found by halves:
	// there may be thousands.
	best, end := min(found.End, own)-1, own
	for from := best + 1; from < end; from = best + 1 + (end-best-1)/2 {
		if found, ok, err = test(p.file, from, end); err != nil {
			return 0, err
		}
		switch {
		case ok:
			best = min(found.End, end) - 1
		case from == best+1:
			return best, nil
		default:
			end = from
		}
	}
	return best, nil
}

// anyInLine returns the byte of somebody in the main line, 0 if it is empty.
func (p *participant) anyInLine() (int64, error) { return locked(p.file, baseQ, endQ) }

// test looks for a byte in [from, to) that somebody else has write-locked. It
// asks for a read lock, so that a probe, which has one, is invisible.
func test(f *state.File, from, to int64) (state.Range, bool, error) {
	if mutant == "tests ask for a write lock" {
		return f.Test(from, to, state.WriteLock)
	}
	return f.Test(from, to, state.ReadLock)
}

// locked returns a write-locked byte in [from, to), 0 if there is none.
func locked(f *state.File, from, to int64) (int64, error) {
	found, ok, err := test(f, from, to)
	if err != nil || !ok {
		return 0, err
	}
	return max(found.Start, from), nil
}

// enter takes the lock if nobody who is inside is in the way. The participant
// is at the head of its line, or has M.
func (p *participant) enter() (bool, error) {
	at := baseP + int64(p.ticket)
	if mutant != "P is not taken" {
		if err := p.body.Lock(at, state.WriteLock); err != nil { // a passing probe may be there
			return false, err
		}
	}
	var inside bool
	var err error
	switch p.Mode {
	case Exclusive:
		inside, err = p.body.Try(byteH, state.WriteLock)
		inside = inside || mutant == "H is not taken"
	case Slot:
		inside, err = p.takeSlot()
	default:
		inside, err = p.enterGroup()
	}
	return p.entered(at, inside, err)
}

// join takes the lock if the group of the participant is inside.
func (p *participant) join() (bool, error) {
	at := baseP + int64(p.ticket)
	if err := p.body.Lock(at, state.WriteLock); err != nil {
		return false, err
	}
	inside, err := p.joinGroup()
	return p.entered(at, inside, err)
}

// entered keeps P for those who are inside.
func (p *participant) entered(at int64, inside bool, err error) (bool, error) {
	if err == nil && inside {
		p.inside = true
		if p.File == nil { // else another process may be the one to release
			p.reg.locked(p.bodySpot())
		}
		return true, nil
	}
	if unlockErr := p.body.Unlock(at); err == nil {
		err = unlockErr
	}
	return false, err
}

// joinGroup shares H with the group of the participant, if that is inside. The
// word for the group counts only then: an empty room still has the last one's.
func (p *participant) joinGroup() (bool, error) {
	ok, err := p.body.Try(byteH, state.ReadLock)
	if err != nil || !ok {
		return false, err
	}
	group, err := readWord(p.body, offGroup)
	if err == nil && group == p.group {
		_, others, testErr := p.body.Test(byteH, byteH+1, state.WriteLock)
		if testErr == nil && others {
			return true, nil
		}
		err = testErr
	}
	if unlockErr := p.body.Unlock(byteH); err == nil {
		err = unlockErr
	}
	return false, err
}

// enterGroup is the first of its group in an empty room, or joins.
func (p *participant) enterGroup() (inside bool, err error) {
	alone, err := p.body.Try(byteH, state.WriteLock)
	if err == nil && !alone {
		if inside, err = p.joinGroup(); err != nil || inside {
			return inside, err
		}
		alone, err = p.body.Try(byteH, state.WriteLock) // they may have left in between
	}
	if err != nil || !alone {
		return false, err
	}
	last, err := readWord(p.body, offGroup)
	if err == nil && last != p.group {
		err = writeWords(p.body, offGroup, p.group)
	}
	if err == nil {
		inside, err = p.body.Try(byteH, state.ReadLock)
	}
	if err != nil || !inside {
		p.body.Unlock(byteH)
	}
	return inside, err
}
