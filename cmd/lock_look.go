package cmd

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/loxctl/loxctl/internal/hold"
	"github.com/loxctl/loxctl/internal/state"
	"github.com/loxctl/loxctl/locks"
)

// lookAtLocks opens the directory of named things for whoever only looks. It
// returns nil if there is none, so that nothing is held.
func (a *app) lookAtLocks(o *lockOptions) (*locks.Dir, error) {
	if err := state.CheckName(o.File()); o.Name != "" && err != nil {
		return nil, err
	}
	return a.lookAt(&o.Place)
}

func (a *app) lookAt(place *hold.Place) (*locks.Dir, error) {
	path, err := place.Path(a.environ)
	if err != nil {
		return nil, err
	}
	dir, err := locks.Options{AllowFS: place.AllowFS, ReadOnly: true}.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return dir, err
}

// runCheck tells whether it could be had at once.
func (a *app) runCheck(o *lockOptions) error {
	dir, err := a.lookAtLocks(o)
	if dir == nil {
		return answer(true, err)
	}
	free, err := dir.Check(o.Kind(), o.File())
	return answer(free, err)
}

// runPath prints the path of the file, for a script to open.
func (a *app) runPath(o *lockOptions) error {
	dir, err := o.Place.Open(a.environ)
	if err != nil {
		return err
	}
	path, err := dir.Path(o.Kind(), o.File())
	if err != nil {
		return err
	}
	return a.print(path + "\n")
}

// runWait waits until nobody is inside, and tells what has become of the
// commands that sem --bg has started for the same script.
func (a *app) runWait(o *lockOptions) error {
	dir, err := a.lookAtLocks(o)
	if dir == nil {
		return err
	}
	if err := a.awaitDrained(o, dir); err != nil || o.Verb != "sem" {
		return err
	}
	return a.backgroundFailures(o)
}

func (a *app) awaitDrained(o *lockOptions, dir *locks.Dir) error {
	if o.Wait.Try || o.Wait.Verbose {
		infos, err := inside(dir, o, func(*locks.Info) bool { return true })
		if err != nil || len(infos) == 0 {
			return err
		}
		if o.Wait.Try {
			return o.busy(dir)
		}
		a.sayHeld(o, dir)
	}
	ctx, cancel := waitContext(&o.Wait)
	defer cancel()
	err := dir.Drained(ctx, o.Kind(), o.File())
	if errors.Is(err, errExpired) {
		return o.expired(dir)
	}
	return err
}

// runBreak ends a holder and waits until its hold has.
func (a *app) runBreak(o *lockOptions) error {
	dir, err := o.Place.Open(a.environ)
	if err != nil {
		return err
	}
	infos, err := inside(dir, o, func(info *locks.Info) bool { return info.Token == o.grip.token })
	if err != nil || len(infos) == 0 {
		return answer(false, err)
	}
	if o.Wait.Verbose {
		io.WriteString(a.stderr, "loxctl: "+o.Verb+": "+o.File()+": "+o.grip.signal.String()+" for "+holder(&infos[0])+"\n")
	}
	ctx, cancel := waitContext(&o.Wait)
	defer cancel()
	err = dir.Break(ctx, o.Kind(), o.File(), o.grip.token, o.grip.signal.Of())
	switch {
	case errors.Is(err, locks.ErrNotHeld):
		return answer(false, nil)
	case errors.Is(err, errExpired) && o.Wait.Try:
		return o.busy(dir)
	case errors.Is(err, errExpired):
		return o.expired(dir)
	}
	return err
}

// runResize gives a semaphore another number of slots.
func (a *app) runResize(o *lockOptions) error {
	dir, err := o.Place.Open(a.environ)
	if err != nil {
		return err
	}
	return dir.Resize(context.Background(), o.File(), o.Mode.Slots)
}
