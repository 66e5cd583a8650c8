package template

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxWord is the most bytes one word of a command line may have. Linux takes
// 128 KiB a word, the NUL at its end included.
const MaxWord = 131071

// What can be wrong with a word that a template makes of its values. They
// arrive wrapped in a *WordError.
var (
	ErrNUL       = errors.New("a NUL byte cannot be part of a command line")
	ErrTooLong   = fmt.Errorf("the longest word a command line takes has %d bytes", MaxWord)
	ErrNotNumber = errors.New("only a number can be put into shell arithmetic")
	ErrNoCommand = errors.New("the record is blank, there is nothing to run")
)

// An Error is a mistake in a template, found before any job starts.
type Error struct {
	Command string // the template, its words joined by blanks
	Pos     int    // where in Command the mistake begins, in bytes
	Len     int    // how many bytes of Command it is about
	Msg     string // why it is a mistake
	Hint    string // what to do instead, may be empty
}

// Error is one line: what, where, why.
func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s of the command: %s", visible(e.text()), e.where(), e.Msg)
}

// Caret shows the line of the command that has the mistake, cut to at most 72
// characters, and under it a caret. It does not end in a newline.
func (e *Error) Caret() string {
	const before, width = 36, 72
	start := strings.LastIndexByte(e.Command[:e.Pos], '\n') + 1
	line, _, _ := strings.Cut(e.Command[start:], "\n")
	shown := []rune(visible(line))
	at := utf8.RuneCountInString(line[:e.Pos-start])
	marks := max(1, utf8.RuneCountInString(e.text()))
	if cut := at - before; cut > 0 && len(shown) > width {
		shown, at = shown[cut:], before
		shown[0] = '…'
	}
	if len(shown) > width {
		shown = append(shown[:width-1], '…')
	}
	marks = max(1, min(marks, len(shown)-at))
	return string(shown) + "\n" + strings.Repeat(" ", at) + "^" + strings.Repeat("~", marks-1)
}

// text is the part of the command that the error is about.
func (e *Error) text() string { return e.Command[e.Pos : e.Pos+e.Len] }

// where names line and column, both from 1.
func (e *Error) where() string {
	before := e.Command[:e.Pos]
	start := strings.LastIndexByte(before, '\n') + 1
	column := fmt.Sprintf("column %d", utf8.RuneCountInString(before[start:])+1)
	if line := strings.Count(before, "\n"); line > 0 {
		return fmt.Sprintf("line %d, %s", line+1, column)
	}
	return column
}

// visible is s with one question mark for each character that would disturb
// the line of a terminal.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// A WordError is a job's word that cannot be part of a command line.
type WordError struct {
	Word  int    // which word of the command line, from 1; 0 is the command itself
	Len   int    // its length in bytes
	Limit int    // the length it may have
	Start string // its first bytes
	Err   error  // ErrNUL, ErrTooLong, ErrNotNumber or ErrNoCommand
}

func (e *WordError) Error() string {
	if e.Word == 0 {
		return fmt.Sprintf("command: %v", e.Err)
	}
	if errors.Is(e.Err, ErrTooLong) {
		return fmt.Sprintf("word %d of the command: %d bytes, beginning %q: %v", e.Word, e.Len, e.Start, e.Err)
	}
	return fmt.Sprintf("word %d of the command: %q: %v", e.Word, e.Start, e.Err)
}

// Unwrap gives Err to errors.Is.
func (e *WordError) Unwrap() error { return e.Err }

// newWordError describes word, which is number n of its command line.
func newWordError(n int, word []byte, err error) *WordError {
	const shown = 24
	return &WordError{
		Word: n, Len: len(word), Limit: MaxWord, Err: err,
		Start: string(word[:min(len(word), shown)]),
	}
}
