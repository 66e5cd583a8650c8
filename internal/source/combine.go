package source

import (
	"errors"
	"fmt"
	"io"
)

// combine makes one stream of all sources.
func combine(inputs []*input, o Options) (stream, error) {
	if o.Link {
		return link(inputs), nil
	}
	groups, err := group(inputs, o)
	if err != nil {
		return nil, err
	}
	if len(groups) == 1 {
		return groups[0], nil
	}
	return &product{first: groups[0], rest: groups[1:]}, nil
}

// group joins every source with those linked to it. What is wrong with a
// group of lists is known here already, before the first record.
func group(inputs []*input, o Options) ([]stream, error) {
	var groups []stream
	for len(inputs) > 0 {
		n := 1
		for n < len(inputs) && o.Inputs[inputs[n].num-1].Linked {
			n++
		}
		if o.Inputs[inputs[0].num-1].Linked {
			return nil, inputs[0].fail(errors.New("there is no source before it to link it to"))
		}
		g, err := linkedGroup(inputs[:n], o.LinkShort)
		if err != nil {
			return nil, err
		}
		groups = append(groups, g)
		inputs = inputs[n:]
	}
	return groups, nil
}

func linkedGroup(inputs []*input, short bool) (stream, error) {
	if len(inputs) == 1 {
		return inputs[0], nil
	}
	s := &linked{inputs: inputs, short: short}
	for _, in := range inputs {
		if in.unit != unitValue {
			return s, nil
		}
	}
	records, err := collect(all(s))
	return &list{records: records}, err
}

// linked takes its sources in step. They must end together, unless it is
// short: then the first end is the end.
type linked struct {
	inputs []*input
	short  bool
}

func (l *linked) next(r *Record) error {
	tuple := make([]Record, len(l.inputs))
	var has, ended *input
	for i, in := range l.inputs {
		err := in.next(&tuple[i])
		switch {
		case err == nil:
			has = in
		case err != io.EOF || l.short:
			return err
		default:
			ended = in
		}
		if has != nil && ended != nil {
			return has.fail(fmt.Errorf("%w: %s has no value to go with it", ErrLeftover, ended.label()))
		}
	}
	if ended != nil {
		return io.EOF
	}
	*r = row(tuple)
	return nil
}

// looped takes all sources in step until the longest ends; the others begin
// again. The first is held only for as long as it may be one of those.
type looped struct {
	first   stream
	rest    []stream
	held    [][]Record // what rest came to
	longest int        // of held

	kept  []Record // of first
	ended bool     // first has
	turns int
}

func link(inputs []*input) stream {
	l := &looped{first: inputs[0]}
	for _, in := range inputs[1:] {
		l.rest = append(l.rest, in)
	}
	return l
}

func (l *looped) next(r *Record) error {
	if l.held == nil {
		if err := l.begin(); err != nil {
			return err
		}
	}
	tuple := make([]Record, 1+len(l.held))
	if err := l.head(&tuple[0]); err != nil {
		return err
	}
	for i, records := range l.held {
		tuple[i+1] = records[l.turns%len(records)]
	}
	l.turns++
	*r = row(tuple)
	return nil
}

func (l *looped) begin() (err error) {
	l.held, err = readEach(l.rest)
	for _, records := range l.held {
		l.longest = max(l.longest, len(records))
	}
	return err
}

// head reads the first source's record of this turn.
func (l *looped) head(r *Record) error {
	if !l.ended {
		err := l.first.next(r)
		switch {
		case err == io.EOF:
			l.ended = true
		case err != nil:
			return err
		case l.turns < l.longest:
			l.kept = append(l.kept, *r)
			return nil
		default:
			l.kept = nil
			return nil
		}
	}
	if len(l.kept) == 0 || l.turns >= l.longest {
		return io.EOF
	}
	*r = l.kept[l.turns%len(l.kept)]
	return nil
}

// product combines every record of first with every combination of rest.
type product struct {
	first stream
	rest  []stream
	held  [][]Record // what rest came to
	at    []int      // position in each of held
	tuple []Record   // from first, then from each of held
}

func (p *product) next(r *Record) error {
	if p.tuple == nil {
		if err := p.begin(); err != nil {
			return err
		}
	}
	if !p.turn() {
		if err := p.first.next(&p.tuple[0]); err != nil {
			return err
		}
	}
	*r = row(p.tuple)
	return nil
}

// begin stands at the last combination, so that the next turn is a whole one.
func (p *product) begin() error {
	var err error
	if p.held, err = readEach(p.rest); err != nil {
		return err
	}
	p.at = make([]int, len(p.held))
	p.tuple = make([]Record, 1+len(p.held))
	for i, records := range p.held {
		p.at[i] = len(records) - 1
	}
	return nil
}

// turn goes on to the next combination of held, the last one fastest, and
// reports false if that is the first one again.
func (p *product) turn() bool {
	for i := len(p.held) - 1; i >= 0; i-- {
		p.at[i] = (p.at[i] + 1) % len(p.held[i])
		p.tuple[i+1] = p.held[i][p.at[i]]
		if p.at[i] > 0 {
			return true
		}
	}
	return false
}

// list is a stream of what is in memory.
type list struct{ records []Record }

func (l *list) next(r *Record) error {
	if len(l.records) == 0 {
		return io.EOF
	}
	*r = l.records[0]
	l.records = l.records[1:]
	return nil
}

// readEach reads streams to their ends; io.EOF if one of them has no record,
// for then there is nothing to combine with it.
func readEach(streams []stream) ([][]Record, error) {
	held := make([][]Record, len(streams))
	for i, s := range streams {
		records, err := collect(all(s))
		if err != nil {
			return nil, err
		}
		if len(records) == 0 {
			return nil, io.EOF
		}
		held[i] = records
	}
	return held, nil
}

// row is one record with the values of all, at the place of the first.
func row(records []Record) Record {
	r := records[0]
	r.Args = make([]string, 0, len(records))
	r.Raw = ""
	for i := range records {
		r.Args = append(r.Args, records[i].Args...)
		r.Raw += records[i].Raw
	}
	return r
}
