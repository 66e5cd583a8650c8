package template

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"
)

// A dialect is what has to be known about a shell, beyond POSIX.
type dialect struct {
	ansi    bool // it knows $'…'
	double  bool // it knows ((…))
	bracket bool // it knows $[…]
	zsh     bool // it knows $name[…], and braces nest in ${…}
}

// dialectOf judges a shell by its name. An error: values cannot be quoted for
// that shell.
func dialectOf(shell string) (dialect, error) {
	switch strings.TrimSuffix(path.Base(filepath.ToSlash(shell)), ".exe") {
	case "fish", "csh", "tcsh", "rc", "es", "elvish", "nu", "xonsh", "pwsh", "powershell", "cmd":
		return dialect{}, fmt.Errorf("%s: its quoting is not that of POSIX: a value cannot be put into a line for it", shell)
	case "zsh", "rzsh":
		return dialect{ansi: true, double: true, bracket: true, zsh: true}, nil
	case "bash", "rbash":
		return dialect{ansi: true, double: true, bracket: true}, nil
	case "ksh", "ksh93", "mksh", "lksh", "oksh", "loksh":
		return dialect{ansi: true, double: true}, nil
	case "ash", "busybox", "yash":
		return dialect{ansi: true}, nil
	}
	return dialect{}, nil
}

// line compiles a shell line.
func (c *compiler) line(s string) error {
	d, err := dialectOf(c.t.shell)
	if err != nil {
		return err
	}
	x := &lexer{src: s, grammar: c.grammar, dialect: d, out: &line{}}
	f := &frame{command: true, comments: true}
	if err := x.commands(f); err != nil {
		return c.fail(err)
	}
	if len(x.out.parts)+len(x.out.setup) == 0 && !c.options.Fixed {
		if f.end < x.until {
			return c.fail(x.unsafe(f.end, 0, "{}"))
		}
		x.out.appendAll(f.written)
	}
	c.t.form = lineForm
	c.t.words = x.out.pieces(c.options.List == Repeat)
	return nil
}

// A lexer copies a shell line and replaces its tokens. It follows the shell
// closely enough to know the quoting of every byte. What shells read in
// different ways is an error rather than a guess: a wrong guess would let a
// value out of its quotes.
type lexer struct {
	src     string
	grammar *grammar
	dialect dialect
	at      func(i int) int // where src[i] is in the command; nil: at i
	out     *line

	i      int
	refuse bool // no token may stand here
	until  int  // nor before this byte, the end of a subscript
}

// fault is an error about n bytes of src from i on.
func (x *lexer) fault(i, n int, msg, hint string) *Error {
	return x.place(&Error{Pos: i, Len: n, Msg: msg, Hint: hint})
}

// place makes the positions of err, which is not about nothing, those of the
// command.
func (x *lexer) place(err *Error) *Error {
	if x.at != nil {
		last := x.at(err.Pos + err.Len - 1)
		err.Pos = x.at(err.Pos)
		err.Len = last + 1 - err.Pos
	}
	return err
}

// copy passes n bytes on.
func (x *lexer) copy(n int) {
	n = min(n, len(x.src)-x.i)
	x.out.write(x.src[x.i : x.i+n])
	x.i += n
}

// has reports whether the rest of the line begins with s.
func (x *lexer) has(s string) bool { return strings.HasPrefix(x.src[x.i:], s) }

// token reads the token that begins here, nil if none does.
func (x *lexer) token(afterDollar bool) (*token, int, *Error) {
	tok, n, err := x.grammar.at(x.src, x.i, afterDollar)
	if err != nil {
		return nil, 0, x.place(err)
	}
	if n > 0 && (x.refuse || x.i < x.until) {
		return nil, 0, x.unsafe(x.i, n, x.src[x.i:x.i+n])
	}
	return tok, n, nil
}

// unsafe is the error for a value where no quoting is right for every shell.
func (x *lexer) unsafe(i, n int, token string) *Error {
	return x.fault(i, n, "shells do not agree on how to quote a value here",
		"give it to a script as an argument instead: sh -c '… $1 …' sh "+token)
}

// with runs read; refuse says whether no token may stand in what it reads.
func (x *lexer) with(refuse bool, read func() *Error) *Error {
	defer func(old bool) { x.refuse = old }(x.refuse)
	x.refuse = refuse
	return read()
}

// commands reads up to the end, or to the parenthesis that closes f.
func (x *lexer) commands(f *frame) *Error {
	for x.i < len(x.src) {
		tok, _, err := x.token(false)
		if err != nil {
			return err
		}
		c := x.src[x.i]
		switch {
		case tok != nil:
			err = x.word(f)
		case c == ' ' || c == '\t' || c == '\n' || x.has("\\\n"):
			x.blank(f)
			continue
		case c == '#' && f.comments:
			x.comment()
			continue
		case c == ')' && f.closing && !f.inPattern():
			return nil
		case c == '(' && !f.inPattern():
			err = x.parenthesis(f)
		case strings.IndexByte(";&|<>()", c) >= 0:
			err = x.operator(f)
		default:
			err = x.word(f)
		}
		if err != nil {
			return err
		}
		f.end, f.written = x.i, len(x.out.text)
	}
	return nil
}

// blank passes a blank or a newline.
func (x *lexer) blank(f *frame) {
	if x.src[x.i] == '\\' {
		x.copy(2)
		return
	}
	f.command = f.command || x.src[x.i] == '\n' && !f.words
	x.copy(1)
}

