package pipes

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/loxctl/loxctl/internal/state"
)

// Record is a record of an announcement, as a subscriber gets it.
type Record struct {
	Seq  uint64 // 1, 2, 3 … without gaps
	Time time.Time
	ID   uint64 // of its put, 0 for none
	Data []byte // until the next call; must not be changed

	// Missed is how many records the subscriber has not got just before this
	// one: they were deleted, dropped to make room, or could not be read.
	Missed uint64
}

// CursorOptions say how to subscribe, or to register a subscriber.
type CursorOptions struct {
	From    From   // where a new one begins
	MaxSize uint64 // unread records it may have; 0: what the announcement says
	NoGap   bool   // a record missed is an error, a *GapError
	Group   bool   // for Register: a group, whose consumers share the records

	// File is for Group: a descriptor of the file that Dir.Path names, which shall
	// keep the consumer alive instead of one that the Consumer has. It stays the
	// caller's. Several consumers can have the same, one after the other.
	File *os.File
}

// Cursor is what a subscriber reads with. One goroutine at a time may use it.
//
// It has two places: where it reads, which Next moves, and the position of the
// subscriber, which only Commit moves. The next cursor of the subscriber begins
// at the position.
type Cursor struct {
	log    *log
	file   *state.File // holds C of the slot
	slot   slot
	ticket uint64
	moved  uint64 // of the slot, when the cursor was set to its position
	noGap  bool

	r      reader
	at     uint64 // where it reads
	done   uint64 // behind the last record that was returned
	expect uint64 // seq of the one behind that
	skip   bool   // what is at at cannot be read, and was reported
	missed uint64 // in all
	owed   uint64 // dropped while nobody read, and not yet told
	behind reader // for commits of older records
}

// Next waits for the next record and returns it. After Close of the
// announcement, and when everything is read, the error is ErrEnd. A record that
// cannot be read is a *CorruptError, once: the next call goes on behind it, and
// its record says how many were missed.
func (c *Cursor) Next(ctx context.Context) (Record, error) {
	rec, ok, err := c.TryNext()
	for !ok && err == nil {
		woken := c.log.news.join()
		if rec, ok, err = c.TryNext(); !ok && err == nil {
			select {
			case <-woken:
			case <-ctx.Done():
				err = context.Cause(ctx)
			}
		}
		c.log.news.leave()
	}
	return rec, err
}

// TryNext is Next without waiting: ok is false if there is no record yet.
func (c *Cursor) TryNext() (rec Record, ok bool, err error) {
	if err := c.log.enter(); err != nil {
		return Record{}, false, err
	}
	defer c.log.leave()
	flags, err := c.check()
	if err != nil {
		return Record{}, false, err
	}
	if c.slot.moved().Load() != c.moved {
		if err := c.follow(); err != nil {
			return Record{}, false, err
		}
	}
	end := c.log.head.end().Load()              // after the flags: nothing follows a close
	if off := c.slot.off().Load(); off > c.at { // somebody has made room
		c.at, c.skip = off, false
	}
	for c.at < end {
		r, err := c.read(end)
		if err == errGone {
			continue
		}
		if err != nil {
			return Record{}, false, err
		}
		return r, true, nil
	}
	if flags&logClosed != 0 {
		err = ErrEnd
	}
	return Record{}, false, err
}

// check returns an error if the subscriber, or all of the log, is gone.
func (c *Cursor) check() (flags uint32, err error) {
	flags = c.log.head.flags().Load()
	switch {
	case c.file == nil:
		return flags, fmt.Errorf("%s: %w", c.log.name, os.ErrClosed)
	case flags&logRemoved != 0:
		return flags, c.log.gone()
	case c.slot.ticket().Load() != c.ticket:
		return flags, fmt.Errorf("%s: %w", c.log.name, ErrUnsubscribed)
	}
	return flags, nil
}

