package template

import (
	"strings"
	"unicode/utf8"
)

// expansion reads a $ and what it expands.
func (x *lexer) expansion(quoted bool) *Error {
	switch {
	case x.has("$(("):
		return x.compute("$((", "))")
	case x.has("$("):
		return x.substitution()
	case x.has("${"):
		return x.parameter(quoted)
	case x.has("$[") && x.dialect.bracket:
		return x.compute("$[", "]")
	case x.has("$["):
		return x.fault(x.i, 2, "shells do not agree on $[", "write $((…)) to compute, \\$[ for the text")
	case x.has("$'") && !quoted:
		return x.ansi()
	case x.has("$$"):
		return x.pid(quoted)
	}
	x.copy(1)
	if n := nameLen(x.src[x.i:]); n > 0 {
		x.copy(n)
	} else if x.i < len(x.src) && strings.IndexByte("0123456789@*#?!-", x.src[x.i]) >= 0 {
		x.copy(1)
	} else {
		return x.textDollar()
	}
	return x.zshSubscript()
}

// textDollar quotes the $ before x.i, which is text, if it would join what is
// written for a token.
func (x *lexer) textDollar() *Error {
	tok, _, err := x.token(false)
	if tok != nil || x.has("`") {
		x.out.text = append(x.out.text[:len(x.out.text)-1], `\$`...)
	}
	return err
}

// pid copies $$, in braces where zsh would read the second $ with what follows.
func (x *lexer) pid(quoted bool) *Error {
	x.i += 2
	rest := x.src[x.i:]
	if rest == "" || strings.Contains(" \t\n;|&)/.,", rest[:1]) || quoted && rest[0] == '"' {
		x.out.write("$$")
		return nil
	}
	x.out.write("${$}")
	return x.zshSubscript()
}

// zshSubscript refuses a subscript as in $name[…] and $#name[…], which only zsh
// has, if it is not a simple one.
func (x *lexer) zshSubscript() *Error {
	rest := strings.TrimLeft(x.src[x.i:], "#^=~+")
	rest = rest[nameLen(rest):]
	if !x.dialect.zsh || !strings.HasPrefix(rest, "[") {
		return nil
	}
	end := strings.IndexFunc(rest[1:], func(r rune) bool {
		return r >= utf8.RuneSelf || !nameByte(byte(r)) && !strings.ContainsRune("-+*,@$", r)
	})
	if end < 0 || rest[1+end] != ']' {
		return x.fault(len(x.src)-len(rest), 1, "zsh takes this for a subscript", "write ${name}[ if it is text")
	}
	return nil
}

// substitution reads $(…). It is a world of its own: nothing of the quoting
// outside matters in it.
func (x *lexer) substitution() *Error {
	return x.with(false, func() *Error {
		return x.nested("$(", &frame{command: true, comments: true})
	})
}

// compute reads arithmetic from begin to end. Values in it must be numbers: of
// anything else a shell would run what it finds in it.
func (x *lexer) compute(begin, end string) *Error {
	return x.with(false, func() *Error {
		start := x.i
		x.copy(len(begin))
		for depth := 0; x.i < len(x.src) && depth >= 0; {
			tok, n, err := x.token(false)
			switch {
			case err != nil:
				return err
			case tok != nil:
				x.out.token(tok, encNumber)
				x.i += n
			case depth == 0 && x.has(end):
				x.copy(len(end))
				return nil
			default:
				depth += bracket(x.src[x.i])
				if err := x.computeByte(); err != nil {
					return err
				}
			}
		}
		return x.fault(start, len(begin), "this is no arithmetic that ends in "+end, "a blank between the parentheses makes them two")
	})
}

// bracket is the change of depth that c makes.
func bracket(c byte) int {
	switch c {
	case '(', '[':
		return 1
	case ')', ']':
		return -1
	}
	return 0
}

// computeByte reads a byte of arithmetic, or what it opens.
func (x *lexer) computeByte() *Error {
	switch x.src[x.i] {
	case '\'', '"':
		return x.fault(x.i, 1, "shells do not agree on quotes in arithmetic", "")
	case '\\':
		return x.backslash()
	case '$':
		return x.with(true, func() *Error { return x.expansion(true) })
	case '`':
		return x.backtick(true)
	}
	x.copy(1)
	return nil
}

// A parameterOp says what stands behind the name in ${…}.
type parameterOp uint8

const (
	parameterOther   parameterOp = iota
	parameterWord                // :- = ? +: text in place of the value
	parameterPattern             // # %: a pattern to cut off
)

