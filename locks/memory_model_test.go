package locks_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/loxctl/loxctl/locks"
)

// A model is the reference: it says who is inside and who waits, by the plainest
// rules. A side is x exclusive, s shared, p shared and polite, g by the switch,
// i a slot.
type model struct {
	slots  int
	lowest bool

	inside       []actor
	main, polite []place
	tokens       map[bool]uint64 // of the switch, of everything else
	freed        []int           // when a slot was released last
	now          int
}

// An actor is one call of Acquire.
type actor struct {
	id    int
	side  rune
	index int
	token uint64
}

// A place in the line is that of one actor, or of all who wait for the light.
type place []actor

func (m *model) fits(side rune) bool {
	for _, a := range m.inside {
		shared := a.side == side && (side == 's' || side == 'p' || side == 'g')
		if !shared && side != 'i' {
			return false
		}
	}
	return side != 'i' || len(m.inside) < m.slots
}

func (m *model) lit() bool { return len(m.inside) > 0 && m.inside[0].side == 'g' }

// atOnce says whether a newcomer need not wait.
func (m *model) atOnce(side rune) bool {
	if side == 'g' && m.lit() {
		return true
	}
	return len(m.main)+len(m.polite) == 0 && m.fits(side)
}

func (m *model) enter(a actor) {
	if a.side == 'g' && !m.lit() {
		m.tokens[false]++ // the switch has a hold of the room
	}
	m.tokens[a.side == 'g']++
	a.token = m.tokens[a.side == 'g']
	if a.side == 'i' {
		a.index = m.pick()
	}
	m.inside = append(m.inside, a)
}

func (m *model) pick() int {
	best := -1
	for i := range m.slots {
		taken := slices.ContainsFunc(m.inside, func(a actor) bool { return a.index == i })
		if !taken && (best < 0 || !m.lowest && m.freed[i] < m.freed[best]) {
			best = i
		}
	}
	return best
}

func (m *model) wait(a actor) {
	line := &m.main
	if a.side == 'p' {
		line = &m.polite
	}
	if a.side == 'g' {
		if i := slices.IndexFunc(*line, func(p place) bool { return p[0].side == 'g' }); i >= 0 {
			(*line)[i] = append((*line)[i], a)
			return
		}
	}
	*line = append(*line, place{a})
}

// giveUp takes a waiter away.
func (m *model) giveUp(id int) {
	for _, line := range []*[]place{&m.main, &m.polite} {
		for i, p := range *line {
			(*line)[i] = slices.DeleteFunc(p, func(a actor) bool { return a.id == id })
		}
		*line = slices.DeleteFunc(*line, func(p place) bool { return len(p) == 0 })
	}
	m.settle()
}

func (m *model) release(id int) {
	i := slices.IndexFunc(m.inside, func(a actor) bool { return a.id == id })
	if m.slots > 0 {
		m.now++
		m.freed[m.inside[i].index] = m.now
	}
	m.inside = slices.Delete(m.inside, i, i+1)
	m.settle()
}

// settle lets the line in as far as it fits.
func (m *model) settle() {
	for {
		line := &m.main
		if len(*line) == 0 {
			line = &m.polite
		}
		if len(*line) == 0 || !m.fits((*line)[0][0].side) {
			return
		}
		for _, a := range (*line)[0] {
			m.enter(a)
		}
		*line = (*line)[1:]
	}
}

func (m *model) waiters() (all []actor) {
	return slices.Concat(slices.Concat(m.main...), slices.Concat(m.polite...))
}

// A modelled is a lock and what is said about it.
type modelled struct {
	name   string
	slots  int
	lowest bool
	sides  func(t *testing.T, f family) map[rune]locks.Locker
}

// modelledOf are those of a family. For the locks in memory it adds what is
// particular to them: all who wait for a switch have one place.
func modelledOf(f family) []modelled {
	slots := func(n int) func(*testing.T, family) map[rune]locks.Locker {
		return func(t *testing.T, f family) map[rune]locks.Locker {
			return map[rune]locks.Locker{'i': f.semaphore(t, n)}
		}
	}
	all := []modelled{
		{name: "lock", sides: func(t *testing.T, f family) map[rune]locks.Locker {
			return map[rune]locks.Locker{'x': f.qlock(t)}
		}},
		{name: "readers and writers", sides: func(t *testing.T, f family) map[rune]locks.Locker {
			reader, writer := f.rw(t)
			return map[rune]locks.Locker{'s': reader, 'x': writer}
		}},
		{name: "semaphore of 1", slots: 1, sides: slots(1)},
		{name: "semaphore of 3", slots: 3, sides: slots(3)},
	}
	if f.bubble {
		all = append(all, modelledInMemory...)
	}
	return all
}

