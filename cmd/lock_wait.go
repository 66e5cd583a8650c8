package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/loxctl/loxctl/internal/hold"
	"github.com/loxctl/loxctl/locks"
)

// errExpired is the cause of a context whose time was --wait.
var errExpired = errors.New("the wait is over")

// acquire gets what is requested, or says why not.
func (a *app) acquire(o *lockOptions, dir *locks.Dir, r locks.Request) (*locks.Hold, error) {
	locker := dir.Locker(r)
	if o.Wait.Try || o.Wait.Verbose {
		hold, err := locker.TryAcquire()
		if !errors.Is(err, locks.ErrHeld) {
			return hold, err
		}
		if o.Wait.Try {
			return nil, o.busy(dir)
		}
		a.sayHeld(o, dir)
	}
	ctx, cancel := waitContext(&o.Wait)
	defer cancel()
	hold, err := locker.Acquire(ctx)
	if errors.Is(err, errExpired) {
		return nil, o.expired(dir)
	}
	return hold, err
}

// context ends when the wait is over.
func waitContext(o *hold.Wait) (context.Context, context.CancelFunc) {
	if !o.Limited {
		return context.Background(), func() {}
	}
	return context.WithTimeoutCause(context.Background(), o.Wait.Of(), errExpired)
}

// busy is the error of a try. It says nothing unless that was asked for.
func (o *lockOptions) busy(dir *locks.Dir) error {
	status := exit{code: o.Wait.Code}
	if !o.Wait.Verbose {
		return status.with(nil)
	}
	return status.with(fmt.Errorf("%s: %s", o.File(), o.holdersOr(dir, "not free")))
}

// expired is the error of a wait with an end.
func (o *lockOptions) expired(dir *locks.Dir) error {
	status := exit{code: o.Wait.Code}
	if o.Wait.Quiet {
		return status.with(nil)
	}
	text := fmt.Sprintf("%s: not free after %v", o.File(), o.Wait.Wait.Of())
	if who := o.holdersOr(dir, ""); who != "" {
		text += ": " + who
	}
	return status.with(errors.New(text))
}

// sayHeld tells on stderr who has to be waited for.
func (a *app) sayHeld(o *lockOptions, dir *locks.Dir) {
	who := o.holdersOr(dir, "not free")
	io.WriteString(a.stderr, "loxctl: "+o.Verb+": "+o.File()+": waiting: "+who+"\n")
}

// holdersOr says who holds it and how many wait. Without anybody it is
// nobody: they have left meanwhile.
func (o *lockOptions) holdersOr(dir *locks.Dir, nobody string) string {
	infos, err := dir.Inspect(o.Kind(), o.File())
	if err != nil {
		return nobody // that it could not be had is the news
	}
	held, waiting := 0, 0
	text := ""
	for i := range infos {
		if !infos[i].Held {
			waiting++
			continue
		}
		if held++; held == 1 {
			text = "held by " + holder(&infos[i])
		}
	}
	if held > 1 {
		text += " and " + plural(held-1, "other")
	}
	if waiting > 0 {
		if text != "" {
			text += ", "
		}
		text += strconv.Itoa(waiting) + " waiting"
	}
	if text == "" {
		return nobody
	}
	return text
}

// holder describes somebody who holds a lock: pid 4711 (make deploy) for 3m12s.
func holder(info *locks.Info) string {
	if !info.Known {
		return "somebody unknown"
	}
	text := "pid " + strconv.Itoa(info.PID)
	if info.FD || info.Keeper {
		text = "pid " + strconv.Itoa(info.Owner)
	}
	if name := title(info); name != "" {
		text += " (" + printable(name) + ")"
	}
	if info.Stopped {
		text += ", which is stopped,"
	}
	return text + " for " + age(info).String()
}

// title is what a listing calls somebody.
func title(info *locks.Info) string {
	if info.Label != "" {
		return info.Label
	}
	return info.Command
}

// age is how long somebody has held it, or waited.
func age(info *locks.Info) time.Duration {
	d := max(time.Since(info.Since), 0)
	if d >= time.Second {
		return d.Round(time.Second)
	}
	return d.Round(time.Millisecond)
}
