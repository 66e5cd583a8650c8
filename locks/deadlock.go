package locks

import (
	"fmt"
	"slices"
	"strings"
)

// A DeadlockError is a wait that cannot end: whoever must release first waits,
// at the end of Chain, for a hold that the waiter is inside of.
type DeadlockError struct {
	Name  string // of the lock that was waited for
	Chain []Link
}

// A Link is somebody who holds Holds and waits for Waits.
type Link struct {
	You     bool // the one that got the error
	PID     int
	Command string
	Holds   string
	Waits   string
}

func (e *DeadlockError) Error() string {
	parts := make([]string, len(e.Chain))
	for i, link := range e.Chain {
		who, holds, waits := "you", "hold", "wait"
		if !link.You {
			who, holds, waits = fmt.Sprintf("pid %d (%s)", link.PID, link.Command), "holds", "waits"
		}
		parts[i] = fmt.Sprintf("%s %s %s and %s for %s", who, holds, link.Holds, waits, link.Waits)
	}
	return e.Name + ": deadlock: " + strings.Join(parts, ", ")
}

// Hint says what to do about it.
func (e *DeadlockError) Hint() string { return "take locks in one order" }

// A place is a named lock with all who are at it.
type place struct {
	kind  Kind
	name  string
	seats []seat
}

// A node is somebody at a place.
type node struct{ place, seat int }

// lookForDeadlock returns a *DeadlockError if the wait cannot end.
func (w *waiter) lookForDeadlock() error {
	g, me, err := w.dir.waitGraph(w.Kind, w.Name, w.ticket)
	if err != nil || me == nil {
		return err
	}
	g.reduce()
	if g.ends[*me] {
		return nil
	}
	if chain := g.chain(*me); chain != nil { // else it waits for the deadlock of others
		return &DeadlockError{Name: w.Name, Chain: chain}
	}
	return nil
}

// waitGraph is who waits for whom, in a state home. It is read without
// stopping anybody, so what changes meanwhile may be seen twice or not at all;
// those in a deadlock do not change.
type waitGraph struct {
	places []place
	ends   map[node]bool // will get out, as far as locks are concerned
}

func (d *Dir) waitGraph(kind Kind, name string, ticket uint64) (*waitGraph, *node, error) {
	g := &waitGraph{ends: make(map[node]bool)}
	var me *node
	for _, k := range []Kind{KindLock, KindSem} {
		names, _ := d.Names(k) // damaged files have no one at them
		for _, n := range names {
			f, err := d.openToLook(k, n)
			if f == nil || err != nil {
				continue
			}
			seats, err := readSeats(f)
			f.Close()
			if err != nil {
				return nil, nil, err
			}
			if k == kind && n == name {
				if i := slices.IndexFunc(seats, func(s seat) bool { return s.ticket == ticket }); i >= 0 {
					me = &node{len(g.places), i}
				}
			}
			g.places = append(g.places, place{k, n, seats})
		}
	}
	return g, me, nil
}

func (g *waitGraph) seat(n node) *seat { return &g.places[n.place].seats[n.seat] }

// reduce finds all who will get out: again and again, those who wait for
// nobody else. What is left are deadlocks, and who waits for one.
func (g *waitGraph) reduce() {
	for changed := true; changed; {
		changed = false
		for i := range g.places {
			for j := range g.places[i].seats {
				n := node{i, j}
				if !g.ends[n] && g.canEnd(n) {
					g.ends[n] = true
					changed = true
				}
			}
		}
	}
}

func (g *waitGraph) canEnd(n node) bool {
	if g.seat(n).inside {
		return !slices.ContainsFunc(g.within(n), func(m node) bool { return !g.ends[m] })
	}
	inside, ahead := g.before(n)
	if slices.ContainsFunc(ahead, func(m node) bool { return !g.ends[m] }) {
		return false
	}
	if g.places[n.place].kind == KindSem { // one slot is enough
		return len(inside) == 0 || slices.ContainsFunc(inside, func(m node) bool { return g.ends[m] })
	}
	return !slices.ContainsFunc(inside, func(m node) bool { return !g.ends[m] })
}

// within returns those who wait and run inside the hold n, which cannot end
// before they do.
func (g *waitGraph) within(n node) []node {
	tree := g.seat(n).tree
	if tree == 0 {
		return nil
	}
	var found []node
	for i := range g.places {
		for j, s := range g.places[i].seats {
			if !s.inside && (s.record.inside == tree || s.ownerKey == tree) {
				found = append(found, node{i, j})
			}
		}
	}
	return found
}

// before returns those inside the lock that n waits for, and those ahead of it
// in line.
func (g *waitGraph) before(n node) (inside, ahead []node) {
	me := g.seat(n)
	for j := range g.places[n.place].seats {
		m := node{n.place, j}
		switch s := g.seat(m); {
		case s.inside:
			inside = append(inside, m)
		case s.polite == me.polite && s.ticket < me.ticket, me.polite && !s.polite:
			ahead = append(ahead, m)
		}
	}
	return inside, ahead
}

// chain follows the waits of me until they come back to a hold it is in.
func (g *waitGraph) chain(me node) []Link {
	path := g.path(me, me, make(map[node]bool))
	var links []Link
	holds := ""
	for i := 0; i+1 < len(path); i += 2 { // waiter, holder, waiter, holder …
		waiter, holder := path[i], path[i+1]
		s := g.seat(waiter)
		links = append(links, Link{
			You: i == 0, PID: int(s.pid), Command: s.command,
			Holds: holds, Waits: g.places[waiter.place].name,
		})
		holds = g.places[holder.place].name
	}
	if len(links) > 0 {
		links[0].Holds = holds
	}
	return links
}

// path returns the way from one waiter to another over who is before it and
// what runs inside that, nil if there is none.
func (g *waitGraph) path(from, to node, seen map[node]bool) []node {
	seen[from] = true
	inside, ahead := g.before(from)
	for _, holder := range inside {
		if g.ends[holder] {
			continue
		}
		for _, waiter := range g.within(holder) {
			if waiter == to {
				return []node{from, holder}
			}
			if seen[waiter] || g.ends[waiter] {
				continue
			}
			if rest := g.path(waiter, to, seen); rest != nil {
				return append([]node{from, holder}, rest...)
			}
		}
	}
	for _, other := range ahead {
		if !seen[other] && !g.ends[other] {
			if rest := g.path(other, to, seen); rest != nil {
				rest[0] = from
				return rest
			}
		}
	}
	return nil
}
