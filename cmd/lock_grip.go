package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/loxctl/loxctl/internal/proc"
	"github.com/loxctl/loxctl/locks"
)

// A script holds a lock over several of its lines either with a descriptor of
// its own, or with a keeper, a process that holds it for an owner.

// runAcquire gets it for the script that calls us.
func (a *app) runAcquire(o *lockOptions) error {
	dir, err := o.Place.Open(a.environ)
	if err != nil {
		return err
	}
	outer, err := a.heldAround(&o.Options, dir)
	if err != nil {
		return err
	}
	if outer != nil {
		return heldAlready(&o.Options, outer, "")
	}
	if o.grip.hasFD {
		return a.acquireFD(o, dir)
	}
	return a.acquireKeeper(o, dir)
}

// scriptName is the command line of the script that asks, for listings; "" if
// the system does not tell.
func scriptName(pid int) string {
	line, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	return strings.TrimSpace(strings.ReplaceAll(string(line), "\x00", " "))
}

// acquireFD gets it with a descriptor of the script.
func (a *app) acquireFD(o *lockOptions, dir *locks.Dir) error {
	who := o.Who(a.environ, scriptName(os.Getppid()))
	if id, err := proc.Of(who.Owner); err == nil {
		who.Tree = id.Key()
	}
	r := o.Request(who)
	r.File = os.NewFile(uintptr(o.grip.fd), "")
	began := time.Now()
	hold, err := a.acquire(o, dir, r)
	if err != nil {
		return err
	}
	if err := a.printGrant(o, hold, time.Since(began)); err != nil {
		return errors.Join(err, hold.Release())
	}
	return nil
}

// acquireKeeper gets it with a keeper.
func (a *app) acquireKeeper(o *lockOptions, dir *locks.Dir) error {
	owner, id, err := o.openOwner()
	if err != nil {
		return err
	}
	defer owner.Close()
	who := o.Who(a.environ, scriptName(id.PID))
	who.Owner, who.Keeper, who.Tree = id.PID, true, id.Key()
	began := time.Now()
	hold, err := a.acquire(o, dir, o.Request(who))
	if err != nil {
		return err
	}
	waited := time.Since(began)
	keeper, err := startKeeper(hold, owner)
	if err != nil {
		return errors.Join(err, hold.Release())
	}
	if err := a.printGrant(o, hold, waited); err != nil {
		return errors.Join(err, endKeeper(keeper))
	}
	return nil
}

// ownerID is the process that o is about.
func (o *lockOptions) ownerID() int {
	if o.grip.owner != 0 {
		return o.grip.owner
	}
	return os.Getppid()
}

// openOwner holds on to the owner, so that its number cannot become another's.
func (o *lockOptions) openOwner() (*proc.Process, proc.Identity, error) {
	pid := o.ownerID()
	if pid == 1 {
		return nil, proc.Identity{}, &hintedError{
			fmt.Errorf("%s: the owner is process 1, which never ends", o.File()), "--owner $$, or --fd"}
	}
	owner, err := proc.OpenProcess(pid)
	if err != nil {
		return nil, proc.Identity{}, o.ownerError(err)
	}
	id, err := proc.Of(pid)
	if err == nil {
		err = o.checkOwner(owner, id)
	}
	if err != nil {
		owner.Close()
		return nil, id, o.ownerError(err)
	}
	return owner, id, nil
}

// checkOwner refuses an owner whose end we would not see, or that is somebody
// who got the number after its end.
func (o *lockOptions) checkOwner(owner *proc.Process, id proc.Identity) error {
	self, err := proc.Self()
	switch {
	case err != nil:
		return err
	case !owner.Alive() || id.Start > self.Start:
		return proc.ErrNoProcess
	case id.Namespace != 0 && id.Namespace != self.Namespace:
		return errors.New("is in another process namespace")
	}
	return nil
}

func (o *lockOptions) ownerError(err error) error {
	if errors.Is(err, proc.ErrNoProcess) {
		err = errors.New("has ended")
	}
	return fmt.Errorf("%s: owner %d: %w", o.File(), o.ownerID(), err)
}

// grantJSON is what acquire prints with --print json.
type grantJSON struct {
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Mode   string `json:"mode"`
	Token  uint64 `json:"token"`
	Index  *int   `json:"index"` // null if it has none
	WaitMS int64  `json:"wait_ms"`
}

// printGrant tells the script what it got.
func (a *app) printGrant(o *lockOptions, hold *locks.Hold, waited time.Duration) error {
	token, index := strconv.FormatUint(hold.Token(), 10), hold.Index()
	switch o.grip.print.String() {
	case "token":
		return a.print(token + "\n")
	case "index":
		return a.print(strconv.Itoa(index) + "\n")
	case "sh":
		text := "LOXCTL_TOKEN=" + token + "\n"
		if o.Verb == "sem" {
			text += "LOXCTL_INDEX=" + strconv.Itoa(index) + "\n"
		}
		return a.print(text)
	}
	grant := grantJSON{
		Kind: o.Kind().String(), Name: o.File(), Mode: o.LockMode().String(),
		Token: hold.Token(), WaitMS: waited.Milliseconds(),
	}
	if o.Verb == "sem" {
		grant.Index = &index
	}
	text, err := json.Marshal(grant)
	if err != nil {
		return err
	}
	return a.print(string(text) + "\n")
}

