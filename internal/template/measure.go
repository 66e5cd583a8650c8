package template

import (
	"bytes"
	"strings"
)

// Costs are what Cost adds up.
type costs struct {
	fixed  int     // bytes of the words that are repeated
	all    []*part // tokens that every value is written for
	single []*part // tokens that stand for one value each
	shared int     // how many of those may stand for the same value
}

// longestCount is how long a number may get that is not known yet.
const longestCount = 20

// Base is how many bytes the command line has without a value. Each word
// counts with the NUL at its end, a number that comes with the job as 22 bytes.
func (t *Template) Base() int { return t.base }

// Cost is how many bytes the command line grows by with arg as one more value.
// Base and the Cost of all values together are never less than the length of
// the command line, unless {} repeats a word that has a token like {1} too.
// They are equal to it when the only token is {}, alone in its word.
func (t *Template) Cost(arg string) int {
	n := t.cost.fixed
	for _, p := range t.cost.all {
		n += p.cost(arg)
	}
	most := 0
	for _, p := range t.cost.single {
		most = max(most, p.cost(arg))
	}
	return n + t.cost.shared*most
}

// cost is how many bytes arg has where p stands, and what separates it.
func (p *part) cost(arg string) int {
	whole := p.tok.op.kind == opWhole
	switch {
	case whole && p.enc != encQuoted && p.enc != encInner:
		return len(arg) + 1
	case whole:
		return p.quotedCost(len(arg), strings.Count(arg, "'"))
	}
	return p.changedCost(arg)
}

// changedCost is cost of a token that changes its value.
func (p *part) changedCost(arg string) int {
	var room [256]byte
	written := p.tok.op.append(room[:0], arg)
	return p.quotedCost(len(written), bytes.Count(written, []byte{'\''}))
}

// quotedCost is cost for n bytes, some of them quotes.
func (p *part) quotedCost(n, quotes int) int {
	switch p.enc {
	case encQuoted:
		return n + 3*quotes + len("'' ")
	case encInner:
		return n + 3*quotes + len(" ")
	}
	return n + 1
}

// measure prepares what Base, Cost and NeedsTotal say.
func (t *Template) measure() {
	if t.form == recordForm {
		t.cost.all = []*part{{tok: &token{}}}
		return
	}
	same := map[int]int{}
	for i := range t.words {
		w := &t.words[i]
		fixed := &t.base
		if w.repeat {
			fixed = &t.cost.fixed
		}
		for k := range w.parts {
			*fixed += t.measurePart(&w.parts[k], same)
		}
		if t.form == argvForm && !w.repeat && !w.onlyAll() {
			t.base++
		}
	}
	if t.form == lineForm {
		t.base += len(t.shell) + len("\x00-c\x00\x00")
	}
	t.cost.shared = mostShared(same)
}

// measurePart is how many bytes p has without a value. It counts in same the
// tokens for each single value.
func (t *Template) measurePart(p *part, same map[int]int) int {
	switch {
	case p.tok == nil:
		return len(p.text)
	case p.tok.kind != tokenValue:
		t.counts = t.counts || p.tok.needsTotal()
		return longestCount + len("''")
	case p.tok.all():
		t.cost.all = append(t.cost.all, p)
		return 0
	}
	t.cost.single = append(t.cost.single, p)
	same[p.tok.index]++
	return p.cost("")
}

// mostShared is how many tokens may stand for one value, if those that count
// from the end mean the same as those that count from the beginning.
func mostShared(same map[int]int) int {
	fromStart, fromEnd := 0, 0
	for index, n := range same {
		if index > 0 {
			fromStart = max(fromStart, n)
		} else {
			fromEnd = max(fromEnd, n)
		}
	}
	return fromStart + fromEnd
}
