package pipes

import (
	"fmt"
	"io"
	"os"

	"github.com/loxctl/loxctl/internal/state"
)

// A consumer lives as long as somebody has a descriptor of the description that
// its ticket is locked on: its process, a command, a script, a process that
// keeps it.

// draw draws a ticket, and locks its byte.
func (c *Consumer) draw() error {
	c.self = c.log.subs.last.Load().Uint64(subsDraw).Add(1)
	ok, err := c.file.Try(byteT+int64(c.self), state.WriteLock)
	if err == nil && !ok {
		err = fmt.Errorf("%s: the ticket %d of a consumer is in use", c.log.name, c.self)
	}
	return err
}

// borrow makes a descriptor of somebody else the one that keeps the consumer
// alive. The offset of its description, which is of no other use, says which
// ticket that has from an earlier consumer.
func (c *Consumer) borrow(file *os.File) error {
	c.file, c.lent = state.Borrow(file.Fd()), true
	if err := c.checkLent(int(file.Fd())); err != nil {
		return err
	}
	ticket, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if ticket > 0 {
		at := byteT + ticket
		locked, err := c.log.subs.locked(at)
		if err != nil {
			return err
		}
		_, other, err := c.file.Test(at, at+1, state.ReadLock)
		if err != nil || locked && !other {
			c.self = uint64(ticket)
			return err
		}
	}
	if err := c.draw(); err != nil {
		return err
	}
	_, err = file.Seek(int64(c.self), io.SeekStart)
	return err
}

// checkLent returns a *FileError for a descriptor that cannot keep a consumer.
func (c *Consumer) checkLent(fd int) error {
	why := ""
	is, linked, err := c.file.Stat()
	if err == nil && linked && c.file.Writable() {
		want, _, err := c.log.subs.file.Stat()
		if err != nil || is == want {
			return err
		}
	}
	switch {
	case err != nil:
		why = "is not open"
	case !linked:
		why = "is a file that was removed since it was opened"
	case !c.file.Writable():
		why = "is open for reading only"
	default:
		why = "is " + c.file.Name() + ", not the file of the subscribers"
	}
	return &FileError{Name: c.log.name, Descriptor: fd, Why: why,
		hint: fmt.Sprintf(`exec %d<>"$(loxctl %s path %s)"`, fd, c.log.kind, c.log.name)}
}

// File returns a duplicate of the descriptor that keeps the consumer alive:
// what it has taken is its own until the last duplicate is closed, in whatever
// process. The result is nil if there is no descriptor left.
func (c *Consumer) File() *os.File {
	if c.log.enter() != nil {
		return nil
	}
	defer c.log.leave()
	if c.file == nil {
		return nil
	}
	f, err := c.file.Duplicate()
	if err != nil {
		return nil
	}
	return f
}