// comment passes all up to the end of the line. Tokens in it are text.
func (x *lexer) comment() {
	n := strings.IndexByte(x.src[x.i:], '\n')
	if n < 0 {
		n = len(x.src)
	}
	x.copy(n)
}

// operators that are longer than they begin, longest first.
var operators = []string{
	"<<<", ";;&", "&>>", "<>", "<&", ">&", ">>", ">|", "&&", "&>", "||", "|&", ";;", ";&", ";|", "&|", "&!",
}

// operator passes an operator; a parenthesis is one of a pattern.
func (x *lexer) operator(f *frame) *Error {
	if x.has("<<") && !x.has("<<<") {
		return x.fault(x.i, 2, "a here-document cannot be part of a command",
			"printf '%s\\n' {} | COMMAND gives the value as input, and so does --shell=bash with <<< {}")
	}
	op := x.src[x.i : x.i+1]
	for _, o := range operators {
		if x.has(o) {
			op = o
			break
		}
	}
	if f.array && !x.has("<(") && !x.has(">(") {
		return x.notInArray(len(op))
	}
	x.copy(len(op))
	f.operator(op)
	return nil
}

// notInArray is the error for an operator in an array. Bash would report it
// and go on with the next line, which may be one of a value.
func (x *lexer) notInArray(n int) *Error {
	return x.fault(x.i, n, "this cannot be in an array", "")
}

// parenthesis reads a subshell, an arithmetic command, or a pattern.
func (x *lexer) parenthesis(f *frame) *Error {
	if f.words && strings.IndexByte("<>", x.src[x.i-1]) < 0 {
		return x.pattern(f)
	}
	f.command = !f.words
	switch {
	case !x.has("(("):
		return x.nested("(", &frame{command: true, comments: true})
	case x.dialect.double:
		return x.compute("((", "))")
	}
	return x.fault(x.i, 2, "shells do not agree on two parentheses",
		"write ( ( for two subshells; arithmetic needs a shell such as --shell=bash")
}

// pattern reads parentheses in a word or between words: an array, or a pattern.
func (x *lexer) pattern(f *frame) *Error {
	if f.array && !x.dialect.zsh {
		return x.notInArray(1)
	}
	array := x.src[x.i-1] == '='
	return x.nested("(", &frame{words: true, array: array, comments: array})
}

// nested reads the commands of f between begin and a closing parenthesis.
func (x *lexer) nested(begin string, f *frame) *Error {
	start := x.i
	f.closing = true
	x.copy(len(begin))
	if err := x.commands(f); err != nil {
		return err
	}
	if x.i == len(x.src) {
		return x.fault(start, len(begin), "this parenthesis is never closed", "")
	}
	x.copy(1)
	return nil
}

// word reads a word that is not empty.
func (x *lexer) word(f *frame) *Error {
	x.out.beginWord()
	defer x.out.endWord()
	start, plain := x.i, true
	for x.i < len(x.src) {
		tok, n, err := x.token(false)
		if err != nil {
			return err
		}
		c := x.src[x.i]
		switch {
		case tok != nil:
			plain = false
			x.out.token(tok, encQuoted)
			x.i += n
		case strings.IndexByte(" \t\n;&|<>)", c) >= 0:
			return x.noteWord(f, start, plain)
		case x.has("()") && !f.words:
			x.copy(2)
			f.command = true
			return nil
		default:
			plain = plain && strings.IndexByte("'\"\\$`(", c) < 0
			if err := x.wordByte(f, start); err != nil {
				return err
			}
		}
	}
	return x.noteWord(f, start, plain)
}

// noteWord tells f about the word that ends here.
func (x *lexer) noteWord(f *frame, start int, plain bool) *Error {
	w := x.src[start:x.i]
	if !plain || f.words {
		w = ""
	}
	f.word(w)
	if f.doubt == 3 {
		return x.fault(start, x.i-start, "shells do not agree on whether this belongs to a case",
			"put quotes around the word case, or a newline before it")
	}
	return nil
}

// wordByte reads a byte of the word that begins at start, or what it opens.
func (x *lexer) wordByte(f *frame, start int) *Error {
	switch x.src[x.i] {
	case '\'':
		return x.single()
	case '"':
		return x.double()
	case '\\':
		return x.backslash()
	case '$':
		return x.expansion(false)
	case '`':
		return x.backtick(false)
	case '(':
		return x.pattern(f)
	case '[':
		if err := x.subscript(start); err != nil {
			return err
		}
	}
	x.copy(1)
	return nil
}

// backslash passes \ and what it quotes.
func (x *lexer) backslash() *Error {
	if x.i+1 == len(x.src) {
		return x.fault(x.i, 1, "a backslash at the end quotes nothing", "")
	}
	x.copy(2)
	return nil
}

// subscript refuses tokens in NAME[…], where a shell may compute. Some shells
// look for the end without regard to quotes: a ]= that follows may be it, and
// there must be one.
func (x *lexer) subscript(start int) *Error {
	if name := x.src[start:x.i]; name == "" || nameLen(name) < len(name) {
		return nil
	}
	rest := x.src[x.i:]
	for i, depth := 0, 0; i < len(rest); i++ {
		switch rest[i] {
		case '[':
			depth++
		case ']':
			depth--
		}
		if depth == 0 {
			x.until = max(x.until, x.i+i, x.i+strings.LastIndex(rest, "]="), x.i+strings.LastIndex(rest, "]+="))
			return nil
		}
	}
	return x.fault(x.i, 1, "shells do not agree on a bracket that is never closed", `write it as \[`)
}
