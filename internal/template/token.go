package template

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
)

// A tokenKind says what a token stands for.
type tokenKind uint8

const (
	tokenValue      tokenKind = iota // a value, or every value
	tokenSeq                         // {#}
	tokenSlot                        // {%}
	tokenTotal                       // {##}
	tokenPaddedSeq                   // {0#}
	tokenPaddedSlot                  // {0%}
	tokenIndex                       // {NAME} of an index
)

// fixedTokens are those without a value, longer ones first.
var fixedTokens = []struct {
	text string
	kind tokenKind
}{
	{"{##}", tokenTotal}, {"{0#}", tokenPaddedSeq}, {"{0%}", tokenPaddedSlot},
	{"{#}", tokenSeq}, {"{%}", tokenSlot},
}

// A token is one thing of a template that is replaced.
type token struct {
	text  string // as it stands in the template
	kind  tokenKind
	index int    // which value, from 1 or from -1 at the end; 0 is every value; of a tokenIndex which index, from 0
	set   int    // whose values, number set-1 of Options.Sets; 0: the job's own
	field string // the value of this name; "": index counts
	op    op
}

// all reports whether t stands for every value of the job.
func (t *token) all() bool { return t.whole() && t.set == 0 }

// whole reports whether t stands for every value of some set.
func (t *token) whole() bool { return t.kind == tokenValue && t.index == 0 && t.field == "" }

// needsTotal reports whether t depends on the number of jobs.
func (t *token) needsTotal() bool { return t.kind == tokenTotal || t.kind == tokenPaddedSeq }

// at reads the token that begins at s[i]. Its length is 0 if there is none.
// afterDollar says that a $ which keeps its meaning for a shell stands before
// it: then a group in braces is the shell's. Positions in the error are those
// of s.
func (g *grammar) at(s string, i int, afterDollar bool) (*token, int, *Error) {
	rest := s[i:]
	if strings.HasPrefix(rest, g.whole) {
		return &token{text: g.whole}, len(g.whole), nil
	}
	if afterDollar || rest == "" || rest[0] != '{' {
		return nil, 0, nil
	}
	for _, f := range fixedTokens {
		if strings.HasPrefix(rest, f.text) {
			return &token{kind: f.kind}, len(f.text), nil
		}
	}
	for k, name := range g.indexes {
		if text := "{" + name + "}"; strings.HasPrefix(rest, text) {
			return &token{kind: tokenIndex, index: k}, len(text), nil
		}
	}
	t, n, err := g.setToken(rest)
	if n == 0 && err == nil {
		t, n, err = g.plainToken(rest, true)
	}
	if n == 0 && err == nil {
		err = g.absentToken(rest)
	}
	if err != nil {
		err.Pos += i
	}
	if t != nil && n > 0 {
		t.text = rest[:n]
	}
	return t, n, err
}

// plainToken reads a token that stands for values of one set: {N…}, {NAME…} or
// {WORD…}, and with ops {OP}. A number that is none of a value may be the name
// of a column.
func (g *grammar) plainToken(s string, ops bool) (*token, int, *Error) {
	t, n, noValue := g.numberToken(s)
	if n > 0 {
		return t, n, nil
	}
	for _, c := range g.names {
		if !strings.HasPrefix(s[1:], c.name) {
			continue
		}
		if o, n, err := parseSelected(s, 1+len(c.name)); n > 0 || err != nil {
			return &token{index: c.index, op: o}, n, err
		}
	}
	if noValue != nil {
		return nil, 0, noValue
	}
	if ops {
		if o, n, err := parseOp(s, 1); n > 0 || err != nil {
			return &token{op: o}, n, err
		}
	}
	return g.fieldToken(s)
}

// numberToken reads {N…}.
func (g *grammar) numberToken(s string) (*token, int, *Error) {
	digits := numberLen(s[1:])
	if digits == 0 {
		return nil, 0, nil
	}
	o, n, err := parseSelected(s, 1+digits)
	if n == 0 || err != nil {
		return nil, 0, err
	}
	index, err := g.number(s[:n], s[1:1+digits])
	if err != nil {
		return nil, 0, err
	}
	return &token{index: index, op: o}, n, nil
}

