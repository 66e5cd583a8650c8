package template

import (
	"slices"
	"strconv"
)

// A line collects the pieces of a shell line.
type line struct {
	setup   []part // assignments in front of the line
	parts   []part
	text    []byte // becomes the next part
	words   []openWord
	repeats []span // what {} repeats, in order
}

// A mark is a place in a line: a byte of the text that is part number part.
type mark struct{ part, offset int }

type span struct{ from, to mark }

// An openWord is a word of the shell that is being read. Words are nested where
// a command is substituted.
type openWord struct {
	from    mark
	repeats int  // how many spans there were before it
	all     bool // a token for every value stands directly in it
}

func (l *line) mark() mark { return mark{len(l.parts), len(l.text)} }

func (l *line) write(s string) { l.text = append(l.text, s...) }

// token adds a token. The text before it must be complete.
func (l *line) token(tok *token, enc encoding) {
	if len(l.text) > 0 {
		l.parts = append(l.parts, part{text: string(l.text)})
		l.text = l.text[:0]
	}
	l.parts = append(l.parts, part{tok: tok, enc: enc})
	if n := len(l.words); n > 0 && tok.all() {
		l.words[n-1].all = true
	}
}

// variable sets a shell variable to the value of tok in front of the line. It
// returns its name.
func (l *line) variable(tok *token) string {
	name := "_loxctl" + strconv.Itoa(len(l.setup)/3+1)
	l.setup = append(l.setup,
		part{text: name + "='"}, part{tok: tok, enc: encInner}, part{text: "'; "})
	return name
}

func (l *line) beginWord() {
	l.words = append(l.words, openWord{from: l.mark(), repeats: len(l.repeats)})
}

func (l *line) endWord() {
	w := l.words[len(l.words)-1]
	l.words = l.words[:len(l.words)-1]
	if w.all {
		l.repeats = append(l.repeats[:w.repeats], span{w.from, l.mark()})
	}
}

// appendAll puts the values at the end of a line without tokens: before what
// begins at byte at, a comment or the newlines of the end.
func (l *line) appendAll(at int) {
	rest := string(l.text[at:])
	l.text = append(l.text[:at], ' ')
	l.token(&token{}, encQuoted)
	l.write(rest)
}

// pieces are the line, cut where words begin and end that are repeated.
func (l *line) pieces(repeat bool) []word {
	if len(l.text) > 0 {
		l.parts = append(l.parts, part{text: string(l.text)})
	}
	pieces := []word{{parts: l.setup}}
	end := mark{len(l.parts), 0}
	if !repeat {
		l.repeats = nil
	}
	var at mark
	for _, s := range l.repeats {
		pieces = append(pieces,
			word{parts: l.between(at, s.from)},
			word{parts: l.between(s.from, s.to), repeat: true})
		at = s.to
	}
	pieces = append(pieces, word{parts: l.between(at, end)})
	return slices.DeleteFunc(pieces, func(w word) bool { return len(w.parts) == 0 })
}

// between are the parts from one mark to another.
func (l *line) between(from, to mark) []part {
	parts := slices.Clone(l.parts[from.part:min(to.part+1, len(l.parts))])
	if n := to.part - from.part; n < len(parts) {
		parts[n].text = parts[n].text[:to.offset]
		if to.offset == 0 {
			parts = parts[:n]
		}
	}
	if from.offset > 0 && len(parts) > 0 {
		parts[0].text = parts[0].text[from.offset:]
	}
	return slices.DeleteFunc(parts, func(p part) bool { return p.tok == nil && p.text == "" })
}
