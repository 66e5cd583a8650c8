// Package cmd is the command line of loxctl: one file a verb, and what all
// verbs share. It is a skin: whatever a verb does, a Go program can do with
// the libraries behind it.
package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/loxctl/loxctl/engine/command"
	"github.com/loxctl/loxctl/internal/config"
	"github.com/loxctl/loxctl/internal/term"
	"github.com/loxctl/loxctl/pipes/mount"
)

// app is what a run of loxctl has instead of global state.
type app struct {
	stdin, stdout, stderr *os.File
	environ               []string
	system                string // directory of the system's configuration

	color  term.When // --color
	config string    // --config
}

// What loxctl starts itself again for: as the guard of another one, and to
// hold something for a script.
const (
	guardVerb         = "__guard"
	keeperVerb        = "__keeper"
	messageKeeperVerb = "__message-keeper"
	backgroundVerb    = "__background"
)

// Main runs the command line args, which come without the program's name, and
// returns the status to exit with.
func Main(args []string) int {
	if len(args) > 0 {
		switch args[0] {
		case guardVerb:
			return command.Guard()
		case keeperVerb:
			return runKeeper(args[1:])
		case messageKeeperVerb:
			return runMessageKeeper(args[1:])
		case backgroundVerb:
			return runBackground(args[1:])
		case mount.Verb:
			return mount.Run(args[1:])
		}
	}
	a := &app{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		environ: os.Environ(),
		system:  config.SystemDir(),
	}
	how := a.run(args)
	how.raise()
	return how.code
}

// run runs the command line, reports its error and says how to end.
func (a *app) run(args []string) exit {
	err := a.execute(args)
	a.report(err)
	return exitFor(err)
}

// execute builds the verbs that args may name, and runs the one they do.
func (a *app) execute(args []string) error {
	if done, err := a.holdAtOnce(args); done {
		return err
	}
	var root *cobra.Command
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		root = a.tree()
	} else {
		root = a.newRoot()
		for _, v := range verbs() {
			if slices.Contains(args, v.name) {
				addVerb(root, v.new(a))
			}
		}
	}
	var helpErr error
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { helpErr = a.showPage(c.Name()) })
	root.SetArgs(append([]string{}, args...)) // cobra takes nil for "look at os.Args"
	if err := root.Execute(); err != nil {
		return err
	}
	return helpErr
}

// getenv returns a variable of the environment, "" if it is not set.
func (a *app) getenv(name string) string {
	for _, entry := range a.environ {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// style says how to dress up text for one of the streams.
func (a *app) style(stream *os.File) term.Style {
	return term.StyleFor(stream, a.color, a.getenv)
}

// print writes text to stdout. A reader that has gone away ends loxctl like
// any other filter, without a word.
func (a *app) print(text string) error {
	_, err := io.WriteString(a.stdout, text)
	if errors.Is(err, syscall.EPIPE) {
		return exitBy(syscall.SIGPIPE).with(nil)
	}
	if err != nil {
		return fmt.Errorf("stdout: %w", reason(err))
	}
	return nil
}

// report tells people about err: what, where and why in one line, and at most
// one line of advice.
func (a *app) report(err error) {
	if err == nil || err.Error() == "" {
		return
	}
	style := a.style(a.stderr)
	text := style.Bad("loxctl:") + " " + err.Error() + "\n"
	var advice interface{ Hint() string }
	if errors.As(err, &advice) && advice.Hint() != "" {
		text += style.Faint("hint: "+advice.Hint()) + "\n"
	}
	io.WriteString(a.stderr, text) // who could be told that this failed?
}

// reason leaves out the name of a system call that only repeats what we say.
func reason(err error) error {
	var at *os.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
