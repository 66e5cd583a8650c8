package mount

import (
	"context"
	"errors"
	"time"

	"github.com/loxctl/loxctl/pipes"
)

// lookAgain is how often an outlet that is stopped looks whether its position
// has been moved.
const lookAgain = time.Second

// An outlet writes the records of a subscriber to a FIFO, one at a time: the
// next when the reader has taken the one before wholly.
type outlet struct {
	sub    string
	pipe   *fifo
	stage  *fifo // a pipe that lives as long as the other
	size   int   // of the pipe, which is full as soon as anything is in it
	ports  ports
	marker marker
	place  int // of the mark
	tell   func(error)

	line []byte
	mark mark // as it is in the file
}

// prepare learns how far a pump before this one has come.
func (o *outlet) prepare() (err error) {
	if o.size, err = o.pipe.shrink(); err != nil {
		return err
	}
	o.mark, err = o.marker.mark(o.place)
	return err
}

func (o *outlet) Close() error { return errors.Join(o.pipe.file.Close(), o.stage.file.Close()) }

// serve copies until ctx is done or the stream has come to its end, and then
// returns nil. At a record that cannot be a line it stops until somebody has
// moved the position.
func (o *outlet) serve(ctx context.Context) error {
	defer o.pipe.until(ctx)()
	var held uint64
	for {
		err := o.copy(ctx)
		var bad *RecordError
		switch {
		case ctx.Err() != nil || errors.Is(err, pipes.ErrEnd):
			return nil
		case !errors.As(err, &bad):
			return err
		case bad.Seq != held:
			held = bad.Seq
			o.tell(err)
		}
		if err := o.note(mark{}); err != nil { // a record before it may be wanted again
			return err
		}
		pause(ctx, lookAgain)
	}
}

// pause returns when d is over or ctx is done.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// copy copies records. While it does not, the position is free for others.
func (o *outlet) copy(ctx context.Context) error {
	from, err := o.ports.source(ctx, o.sub)
	if err != nil {
		return err
	}
	for err == nil {
		err = o.copyOne(ctx, from)
	}
	return errors.Join(err, from.Close())
}

func (o *outlet) copyOne(ctx context.Context, from source) error {
	r, err := from.next(ctx)
	if err != nil {
		return err
	}
	if r.missed > 0 {
		o.tell(&missedError{r.missed})
	}
	o.line = append(append(o.line[:0], r.data...), '\n')
	if mutant == "the position moves first" {
		from.commit(r.seq)
	}
	if err := o.deliver(r.seq); err != nil {
		return err
	}
	return from.commit(r.seq)
}

// deliver writes the line, and returns nil when it is taken.
func (o *outlet) deliver(seq uint64) error {
	at, err := o.resume(seq)
	for err == nil && at < len(o.line) {
		end := min(at+o.size, len(o.line))
		err = o.write(mark{seq: seq, from: uint64(at), to: uint64(end)})
		at = end
	}
	if err != nil {
		return err
	}
	if err := o.pipe.taken(); err != nil && !o.pipe.isTaken() { // it may be, although nobody waits any more
		return err
	}
	o.mark = mark{}
	return nil
}

// write writes a piece of the line.
func (o *outlet) write(piece mark) error {
	if err := o.note(piece); err != nil {
		return err
	}
	if err := o.stage.write(o.line[piece.from:piece.to]); err != nil {
		return err
	}
	return o.push(piece)
}

// push moves a piece that is on the stage to the pipe, when that is empty.
func (o *outlet) push(piece mark) error {
	if mutant != "the piece is not noted" {
		piece.staged = 1
	}
	if err := o.note(piece); err != nil {
		return err
	}
	if err := o.pipe.taken(); err != nil {
		return err
	}
	return o.stage.moveTo(o.pipe)
}

// resume goes on with the line where a pump before us has left it, and returns
// how much of it is written.
func (o *outlet) resume(seq uint64) (at int, err error) {
	m := o.mark
	staged := o.stage.unread()
	if mutant == "the stage is cleared" {
		o.stage.discard(staged)
		staged = 0
	}
	switch {
	case m.seq != seq || m.to > uint64(len(o.line)): // the position was moved
		return 0, o.stage.discard(staged)
	case staged > 0:
		return int(m.to), o.push(m)
	case m.staged != 0:
		return int(m.to), nil
	}
	return int(m.from), nil
}

func (o *outlet) note(m mark) error {
	o.mark = m
	return o.marker.setMark(o.place, m)
}
