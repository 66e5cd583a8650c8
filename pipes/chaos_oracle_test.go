//go:build linux

package pipes

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"
)

// An oracle judges a chaos test by what its actors have noted. It does not look
// at the log.
type oracle struct {
	testing.TB
	plan   chaosPlan
	actors [][]note

	records map[uint64]piece // by seq, as somebody got them
	puts    map[piece]*attempt
	last    uint64 // seq that anybody knows of
	again   int    // deliveries of what was delivered before
}

// An attempt is what is known of a put.
type attempt struct {
	begun int    // how often it was tried
	seq   uint64 // where it is, when its actor knows that; else 0
	found int    // how often it is there
}

// judge says whether everything is as it should be.
func (s *stage) judge() string {
	o := &oracle{TB: s.t, plan: s.plan, records: make(map[uint64]piece), puts: make(map[piece]*attempt)}
	for i := range s.plan.Roles {
		o.actors = append(o.actors, s.board.actors[i].entries())
	}
	o.collect()
	if s.plan.Roles[0] == "input" {
		o.checkTakes()
		o.checkSets(s)
	} else {
		o.checkSubscribers()
		o.checkTakes()
		o.checkRecords()
	}
	o.checkLeft(s)
	doubled := 0
	for _, a := range o.puts {
		doubled += max(a.found-1, 0)
	}
	return fmt.Sprintf("%d puts, %d records, %d doubled, %d delivered again", len(o.puts), len(o.records), doubled, o.again)
}

// each calls f with the notes of one role.
func (o *oracle) each(role string, f func(actor int, notes []note)) {
	for i, notes := range o.actors {
		if o.plan.Roles[i] == role {
			f(i, notes)
		}
	}
}

// is notes which record has the seq, or that it is another one for somebody.
func (o *oracle) is(seq uint64, p piece) {
	if before, ok := o.records[seq]; ok && before != p {
		o.Errorf("record %d is %v, and %v", seq, before, p)
	}
	o.records[seq] = p
	o.last = max(o.last, seq)
}

// collect learns what was put, and what came.
func (o *oracle) collect() {
	for _, notes := range o.actors {
		for _, n := range notes {
			switch n.what {
			case noteBegun:
				a := o.puts[n.piece]
				if a == nil {
					a = new(attempt)
					o.puts[n.piece] = a
				}
				a.begun++
			case notePut:
				o.puts[n.piece].seq = n.seq
				o.last = max(o.last, n.seq)
			case noteGot, noteTaken:
				o.is(n.seq, n.piece)
			}
		}
	}
	if len(o.puts) == 0 || len(o.records) == 0 {
		o.Error("nothing was put, or nothing came")
	}
}

// checkSubscribers checks that each of them got every record, one after the
// other, and some again only after a kill: those behind its position.
func (o *oracle) checkSubscribers() {
	o.each("subscriber", func(actor int, notes []note) {
		var last, moved uint64
		born := false
		for _, n := range notes {
			switch {
			case n.what == noteBorn:
				born = true
			case n.what == noteMoved:
				moved = n.seq
			case n.what != noteGot:
			case n.seq == last+1 || born && n.seq > moved && n.seq <= last:
				if n.seq <= last {
					o.again++
				}
				last, born = n.seq, false
			default:
				o.Errorf("subscriber %d got %d after %d, position %d", actor, n.seq, last, moved)
				last, born = n.seq, false
			}
		}
		if last != o.last {
			o.Errorf("subscriber %d ends at %d of %d", actor, last, o.last)
		}
	})
}

// checkRecords checks that every record came, and is where its publisher knows
// it to be; that puts are whole and each publisher's are in their order; and
// that only what was tried again is there again, and not if it has an id.
func (o *oracle) checkRecords() {
	order := make(map[uint64]uint64) // last put, by actor
	batch := uint64(max(o.plan.Batch, 1))
	for seq := uint64(1); seq <= o.last; seq++ {
		p, ok := o.records[seq]
		if !ok {
			o.Errorf("record %d has come to nobody", seq)
			continue
		}
		if before := o.records[seq-1]; p.i > 0 && before != (piece{p.actor, p.n, p.i - 1}) ||
			p.i == 0 && seq > 1 && before.i != batch-1 || seq == o.last && p.i != batch-1 {
			o.Errorf("record %d is %v after %v: not all of a put", seq, p, before)
		}
		if p.i > 0 {
			continue
		}
		if p.n < order[p.actor] || p.n > order[p.actor]+1 {
			o.Errorf("record %d: put %d of %d after %d", seq, p.n, p.actor, order[p.actor])
		}
		order[p.actor] = p.n
		if a := o.puts[p]; a != nil {
			a.found++
		} else {
			o.Errorf("record %d is %v, which nobody has put", seq, p)
		}
	}
	for p, a := range o.puts {
		if a.found > a.begun || a.found > 1 && o.plan.IDs {
			o.Errorf("%v was tried %d times and is there %d times", p, a.begun, a.found)
		}
		if a.seq == 0 || o.records[a.seq] != p {
			o.Errorf("%v is not at %d", p, a.seq)
		}
	}
}