// read reads the record at the cursor, or moves it where there is one: that is
// errGone.
func (c *Cursor) read(end uint64) (Record, error) {
	if c.skip {
		at, err := c.r.resync(c.at, end, c.expect-1)
		if err != nil {
			return Record{}, err
		}
		c.at, c.skip = at, false
		return Record{}, errGone
	}
	r, err := c.r.record(c.at, end)
	if err == errGone {
		c.at = c.log.head.first().Load()
		return Record{}, err
	}
	if err != nil {
		c.skip = isDamage(err)
		return Record{}, c.log.corrupt(err, c.at, c.expect)
	}
	missed := c.owed
	if r.seq > c.expect {
		missed += r.seq - c.expect
	}
	if missed > 0 && c.noGap {
		return Record{}, &GapError{Name: c.log.name, Missed: missed, Seq: r.seq}
	}
	c.missed += missed
	c.owed, c.at, c.done, c.expect = 0, r.end, r.end, r.seq+1
	return r.public(missed), nil
}

// Commit moves the position behind the record seq, which Next has returned. It
// never moves back, and nothing happens if Seek has moved it since then.
func (c *Cursor) Commit(seq uint64) error {
	if err := c.log.enter(); err != nil {
		return err
	}
	defer c.log.leave()
	if _, err := c.check(); err != nil {
		return err
	}
	if seq >= c.expect {
		return fmt.Errorf("%s: record %d was not read", c.log.name, seq)
	}
	off := c.done
	if seq < c.expect-1 {
		var err error
		if off, err = c.offsetBehind(seq); err != nil {
			return err
		}
	}
	if c.slot.advance(off, seq, c.moved) {
		c.slot.told().Store(c.slot.dropped().Load())
		c.log.space.wakeAny()
	}
	return nil
}

// offsetBehind returns where the record seq ends, which lies between the
// position and the last record that was returned.
func (c *Cursor) offsetBehind(seq uint64) (uint64, error) {
	off, before := c.slot.off().Load(), c.slot.seq().Load()
	for off < c.done {
		r, err := c.behind.record(off, c.done)
		switch {
		case err == nil && r.seq > seq:
			return off, nil
		case err == nil && r.seq == seq:
			return r.end, nil
		case err == nil:
			off, before = r.end, r.seq
		case err == errGone:
			off = c.log.head.first().Load()
		case isDamage(err):
			if off, err = c.behind.resync(off, c.done, before); err != nil {
				return 0, err
			}
		default:
			return 0, err
		}
	}
	return min(off, c.done), nil
}

// Missed is how many records the cursor has missed so far.
func (c *Cursor) Missed() uint64 { return c.missed }

// Unread is how many records there are that Next has not returned.
func (c *Cursor) Unread() uint64 {
	if c.log.enter() != nil {
		return 0
	}
	defer c.log.leave()
	last, err := c.log.lastSeq()
	if err != nil || last < c.expect {
		return 0
	}
	return last + 1 - c.expect
}

// Close ends the use of the subscriber. One that has no name is gone, others
// keep their position.
func (c *Cursor) Close() error {
	if c.log.enter() != nil {
		return nil // it was closed with everything else
	}
	defer c.log.leave()
	if c.file == nil {
		return nil
	}
	c.log.handle.remove(c.file)
	c.r.forget()
	c.behind.forget()
	var err error
	if !c.slot.is(slotDurable) {
		err = c.abandon()
	}
	err = errors.Join(err, c.file.Close())
	c.file = nil
	c.log.news.wakeAny() // for who wants to be this subscriber
	return err
}

// abandon frees the slot of a subscriber without a name.
func (c *Cursor) abandon() error {
	if err := c.log.lock(); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil // with all of the log
		}
		return err
	}
	defer c.log.unlock()
	if c.slot.ticket().Load() == c.ticket {
		c.slot.ticket().Store(0)
		c.log.space.wakeAny()
	}
	return nil
}

// clampMax makes a maxsize what a slot can hold.
func clampMax(n uint64) uint32 { return uint32(min(n, math.MaxUint32)) }