// numberLen is the length of the number that s begins with, 0 if there is
// none. A number has no zeros in front.
func numberLen(s string) int {
	n := 0
	if strings.HasPrefix(s, "-") {
		n = 1
	}
	first := n
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n == first || s[first] == '0' && n > 1 {
		return 0
	}
	return n
}

// number checks the number of the token text.
func (g *grammar) number(text, digits string) (int, *Error) {
	n, err := strconv.Atoi(digits)
	fault := &Error{Len: len(text)}
	switch {
	case n == 0 && err == nil:
		fault.Msg = "values are counted from 1"
	case err == nil && (g.width == 0 || max(n, -n) <= g.width):
		return n, nil
	case g.width == 1:
		fault.Msg = "a record has one value"
	case g.width == 0:
		fault.Msg = "no record has so many values"
	default:
		fault.Msg = fmt.Sprintf("a record has %d values", g.width)
	}
	if digits[0] != '-' && len(text) == len(digits)+2 {
		fault.Hint = fmt.Sprintf("in a regular expression {%s,%[1]s} says the same and is left alone", digits)
	}
	return 0, fault
}

// parseSelected reads what follows the number or the name of a token, up to
// the closing brace: nothing, a path form, or a colon and any form. A form
// that begins with a colon itself needs no second one. s[i:] is the rest, the
// result the length of the whole token.
func parseSelected(s string, i int) (op, int, *Error) {
	if strings.HasPrefix(s[i:], "}") {
		return op{}, i + 1, nil
	}
	if o, n := parseForm(pathForms, s, i); n > 0 {
		return o, n, nil
	}
	if !strings.HasPrefix(s[i:], ":") {
		return op{}, 0, nil
	}
	if o, n, err := parseOp(s, i+1); n > 0 || err != nil {
		return o, n, err
	}
	return parseOp(s, i)
}

// A form is a fixed text, the closing brace included, and what it does.
type form struct {
	text string
	op   op
}

// pathForms may follow a number or a name directly.
var pathForms = []form{
	{".}", op{kind: opCutExt, n: 1}}, {"..}", op{kind: opCutExt, n: 2}}, {"...}", op{kind: opCutExt, n: 3}},
	{"/}", op{kind: opBase}}, {"//}", op{kind: opDir}},
	{"/.}", op{kind: opBase, n: 1}}, {"/..}", op{kind: opBase, n: 2}}, {"/...}", op{kind: opBase, n: 3}},
	{"+.}", op{kind: opExt}}, {"+/}", op{kind: opDirPrefix}},
}

// caseForms need a colon there: {2,} is a regular expression's.
var caseForms = []form{
	{"^}", op{kind: opFirstUpper}}, {"^^}", op{kind: opUpper}},
	{",}", op{kind: opFirstLower}}, {",,}", op{kind: opLower}},
}

// parseForm reads one of forms at s[i:]; the length is 0 if none is there.
func parseForm(forms []form, s string, i int) (op, int) {
	for _, f := range forms {
		if strings.HasPrefix(s[i:], f.text) {
			return f.op, i + len(f.text)
		}
	}
	return op{}, 0
}

// parseOp reads any form and the closing brace. The length is 0 if s[i:] does
// not begin with one.
func parseOp(s string, i int) (o op, n int, err *Error) {
	if o, n = parseForm(pathForms, s, i); n > 0 {
		return o, n, nil
	}
	switch rest := s[i:]; {
	case strings.HasPrefix(rest, "/"):
		return parseReplace(s, i)
	case strings.HasPrefix(rest, ":-"):
		o, n = parseText(s, i+2, op{kind: opDefault})
	case strings.HasPrefix(rest, ":"):
		o, n = parseSubstring(s, i+1)
	case strings.HasPrefix(rest, "%"):
		o, n = parseText(s, i+1, op{kind: opCutSuffix})
	case strings.HasPrefix(rest, "#"):
		o, n = parseText(s, i+1, op{kind: opCutPrefix})
	default:
		o, n = parseForm(caseForms, s, i)
	}
	return o, n, nil
}

