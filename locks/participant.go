package locks

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/loxctl/loxctl/internal/state"
)

// A participant is one request on its way through the turnstile, and then what
// its Hold holds. The bytes P and H are locked through body; M and the place
// in line through line, which is the same description unless a script's
// descriptor is to hold the lock: two processes share that one, so it could
// not keep them apart.
type participant struct {
	*named
	guarded // file is the line
	body    *state.File

	head    header
	ticket  uint64
	slot    uint32 // of the record
	record  record
	queued  bool // it is or was in line
	inside  bool
	index   int
	fifo    int // of the slot of a semaphore; -1: none
	mate    uint64
	scratch [recordSize]byte
}

// Acquire implements Locker.
func (l *named) Acquire(ctx context.Context) (*Hold, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return l.acquire(ctx, false)
}

// TryAcquire implements Locker.
func (l *named) TryAcquire() (*Hold, error) { return l.acquire(context.Background(), true) }

func (l *named) acquire(ctx context.Context, try bool) (*Hold, error) {
	if l.err != nil {
		return nil, l.err
	}
	p := &participant{named: l, fifo: -1}
	p.describe() // which reads /proc: not while everybody waits for M
	if err := p.guarded.open(ctx, l, try); err != nil {
		return nil, err
	}
	p.body = p.file
	if l.File != nil {
		p.body = state.Borrow(l.File.Fd())
	}
	inside, err := p.enqueue(try)
	if unlockErr := p.unlock(); err == nil {
		err = unlockErr
	}
	if err == nil && l.Queued != nil {
		l.Queued()
	}
	if mutant == "the line byte is locked after M" && err == nil && !inside {
		err = p.standInLine()
	}
	if err == nil && !inside {
		err = p.wait(ctx)
	}
	if err != nil {
		p.leave()
		return nil, err
	}
	return p.hold(), nil
}

// open opens the lock file, or another description of the script's one.
func (l *named) open() (*state.File, error) {
	if l.File != nil {
		return l.reopen()
	}
	return l.dir.openLock(l.path, l.Kind)
}

// openLock opens a lock file and creates what is missing.
func (d *Dir) openLock(path string, kind Kind) (*state.File, error) {
	f, err := state.OpenFile(path, d.home.Mode())
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	if err := d.home.Make(kind.String()); err != nil {
		return nil, err
	}
	return state.OpenFile(path, d.home.Mode())
}

// hold makes the participant, which is inside, a Hold.
func (p *participant) hold() *Hold {
	if p.File != nil {
		p.file.Close() // and with it goes its place in line
		p.file = nil
		p.reg.unlocked(p.lineSpot())
	}
	return &Hold{of: p, index: p.index, token: p.ticket, keep: p.File}
}

// leave takes back every trace of a participant that will not be inside.
func (p *participant) leave() {
	if p.queued || p.inside { // else the record may be another's already
		writeWords(p.file, recordOffset(p.slot), 0)
	}
	if p.body != p.file && p.inside { // else what it holds is another's
		p.body.UnlockAll()
	}
	p.file.UnlockAll()
	if p.fifo >= 0 {
		state.CloseFifo(p.fifo)
	}
	p.reg.unlocked(p.lineSpot(), p.bodySpot())
	p.file.Close()
}

// release implements the release of a Hold.
func (p *participant) release(*Hold) error {
	err := p.retire()
	if mutant == "release is close" {
		p.body.Close()
		return err
	}
	p.reg.order()
	if unlockErr := p.body.UnlockAll(); err == nil {
		err = unlockErr
	}
	if p.fifo >= 0 {
		state.CloseFifo(p.fifo)
	}
	if p.File == nil {
		p.reg.unlocked(p.lineSpot(), p.bodySpot())
		p.body.Close()
	}
	return err
}

// retire says in the file that the ticket is over. The bytes are still locked.
// The record of a script's descriptor stays, worthless without the bytes: if
// this process died here, whoever has the descriptor would not find its hold.
func (p *participant) retire() error {
	_, linked, err := p.body.Stat()
	if err == nil && !linked {
		return &VanishedError{p.Name}
	}
	if p.Mode == Slot && err == nil {
		err = p.stamp()
	}
	if err == nil && p.File == nil {
		err = writeWords(p.body, recordOffset(p.slot), 0)
	}
	return err
}

// note writes what the participant is doing into its record.
func (p *participant) note(doing recordState) error {
	p.record.state, p.record.index = doing, uint32(p.index)
	p.record.since = time.Now().UnixNano()
	p.record.encode(&p.scratch)
	return p.file.WriteAt(p.scratch[:], recordOffset(p.slot))
}

// describe fills in the record, but for what the turnstile decides.
func (p *participant) describe() {
	self := p.dir.self()
	p.record = record{
		mode: p.Mode, group: p.group,
		pid: uint32(self.PID), start: self.Start, namespace: self.Namespace,
		uid: p.dir.uid, tree: p.Who.Tree, inside: p.Who.Inside,
		owner: uint32(p.Who.Owner), label: clip(p.Who.Label, 64), command: clip(p.Who.Command, 96),
	}
	if p.File != nil {
		p.record.flags |= flagFD
	}
	if p.Who.Keeper {
		p.record.flags |= flagKeeper
	}
	if p.Who.Keeper {
		p.nameOwner()
	}
}

// nameOwner fills in which process the owner is, which only those who look for
// a deadlock want to know of a waiter.
func (p *participant) nameOwner() {
	if p.Who.Owner > 0 {
		owner := p.dir.owner(p.Who.Owner)
		p.record.ownerStart, p.record.ownerKey = owner.Start, owner.Key()
	}
}
