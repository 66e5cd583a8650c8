package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/loxctl/loxctl/internal/proc"
	"github.com/loxctl/loxctl/internal/state"
	"github.com/loxctl/loxctl/internal/template"
	"github.com/loxctl/loxctl/locks"
)

// runHolding runs a command while it holds the lock.
func (a *app) runHolding(o *lockOptions) error {
	argv := o.argv(a)
	dir, err := a.openLocks(o)
	if err != nil {
		return err
	}
	if done, err := a.runInside(o, dir, argv); done || err != nil {
		return err
	}
	who := a.who(o, strings.Join(argv, " "))
	who.Tree = rand.Uint64()
	began := time.Now()
	hold, err := a.acquire(o, dir, o.request(who))
	if err != nil {
		return err
	}
	h := &holding{app: a, opt: o, dir: dir, hold: hold, tree: who.Tree, waited: time.Since(began)}
	if o.hold.bg {
		return h.goOn(argv)
	}
	return h.run(argv)
}

// holding is a lock that is held, for a command to run under.
type holding struct {
	app    *app
	opt    *lockOptions
	dir    *locks.Dir
	hold   *locks.Hold
	tree   uint64
	waited time.Duration
}

// run runs the command, and releases whatever came of it.
func (h *holding) run(argv []string) error {
	var inherit *os.File
	if !h.opt.hold.close {
		if inherit = locks.File(h.hold); inherit == nil {
			return errors.Join(fmt.Errorf("%s: the descriptor cannot be duplicated", h.opt.file()), h.hold.Release())
		}
	}
	env, err := h.environ(inherit)
	if err == nil {
		err = h.opt.start(argv, env, inherit)
	}
	if releaseErr := h.hold.Release(); releaseErr != nil {
		return releaseErr // 125 says more than the status of the command
	}
	return err
}

// start runs the command with inherit and returns how it has ended.
func (o *lockOptions) start(argv, env []string, inherit *os.File) error {
	if o.hold.exec {
		return startError(proc.Exec(argv, env, inherit))
	}
	command := proc.Foreground{
		Args: argv, Env: env, Inherit: inherit, Death: o.hold.pdeathsig.of(),
		MaxHold: o.hold.maxHold.of(), KillAfter: o.hold.killAfter.of(),
	}
	ended, err := command.Run()
	switch {
	case err != nil:
		return startError(err)
	case ended.Stopped:
		return exitDeadline.with(fmt.Errorf("%s: ended after --max-hold %v", o.file(), o.hold.maxHold.of()))
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
	if len(o.command) > 1 {
		return o.command
	}
	line := o.hold.line
	if line == "" {
		line = o.command[0]
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

// request is what the words and flags ask for.
func (o *lockOptions) request(who locks.Who) locks.Request {
	r := locks.Request{Kind: o.kind(), Name: o.file(), Mode: o.lockMode(), Who: who}
	switch r.Mode {
	case locks.Member:
		r.Switch, r.Fair = o.name, o.mode.fair
	case locks.Slot:
		r.Slots = o.mode.slots
		if o.mode.pick.word == "lowest" {
			r.Pick = locks.PickLowest
		}
	}
	return r
}

func (o *lockOptions) lockMode() locks.Mode {
	switch {
	case o.verb == "sem":
		return locks.Slot
	case o.verb == "switch":
		return locks.Member
	case o.mode.shared && o.mode.prefer.word == "writer":
		return locks.Polite
	case o.mode.shared:
		return locks.Shared
	}
	return locks.Exclusive
}

// who is what others get to know about us.
func (a *app) who(o *lockOptions, command string) locks.Who {
	inside, _ := strconv.ParseUint(a.getenv("LOXCTL_TREE"), 16, 64) // nonsense is none of ours
	return locks.Who{
		Label: o.hold.label, Command: command,
		Inside: inside, Owner: os.Getppid(), Check: !o.hold.noCheck,
	}
}

// openLocks opens the directory of named things.
func (a *app) openLocks(o *lockOptions) (*locks.Dir, error) {
	path, err := state.Home(o.place.home, a.getenv)
	if err != nil {
		return nil, err
	}
	return locks.Options{AllowFS: o.place.allowFS}.Open(path)
}
