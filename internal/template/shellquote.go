package template

import "strings"

// single reads '…'. A token in it becomes its value with the quotes escaped.
func (x *lexer) single() *Error {
	start := x.i
	x.copy(1)
	for x.i < len(x.src) && x.src[x.i] != '\'' {
		tok, n, err := x.token(x.src[x.i-1] == '$')
		if err != nil {
			return err
		}
		if tok == nil {
			x.copy(1)
			continue
		}
		x.out.token(tok, encInner)
		x.i += n
	}
	if x.i == len(x.src) {
		return x.fault(start, 1, "this quote is never closed", "")
	}
	x.copy(1)
	return nil
}

// A quoting is "…" or $'…', which are closed around a token.
type quoting struct {
	open  string
	empty bool // nothing is written since they were opened, and they may go
	shut  bool // closed, for a token
}

// closing is the quote at the end.
func (q *quoting) closing() string { return q.open[len(q.open)-1:] }

// text is called before anything but a token is written.
func (q *quoting) text(out *line) {
	if q.shut {
		out.write(q.open)
	}
	q.empty, q.shut = false, false
}

// token closes the quotes and writes the token in single ones.
func (q *quoting) token(out *line, tok *token) {
	switch {
	case q.shut:
	case q.empty:
		out.text = out.text[:len(out.text)-len(q.open)]
	default:
		out.write(q.closing())
	}
	out.write("'")
	out.token(tok, encInner)
	out.write("'")
	q.empty, q.shut = false, true
}

// quotes reads what q opens; read reads a byte of it, or what that opens.
// dollarText says that a $ has no meaning in it.
func (x *lexer) quotes(q quoting, dollarText bool, read func() *Error) *Error {
	start := x.i
	x.copy(len(q.open))
	for x.i < len(x.src) {
		tok, n, err := x.token(dollarText && x.src[x.i-1] == '$')
		switch {
		case err != nil:
			return err
		case tok != nil:
			q.token(x.out, tok)
			x.i += n
		case x.has(q.closing()):
			if !q.shut {
				x.out.write(q.closing())
			}
			x.i++
			return nil
		default:
			q.text(x.out)
			if err := read(); err != nil {
				return err
			}
		}
	}
	return x.fault(start, len(q.open), "this quote is never closed", "")
}

// double reads "…". After a $ the quotes stay even if they are empty: it would
// join the quotes of a token.
func (x *lexer) double() *Error {
	afterDollar := x.i > 0 && x.src[x.i-1] == '$'
	return x.quotes(quoting{open: `"`, empty: !afterDollar}, false, x.doubleByte)
}

// doubleByte reads a byte between double quotes, or what it opens.
func (x *lexer) doubleByte() *Error {
	switch x.src[x.i] {
	case '\\':
		return x.quotedBackslash()
	case '$':
		return x.expansion(true)
	case '`':
		return x.backtick(true)
	}
	x.copy(1)
	return nil
}

// quotedBackslash reads a backslash between double quotes, where it quotes
// only some characters.
func (x *lexer) quotedBackslash() *Error {
	if x.i+1 < len(x.src) && strings.IndexByte("$`\"\\\n", x.src[x.i+1]) >= 0 {
		x.copy(2)
		return nil
	}
	return x.textBackslash()
}

// textBackslash passes a backslash that is text, and doubles it when the quotes
// are about to be closed for a token.
func (x *lexer) textBackslash() *Error {
	x.copy(1)
	tok, _, err := x.token(false)
	if tok != nil {
		x.out.write(`\`)
	}
	return err
}

// ansi reads $'…'. Not every shell knows it; one that does not takes $ for
// text, and ends at the first quote whatever stands before it.
func (x *lexer) ansi() *Error {
	return x.quotes(quoting{open: "$'", empty: true}, true, x.ansiByte)
}

// ansiByte reads a byte between $' and ', or two with a backslash.
func (x *lexer) ansiByte() *Error {
	if x.has(`\'`) && !x.dialect.ansi {
		return x.fault(x.i, 2, "shells read \\' in $'…' in different ways", "name one that knows it, such as --shell=bash")
	}
	if x.src[x.i] != '\\' {
		x.copy(1)
		return nil
	}
	x.i++
	tok, _, err := x.token(false)
	x.i--
	if tok != nil || err != nil {
		return x.textBackslash()
	}
	x.copy(2)
	return nil
}
