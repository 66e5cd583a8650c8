// Package chain knows how the stages of a run hang together: who takes whose
// results, which of their jobs are about the same thing, what nobody takes. It
// draws that, and takes apart what one stage gives to the next.
package chain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Record is the name of the original records.
const Record = "in"

// Spec is a stage as the user describes it.
type Spec struct {
	Name string   // "": it has none
	From []string // names of stages, or Record; none: the stage before, of the first one the records
	Each bool     // each line of what it takes is a job of its own
}

// Stage is one of a Graph.
type Stage struct {
	Number int // from 1
	Name   string
	From   []*Stage // whose results it takes; nil in it, or none at all: the records
	To     []*Stage // who takes its results
	Each   bool
	Series *Series
}

// Label is the stage's name, or its number.
func (s *Stage) Label() string {
	if s.Name == "" {
		return strconv.Itoa(s.Number)
	}
	return s.Name
}

// TakesRecords reports whether the stage takes records, not results.
func (s *Stage) TakesRecords() bool { return len(s.From) == 0 }

// IsSource reports whether the stage's jobs get their numbers here: those of
// the records, or new ones.
func (s *Stage) IsSource() bool { return s.TakesRecords() || s.Each }

// Series is stages whose jobs have the same numbers: job 7 of each is about the
// same record, or about the same piece of a result.
type Series struct {
	Stages []*Stage
	Pieces *Stage // whose results are cut into pieces; nil: of the records
}

// A Step is what is next about one record or piece in the order of output: a
// job of a stage, or all pieces of one result in a series of their own.
type Step struct {
	Stage  *Stage
	Series *Series
}

// Graph is all stages of a run, each after those it takes results from. Of a
// series there is one for the records, first, and one for each stage with Each.
type Graph struct {
	Stages []*Stage
	Series []*Series
}

// Error says what is wrong about the stages.
type Error struct {
	Stage int    // from 1
	Flag  string // as, from or each
	What  string // the word that is wrong, may be empty
	Why   string
	Hint  string
}

func (e *Error) Error() string {
	return fmt.Sprintf("stage %d: --%s %s: %s", e.Stage, e.Flag, e.What, e.Why)
}

// New builds the graph, or says with an *Error why there is none.
func New(specs []Spec) (*Graph, error) {
	g := &Graph{Series: []*Series{{}}}
	for i, spec := range specs {
		s := &Stage{Number: i + 1, Name: spec.Name, Each: spec.Each}
		if err := g.checkName(s); err != nil {
			return nil, err
		}
		if err := g.connect(s, spec.From, specs); err != nil {
			return nil, err
		}
		if err := g.join(s); err != nil {
			return nil, err
		}
		g.Stages = append(g.Stages, s)
	}
	return g, nil
}

func (g *Graph) checkName(s *Stage) *Error {
	e := &Error{Stage: s.Number, Flag: "as", What: s.Name}
	switch other := g.Find(s.Name); {
	case s.Name == "":
		return nil
	case s.Name == Record:
		e.Why = "is the name of the original records"
	case !isName(s.Name):
		e.Why = "a name begins with a letter and has only letters, digits, _ and -"
	case other != nil:
		e.Why = fmt.Sprintf("stage %d has this name", other.Number)
	default:
		return nil
	}
	return e
}

// isName reports whether s can stand in braces as a name. (A regular expression
// would cost every start of the program its compilation.)
func isName(s string) bool {
	for i, c := range s {
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

// Find returns the stage of that name; nil if there is none.
func (g *Graph) Find(name string) *Stage {
	i := slices.IndexFunc(g.Stages, func(s *Stage) bool { return name != "" && s.Name == name })
	if i < 0 {
		return nil
	}
	return g.Stages[i]
}

// connect finds out whose results s takes.
func (g *Graph) connect(s *Stage, from []string, specs []Spec) *Error {
	switch {
	case len(from) == 0 && s.Number == 1, len(from) == 1 && from[0] == Record:
		return nil
	case len(from) == 0:
		s.From = []*Stage{g.Stages[s.Number-2]}
	}
	for _, name := range from {
		fed := g.Find(name)
		if fed == nil {
			return unknown(s.Number, name, specs)
		}
		if slices.Contains(s.From, fed) {
			return &Error{Stage: s.Number, Flag: "from", What: name, Why: "is named twice"}
		}
		s.From = append(s.From, fed)
	}
	for _, fed := range s.From {
		fed.To = append(fed.To, s)
	}
	return nil
}

// unknown says why a stage cannot take the results of name.
func unknown(number int, name string, specs []Spec) *Error {
	e := &Error{Stage: number, Flag: "from", What: name, Why: "no stage has this name"}
	var names []string
	for i, spec := range specs {
		switch {
		case spec.Name != name && spec.Name != "" && i+1 < number:
			names = append(names, spec.Name)
		case spec.Name != name:
		case i+1 == number:
			e.Why = "a stage cannot take its own results"
		case i+1 > number:
			e.Why = "this stage comes later: results go forward only, or they would go in a circle"
		}
	}
	switch {
	case name == "":
		e.Why = "a name is missing"
	case name == Record:
		e.Why = "the original records cannot be joined with results: every stage has them as {in}"
	}
	if len(names) > 0 {
		e.Hint = "the stages before are called " + strings.Join(names, ", ")
	} else if len(e.Hint) == 0 {
		e.Hint = "--as NAME before a command gives its stage a name"
	}
	return e
}

// join finds the series that s belongs to.
func (g *Graph) join(s *Stage) *Error {
	e := &Error{Stage: s.Number, Flag: "each"}
	switch {
	case s.Each && s.TakesRecords():
		e.Why = "a record is no result that could be cut into pieces"
		return e
	case s.Each && len(s.From) > 1:
		e.Why = "the results of several stages cannot be cut into pieces"
		return e
	case s.Each:
		s.Series = &Series{Pieces: s.From[0]}
		g.Series = append(g.Series, s.Series)
	case s.TakesRecords():
		s.Series = g.Series[0]
	default:
		s.Series = s.From[0].Series
	}
	for _, fed := range s.From {
		if !s.Each && fed.Series != s.Series {
			return &Error{Stage: s.Number, Flag: "from", What: fed.Label(), Why: fmt.Sprintf(
				"its jobs are not those of %s: one of them has a job for each piece of a result", s.From[0].Label())}
		}
	}
	s.Series.Stages = append(s.Series.Stages, s)
	return nil
}

// Steps are what happens to a record or piece of a series, in the order in which
// its output is shown.
func (g *Graph) Steps(series *Series) []Step {
	var steps []Step
	for _, s := range g.Stages {
		switch {
		case s.Series == series:
			steps = append(steps, Step{Stage: s})
		case s.Each && s.From[0].Series == series:
			steps = append(steps, Step{Series: s.Series})
		}
	}
	return steps
}

// Leaves are the stages whose results nobody takes.
func (g *Graph) Leaves() []*Stage {
	var leaves []*Stage
	for _, s := range g.Stages {
		if len(s.To) == 0 {
			leaves = append(leaves, s)
		}
	}
	return leaves
}

// Before are the stages whose results reach s, by one or several steps, in
// their order.
func (s *Stage) Before() []*Stage {
	var all []*Stage
	for _, fed := range s.From {
		for _, b := range append(fed.Before(), fed) {
			if !slices.Contains(all, b) {
				all = append(all, b)
			}
		}
	}
	slices.SortFunc(all, func(a, b *Stage) int { return a.Number - b.Number })
	return all
}
