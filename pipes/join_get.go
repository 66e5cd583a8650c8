package pipes

import (
	"context"
	"errors"
	"os"
	"time"
)

// NamedSet is a job that is complete, with what each of its inputs has given for
// it. It belongs to the one who got it.
type NamedSet struct {
	Seq    uint64 // of the record that completed it: sets have gaps
	Time   time.Time
	Job    string
	Inputs []string
	Values [][]byte // in the order of Inputs
	Tries  int      // how often it was taken, this time included

	// Missed is how many records were lost just before this one: they were
	// deleted, or could not be read, so there may be sets that nobody gets.
	Missed uint64
}

// GetterOptions say how to get sets.
type GetterOptions struct {
	// File is a descriptor of the file that Dir.Path names, which shall keep the
	// getter alive instead of one that it has. It stays the caller's.
	File  *os.File
	NoGap bool // a set missed is an error, a *GapError
}

// Getter gets sets, in the order in which they were completed: each one goes to
// one getter. What it has not acknowledged when it is closed, or its process
// dies, goes to another one. One goroutine at a time may use it.
type Getter struct {
	*Consumer
	members reader
	missed  uint64 // not yet told
	looked  int64  // when it has looked for jobs that are too old
}

// Getter returns a getter. It never waits.
func (j *Join) Getter(ctx context.Context) (*Getter, error) {
	return j.GetterWith(ctx, GetterOptions{})
}

// GetterWith is Getter with options.
func (j *Join) GetterWith(_ context.Context, o GetterOptions) (*Getter, error) {
	c, err := j.log.consumer(getters, CursorOptions{From: FromStart, Group: true, File: o.File, NoGap: o.NoGap})
	if err != nil {
		return nil, err
	}
	c.only = flagCompletes
	return &Getter{Consumer: c, members: reader{log: j.log, ahead: walkAhead}}, nil
}

// Next waits for a set and takes it: one that another getter has left behind, or
// the next one. After Close of the funnel the error is ErrEnd, once every set is
// taken and no other getter has one in hand that it could leave behind. A set
// that cannot be read is a *CorruptError, once, for all getters.
func (g *Getter) Next(ctx context.Context) (NamedSet, error) {
	s, ok, err := g.TryNext()
	for !ok && err == nil {
		woken := g.log.news.join()
		if s, ok, err = g.TryNext(); !ok && err == nil {
			select {
			case <-woken: // also once a second: the dead do not call, nor do jobs grow old aloud
			case <-ctx.Done():
				err = context.Cause(ctx)
			}
		}
		g.log.news.leave()
	}
	return s, err
}

// TryNext is Next without waiting: ok is false if there is no set yet.
func (g *Getter) TryNext() (s NamedSet, ok bool, err error) {
	for {
		d, ok, err := g.Consumer.TryNext()
		if err != nil {
			return s, false, err
		}
		if !ok {
			return s, false, g.expire()
		}
		s, err := g.set(d)
		if err == nil {
			s.Missed += g.missed
			g.missed = 0
			return s, true, nil
		}
		if err := g.giveBack(d, err); err != nil {
			return s, false, err
		}
	}
}

// giveBack ends what was taken but is not whole. Without an error the getter
// goes on with the next set.
func (g *Getter) giveBack(d Delivery, why error) error {
	var corrupt *CorruptError
	switch gone := errors.Is(why, errGone); {
	case gone && g.noGap:
		return errors.Join(&GapError{Name: g.log.name, Missed: 1, Seq: d.Seq}, g.Nack(d.Seq))
	case gone:
		g.missed += 1 + d.Missed
		return g.Ack(d.Seq)
	case errors.As(why, &corrupt):
		g.missed += 1 + d.Missed
		return errors.Join(why, g.Ack(d.Seq))
	}
	return errors.Join(why, g.Nack(d.Seq))
}

// expireTick is how often a getter that waits looks for jobs that are too old.
const expireTick = time.Second

// expire gives up jobs that are too old, now and then.
func (g *Getter) expire() error {
	l := g.log
	if err := l.enter(); err != nil {
		return err
	}
	now := l.funnel.clock()
	look := l.head.Uint64(headExpire).Load() != 0 && !l.head.has(logClosed) &&
		(now-g.looked >= int64(expireTick) || now < g.looked)
	l.leave()
	if !look {
		return nil
	}
	g.looked = now
	return l.exclusively(func() error { return l.indexed(func() error { return nil }) })
}

// set makes a set of the record that was taken.
func (g *Getter) set(d Delivery) (NamedSet, error) {
	l := g.log
	if err := l.enter(); err != nil {
		return NamedSet{}, err
	}
	defer l.leave()
	p, value, err := g.got.part()
	if err != nil {
		return NamedSet{}, l.corrupt(err, g.got.off, d.Seq)
	}
	s := NamedSet{
		Seq: d.Seq, Time: d.Time, Job: string(p.job), Tries: d.Tries, Missed: d.Missed,
		Inputs: l.inputsOf(p.inputs), Values: make([][]byte, p.inputs),
	}
	for i := range s.Values {
		from := value
		if i != p.input {
			if from, err = g.member(p.ref(i), s.Job, i); err != nil {
				return s, err
			}
		}
		s.Values[i] = append([]byte{}, from...)
	}
	return s, nil
}

// member reads the value of an input for a job.
func (g *Getter) member(off uint64, job string, input int) ([]byte, error) {
	l := g.log
	if off < l.head.first().Load() {
		return nil, errGone
	}
	r, err := g.members.record(off, g.got.off)
	if err != nil {
		return nil, l.corrupt(err, off, 0)
	}
	p, value, err := r.part()
	if err == nil && (string(p.job) != job || p.input != input) {
		err = errChecksum
	}
	if err != nil {
		return nil, l.corrupt(err, off, r.seq)
	}
	return value, nil
}

// Close ends the getter, unless File has been given to somebody else. What it
// has not acknowledged goes to others.
func (g *Getter) Close() error {
	if g.log.enter() != nil {
		return nil // it was closed with everything else
	}
	g.members.forget()
	g.log.leave()
	return g.Consumer.Close()
}

// Ack acknowledges a set, from any process: it never comes again.
func (j *Join) Ack(seq uint64) error { return j.log.ack(getters, seq) }

// Nack gives back a set that a getter has taken, from any process.
func (j *Join) Nack(seq uint64) error { return j.log.nack(getters, seq) }