var modelledInMemory = []modelled{
	{name: "preferred writers", sides: func(*testing.T, family) map[rune]locks.Locker {
		l := locks.NewRWLock(locks.RWOptions{PreferWriters: true})
		return map[rune]locks.Locker{'p': l.Reader(), 'x': l.Writer()}
	}},
	{name: "switch", sides: func(t *testing.T, f family) map[rune]locks.Locker {
		sw, room := f.lightSwitch(t)
		return map[rune]locks.Locker{'g': sw, 'x': room}
	}},
	{name: "lowest of 4", slots: 4, lowest: true, sides: func(*testing.T, family) map[rune]locks.Locker {
		return map[rune]locks.Locker{'i': locks.NewIndexSemaphore(4, locks.SemOptions{Pick: locks.PickLowest})}
	}},
}

// TestModel does random things, one after the other, and compares who is
// inside, with which index and token, with what the model says.
func TestModel(t *testing.T) {
	const steps = 400
	for seed := range uint64(15) {
		for _, f := range families() {
			if !f.bubble && seed >= 4 { // its waits take real time
				continue
			}
			for _, m := range modelledOf(f) {
				t.Run(fmt.Sprintf("%s/%s/%d", f.name, m.name, seed), func(t *testing.T) {
					f.try(t, behaviour{test: func(t *trial) {
						newPlay(t, m, seed).run(steps)
					}})
				})
			}
		}
	}
}

// A play is the random things, done to a lock and to its model.
type play struct {
	*trial
	sides map[rune]locks.Locker
	roles []rune
	model model
	rand  *rand.Rand
	cast  map[int]*pending
	last  string
}

func newPlay(t *trial, m modelled, seed uint64) *play {
	p := &play{
		trial: t, sides: m.sides(t.T, t.family), cast: map[int]*pending{},
		model: model{slots: m.slots, lowest: m.lowest, freed: make([]int, m.slots), tokens: map[bool]uint64{}},
		rand:  rand.New(rand.NewPCG(seed, 0)),
	}
	p.roles = slices.Sorted(maps.Keys(p.sides))
	return p
}

func (p *play) run(steps int) {
	for id := range steps {
		a := actor{id: id, side: p.roles[p.rand.IntN(len(p.roles))]}
		switch n := p.rand.IntN(100); {
		case n < 40 && len(p.model.waiters()) < 8:
			p.acquires(a)
		case n < 50:
			p.tries(a)
		case n < 65:
			p.givesUp()
		default:
			p.releases()
		}
		p.compare()
	}
	for len(p.model.inside) > 0 {
		p.releases()
		p.compare()
	}
}

func (p *play) acquires(a actor) {
	p.last = fmt.Sprintf("%c%d acquires", a.side, a.id)
	if !p.model.atOnce(a.side) {
		p.model.wait(a)
		p.cast[a.id] = p.start(p.sides[a.side], len(p.model.waiters()))
		return
	}
	p.model.enter(a)
	p.cast[a.id] = p.entered(p.acquire(p.sides[a.side]))
}

func (p *play) tries(a actor) {
	p.last = fmt.Sprintf("%c%d tries", a.side, a.id)
	h, err := p.sides[a.side].TryAcquire()
	if !p.model.atOnce(a.side) {
		p.same(p.last, err, locks.ErrHeld)
		return
	}
	p.same(p.last, err, nil)
	p.model.enter(a)
	p.cast[a.id] = p.entered(h)
}

// entered is what remains of a wait that was none.
func (p *play) entered(h *locks.Hold) *pending {
	over := make(chan struct{})
	close(over)
	return &pending{t: p.trial, over: over, hold: h}
}

func (p *play) givesUp() {
	if all := p.model.waiters(); len(all) > 0 {
		a := all[p.rand.IntN(len(all))]
		p.last = fmt.Sprintf("%c%d gives up", a.side, a.id)
		p.cast[a.id].givesUp()
		p.model.giveUp(a.id)
		delete(p.cast, a.id)
	}
}

func (p *play) releases() {
	if all := p.model.inside; len(all) > 0 {
		a := all[p.rand.IntN(len(all))]
		p.last = fmt.Sprintf("%c%d releases", a.side, a.id)
		p.release(p.cast[a.id].hold)
		p.same("second release", p.cast[a.id].hold.Release(), locks.ErrReleased)
		p.model.release(a.id)
		delete(p.cast, a.id)
	}
}

func (p *play) compare() {
	p.Helper()
	for _, a := range p.model.inside {
		h := p.cast[a.id].gets()
		p.same(fmt.Sprintf("after %s, index of %c%d", p.last, a.side, a.id), h.Index(), a.index)
		if p.bubble { // tokens of named locks are not counted from 1
			p.same(fmt.Sprintf("after %s, token of %c%d", p.last, a.side, a.id), h.Token(), a.token)
		}
	}
	for _, a := range p.model.waiters() {
		p.cast[a.id].waits()
	}
}