// checkTakes checks what consumers or getters took: what was acknowledged never
// comes again, what comes again says so, and each of them takes what is new in
// its order.
func (o *oracle) checkTakes() {
	taken, acked := make(map[uint64][]note), make(map[uint64]note)
	for actor, notes := range o.actors {
		fresh := uint64(0)
		for _, n := range notes {
			switch n.what {
			case noteTaken:
				taken[n.seq] = append(taken[n.seq], n)
				if n.tries == 1 && n.seq <= fresh {
					o.Errorf("actor %d took %d after %d", actor, n.seq, fresh)
				}
				if n.tries == 1 {
					fresh = n.seq
				}
			case noteAcked:
				if before, twice := acked[n.seq]; twice {
					o.Errorf("%v was acknowledged twice: %+v, %+v", n.piece, before, n)
				}
				acked[n.seq] = n
			}
		}
	}
	for seq, takes := range taken {
		slices.SortFunc(takes, func(a, b note) int { return cmp.Compare(a.when, b.when) })
		o.again += len(takes) - 1
		tries := uint64(0)
		for _, n := range takes {
			if a, ok := acked[seq]; ok && n.when > a.when {
				o.Errorf("%d was taken after it was acknowledged: %+v, %+v", seq, a, n)
			}
			if n.tries <= tries {
				o.Errorf("%d was taken for the %d. time after the %d.", seq, n.tries, tries)
			}
			tries = n.tries
		}
	}
	if slices.Contains(o.plan.Roles, "consumer") && uint64(len(taken)) != o.last {
		o.Errorf("%d of %d records were taken", len(taken), o.last)
	}
}

// checkSets checks that exactly those jobs came for which all inputs have given
// something, and twice only if all of them may have done so twice.
func (o *oracle) checkSets(s *stage) {
	want := make(map[uint64]*attempt) // by job: found is how many inputs it has
	o.each("input", func(actor int, notes []note) {
		for _, n := range notes {
			if n.what != notePut {
				continue
			}
			job := jobOf(actor, n.piece.n)
			tried := o.puts[n.piece].begun
			if want[job] == nil {
				want[job] = &attempt{begun: tried}
			}
			want[job].begun = min(want[job].begun, tried)
			want[job].found++
		}
	})
	came := make(map[uint64]int)
	for _, p := range o.records {
		came[p.n]++
	}
	complete := 0
	for job, w := range want {
		most := 0
		if w.found == chaosInputs {
			complete++
			most = w.begun
		}
		if o.plan.IDs {
			most = min(most, 1)
		}
		if n := came[job]; n < min(most, 1) || n > most {
			o.Errorf("job %d came %d times: it has %d values", job, n, w.found)
		}
		delete(came, job)
	}
	for job := range maps.Keys(came) {
		o.Errorf("job %d came, and nobody has begun it", job)
	}
	if info, err := s.log.info(); o.plan.IDs && (err != nil || info.Pending != len(want)-complete) {
		o.Errorf("%d jobs are pending, not %d; %v", info.Pending, len(want)-complete, err)
	}
}

// checkLeft checks that nothing is left to be read.
func (o *oracle) checkLeft(s *stage) {
	info, err := s.log.info()
	noError(o, err)
	for _, sub := range info.Subscribers {
		if (sub.Unread != 0 && info.Kind == KindAnnounce && (sub.Group || o.plan.Every == 0)) || len(sub.InFlight) != 0 {
			o.Errorf("left to %s: %d, in hand %+v", sub.Name, sub.Unread, sub.InFlight)
		}
	}
}
