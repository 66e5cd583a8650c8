package template

import (
	"cmp"
	"slices"
	"strings"
)

// A Mode says whether a shell reads the command.
type Mode int

const (
	Auto    Mode = iota // a command of one word with shell syntax
	Shell               // always
	NoShell             // never
)

// A List says what a word does that holds {} when {} has several values.
type List int

const (
	Splice List     = iota // x{}y gives xA B Cy, like "x$@y" in a shell
	Repeat                 // x{}y gives xAy xBy xCy
	Insert = Splice        // the name that -m and --xargs know it by
)

// Options of a template. The zero value is what a command without flags has.
type Options struct {
	Replace string // what {} is; "" is {}
	Mode    Mode
	Shell   string   // the shell that reads shell lines; "" is /bin/sh
	Quote   bool     // the template's own words reach the command as they are, through any shell
	Names   []string // columns; the first value is called Names[0]
	Indexes []string // numbers that a job has besides its values; {NAME} is Values.Indexes of the same place
	Width   int      // how many values each job has; 0 is not known
	List    List
	Fixed   bool // a command without a token takes no values

	Self   string            // another name of the job's own values, as a Set has one
	Sets   []Set             // other values
	Fields bool              // values have names of their own in each job: {WORD} is the one of that name
	Absent map[string]string // not nil: {WORD.2} of no Set is an error, and {WORD…} of these, which say why
}

// Values are what one job puts into a template.
type Values struct {
	Args  []string
	Seq   int // {#}
	Slot  int // {%}
	Total int // {##}, and the width of {0#}
	Slots int // the width of {0%}

	Indexes []int // those of Options.Indexes

	All     []string          // what {} is; nil: Args
	Fields  map[string]string // of Options.Fields
	Sets    []SetValues       // those of Options.Sets
	Unknown bool              // there are none yet: tokens stay as they are
}

// A Template is a compiled command. It does not change: any number of
// goroutines may use one, each with its own Words.
type Template struct {
	words  []word
	form   commandForm
	shell  string // of a shell line
	counts bool   // NeedsTotal
	base   int
	cost   costs
}

// A commandForm says what a template's words are.
type commandForm uint8

const (
	argvForm   commandForm = iota // the arguments
	lineForm                      // pieces of one line for the shell
	recordForm                    // nothing: each record is split into arguments
)

// A word is an argument, or a piece of a shell line.
type word struct {
	parts  []part
	repeat bool // the whole word once for each value
}

// A part of a word is text, or a token and how its value is written.
type part struct {
	text string
	tok  *token
	enc  encoding
}

// An encoding says how a value is written, and what stands between several.
type encoding uint8

const (
	encWords  encoding = iota // as it is, each value a word
	encText                   // as it is, a blank between two
	encQuoted                 // in quotes, each value a word of the shell
	encInner                  // for inside single quotes, a blank between two
	encNumber                 // a number for shell arithmetic, a blank between two
)

// Compile reads a command. A mistake in it is an *Error. A shell line for a
// shell that does not quote as POSIX says is an error too.
func Compile(command []string, o Options) (*Template, error) {
	c := &compiler{
		grammar: newGrammar(o), options: o,
		text: strings.Join(command, " "),
		t:    &Template{shell: cmp.Or(o.Shell, "/bin/sh")},
	}
	if err := c.compile(command); err != nil {
		return nil, err
	}
	c.t.measure()
	return c.t, nil
}

// A compiler builds one template.
type compiler struct {
	grammar *grammar
	options Options
	text    string // the command, for errors
	t       *Template
}

func (c *compiler) compile(command []string) error {
	switch {
	case len(command) == 0:
		return c.record()
	case len(command) == 1 && strings.Trim(command[0], " \t\n") == "":
		return c.fail(&Error{Msg: "it is blank"})
	case c.options.Mode == Shell && c.options.Quote:
		return c.quoted(command)
	case c.options.Mode == Shell:
		return c.line(c.text)
	case len(command) > 1 || c.options.Quote:
		return c.argv(command)
	}
	return c.single(command[0])
}

