package template

import (
	"strings"

	"github.com/mattn/go-shellwords"

	"github.com/loxctl/loxctl/internal/shellword"
)

// Fields are the words of a command that is written in one.
type fields struct {
	words []word
	shell bool // there is something in it that only a shell understands
}

// splitFields splits s at blanks that are not quoted. With lookForShell it
// stops at the first thing that only a shell understands; without it every
// character but quotes, blanks and backslashes is text. No grammar, no tokens.
//
// shellwords does the splitting. It reads backslashes in its own way, decodes
// UTF-8 and stops without a word at an operator, so it gets to see blanks and
// quotes only: all else is hidden in characters for private use.
func splitFields(s string, g *grammar, lookForShell bool) (fields, *Error) {
	h := hider{src: s, grammar: g, lookForShell: lookForShell, wordStart: true}
	if err := h.hide(); err != nil || h.shell {
		return fields{shell: h.shell}, err
	}
	p := shellwords.NewParser()
	p.ParseEnv, p.ParseBacktick, p.ParseComment = false, false, false
	found, err := p.Parse(h.hidden.String())
	if err != nil || p.Position >= 0 {
		return fields{}, &Error{Len: len(s), Msg: "it cannot be split into words"}
	}
	var f fields
	for _, hidden := range found {
		f.words = append(f.words, word{parts: h.reveal(hidden)})
	}
	f.shell = lookForShell && len(f.words) > 0 && shellCommand(f.words[0])
	return f, nil
}

// The characters for private use that stand for bytes and for the next token.
const (
	hiddenByte  = 0xF0000
	hiddenToken = 0x100000
)

// A hider rewrites src for shellwords.
type hider struct {
	src          string
	grammar      *grammar
	lookForShell bool

	i         int
	quote     byte // the quote that is open, or 0
	opened    int  // where
	wordStart bool
	dollar    bool // the byte before is a $ without a backslash
	shell     bool
	tokens    []part
	hidden    strings.Builder
}

func (h *hider) hide() *Error {
	for h.i < len(h.src) && !h.shell {
		if found, err := h.token(); found || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		switch c := h.src[h.i]; {
		case c == '\\' && h.quote != '\'':
			if err := h.backslash(); err != nil {
				return err
			}
		case c == h.quote:
			h.quote = 0
			h.raw(c)
		case h.quote == 0 && (c == '\'' || c == '"'):
			h.quote, h.opened = c, h.i
			h.raw(c)
		case h.quote == 0 && strings.IndexByte(" \t\n", c) >= 0:
			h.shell = h.lookForShell && c == '\n'
			h.raw(c)
			h.wordStart = true
		default:
			h.shell = h.lookForShell && h.special(c)
			h.text(c)
		}
	}
	if h.quote != 0 && !h.shell {
		return &Error{Pos: h.opened, Len: 1, Msg: "this quote is never closed"}
	}
	return nil
}

// token hides the token that begins here, if one does.
func (h *hider) token() (bool, *Error) {
	if h.grammar == nil {
		return false, nil
	}
	tok, n, err := h.grammar.at(h.src, h.i, h.dollar)
	if n == 0 || err != nil {
		return false, err
	}
	enc := encWords
	if h.quote != 0 {
		enc = encText
	}
	h.hidden.WriteRune(hiddenToken)
	h.tokens = append(h.tokens, part{tok: tok, enc: enc})
	h.wordStart, h.dollar = false, false
	h.i += n
	return true, nil
}

// backslash reads \ and what it quotes.
func (h *hider) backslash() *Error {
	if h.i+1 == len(h.src) {
		return &Error{Pos: h.i, Len: 1, Msg: "a backslash at the end quotes nothing"}
	}
	next := h.src[h.i+1]
	if h.quote == '"' && strings.IndexByte("$`\"\\\n", next) < 0 {
		h.text('\\')
		return nil
	}
	h.i++
	if next == '\n' {
		h.i++
		return nil
	}
	h.text(next)
	h.dollar = false
	return nil
}

// special reports whether a shell does something about c here.
func (h *hider) special(c byte) bool {
	switch {
	case h.quote == '\'':
		return false
	case h.quote == '"':
		return c == '$' || c == '`'
	case h.wordStart && (c == '#' || c == '~'):
		return true
	}
	return strings.IndexByte("$`;&|<>()*?[", c) >= 0
}

// raw passes a blank or a quote.
func (h *hider) raw(c byte) {
	h.hidden.WriteByte(c)
	h.i++
	h.wordStart, h.dollar = false, false
}

// text hides a byte.
func (h *hider) text(c byte) {
	h.hidden.WriteRune(hiddenByte + rune(c))
	h.i++
	h.wordStart, h.dollar = false, c == '$'
}

// reveal is the next word that shellwords found, as it was.
func (h *hider) reveal(hidden string) []part {
	var parts []part
	var text []byte
	flush := func() {
		if len(text) > 0 {
			parts = append(parts, part{text: string(text)})
			text = text[:0]
		}
	}
	for _, r := range hidden {
		if r != hiddenToken {
			text = append(text, byte(r-hiddenByte))
			continue
		}
		flush()
		parts = append(parts, h.tokens[0])
		h.tokens = h.tokens[1:]
	}
	flush()
	return parts
}

// shellCommand reports whether a command that begins with w is one for a shell:
// an assignment, a reserved word, or a command that shells have built in.
func shellCommand(w word) bool {
	if len(w.parts) == 0 || w.parts[0].tok != nil {
		return false
	}
	first := w.parts[0].text
	if assignment(first) {
		return true
	}
	return len(w.parts) == 1 && (shellword.Command(first) || shellword.Reserved(first))
}
