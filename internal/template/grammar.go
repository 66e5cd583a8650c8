package template

import (
	"cmp"
	"slices"
)

// A grammar knows what is a token in one template.
type grammar struct {
	whole string   // what {} is
	names []column // longest first
	width int

	indexes []string
	sets    []setName // longest first
	fields  bool
	absent  map[string]string
}

// A column is a named value.
type column struct {
	name  string
	index int
}

func newGrammar(o Options) *grammar {
	g := &grammar{
		whole: cmp.Or(o.Replace, "{}"), names: columns(o.Names), width: o.Width, indexes: o.Indexes, fields: o.Fields,
	}
	g.addSets(&o)
	return g
}

// columns are named values, longest name first; of a name given twice the first
// counts.
func columns(names []string) []column {
	var all []column
	known := map[string]bool{"": true}
	for i, name := range names {
		if !known[name] {
			known[name] = true
			all = append(all, column{name, i + 1})
		}
	}
	slices.SortStableFunc(all, func(a, b column) int { return len(b.name) - len(a.name) })
	return all
}
