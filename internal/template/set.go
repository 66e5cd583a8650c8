package template

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Set is values beside a job's own that a template can name: those of the
// record that a chain of jobs began with, or of a job before it.
type Set struct {
	Name    string   // {NAME} is what {} is of the job's own values, {NAME.2} and {NAME.2:^^} their second one
	Columns []string // names of its values: {NAME.COLUMN}
	Width   int      // how many there are; 0 is not known
	Fields  bool     // values have names of their own in each job, as with Options.Fields
}

// SetValues are the values of one Set for one job. They are found as those of
// Values are.
type SetValues struct {
	Args    []string
	All     []string
	Fields  map[string]string
	Unknown bool
}

func (s *SetValues) all() []string {
	if s.All != nil {
		return s.All
	}
	return s.Args
}

// all is what {} stands for.
func (v *Values) all() []string {
	if v.All != nil {
		return v.All
	}
	return v.Args
}

// A setName is how a grammar knows a Set.
type setName struct {
	name    string
	index   int // from 1; 0 are the job's own values
	grammar grammar
}

// addSets lets g know the sets of o, longest name first.
func (g *grammar) addSets(o *Options) {
	if o.Self != "" {
		g.sets = append(g.sets, setName{o.Self, 0, grammar{names: g.names, width: g.width, fields: g.fields}})
	}
	for i, s := range o.Sets {
		g.sets = append(g.sets, setName{s.Name, i + 1, grammar{names: columns(s.Columns), width: s.Width, fields: s.Fields}})
	}
	slices.SortStableFunc(g.sets, func(a, b setName) int { return cmp.Compare(len(b.name), len(a.name)) })
	g.absent = o.Absent
}

// setToken reads {NAME}, {NAME.2}, {NAME.COLUMN} and these with an operation.
func (g *grammar) setToken(s string) (*token, int, *Error) {
	for i := range g.sets {
		set := &g.sets[i]
		if !strings.HasPrefix(s[1:], set.name) {
			continue
		}
		at := 1 + len(set.name)
		t, n, err := set.grammar.memberToken(s, at)
		if n == 0 && err == nil {
			var o op
			o, n, err = parseSelected(s, at)
			t = &token{op: o}
		}
		if n > 0 || err != nil {
			if t != nil {
				t.set = set.index
			}
			return t, n, err
		}
	}
	return nil, 0, nil
}

// memberToken reads .2…}, .COLUMN…} or .FIELD…} at s[i:], where a name stands
// before it.
func (g *grammar) memberToken(s string, i int) (*token, int, *Error) {
	if !strings.HasPrefix(s[i:], ".") {
		return nil, 0, nil
	}
	t, n, err := g.plainToken("{"+s[i+1:], false)
	if err != nil {
		err.Pos = 0
		err.Len += i
	}
	if n > 0 {
		n += i
	}
	return t, n, err
}

// fieldToken reads {WORD} or {WORD:…} for a value that has this name in some
// jobs.
func (g *grammar) fieldToken(s string) (*token, int, *Error) {
	n := wordLen(s[1:])
	if !g.fields || n == 0 {
		return nil, 0, nil
	}
	o, end, err := parseSelected(s, 1+n)
	if end == 0 || err != nil {
		return nil, 0, err
	}
	return &token{field: s[1 : 1+n], op: o}, end, nil
}

// absentToken is the error for what can only be meant for a Set that there is
// not: {NAME} of a known one that this job has nothing of, or {WORD.2}.
func (g *grammar) absentToken(s string) *Error {
	n := wordLen(s[1:])
	if g.absent == nil || n == 0 {
		return nil
	}
	name := s[1 : 1+n]
	any := grammar{fields: true}
	_, end, _ := any.memberToken(s, 1+n)
	isNumber := end > 0 && numberLen(s[2+n:]) > 0
	if end == 0 {
		_, end, _ = parseSelected(s, 1+n)
	}
	why, known := g.absent[name]
	switch {
	case end == 0 || !known && !isNumber:
		return nil
	case known:
		return &Error{Len: end, Msg: why}
	}
	return &Error{Len: end, Msg: fmt.Sprintf("nothing is called %s here", name)}
}

// wordLen is the length of the identifier that s begins with. It may have a -
// that does not begin it.
func wordLen(s string) int {
	n := nameLen(s)
	for n > 0 && n < len(s) && (s[n] == '-' || nameByte(s[n])) {
		n++
	}
	return n
}

// unknown reports whether what t stands for is not there yet.
func (t *token) unknown(v *Values) bool {
	switch {
	case t.kind != tokenValue:
		return false
	case t.set > 0:
		return v.Sets[t.set-1].Unknown
	}
	return v.Unknown
}

// shown is what stands for a token without values: itself, or {} if it is not
// written.
func (t *token) shown() string { return cmp.Or(t.text, "{}") }

// values are those that t stands for; own are all of the job's.
func (t *token) values(v *Values, own []string) []string {
	if t.set == 0 {
		return own
	}
	return v.Sets[t.set-1].all()
}

// value is the one value that t stands for. A value that a job does not have
// is empty.
func (t *token) value(v *Values) string {
	args, fields := v.Args, v.Fields
	if t.set > 0 {
		args, fields = v.Sets[t.set-1].Args, v.Sets[t.set-1].Fields
	}
	if t.field != "" {
		return fields[t.field]
	}
	i := t.index - 1
	if t.index < 0 {
		i = len(args) + t.index
	}
	if i < 0 || i >= len(args) {
		return ""
	}
	return args[i]
}

// Uses reports whether the command depends on the values of a set: number i of
// Options.Sets is i+1, 0 are the job's own values.
func (t *Template) Uses(set int) bool {
	return t.form == recordForm && set == 0 ||
		slices.ContainsFunc(t.words, func(w word) bool { return uses(w.parts, set) })
}

// Uses reports whether the text depends on the values of a set, as that of a
// Template.
func (t *Text) Uses(set int) bool { return uses(t.parts, set) }

func uses(parts []part, set int) bool {
	return slices.ContainsFunc(parts, func(p part) bool {
		return p.tok != nil && p.tok.kind == tokenValue && p.tok.set == set
	})
}