// record is the command that each record brings along.
func (c *compiler) record() error {
	if c.options.Mode == NoShell {
		c.t.form = recordForm
		return nil
	}
	c.t.form = lineForm
	c.t.words = []word{{parts: []part{{tok: &token{}, enc: encText}}}}
	return nil
}

// single is a command in one word: a line for the shell if it needs one.
func (c *compiler) single(s string) error {
	f, err := splitFields(s, c.grammar, c.options.Mode == Auto)
	switch {
	case err != nil:
		return c.fail(err)
	case f.shell:
		return c.line(s)
	case len(f.words) == 0:
		return c.fail(&Error{Msg: "it is blank"})
	}
	c.t.words = f.words
	c.finishArgv()
	return nil
}

// argv is a command whose words are its arguments.
func (c *compiler) argv(command []string) error {
	at := 0
	for _, s := range command {
		parts, err := parseParts(s, c.grammar, encWords)
		if err != nil {
			err.Pos += at
			return c.fail(err)
		}
		c.t.words = append(c.t.words, word{parts: parts})
		at += len(s) + 1
	}
	c.finishArgv()
	return nil
}

// finishArgv adds the values as last words to a command without tokens.
func (c *compiler) finishArgv() {
	if !c.options.Fixed && !slices.ContainsFunc(c.t.words, word.hasToken) {
		c.t.words = append(c.t.words, word{parts: []part{{tok: &token{}}}})
	}
	for i := range c.t.words {
		w := &c.t.words[i]
		w.repeat = c.options.List == Repeat && w.holdsAll()
	}
}

// quoted is a line for the shell that means what the words of command are.
func (c *compiler) quoted(command []string) error {
	if err := c.argv(command); err != nil {
		return err
	}
	for i := range c.t.words {
		w := &c.t.words[i]
		for k, p := range w.parts {
			if p.tok == nil {
				w.parts[k].text = Quote(p.text)
			}
			w.parts[k].enc = encQuoted
		}
		if len(w.parts) == 0 {
			w.parts = []part{{text: "''"}}
		}
	}
	c.t.words = joinWords(c.t.words)
	c.t.form = lineForm
	return nil
}

// joinWords puts blanks between words.
func joinWords(words []word) []word {
	blank := word{parts: []part{{text: " "}}}
	var out []word
	for i, w := range words {
		if i > 0 {
			out = append(out, blank)
		}
		out = append(out, w)
	}
	return out
}

// fail makes err one about this command.
func (c *compiler) fail(err *Error) error {
	err.Command = c.text
	return err
}

// parseParts reads a word in which everything but tokens is text.
func parseParts(s string, g *grammar, enc encoding) ([]part, *Error) {
	var parts []part
	text := 0
	for i := 0; i < len(s); {
		tok, n, err := g.at(s, i, i > 0 && s[i-1] == '$')
		if err != nil {
			return nil, err
		}
		if n == 0 {
			i++
			continue
		}
		if text < i {
			parts = append(parts, part{text: s[text:i]})
		}
		parts = append(parts, part{tok: tok, enc: enc})
		i += n
		text = i
	}
	if text < len(s) {
		parts = append(parts, part{text: s[text:]})
	}
	return parts, nil
}

// FixedName reports whether the program is the same for every job.
func (t *Template) FixedName() bool {
	return t.form == lineForm || t.form == argvForm && !t.words[0].hasToken()
}

func (w word) hasToken() bool {
	return slices.ContainsFunc(w.parts, func(p part) bool { return p.tok != nil })
}

// holdsAll reports whether a token for every value is in w.
func (w word) holdsAll() bool {
	return slices.ContainsFunc(w.parts, func(p part) bool { return p.tok != nil && p.tok.all() })
}

// onlyAll reports whether w has nothing but such tokens. Without a value it is
// no word at all.
func (w word) onlyAll() bool {
	return w.holdsAll() && !slices.ContainsFunc(w.parts, func(p part) bool {
		return p.tok == nil || !p.tok.all() || p.enc != encWords
	})
}

// IsShell reports whether a shell reads the command.
func (t *Template) IsShell() bool { return t.form == lineForm }

// NeedsTotal reports whether the template has {##} or {0#}: the number of jobs
// must be known before the first one.
func (t *Template) NeedsTotal() bool { return t.counts }
