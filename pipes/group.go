package pipes

import (
	"context"
	"fmt"
	"os"

	"github.com/loxctl/loxctl/internal/state"
)

// Delivery is a record that a consumer of a group has taken.
type Delivery struct {
	Record
	Tries int // how often it was taken, this time included
}

// Consumer takes records in the name of a group: each record goes to one
// consumer. What it has not acknowledged when it is closed, or its process
// dies, goes to another one. One goroutine at a time may use it.
type Consumer struct {
	log    *log
	file   *state.File // holds C' of its own ticket
	lent   bool        // the file, by somebody else
	slot   slot
	ticket uint64 // of the slot
	self   uint64 // its own one
	noGap  bool
	only   uint16 // flags of the records it takes; 0: all of them
	r      reader
	got    record // what it has taken last, as it was read
}

// Group returns a consumer of the group, which is registered if it is new. It
// never waits.
func (t *Topic) Group(_ context.Context, name string, o CursorOptions) (*Consumer, error) {
	if err := state.CheckName(name); err != nil {
		return nil, err
	}
	o.Group = true
	return t.log.consumer(name, o)
}

// consumer returns a consumer of a group, a new one perhaps.
func (l *log) consumer(name string, o CursorOptions) (*Consumer, error) {
	c := &Consumer{log: l, noGap: o.NoGap, r: reader{log: l, ahead: readAhead}}
	err := l.exclusively(func() (err error) {
		if c.slot, err = l.register(name, o); err != nil {
			return err
		}
		c.ticket = c.slot.ticket().Load()
		if o.File != nil {
			return c.borrow(o.File)
		}
		if c.file, err = state.OpenFile(l.file("subs"), 0); err != nil {
			return err
		}
		if err := c.draw(); err != nil {
			c.file.Close()
			return err
		}
		l.handle.add(c.file)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Next waits for a record and takes it: one that another consumer has left
// behind, or the next one. After Close of the announcement the error is ErrEnd,
// once everything is taken and no other consumer has something in hand that it
// could leave behind. A record that cannot be read is a *CorruptError, once,
// for all of the group.
func (c *Consumer) Next(ctx context.Context) (Delivery, error) {
	d, ok, err := c.TryNext()
	for !ok && err == nil {
		woken := c.log.news.join()
		if d, ok, err = c.TryNext(); !ok && err == nil {
			select {
			case <-woken: // also once a second: the dead do not call
			case <-ctx.Done():
				err = context.Cause(ctx)
			}
		}
		c.log.news.leave()
	}
	return d, err
}

// TryNext is Next without waiting: ok is false if there is no record yet.
func (c *Consumer) TryNext() (d Delivery, ok bool, err error) {
	if err := c.log.enter(); err != nil {
		return d, false, err
	}
	defer c.log.leave()
	flags, err := c.check()
	if err != nil {
		return d, false, err
	}
	err = c.log.groups.exclusively(c.slot, func(t *flights) error {
		if _, err := c.check(); err != nil {
			return err
		}
		if d, ok, err = c.take(t); ok || err != nil {
			return err
		}
		if flags&logClosed != 0 && !c.othersHold(t) {
			return ErrEnd
		}
		return nil
	})
	return d, ok && err == nil, err
}

// check returns an error if the group, or all of the log, is gone.
func (c *Consumer) check() (flags uint32, err error) {
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

// take takes a record. The caller has G.
func (c *Consumer) take(t *flights) (d Delivery, ok bool, err error) {
	if err := c.settle(t); err != nil {
		return d, false, err
	}
	for {
		e, ok, err := c.orphan(t)
		if err != nil {
			return d, false, err
		}
		if !ok {
			break
		}
		if d, ok, err = c.retake(e); ok || err != nil {
			return d, ok, err
		}
	}
	return c.takeNew(t)
}

// settle moves the position behind records that were entered: whoever did that
// was killed before it could.
func (c *Consumer) settle(t *flights) (err error) {
	end := c.log.head.end().Load()
	t.each(func(e flight) bool {
		off, seq := e.off().Load(), e.seq().Load()
		if off >= c.slot.off().Load() {
			var next uint64
			if next, _, err = c.behind(off, end, seq); err == nil {
				c.slot.advance(next, seq, c.slot.moved().Load())
			}
		}
		c.slot.raise(seq)
		raise(c.slot.taken(), seq)
		return err == nil
	})
	return err
}

// behind returns where the record at off ends, or what cannot be read.
func (c *Consumer) behind(off, end, seq uint64) (next uint64, damage, err error) {
	r, err := c.r.record(off, end)
	if err == nil {
		return r.end, nil, nil
	}
	if !isDamage(err) {
		return 0, nil, err
	}
	next, err2 := c.r.resync(off, end, seq)
	return next, c.log.corrupt(err, off, seq), err2
}

// orphan returns the first entry whose consumer is dead, or has given it back.
func (c *Consumer) orphan(t *flights) (first flight, ok bool, err error) {
	alive := map[uint64]bool{0: false, c.self: true}
	t.each(func(e flight) bool {
		ticket := e.ticket().Load()
		lives, known := alive[ticket]
		if !known {
			lives, err = c.log.subs.locked(byteT + int64(ticket))
			alive[ticket] = lives
		}
		if !lives && (!ok || e.seq().Load() < first.seq().Load()) {
			first, ok = e, true
		}
		return err == nil
	})
	return first, ok && err == nil, err
}

// retake takes a record that another consumer has left behind. One that cannot
// be read, or is no longer there, is forgotten.
func (c *Consumer) retake(e flight) (d Delivery, ok bool, err error) {
	off, seq := e.off().Load(), e.seq().Load()
	r, err := c.r.record(off, c.log.head.end().Load())
	switch {
	case err == errGone:
		e.free()
		return d, false, nil
	case isDamage(err):
		e.free()
		return d, false, c.log.corrupt(err, off, seq)
	case err != nil:
		return d, false, err
	}
	e.ticket().Store(c.self)
	tries := e.tries().Add(1)
	c.got = r
	return Delivery{Record: r.public(0), Tries: int(tries)}, true, nil
}

// takeNew takes the next record that nobody has taken. A writer who makes room
// may move the position at the same time.
func (c *Consumer) takeNew(t *flights) (d Delivery, ok bool, err error) {
	l, s := c.log, c.slot
	for {
		is, end := s.off().Load(), l.head.end().Load()
		off := max(is, l.head.first().Load())
		if off >= end {
			return d, false, nil
		}
		r, err := c.r.record(off, end)
		if err == errGone {
			continue
		}
		if isDamage(err) {
			seq := s.seq().Load() + 1
			next, damage, err := c.behind(off, end, seq)
			if err == nil {
				s.advance(next, seq-1, s.moved().Load()) // so it counts as missed
				err = damage
			}
			return d, false, err
		}
		if err != nil {
			return d, false, err
		}
		if c.only != 0 && r.flags&c.only == 0 {
			c.pass(is, r)
		} else if d, ok, err = c.fly(t, is, r); ok || err != nil {
			return d, ok, err
		}
	}
}

// pass moves the position from is behind a record that is not for consumers.
// What was missed before it is owed to whoever takes next: twice, if the caller
// is killed in between. The caller has G.
func (c *Consumer) pass(is uint64, r record) {
	s := c.slot
	if before := s.taken().Load(); r.seq > before+1 {
		s.owed().Add(r.seq - before - 1)
	}
	s.taken().Store(r.seq) // first: who is killed here has not missed the record
	if s.off().CompareAndSwap(is, r.end) {
		s.raise(r.seq)
	}
}

// fly enters the record, then moves the position from is behind it.
func (c *Consumer) fly(t *flights, is uint64, r record) (d Delivery, ok bool, err error) {
	s := c.slot
	missed := s.owed().Load()
	if before := s.taken().Load(); r.seq > before+1 {
		missed += r.seq - before - 1
	}
	if missed > 0 && c.noGap {
		return d, false, &GapError{Name: c.log.name, Missed: missed, Seq: r.seq}
	}
	e, err := t.add(r.seq, r.off, c.self)
	if err != nil {
		return d, false, fmt.Errorf("%s: %w", c.log.name, err)
	}
	if !s.off().CompareAndSwap(is, r.end) {
		e.free()
		return d, false, nil
	}
	s.raise(r.seq)
	s.taken().Store(r.seq)
	s.owed().Store(0)
	c.log.space.wakeAny()
	c.got = r
	return Delivery{Record: r.public(missed), Tries: 1}, true, nil
}

// othersHold reports whether another consumer has something in hand.
func (c *Consumer) othersHold(t *flights) (held bool) {
	t.each(func(e flight) bool {
		held = e.ticket().Load() != c.self
		return !held
	})
	return held
}

// Ack removes the record from what the group has in hand: it never comes again.
func (c *Consumer) Ack(seq uint64) error { return c.settleOne(seq, (*log).ackFlight) }

// Nack gives the record back, for whoever takes next.
func (c *Consumer) Nack(seq uint64) error { return c.settleOne(seq, (*log).nackFlight) }

func (c *Consumer) settleOne(seq uint64, how func(*log, slot, uint64) error) error {
	if err := c.log.enter(); err != nil {
		return err
	}
	defer c.log.leave()
	if _, err := c.check(); err != nil {
		return err
	}
	return how(c.log, c.slot, seq)
}

// Close ends the consumer. What it has not acknowledged goes to others as soon
// as no descriptor keeps it alive: neither one of File, nor that of
// CursorOptions.
func (c *Consumer) Close() error {
	if c.log.enter() != nil {
		return nil // it was closed with everything else
	}
	defer c.log.leave()
	if c.file == nil {
		return nil
	}
	c.r.forget()
	var err error
	if !c.lent {
		c.log.handle.remove(c.file)
		err = c.file.Close()
	}
	c.file = nil
	c.log.news.wakeAny()
	return err
}
