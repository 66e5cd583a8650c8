package template

import (
	"slices"
	"strings"
)

// A frame is a list of commands: the line, or what is in parentheses.
type frame struct {
	closing  bool // ends at a )
	command  bool // a reserved word would be one here
	words    bool // no commands but words: an array, a pattern
	array    bool // of these words, an array
	comments bool
	cases    []caseState
	doubt    int // how many words of case x in there are where case may be reserved
	end      int // of what is neither comment nor blank
	written  int // the same in the text that is written
}

// A caseState is how far a case … esac has come.
type caseState uint8

const (
	caseSubject      caseState = iota
	caseIn                     // before the word in
	casePatternStart           // before a pattern or esac
	casePattern                // in a pattern, up to its )
	caseBody
)

// inPattern reports whether a ) would end the pattern of a case.
func (f *frame) inPattern() bool {
	s := f.state()
	return s == casePatternStart || s == casePattern
}

// state is that of the innermost case; outside of one, that of a body.
func (f *frame) state() caseState {
	if n := len(f.cases); n > 0 {
		return f.cases[n-1]
	}
	return caseBody
}

func (f *frame) setState(s caseState) {
	if n := len(f.cases); n > 0 {
		f.cases[n-1] = s
	}
}

// operator notes what follows one: a command, a pattern, or the file of a
// redirection.
func (f *frame) operator(op string) {
	f.doubt = 0
	switch {
	case op == ")":
		f.setState(caseBody)
		f.command = !f.words
	case f.inPattern():
		f.setState(casePattern)
	case strings.HasPrefix(op, ";") && len(op) > 1:
		f.setState(casePatternStart)
		f.command = !f.words
	default:
		f.command = !f.words && !strings.ContainsAny(op, "<>")
	}
}

// beforeCommand are the reserved words that a command may follow, sorted.
var beforeCommand = []string{
	"!", "do", "done", "elif", "else", "esac", "fi", "if", "then", "until", "while", "{", "}",
}

// word notes a word, "" if something in it is quoted or replaced.
func (f *frame) word(w string) {
	switch f.state() {
	case caseSubject:
		f.setState(caseIn)
	case caseIn:
		if w == "in" {
			f.setState(casePatternStart)
		}
	case casePatternStart:
		f.setState(casePattern)
		if w == "esac" {
			f.cases = f.cases[:len(f.cases)-1]
			f.command = true
		}
	case caseBody:
		f.bodyWord(w)
	}
}

// bodyWord notes a word of a command.
func (f *frame) bodyWord(w string) {
	switch {
	case f.command && w == "case":
		f.cases = append(f.cases, caseSubject)
	case f.command && w == "esac" && len(f.cases) > 0:
		f.cases = f.cases[:len(f.cases)-1]
	case w == "case":
		f.doubt = 1
	case f.doubt == 1, f.doubt == 2 && w == "in":
		f.doubt++
	default:
		f.doubt = 0
	}
	_, found := slices.BinarySearch(beforeCommand, w)
	f.command = f.command && found
}
