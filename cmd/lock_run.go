package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/loxctl/loxctl/internal/hold"
	"github.com/loxctl/loxctl/internal/proc"
	"github.com/loxctl/loxctl/internal/template"
	"github.com/loxctl/loxctl/locks"
)

// runHolding runs a command while it holds the lock.
func (a *app) runHolding(o *lockOptions) error {
	argv := o.argv(a)
	dir, err := o.Place.Open(a.environ)
	if err != nil {
		return err
	}
	if done, err := a.runInside(o, dir, argv); done || err != nil {
		return err
	}
	h, err := o.Get(dir, a.environ, argv, func(r locks.Request) (*locks.Hold, error) { return a.acquire(o, dir, r) })
	if err != nil {
		return err
	}
	if o.Command.BG {
		return a.goOn(h, argv)
	}
	return o.outcome(h.Run(argv))
}

// outcome makes loxctl end as its command did, or says why that did not start.
func (o *lockOptions) outcome(ended proc.Exit, err error) error {
	var start *hold.StartError
	switch {
	case errors.As(err, &start):
		return startError(err)
	case err != nil:
		return err // 125 says more than the status of the command
	case ended.Stopped:
		return exitDeadline.with(fmt.Errorf("%s: ended after --max-hold %v", o.File(), o.Command.MaxHold.Of()))
	}
	return passOn(ended)
}

// passOn makes loxctl end as its command did.
func passOn(ended proc.Exit) error {
	switch {
	case ended.Signal != 0:
		return exitBy(ended.Signal).with(nil)
	case ended.Code != 0:
		return exit{code: ended.Code}.with(nil)
	}
	return nil
}

// startError chooses the status for a command that did not start.
func startError(err error) error {
	switch {
	case errors.Is(err, proc.ErrNotFound):
		return exitNotFound.with(err)
	case errors.Is(err, fs.ErrPermission):
		return exitNotExecutable.with(err)
	}
	return err
}

// argv is the command: its words, or a shell with a line. A command in one
// word is a line if there is something in it that only a shell understands,
// and is split otherwise.
func (o *lockOptions) argv(a *app) []string {
	if len(o.Words) > 1 {
		return o.Words
	}
	line := o.Command.Line
	if line == "" {
		line = o.Words[0]
		if words := fields(line); words != nil {
			return words
		}
	}
	return []string{new(commandOptions).shellPath(a), "-c", line}
}

// fields splits a command in one word as scatter does, and returns nil if that
// is for a shell to do. Braces, which are for templates, mean nothing here, and
// do not matter to what decides about shells.
func fields(line string) []string {
	unbraced := strings.NewReplacer("{", "_", "}", "_").Replace(line)
	t, err := template.Compile([]string{unbraced}, template.Options{Fixed: true})
	if err != nil || t.IsShell() {
		return nil
	}
	if t, err = template.Compile(nil, template.Options{Mode: template.NoShell}); err != nil {
		return nil
	}
	var words template.Words
	if err = t.Append(&words, &template.Values{Args: []string{line}}); err != nil {
		return nil
	}
	return words.Argv()
}
