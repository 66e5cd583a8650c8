package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/loxctl/loxctl/pipes"
)

// announceGet takes records as a subscriber, or as one of a group.
func (a *app) announceGet(o *pipeOptions) error {
	return a.withTopic(o, func(topic *pipes.Topic) error {
		opt := pipes.CursorOptions{From: o.read.from.from, NoGap: o.read.noGap}
		return a.get(o, func(ctx context.Context) (taker, error) {
			if o.read.group != "" {
				file, err := o.read.grip.file()
				if err != nil {
					return nil, err
				}
				opt.File = file
				consumer, err := topic.Group(ctx, o.read.group, opt)
				return groupTaker{consumer}, err
			}
			cursor, err := topic.Subscribe(ctx, o.read.as, opt)
			return subscriberTaker{cursor}, err
		})
	})
}

// funnelGet takes sets.
func (a *app) funnelGet(o *pipeOptions) error {
	return a.withJoin(o, func(join *pipes.Join) error {
		return a.get(o, func(ctx context.Context) (taker, error) {
			file, err := o.read.grip.file()
			if err != nil {
				return nil, err
			}
			getter, err := join.GetterWith(ctx, pipes.GetterOptions{File: file, NoGap: o.read.noGap})
			return setTaker{getter}, err
		})
	})
}

// get takes up to as many messages as are asked for: it waits for the first,
// and takes what is there already.
func (a *app) get(o *pipeOptions, open func(context.Context) (taker, error)) (err error) {
	run := newPipeRun(a, o)
	defer run.close()
	t, err := open(run.wait)
	if err != nil {
		return o.nothing(err)
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	switch {
	case len(o.command) > 0:
		return a.getRunning(o, run, t)
	case o.read.manual():
		return a.getKept(o, run, t)
	}
	return a.getPrinting(o, run, t)
}

// nothing is the error of a wait that brought nothing.
func (o *pipeOptions) nothing(err error) error {
	busy := exit{code: o.wait.Code}
	if stopped := stoppedBy(err); stopped != nil {
		return stopped
	}
	switch {
	case errors.Is(err, pipes.ErrEnd):
		return exitNo.with(nil)
	case errors.Is(err, errExpired) && o.wait.Try:
		return busy.with(nil)
	case errors.Is(err, errExpired):
		return busy.with(fmt.Errorf("%s: nothing came in %v", o.name, o.wait.Wait.Of()))
	}
	return err
}

// take takes the next message. Only the first is waited for; ok is false if
// there is none.
func (r *pipeRun) take(t taker, first bool) (m message, ok bool, err error) {
	if r.ctx.Err() != nil { // a signal, also if there is another message
		return m, false, stoppedBy(context.Cause(r.ctx))
	}
	m, ok, err = t.try()
	switch {
	case !first && errors.Is(err, pipes.ErrEnd):
		return m, false, nil
	case !first || ok || err != nil:
	case r.o.wait.Try:
		err = errExpired
	default:
		m, err = t.next(r.wait)
		ok = err == nil
	}
	if ok && m.missed > 0 {
		r.sayMissed(m.missed)
	}
	if first {
		err = r.o.nothing(r.o.unreadable(err))
	}
	return m, ok && err == nil, err
}

// sayMissed tells people about records that nobody will get any more.
func (r *pipeRun) sayMissed(n uint64) {
	r.a.remark(r.o, "missed "+plural(int(n), "record"))
}

// unreadable adds to the error of a damaged record how to go on behind it.
func (o *pipeOptions) unreadable(err error) error {
	var damage *pipes.CorruptError
	if !errors.As(err, &damage) || o.read.as == "" {
		return err
	}
	return &hintedError{err, fmt.Sprintf("loxctl announce seek %s --as %s %d goes on behind it", o.name, o.read.as, damage.Seq+1)}
}

// mostPrinted is about how much is printed at once.
const mostPrinted = 64 << 10

// getPrinting prints messages, and acknowledges those that were written.
func (a *app) getPrinting(o *pipeOptions, run *pipeRun, t taker) error {
	var text []byte
	var seqs []uint64
	flush := func() error {
		if err := a.print(string(text)); err != nil {
			return errors.Join(err, t.nack(seqs))
		}
		err := t.ack(seqs)
		text, seqs = text[:0], seqs[:0]
		return err
	}
	format := o.format()
	for n := range o.read.count {
		m, ok, err := run.take(t, n == 0)
		if !ok {
			return errors.Join(flush(), err)
		}
		if text, err = format.append(text, &m); err != nil {
			return errors.Join(err, flush(), t.nack([]uint64{m.seq}))
		}
		if seqs = append(seqs, m.seq); len(text) >= mostPrinted {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// getRunning runs the command for each message. The first failure ends it, and
// the message stays.
func (a *app) getRunning(o *pipeOptions, run *pipeRun, t taker) error {
	for n := range o.read.count {
		m, ok, err := run.take(t, n == 0)
		if !ok {
			return err
		}
		if err := run.command(&m); err != nil {
			return errors.Join(err, t.nack([]uint64{m.seq}))
		}
		if err := t.ack([]uint64{m.seq}); err != nil {
			return err
		}
	}
	return nil
}

// getKept prints messages that the script will acknowledge. Until then, or its
// end, they are nobody else's.
func (a *app) getKept(o *pipeOptions, run *pipeRun, t taker) error {
	var text []byte
	var taken []takenMessage
	format := o.format()
	fail := func(err error) error { return errors.Join(err, t.nack(seqsOf(taken))) }
	for n := range o.read.count {
		m, ok, err := run.take(t, n == 0)
		if err != nil {
			return fail(err)
		}
		if !ok {
			break
		}
		taken = append(taken, takenMessage{m.seq, m.tries})
		if text, err = format.append(text, &m); err != nil {
			return fail(err)
		}
	}
	end, err := a.keep(o, t, taken)
	if err != nil {
		return fail(err)
	}
	if err := a.print(string(text)); err != nil {
		return fail(errors.Join(err, end()))
	}
	return nil
}
