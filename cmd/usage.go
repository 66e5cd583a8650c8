package cmd

import (
	"errors"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A usageError is a command line that cannot be understood.
type usageError struct {
	verb string // "" for loxctl itself
	what string // the word that is wrong
	why  string
	hint string // what to write instead, if we know
}

func (e *usageError) Error() string {
	var parts []string
	for _, part := range []string{e.verb, printable(e.what), e.why} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ": ")
}

// printable returns a word as it is, or in quotes if a terminal could not show
// it.
func printable(word string) string {
	if utf8.ValidString(word) && !strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return word
	}
	return strconv.Quote(word)
}

// Hint says what to write instead, or where to read about it.
func (e *usageError) Hint() string {
	switch {
	case e.hint != "":
		return e.hint
	case e.verb != "":
		return "see loxctl help " + e.verb
	default:
		return "see loxctl help"
	}
}

// unknownVerb is the error for a command line whose first word is no verb.
func unknownVerb(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, v := range verbs() {
		names = append(names, v.name)
	}
	return &usageError{what: args[0], why: "unknown verb", hint: didYouMean("loxctl ", args[0], names)}
}

// words returns a check that there are between least and most of them, for
// verbs that know how many words they take.
func words(least, most int, missing string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return &usageError{verb: c.Name(), why: missing}
		case len(args) > most:
			return &usageError{verb: c.Name(), what: args[most], why: "one word too many"}
		}
		return nil
	}
}

// commandError is flagError for a command of cobra's.
func commandError(c *cobra.Command, err error) error {
	verb := ""
	if c.HasParent() {
		verb = c.Name()
	}
	return flagError(verb, c.Flags(), err)
}

// flagError turns what pflag says about the flags of a verb into one of our
// errors.
func flagError(verb string, flags *pflag.FlagSet, err error) error {
	e := &usageError{verb: verb, why: err.Error()}
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
		syntax  *pflag.InvalidSyntaxError
	)
	switch {
	case errors.As(err, &unknown):
		e.unknownFlag(flags, unknown)
	case errors.As(err, &missing):
		e.what = flagName(missing.GetFlag())
		name, _ := pflag.UnquoteUsage(missing.GetFlag())
		e.why = "needs a value"
		e.hint = "write " + e.what + " " + strings.ToUpper(name)
	case errors.As(err, &invalid):
		e.what = flagName(invalid.GetFlag())
		e.why = errors.Unwrap(invalid).Error()
		if value := strconv.Quote(invalid.GetValue()); !strings.Contains(e.why, value) {
			e.why = value + ": " + e.why
		}
	case errors.As(err, &syntax):
		e.what, e.why = syntax.GetSpecifiedFlag(), "this is no flag"
	}
	return e
}

func (e *usageError) unknownFlag(flags *pflag.FlagSet, unknown *pflag.NotExistError) {
	e.why = "unknown flag"
	if letters := unknown.GetSpecifiedShortnames(); letters != "" {
		letter, _ := utf8.DecodeRuneInString(letters)
		e.what = "-" + string(letter)
		return
	}
	name := unknown.GetSpecifiedName()
	if e.what = "--" + name; e.verb == "scatter" && name == "then" {
		e.why = "there is no command before it"
		e.hint = "if each record is one, write -- before --then"
		return
	}
	var names []string
	flags.VisitAll(func(flag *pflag.Flag) {
		if !flag.Hidden {
			names = append(names, flag.Name)
		}
	})
	e.hint = didYouMean("--", name, names)
}

// hintedError is an error with advice.
type hintedError struct {
	err  error
	hint string
}

func (e *hintedError) Error() string { return e.err.Error() }
func (e *hintedError) Unwrap() error { return e.err }
func (e *hintedError) Hint() string  { return e.hint }
