package cmd

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/loxctl/loxctl/pipes"
)

// A message is a record of an announcement, or a set of a funnel, on its way
// out.
type message struct {
	seq, id uint64
	time    time.Time
	missed  uint64 // records before it
	tries   int    // 0: nobody counts
	data    []byte // of an announcement
	job     string
	values  [][]byte // of a funnel
}

// A taker is somebody who reads. What he takes is valid until he takes the
// next one, and comes again unless it is acknowledged.
type taker interface {
	next(context.Context) (message, error)
	try() (message, bool, error)
	ack(seqs []uint64) error
	nack(seqs []uint64) error
	file() *os.File // keeps what is taken, nil if nothing has to; the caller closes it
	Close() error
}

// A subscriberTaker reads as a subscriber: all that is before a position has
// been acknowledged.
type subscriberTaker struct{ *pipes.Cursor }

func recordMessage(r *pipes.Record) message {
	return message{seq: r.Seq, id: r.ID, time: r.Time, missed: r.Missed, data: r.Data}
}

func (t subscriberTaker) next(ctx context.Context) (message, error) {
	r, err := t.Next(ctx)
	return recordMessage(&r), err
}

func (t subscriberTaker) try() (message, bool, error) {
	r, ok, err := t.TryNext()
	return recordMessage(&r), ok, err
}

func (t subscriberTaker) ack(seqs []uint64) error {
	if len(seqs) == 0 {
		return nil
	}
	return t.Commit(seqs[len(seqs)-1])
}

func (t subscriberTaker) nack([]uint64) error { return nil }
func (t subscriberTaker) file() *os.File      { return nil }

// A groupTaker reads as one of a group.
type groupTaker struct{ *pipes.Consumer }

func deliveryMessage(d *pipes.Delivery) message {
	m := recordMessage(&d.Record)
	m.tries = d.Tries
	return m
}

func (t groupTaker) next(ctx context.Context) (message, error) {
	d, err := t.Next(ctx)
	return deliveryMessage(&d), err
}

func (t groupTaker) try() (message, bool, error) {
	d, ok, err := t.TryNext()
	return deliveryMessage(&d), ok, err
}

func (t groupTaker) ack(seqs []uint64) error  { return each(seqs, t.Ack) }
func (t groupTaker) nack(seqs []uint64) error { return each(seqs, t.Nack) }
func (t groupTaker) file() *os.File           { return t.File() }

// A setTaker takes the sets of a funnel.
type setTaker struct{ *pipes.Getter }

func setMessage(s *pipes.NamedSet) message {
	return message{seq: s.Seq, time: s.Time, missed: s.Missed, tries: s.Tries, job: s.Job, values: s.Values}
}

func (t setTaker) next(ctx context.Context) (message, error) {
	s, err := t.Next(ctx)
	return setMessage(&s), err
}

func (t setTaker) try() (message, bool, error) {
	s, ok, err := t.TryNext()
	return setMessage(&s), ok, err
}

func (t setTaker) ack(seqs []uint64) error  { return each(seqs, t.Ack) }
func (t setTaker) nack(seqs []uint64) error { return each(seqs, t.Nack) }
func (t setTaker) file() *os.File           { return t.File() }

// each does the same to all seqs, whatever becomes of some.
func each(seqs []uint64, do func(uint64) error) (err error) {
	for _, seq := range seqs {
		err = errors.Join(err, do(seq))
	}
	return err
}
