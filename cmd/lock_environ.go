package cmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/loxctl/loxctl/internal/hold"
	"github.com/loxctl/loxctl/internal/state"
	"github.com/loxctl/loxctl/locks"
)

// heldAround returns the innermost hold of the same lock that we run under,
// nil if there is none. What has been released since does not count.
func (a *app) heldAround(o *hold.Options, dir *locks.Dir) (*hold.Entry, error) {
	escaped := state.Escape(o.File())
	for _, text := range slices.Backward(strings.Fields(a.getenv(hold.HeldVariable))) {
		e, ok := hold.ParseEntry(text)
		if !ok || e.Kind != o.Kind().String() || e.Escaped != escaped {
			continue
		}
		inside, err := dir.Inside(o.Kind(), o.File(), e.Token)
		if inside || err != nil {
			return &e, err
		}
	}
	return nil, nil
}

// heldAlready is the error for what cannot be had twice.
func heldAlready(o *hold.Options, outer *hold.Entry, hint string) error {
	err := fmt.Errorf("%s: already held by this command tree (token %d)", o.File(), outer.Token)
	return &hintedError{err, hint}
}

// runInside deals with a lock that the command tree we are in holds already:
// to wait for it would be for ever.
func (a *app) runInside(o *lockOptions, dir *locks.Dir, argv []string) (done bool, err error) {
	outer, err := a.heldAround(&o.Options, dir)
	if outer == nil || err != nil {
		return false, err
	}
	if !o.Command.Reentrant {
		return true, heldAlready(&o.Options, outer, "--reentrant runs the command under the outer hold")
	}
	mode, _, _ := strings.Cut(outer.Mode, "=")
	if mode != locks.Exclusive.String() && outer.Mode != o.HeldMode() {
		return true, heldAlready(&o.Options, outer, "it is held as "+mode+", which does not do for "+o.LockMode().String())
	}
	index := 0
	if o.Verb == "sem" {
		infos, err := inside(dir, o, func(i *locks.Info) bool { return i.Token == outer.Token })
		if err != nil {
			return true, err
		}
		for _, info := range infos {
			index = info.Index
		}
	}
	about := hold.Variables{}
	if err = about.Describe(&o.Options, dir, mode, outer.Token, index); err != nil {
		return true, err
	}
	return true, o.outcome(o.Command.Start(argv, about.Over(a.environ), nil))
}