// parseText reads the text of o up to the closing brace. Quotes, braces and
// newlines do not belong to it: they are signs of a program in some language
// that only looks like a token.
func parseText(s string, i int, o op) (op, int) {
	n := strings.IndexAny(s[i:], "{}'\"`\n")
	if n < 0 || s[i+n] != '}' || n == 0 && o.kind != opDefault {
		return op{}, 0
	}
	o.text = s[i : i+n]
	return o, i + n + 1
}

// parseSubstring reads O} or O:L}. A negative O has a blank in front, because
// :- is the default.
func parseSubstring(s string, i int) (op, int) {
	body, _, closed := strings.Cut(s[i:], "}")
	from, length, hasLength := strings.Cut(body, ":")
	o := op{kind: opSubstring, toEnd: !hasLength}
	negative := strings.HasPrefix(from, " -")
	ok := closed && setNumber(&o.n, strings.TrimPrefix(from, " "), negative)
	if ok && hasLength {
		ok = setNumber(&o.length, length, true)
	}
	if !ok {
		return op{}, 0
	}
	return o, i + len(body) + 1
}

func setNumber(dst *int, s string, negative bool) bool {
	if s == "" || s[0] == '+' || (s[0] == '-') && !negative {
		return false
	}
	n, err := strconv.Atoi(s)
	*dst = n
	return err == nil
}

// parseReplace reads /RE/NEW/} or /RE/NEW/g}. A backslash before a slash makes
// it part of RE or NEW.
func parseReplace(s string, i int) (op, int, *Error) {
	re := slashed(s[i+1:])
	if re <= 0 {
		return op{}, 0, nil
	}
	start := i + 1 + re + 1
	repl := slashed(s[start:])
	if repl < 0 {
		return op{}, 0, nil
	}
	end := start + repl + 1
	o := op{kind: opReplace}
	if strings.HasPrefix(s[end:], "g") {
		o.global = true
		end++
	}
	if !strings.HasPrefix(s[end:], "}") {
		return op{}, 0, nil
	}
	if err := o.compile(s, i+1, s[i+1:i+1+re]); err != nil {
		return op{}, 0, err
	}
	err := o.setReplacement(s[start:start+repl], start)
	return o, end + 1, err
}

// slashed is the length of what stands before the next slash that has no
// backslash, -1 if the line has none.
func slashed(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '/':
			return i
		case '\\':
			i++
		case '\n':
			return -1
		}
	}
	return -1
}

// compile sets o's expression; at is its place for the error.
func (o *op) compile(s string, at int, expr string) *Error {
	re, err := regexp.Compile(expr)
	if err == nil {
		o.re = re
		return nil
	}
	fault := &Error{Pos: at, Len: len(expr), Msg: err.Error()}
	if e, ok := err.(*syntax.Error); ok {
		fault.Msg = "bad regular expression: " + e.Code.String()
		if i := strings.Index(expr, e.Expr); i >= 0 && e.Expr != "" {
			fault.Pos, fault.Len = at+i, len(e.Expr)
		}
	}
	return fault
}

// setReplacement reads NEW, which begins at position at: \0 to \9 are groups,
// a backslash before any other character gives that character.
func (o *op) setReplacement(s string, at int) *Error {
	text := ""
	for i := 0; i < len(s); i++ {
		escaped := s[i] == '\\'
		if escaped {
			i++ // what follows is there, or the slash behind s would belong to s
		}
		if !escaped || !isDigit(s[i]) {
			text += s[i : i+1]
			continue
		}
		group := int(s[i] - '0')
		if group > o.re.NumSubexp() {
			return &Error{Pos: at + i - 1, Len: 2, Msg: fmt.Sprintf("the expression has no group %d", group)}
		}
		o.repl = append(o.repl, replPiece{text, -1}, replPiece{group: group})
		text = ""
	}
	o.repl = append(o.repl, replPiece{text, -1})
	return nil
}
