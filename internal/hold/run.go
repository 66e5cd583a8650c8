package hold

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/loxctl/loxctl/internal/proc"
	"github.com/loxctl/loxctl/locks"
)

// Holding is what is held, for a command to run under.
type Holding struct {
	Options *Options
	Around  []string // environment without it
	Dir     *locks.Dir
	Hold    *locks.Hold
	Tree    uint64 // what runs under it
	Waited  time.Duration
}

// Get gets, with acquire, what the options ask for, for the command argv of
// somebody who was started with environ.
func (o *Options) Get(dir *locks.Dir, environ, argv []string, acquire func(locks.Request) (*locks.Hold, error)) (*Holding, error) {
	who := o.Who(environ, strings.Join(argv, " "))
	who.Tree = rand.Uint64()
	began := time.Now()
	hold, err := acquire(o.Request(who))
	if err != nil {
		return nil, err
	}
	return &Holding{Options: o, Around: environ, Dir: dir, Hold: hold, Tree: who.Tree, Waited: time.Since(began)}, nil
}

// A StartError is a command that did not start.
type StartError struct{ Err error }

func (e *StartError) Error() string { return e.Err.Error() }
func (e *StartError) Unwrap() error { return e.Err }

// Run runs the command, releases whatever came of it, and returns how the
// command has ended.
func (h *Holding) Run(argv []string) (ended proc.Exit, err error) {
	var inherit *os.File
	if !h.Options.Command.Close {
		if inherit = locks.File(h.Hold); inherit == nil {
			return ended, errors.Join(fmt.Errorf("%s: the descriptor cannot be duplicated", h.Options.File()), h.Hold.Release())
		}
	}
	env, err := h.Environ(inherit)
	if err == nil {
		ended, err = h.Options.Command.Start(argv, env, inherit)
	}
	if releaseErr := h.Hold.Release(); releaseErr != nil {
		err = releaseErr // which says more than the status of the command
	}
	return ended, err
}

// Start runs the command with inherit and returns how it has ended, or a
// *StartError.
func (o *Command) Start(argv, env []string, inherit *os.File) (proc.Exit, error) {
	if o.Exec {
		return proc.Exit{}, &StartError{proc.Exec(argv, env, inherit)}
	}
	command := proc.Foreground{
		Args: argv, Env: env, Inherit: inherit, Death: o.Pdeathsig.Of(),
		MaxHold: o.MaxHold.Of(), KillAfter: o.KillAfter.Of(),
	}
	ended, err := command.Run()
	if err != nil {
		err = &StartError{err}
	}
	return ended, err
}