// runRelease gives back what acquire got.
func (a *app) runRelease(o *lockOptions) error {
	dir, err := o.Place.Open(a.environ)
	if err != nil {
		return err
	}
	if o.grip.hasFD {
		hold, err := dir.Find(o.Kind(), o.File(), os.NewFile(uintptr(o.grip.fd), ""))
		if errors.Is(err, locks.ErrNotHeld) {
			return fmt.Errorf("%s: not held on descriptor %d", o.File(), o.grip.fd)
		}
		if err != nil {
			return err
		}
		return hold.Release()
	}
	kept, err := o.kept(dir)
	switch {
	case err != nil:
		return err
	case len(kept) == 0:
		return o.notKept(dir)
	case len(kept) > 1:
		return o.severalKept(kept)
	}
	return o.releaseKept(dir, &kept[0])
}

// kept are the holds that keepers have for the owner, as far as o means them.
func (o *lockOptions) kept(dir *locks.Dir) ([]locks.Info, error) {
	return inside(dir, o, func(info *locks.Info) bool {
		return info.Keeper && info.Owner == o.ownerID() && o.means(info)
	})
}

// means reports whether the words and flags are about this hold.
func (o *lockOptions) means(info *locks.Info) bool {
	return (info.Mode == locks.Member) == (o.Verb == "switch") &&
		(!o.grip.hasToken || info.Token == o.grip.token) &&
		(!o.grip.hasIndex || info.Index == o.grip.index)
}

// notKept is the error for a release of what the owner does not have.
func (o *lockOptions) notKept(dir *locks.Dir) error {
	infos, err := inside(dir, o, func(info *locks.Info) bool { return info.Keeper && o.means(info) })
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%s: not held for process %d", o.File(), o.ownerID())
	if len(infos) > 0 {
		return &hintedError{fmt.Errorf("%s, but for process %d", text, infos[0].Owner), "--owner $$, with acquire as well as with release"}
	}
	return errors.New(text)
}

// severalKept is the error for a release that does not say of what.
func (o *lockOptions) severalKept(kept []locks.Info) error {
	which := "--token T"
	if o.Verb == "sem" {
		which = "--index I"
	}
	err := fmt.Errorf("%s: held %d times for process %d", o.File(), len(kept), o.ownerID())
	return &hintedError{err, which + " says which one to release"}
}

// releaseKept ends the keeper, after another look whether it is the one.
func (o *lockOptions) releaseKept(dir *locks.Dir, info *locks.Info) error {
	keeper, err := proc.OpenProcess(info.PID)
	if err != nil && !errors.Is(err, proc.ErrNoProcess) {
		return err
	}
	if err == nil {
		defer keeper.Close()
		held, lookErr := dir.Inside(o.Kind(), o.File(), info.Token)
		if lookErr != nil {
			return lookErr
		}
		if held {
			return stopKeeper(keeper)
		}
	}
	return fmt.Errorf("%s: not held for process %d any more", o.File(), o.ownerID())
}

// runHeld tells whether the descriptor, the owner or, without either, the
// parent or the command tree we are in, holds it.
func (a *app) runHeld(o *lockOptions) error {
	dir, err := a.lookAtLocks(o)
	if dir == nil {
		return answer(false, err)
	}
	if o.grip.hasFD {
		_, err := dir.Find(o.Kind(), o.File(), os.NewFile(uintptr(o.grip.fd), ""))
		if errors.Is(err, locks.ErrNotHeld) {
			return answer(false, nil)
		}
		return answer(true, err)
	}
	if o.grip.owner == 0 {
		outer, err := a.heldAround(&o.Options, dir)
		if outer != nil || err != nil {
			return answer(true, err)
		}
	}
	kept, err := o.kept(dir)
	return answer(len(kept) > 0, err)
}

// answer is the status of a question.
func answer(yes bool, err error) error {
	if err == nil && !yes {
		return exitNo.with(nil)
	}
	return err
}

// inside returns the holders of what o is about that ok lets pass.
func inside(dir *locks.Dir, o *lockOptions, ok func(*locks.Info) bool) ([]locks.Info, error) {
	all, err := dir.Inspect(o.Kind(), o.File())
	var some []locks.Info
	for i := range all {
		if all[i].Held && ok(&all[i]) {
			some = append(some, all[i])
		}
	}
	return some, err
}

// endKeeper ends a keeper that we have started.
func endKeeper(pid int) error {
	keeper, err := proc.OpenProcess(pid)
	if err != nil {
		return err
	}
	defer keeper.Close()
	return stopKeeper(keeper)
}

func stopKeeper(keeper *proc.Process) error {
	for _, sig := range keeperEnds {
		if err := keeper.Signal(sig); errors.Is(err, proc.ErrNoProcess) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return keeper.Wait(context.Background())
}
