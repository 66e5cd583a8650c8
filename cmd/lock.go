package cmd

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/loxctl/loxctl/internal/early"
	"github.com/loxctl/loxctl/internal/proc"
)

func newLock(a *app) *cobra.Command   { return newLockOptions("lock").ordinary(a) }
func newSem(a *app) *cobra.Command    { return newLockOptions("sem").ordinary(a) }
func newSwitch(a *app) *cobra.Command { return newLockOptions("switch").ordinary(a) }

// ordinary is one of these verbs as all verbs are: for help, completion, and
// flags before the verb. See holdAtOnce for the other way.
func (o *lockOptions) ordinary(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: o.Verb + " [FLAGS] NAME [FLAGS] [--] COMMAND",
		RunE: func(c *cobra.Command, words []string) error {
			if err := o.parse(c.Flags(), words); err != nil {
				return err
			}
			return a.hold(o)
		},
	}
	c.Flags().SetInterspersed(false)
	o.addFlags(c.Flags())
	o.addCompletion(a, c)
	return c
}

// holdAtOnce runs a command line that begins with one of these verbs, without
// building a tree of verbs or reading a configuration: people call it in
// loops, around commands that take a millisecond. It is not done if help is
// asked for.
func (a *app) holdAtOnce(args []string) (done bool, err error) {
	if len(args) == 0 || !slices.Contains(early.Verbs(), args[0]) {
		return false, nil
	}
	if err = early.Failure(); err != nil { // package early has done all else
		return true, verbFailed(args[0], newLockOptions(args[0]).outcome(proc.Exit{}, err))
	}
	o := newLockOptions(args[0])
	if err = o.parseAtOnce(a, args[1:]); err == nil {
		err = a.hold(o)
	}
	return !errors.Is(err, pflag.ErrHelp), err
}

// parseAtOnce parses all that stands behind the verb.
func (o *lockOptions) parseAtOnce(a *app, args []string) error {
	flags := a.globalFlags()
	flags.SetInterspersed(false)
	o.addFlags(flags)
	words, err := o.parseFlags(flags, args)
	if err != nil {
		return err
	}
	return o.parse(flags, words)
}

// hold does what was asked for, and says whose error it is.
func (a *app) hold(o *lockOptions) error { return verbFailed(o.Verb, a.act(o)) }

// act does what was asked for.
func (a *app) act(o *lockOptions) error {
	switch o.action {
	case actionRun:
		return a.runHolding(o)
	case actionAcquire:
		return a.runAcquire(o)
	case actionRelease:
		return a.runRelease(o)
	case actionHeld:
		return a.runHeld(o)
	case actionCheck:
		return a.runCheck(o)
	case actionPath:
		return a.runPath(o)
	case actionWait:
		return a.runWait(o)
	case actionList:
		return a.runListOf(o)
	case actionBreak:
		return a.runBreak(o)
	default:
		return a.runResize(o)
	}
}

// verbFailed puts the verb in front of what went wrong.
func verbFailed(verb string, err error) error {
	if err == nil || err.Error() == "" {
		return err
	}
	return fmt.Errorf("%s: %w", verb, err)
}
