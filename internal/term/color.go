// Package term knows what a stream can show: whether it is a terminal, how
// wide it is, and whether to use colour on it. It is the one home of the
// colour library, whose global switch looks only at stdout; here each stream
// is decided for itself.
package term

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/fatih/color"
)

// When says on which streams colour is used. Its zero value is Auto. It is a
// flag value that lists and completes its choices.
type When uint8

const (
	Auto   When = iota // as the environment says, else on terminals
	Always             // on every stream
	Never              // on none
)

var whens = []string{Auto: "auto", Always: "always", Never: "never"}

// String returns the word for w.
func (w When) String() string { return whens[w] }

// Set parses a word.
func (w *When) Set(word string) error {
	i := slices.Index(whens, word)
	if i < 0 {
		return fmt.Errorf("%q is none of %s", word, strings.Join(whens, ", "))
	}
	*w = When(i)
	return nil
}

// Type names the value in a list of flags.
func (w When) Type() string { return "WHEN" }

// Choices are the words that Set knows.
func (w When) Choices() []string { return slices.Clone(whens) }

// A Style dresses up text for one stream. Its zero value leaves text alone.
type Style struct {
	colored bool
}

// StyleFor decides whether f gets colour: when (--color) comes first, then
// NO_COLOR, FORCE_COLOR or CLICOLOR_FORCE, CLICOLOR=0, TERM=dumb, and last
// whether f is a terminal. An empty variable counts as none.
func StyleFor(f *os.File, when When, getenv func(string) string) Style {
	return Style{colored: useColor(when, getenv, func() bool { return IsTerminal(f) })}
}

func useColor(when When, getenv func(string) string, isTerminal func() bool) bool {
	forced := func(name string) bool {
		value := getenv(name)
		return value != "" && value != "0" && value != "false"
	}
	switch {
	case when != Auto:
		return when == Always
	case getenv("NO_COLOR") != "":
		return false
	case forced("FORCE_COLOR"), forced("CLICOLOR_FORCE"):
		return true
	case getenv("CLICOLOR") == "0", getenv("TERM") == "dumb":
		return false
	}
	return isTerminal()
}

// Bold is for headings.
func (s Style) Bold(text string) string { return s.paint(text, color.Bold) }

// Bad is for what went wrong.
func (s Style) Bad(text string) string { return s.paint(text, color.FgRed, color.Bold) }

// Faint is for what need not be read.
func (s Style) Faint(text string) string { return s.paint(text, color.Faint) }

func (s Style) paint(text string, attributes ...color.Attribute) string {
	if !s.colored {
		return text
	}
	c := color.New(attributes...)
	c.EnableColor()
	return c.Sprint(text)
}