// parameter reads ${…}. A token in it becomes a variable that is set in front
// of the line, because shells do not agree on quotes there.
func (x *lexer) parameter(quoted bool) *Error {
	start := x.i
	op, n := parseParameter(x.src[x.i+2:])
	if n == 0 {
		return x.fault(start, 2, "no name of a variable follows", `a dollar sign before a token is written \$`)
	}
	x.copy(2 + n)
	return x.with(x.refuse || op == parameterOther, func() *Error {
		for x.i < len(x.src) {
			tok, n, err := x.token(false)
			switch {
			case err != nil:
				return err
			case tok != nil:
				x.variable(tok, quoted && op == parameterWord)
				x.i += n
			case x.src[x.i] == '}':
				x.copy(1)
				return nil
			default:
				if err := x.parameterByte(quoted); err != nil {
					return err
				}
			}
		}
		return x.fault(start, 2, "this brace is never closed", "")
	})
}

// parseParameter reads the name and the operator that s begins with.
func parseParameter(s string) (op parameterOp, n int) {
	n = nameLen(s)
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n == 0 && s != "" && strings.IndexByte("@*?$-#!", s[0]) >= 0 {
		n = 1
	}
	if n == 0 || s[0] == '#' || s[0] == '!' {
		return parameterOther, n
	}
	rest := strings.TrimPrefix(s[n:], ":")
	colon := len(s) - n - len(rest)
	switch {
	case rest == "":
		return parameterOther, n
	case strings.IndexByte("-=?+", rest[0]) >= 0:
		return parameterWord, n + colon + 1
	case colon == 0 && (strings.HasPrefix(rest, "##") || strings.HasPrefix(rest, "%%")):
		return parameterPattern, n + 2
	case colon == 0 && (rest[0] == '#' || rest[0] == '%'):
		return parameterPattern, n + 1
	}
	return parameterOther, n
}

// parameterByte reads a byte behind the name, or what it opens.
func (x *lexer) parameterByte(quoted bool) *Error {
	switch c := x.src[x.i]; {
	case c == '\'' && quoted, c == '{' && x.dialect.zsh:
		return x.fault(x.i, 1, "shells do not agree on this character in ${…}",
			"set a variable to it first")
	case c == '\'':
		return x.single()
	case c == '"' && quoted:
		return x.with(true, x.double)
	case c == '"':
		return x.double()
	case c == '\\':
		return x.backslash()
	case c == '$':
		return x.with(true, func() *Error { return x.expansion(quoted) })
	case c == '`':
		return x.backtick(quoted)
	}
	x.copy(1)
	return nil
}

// variable writes a token as a variable. A pattern and what is split into words
// need quotes around it, between quotes others are not needed.
func (x *lexer) variable(tok *token, quoted bool) {
	name := x.out.variable(tok)
	if quoted {
		x.out.write("${" + name + "}")
	} else {
		x.out.write(`"${` + name + `}"`)
	}
}

// backtick reads `…`, in which some backslashes are gone before the command is
// read. With a token in it, it becomes $(…), which means the same.
func (x *lexer) backtick(quoted bool) *Error {
	start := x.i
	special := "$`\\"
	if quoted {
		special += `"`
	}
	var command []byte
	var places []int
	for x.i++; ; x.i++ {
		if x.i >= len(x.src) {
			return x.fault(start, 1, "this quote is never closed", "")
		}
		if x.src[x.i] == '`' {
			break
		}
		if x.src[x.i] == '\\' && x.i+1 < len(x.src) && strings.IndexByte(special, x.src[x.i+1]) >= 0 {
			x.i++
		}
		command = append(command, x.src[x.i])
		places = append(places, x.i)
	}
	places = append(places, x.i)
	x.i++
	return x.rewrite(start, string(command), places)
}

// rewrite puts command, whose byte i was at places[i], in place of what stands
// between the backticks.
func (x *lexer) rewrite(start int, command string, places []int) *Error {
	text, parts, setup := len(x.out.text), len(x.out.parts), len(x.out.setup)
	inner := &lexer{src: command, grammar: x.grammar, dialect: x.dialect, out: x.out}
	inner.at = func(i int) int {
		if x.at != nil {
			return x.at(places[i])
		}
		return places[i]
	}
	x.out.write("$( ")
	if err := inner.commands(&frame{command: true, comments: true}); err != nil {
		return err
	}
	if len(x.out.parts) == parts && len(x.out.setup) == setup {
		x.out.text = x.out.text[:text]
		x.out.write(x.src[start:x.i])
		return nil
	}
	x.out.write("\n)") // the newline ends a comment
	return nil
}
