//go:build linux

package pipes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"
)

// An actorPlan is what a process of a chaos test does.
type actorPlan struct {
	Home, Dir  string
	Role       string
	Actor      int
	Generation uint64
	Seed       uint64

	IDs   bool // puts have one, so that they can be retried
	Batch int  // records of a put
	Every int  // records between two moves of a position
}

// An actor is such a process.
type actor struct {
	actorPlan
	*diary
	stop func() bool
	rng  *rand.Rand
	dir  *Dir
}

var _ = helper("chaos actor", playActor)

// playActor does what its role is until it is told to stop, or killed.
func playActor(args []string) {
	var a actor
	must(json.Unmarshal([]byte(args[0]), &a.actorPlan))
	b, err := openBoard(a.Dir)
	must(err)
	a.diary = &b.actors[a.Actor]
	a.stop = func() bool { return b.stop.Load() != 0 }
	a.rng = rand.New(rand.NewPCG(a.Seed, uint64(a.Actor)<<32|a.Generation))
	a.dir, err = Open(a.Home)
	must(err)
	a.note(note{what: noteBorn, seq: a.Generation})
	a.ready.Store(a.Generation)
	map[string]func(){
		"publisher": a.publish, "subscriber": a.subscribe, "consumer": a.consume,
		"input": a.give, "getter": a.get,
	}[a.Role]()
}

// pause lets others run, now and then.
func (a *actor) pause() {
	if a.rng.IntN(4) == 0 {
		time.Sleep(time.Duration(a.rng.Int64N(int64(500 * time.Microsecond))))
	}
}

// text is what a piece must be: a header, and bytes that nothing else has.
func (p piece) text() []byte {
	rng := rand.NewPCG(p.actor<<32|p.i, p.n)
	size := 20 + rng.Uint64()%200
	if rng.Uint64()%8 == 0 { // across pages
		size = rng.Uint64() % 9000
	}
	b := fmt.Appendf(nil, "%d:%d:%d:", p.actor, p.n, p.i)
	for end := len(b) + int(size); len(b) < end; {
		b = fmt.Appendf(b, "%x", rng.Uint64())
	}
	return b
}

// parse returns the piece that a record is, and whether it is whole.
func parse(b []byte) (p piece, ok bool) {
	_, err := fmt.Sscanf(string(b[:min(len(b), 64)]), "%d:%d:%d:", &p.actor, &p.n, &p.i)
	return p, err == nil && bytes.Equal(b, p.text())
}

// puts calls put with the numbers that are not known to be put, from 1 on. What
// was begun is always tried again.
func (a *actor) puts(put func(n uint64, id string) (seq uint64, err error)) {
	next, begun := uint64(1), false
	for _, n := range a.entries() {
		switch n.what {
		case noteBegun:
			next, begun = n.piece.n, true
		case notePut:
			next, begun = n.piece.n+1, false
		}
	}
	for ; begun || !a.stop(); next++ {
		p, id := piece{uint64(a.Actor), next, 0}, ""
		if a.IDs {
			id = fmt.Sprint(a.Actor, ":", next)
		}
		a.note(note{what: noteBegun, piece: p})
		seq, err := put(next, id)
		must(err)
		a.note(note{what: notePut, piece: p, seq: seq})
		begun = false
		a.pause()
	}
}

func (a *actor) topic() *Topic {
	topic, err := a.dir.Announcement(chaosName)
	must(err)
	return topic
}

func (a *actor) publish() {
	topic := a.topic()
	a.puts(func(n uint64, id string) (uint64, error) {
		var records [][]byte
		for i := range max(a.Batch, 1) {
			records = append(records, piece{uint64(a.Actor), n, uint64(i)}.text())
		}
		return topic.Put(context.Background(), PutOptions{ID: id}, records...)
	})
}

func (a *actor) subscribe() {
	c, err := a.topic().Subscribe(context.Background(), fmt.Sprint("s", a.Actor), CursorOptions{})
	must(err)
	for {
		r, err := c.Next(context.Background())
		if errors.Is(err, ErrEnd) {
			return
		}
		must(err)
		p, ok := parse(r.Data)
		if !ok || r.Missed != 0 {
			a.wrong("record %d: missed %d: %.40q", r.Seq, r.Missed, r.Data)
		}
		a.note(note{what: noteGot, seq: r.Seq, piece: p})
		if r.Seq%uint64(max(a.Every, 1)) == 0 {
			must(c.Commit(r.Seq))
			a.note(note{what: noteMoved, seq: r.Seq})
		}
	}
}

// wrong ends the process because of what it was given.
func (a *actor) wrong(format string, args ...any) {
	must(fmt.Errorf(format, args...))
}

// A take is what a consumer or getter has in hand.
type take struct {
	seq   uint64
	piece piece
	tries int
}

