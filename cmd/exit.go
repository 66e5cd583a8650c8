package cmd

import (
	"errors"
	"strconv"
	"syscall"

	"github.com/loxctl/loxctl/internal/proc"
)

// An exit is a way for loxctl to end: the status and what it means. These
// values decide the status, and "loxctl help exit-codes" prints them.
type exit struct {
	code    int
	meaning string
	signal  syscall.Signal // 0 if loxctl just exits
}

var (
	exitOK            = exit{code: 0, meaning: "everything that was asked for succeeded"}
	exitNo            = exit{code: 1, meaning: "the no of a question, as lock check asks it; the end of a stream"}
	exitBusy          = exit{code: 75, meaning: "not now: held, empty or full, with --try or when the wait was over"}
	exitJobs          = exit{code: 123, meaning: "at least one job failed or was not run; a command of tail failed"}
	exitDeadline      = exit{code: 124, meaning: "a deadline of the whole run, or --max-hold, ended it"}
	exitOwn           = exit{code: 125, meaning: "loxctl's own error: usage, configuration, input or output"}
	exitNotExecutable = exit{code: 126, meaning: "the command cannot be executed"}
	exitNotFound      = exit{code: 127, meaning: "the command was not found"}
	exitSignal        = exit{code: 128, meaning: "ended by signal n: 129 HUP, 130 INT, 141 PIPE, 143 TERM"}

	exits = []exit{exitOK, exitNo, exitBusy, exitJobs, exitDeadline, exitOwn, exitNotExecutable, exitNotFound, exitSignal}
)

// exitBy is how loxctl ends because of a signal.
func exitBy(sig syscall.Signal) exit {
	return exit{code: exitSignal.code + int(sig), meaning: exitSignal.meaning, signal: sig}
}

// label is how help writes the status.
func (e exit) label() string {
	if e == exitSignal {
		return "128+n"
	}
	return strconv.Itoa(e.code)
}

// with returns an error that makes loxctl end this way. It says what err
// says; with nil there is nothing left to say.
func (e exit) with(err error) error { return &exitError{exit: e, err: err} }

// raise ends the process by the signal, if there was one. See proc.Raise.
func (e exit) raise() { proc.Raise(e.signal) }

// An exitError is an error that chooses how loxctl ends.
type exitError struct {
	exit exit
	err  error // nil if everything has been said
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// exitFor returns how loxctl ends after err.
func exitFor(err error) exit {
	var chosen *exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &chosen):
		return chosen.exit
	default:
		return exitOwn
	}
}
