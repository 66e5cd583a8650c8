package pipes

import (
	"context"
	"errors"
	"fmt"

	"github.com/loxctl/loxctl/internal/state"
)

// Register makes a durable subscriber, or a group, that nobody uses yet. One
// that is there already stays as it is.
func (t *Topic) Register(name string, o CursorOptions) error {
	if err := state.CheckName(name); err != nil {
		return err
	}
	return t.log.exclusively(func() error {
		_, err := t.log.register(name, o)
		return err
	})
}

// register returns the slot of a durable subscriber or group, a new one if
// there is none. The caller has M.
func (l *log) register(name string, o CursorOptions) (slot, error) {
	if s, ok := l.subs.find(name); ok {
		return s, l.checkKind(s, name, o.Group)
	}
	flags := uint32(slotDurable)
	if o.Group {
		flags |= slotGroup
	}
	s, err := l.newSlot()
	if err == nil && o.Group {
		err = l.groups.create(s)
	}
	if err != nil {
		return s, err
	}
	at, err := l.start(o.From)
	if err == nil {
		l.subs.fill(s, name, flags, clampMax(o.MaxSize), at)
	}
	return s, err
}

// newSlot returns a free slot for a new subscriber, if there may be one.
func (l *log) newSlot() (slot, error) {
	if l.head.has(logFinal) {
		return slot{}, &FinalError{Name: l.name, Since: l.head.finalSeq().Load()}
	}
	return l.subs.free()
}

func (l *log) checkKind(s slot, name string, group bool) error {
	why := ""
	switch is := s.is(slotGroup); {
	case is && !group:
		why = "is a group"
	case !is && group:
		why = "is a subscriber, not a group"
	default:
		return nil
	}
	return &SubscriberError{Name: l.name, Subscriber: name, Why: why}
}

// known returns the slot of a durable subscriber or group. The caller has M.
func (l *log) known(name string) (slot, error) {
	s, ok := l.subs.find(name)
	if !ok {
		return s, &SubscriberError{Name: l.name, Subscriber: name, Why: "no such subscriber",
			hint: "loxctl announce subscribe " + l.name + " --as " + name}
	}
	return s, nil
}

// Unsubscribe removes a durable subscriber, or a group. Whoever reads as such
// meets ErrUnsubscribed.
func (t *Topic) Unsubscribe(name string) error {
	return t.log.exclusively(func() error {
		s, err := t.log.known(name)
		if err != nil {
			return err
		}
		s.ticket().Store(0)
		t.log.tell()
		if s.is(slotGroup) {
			return t.log.groups.remove(s)
		}
		return nil
	})
}

// Seek moves the position of a durable subscriber, or of a group, whose
// unacknowledged records are forgotten. Whoever reads as the subscriber goes on
// from there.
func (t *Topic) Seek(name string, to From) error {
	l := t.log
	return l.exclusively(func() error {
		s, err := l.known(name)
		if err != nil {
			return err
		}
		at, err := l.start(to)
		if err != nil {
			return err
		}
		if s.is(slotGroup) {
			return l.groups.seek(s, at)
		}
		s.place(at)
		l.tell()
		return nil
	})
}

// Subscribe returns a cursor for the durable subscriber of that name, which is
// registered if it is new. While another one uses it Subscribe waits, until ctx
// ends. Without a name the subscriber is gone when the cursor is closed, or the
// process ends.
func (t *Topic) Subscribe(ctx context.Context, name string, o CursorOptions) (*Cursor, error) {
	o.Group = false
	if name != "" {
		if err := state.CheckName(name); err != nil {
			return nil, err
		}
	}
	c, err := t.tryCursor(name, o)
	for c == nil && err == nil {
		woken := t.log.news.join()
		if c, err = t.tryCursor(name, o); c == nil && err == nil {
			select {
			case <-woken:
			case <-ctx.Done():
				err = context.Cause(ctx)
			}
		}
		t.log.news.leave()
	}
	return c, err
}

// tryCursor returns a cursor, nil if the slot is in use.
func (t *Topic) tryCursor(name string, o CursorOptions) (*Cursor, error) {
	l := t.log
	if err := l.enter(); err != nil {
		return nil, err
	}
	defer l.leave()
	file, err := state.OpenFile(l.file("subs"), 0)
	if err != nil {
		return nil, l.vanished(err)
	}
	c := &Cursor{log: l, file: file, noGap: o.NoGap}
	c.r, c.behind = reader{log: l, ahead: readAhead}, reader{log: l, ahead: readAhead}
	if err := c.take(name, o); err != nil || c.ticket == 0 {
		file.Close()
		return nil, err
	}
	l.handle.add(file)
	return c, nil
}

// vanished is the error for a file that is not there any more.
func (l *log) vanished(err error) error {
	if l.head.has(logRemoved) {
		return l.gone()
	}
	return err
}

// take finds the slot, or makes it, and locks it unless it is in use.
func (c *Cursor) take(name string, o CursorOptions) error {
	l := c.log
	if err := l.lock(); err != nil {
		return err
	}
	defer l.unlock()
	if name == "" {
		return c.takeNew(o)
	}
	s, err := l.register(name, o)
	if err != nil {
		return err
	}
	c.slot = s
	ok, err := c.file.Try(s.byteC(), state.WriteLock)
	if err != nil || !ok {
		return err
	}
	return c.begin()
}

// takeNew takes a slot for a subscriber without a name: it is locked before it
// is one.
func (c *Cursor) takeNew(o CursorOptions) error {
	l := c.log
	s, err := l.newSlot()
	if err != nil {
		return err
	}
	c.slot = s
	if ok, err := c.file.Try(s.byteC(), state.WriteLock); err != nil || !ok {
		return errors.Join(err, fmt.Errorf("%s: the slot of a new subscriber is in use", l.name))
	}
	at, err := l.start(o.From)
	if err != nil {
		return err
	}
	l.subs.fill(s, "", 0, clampMax(o.MaxSize), at)
	return c.begin()
}

// begin makes the cursor the user of its slot. The caller has M and C.
func (c *Cursor) begin() error {
	last, err := c.log.last()
	if err != nil {
		return err
	}
	c.owed = c.slot.dropped().Load() - c.slot.told().Load()
	c.ticket = c.slot.ticket().Load()
	return c.goTo(last.seq)
}

// goTo sets the cursor to the position of its slot.
func (c *Cursor) goTo(last uint64) error {
	l, s := c.log, c.slot
	c.moved, c.skip = s.moved().Load(), false
	c.at = s.off().Load()
	c.done = c.at
	c.expect = s.seq().Load() + 1
	if c.at < l.head.first().Load() {
		return nil // the hint is all there is
	}
	seq, err := l.seqAt(&c.behind, c.at, last)
	if err == nil {
		c.expect = seq
	} else if isDamage(err) {
		err = nil // met by who reads it
	}
	return err
}

// follow sets the cursor to where somebody else has moved the position.
func (c *Cursor) follow() error {
	last, err := c.log.lastSeq()
	if err != nil {
		return err
	}
	c.owed = 0
	return c.goTo(last)
}