// hold takes until the end, and settles what it has in any order.
func (a *actor) hold(next func() (take, bool, error), wait func() (take, error), settle func(seq uint64, ack bool) error) {
	var held []take
	for {
		var err error
		for len(held) > 0 && a.rng.IntN(3) > 0 || len(held) > 3 {
			i := a.rng.IntN(len(held))
			a.settle(held[i], settle)
			held = append(held[:i], held[i+1:]...)
		}
		var t take
		ok := len(held) == 0
		if ok {
			t, err = wait()
		} else {
			t, ok, err = next()
		}
		switch {
		case errors.Is(err, ErrEnd) && len(held) == 0:
			return
		case errors.Is(err, ErrEnd):
			continue
		}
		must(err)
		if ok {
			a.note(note{what: noteTaken, seq: t.seq, piece: t.piece, tries: uint64(t.tries)})
			held = append(held, t)
		}
	}
}

func (a *actor) settle(t take, settle func(seq uint64, ack bool) error) {
	if a.rng.IntN(16) == 0 {
		a.note(note{what: noteGiven, seq: t.seq, piece: t.piece})
		must(settle(t.seq, false))
		return
	}
	must(settle(t.seq, true))
	a.note(note{what: noteAcked, seq: t.seq, piece: t.piece})
}

func (a *actor) consume() {
	topic := a.topic()
	c, err := topic.Group(context.Background(), chaosGroup, CursorOptions{})
	must(err)
	made := func(d Delivery) take {
		p, ok := parse(d.Data)
		if !ok || d.Missed != 0 {
			a.wrong("record %d: missed %d: %.40q", d.Seq, d.Missed, d.Data)
		}
		return take{d.Seq, p, d.Tries}
	}
	a.hold(func() (take, bool, error) {
		d, ok, err := c.TryNext()
		if !ok || err != nil {
			return take{}, false, err
		}
		return made(d), true, nil
	}, func() (take, error) {
		d, err := c.Next(context.Background())
		if err != nil {
			return take{}, err
		}
		return made(d), nil
	}, func(seq uint64, ack bool) error {
		switch {
		case !ack:
			return c.Nack(seq)
		case a.rng.IntN(2) == 0: // as another process would
			return topic.Ack(chaosGroup, seq)
		}
		return c.Ack(seq)
	})
}

func (a *actor) join() *Join {
	j, err := a.dir.Funnel(chaosName)
	must(err)
	return j
}

// give gives the values of an input, each input in an order of its own.
func (a *actor) give() {
	j := a.join()
	a.puts(func(n uint64, id string) (uint64, error) {
		job := jobOf(a.Actor, n)
		return j.Put(context.Background(), PutOptions{ID: id}, inputName(a.Actor),
			fmt.Sprint(job), piece{uint64(a.Actor), job, 0}.text())
	})
}

func inputName(actor int) string { return fmt.Sprint("input", actor) }

// jobOf is the job that the put number n of an input is for: jobs come in
// eights, in any order.
func jobOf(actor int, n uint64) uint64 {
	order := rand.New(rand.NewPCG(uint64(actor), (n-1)/8)).Perm(8)
	return (n-1)/8*8 + uint64(order[(n-1)%8]) + 1
}

func (a *actor) get() {
	j := a.join()
	g, err := j.Getter(context.Background())
	must(err)
	made := func(s NamedSet) take {
		var job uint64
		_, err := fmt.Sscan(s.Job, &job)
		must(err)
		for i, value := range s.Values {
			if want := (piece{uint64(i), job, 0}); !bytes.Equal(value, want.text()) || s.Inputs[i] != inputName(i) || s.Missed != 0 {
				a.wrong("job %s, input %s, missed %d: %.40q", s.Job, s.Inputs[i], s.Missed, value)
			}
		}
		if len(s.Values) != chaosInputs {
			a.wrong("job %s has %d values", s.Job, len(s.Values))
		}
		return take{s.Seq, piece{n: job}, s.Tries}
	}
	a.hold(func() (take, bool, error) {
		s, ok, err := g.TryNext()
		if !ok || err != nil {
			return take{}, false, err
		}
		return made(s), true, nil
	}, func() (take, error) {
		s, err := g.Next(context.Background())
		if err != nil {
			return take{}, err
		}
		return made(s), nil
	}, func(seq uint64, ack bool) error {
		switch {
		case !ack:
			return g.Nack(seq)
		case a.rng.IntN(2) == 0:
			return j.Ack(seq)
		}
		return g.Ack(seq)
	})
}

// play starts the process of an actor.
func (p actorPlan) play(stderr *os.File) (process, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return process{}, err
	}
	cmd := play("chaos actor", string(text))
	cmd.Stderr = stderr
	return process{cmd, p}, cmd.Start()
}
