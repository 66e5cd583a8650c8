package cmd

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/loxctl/loxctl/internal/state"
	"github.com/loxctl/loxctl/locks"
)

// heldEntry is a hold that a command runs under, as LOXCTL_HELD has it.
type heldEntry struct {
	kind, mode string
	token      uint64
	escaped    string // name
}

func (e heldEntry) String() string {
	return e.kind + ":" + e.mode + ":" + strconv.FormatUint(e.token, 10) + ":" + e.escaped
}

// parseHeld reads an entry. What nobody can have written is none.
func parseHeld(text string) (e heldEntry, ok bool) {
	part := strings.SplitN(text, ":", 4)
	if len(part) < 4 {
		return e, false
	}
	token, err := strconv.ParseUint(part[2], 10, 64)
	return heldEntry{part[0], part[1], token, part[3]}, err == nil
}

// heldMode is how o holds it, in LOXCTL_HELD: of a switch over another lock,
// with the name of the switch, as only its own members may come in under it.
func (o *lockOptions) heldMode() string {
	mode := o.lockMode().String()
	if o.lockMode() == locks.Member && o.name != o.file() {
		mode += "=" + state.Escape(o.name)
	}
	return mode
}

// heldAround returns the innermost hold of the same lock that we run under,
// nil if there is none. What has been released since does not count.
func (a *app) heldAround(o *lockOptions, dir *locks.Dir) (*heldEntry, error) {
	escaped := state.Escape(o.file())
	for _, text := range slices.Backward(strings.Fields(a.getenv("LOXCTL_HELD"))) {
		e, ok := parseHeld(text)
		if !ok || e.kind != o.kind().String() || e.escaped != escaped {
			continue
		}
		inside, err := dir.Inside(o.kind(), o.file(), e.token)
		if inside || err != nil {
			return &e, err
		}
	}
	return nil, nil
}

// heldAlready is the error for what cannot be had twice.
func (o *lockOptions) heldAlready(outer *heldEntry, hint string) error {
	err := fmt.Errorf("%s: already held by this command tree (token %d)", o.file(), outer.token)
	return &hintedError{err, hint}
}

// runInside deals with a lock that the command tree we are in holds already:
// to wait for it would be for ever.
func (a *app) runInside(o *lockOptions, dir *locks.Dir, argv []string) (done bool, err error) {
	outer, err := a.heldAround(o, dir)
	if outer == nil || err != nil {
		return false, err
	}
	if !o.hold.reentrant {
		return true, o.heldAlready(outer, "--reentrant runs the command under the outer hold")
	}
	mode, _, _ := strings.Cut(outer.mode, "=")
	if mode != locks.Exclusive.String() && outer.mode != o.heldMode() {
		return true, o.heldAlready(outer, "it is held as "+mode+", which does not do for "+o.lockMode().String())
	}
	index := 0
	if o.verb == "sem" {
		infos, err := inside(dir, o, func(i *locks.Info) bool { return i.Token == outer.token })
		if err != nil {
			return true, err
		}
		for _, info := range infos {
			index = info.Index
		}
	}
	about := variables{}
	if err = about.describe(o, dir, mode, outer.token, index); err != nil {
		return true, err
	}
	return true, o.start(argv, about.over(a.environ), nil)
}

// environ is the environment of the command. LOXCTL_LOCK_FD is empty rather
// than that of an outer hold.
func (h *holding) environ(inherit *os.File) ([]string, error) {
	o, token := h.opt, h.hold.Token()
	entry := heldEntry{o.kind().String(), o.heldMode(), token, state.Escape(o.file())}
	fd := ""
	if inherit != nil {
		fd = strconv.Itoa(int(inherit.Fd()))
	}
	v := variables{
		"LOXCTL_WAIT_MS=" + strconv.FormatInt(h.waited.Milliseconds(), 10),
		"LOXCTL_TREE=" + strconv.FormatUint(h.tree, 16),
		"LOXCTL_HELD=" + strings.TrimSpace(h.app.getenv("LOXCTL_HELD")+" "+entry.String()),
		"LOXCTL_LOCK_FD=" + fd,
	}
	err := v.describe(o, h.dir, o.lockMode().String(), token, h.hold.Index())
	return v.over(h.app.environ), err
}

// variables are settings of an environment.
type variables []string

func (v *variables) set(name, value string) { *v = append(*v, name+"="+value) }

// describe sets what is said about a hold.
func (v *variables) describe(o *lockOptions, dir *locks.Dir, mode string, token uint64, index int) error {
	v.set("LOXCTL_KIND", o.kind().String())
	v.set("LOXCTL_NAME", o.file())
	v.set("LOXCTL_MODE", mode)
	v.set("LOXCTL_TOKEN", strconv.FormatUint(token, 10))
	if o.verb != "sem" {
		return nil
	}
	v.set("LOXCTL_INDEX", strconv.Itoa(index))
	capacity, err := dir.Capacity(o.file())
	v.set("LOXCTL_CAPACITY", strconv.Itoa(capacity))
	return err
}

// over returns environ with v in it.
func (v variables) over(environ []string) []string {
	all := make([]string, 0, len(environ)+len(v))
	for _, entry := range environ {
		if !v.sets(entry) {
			all = append(all, entry)
		}
	}
	return append(all, v...)
}

func (v variables) sets(entry string) bool {
	if !strings.HasPrefix(entry, "LOXCTL_") {
		return false
	}
	name, _, _ := strings.Cut(entry, "=")
	return slices.ContainsFunc(v, func(s string) bool { return strings.HasPrefix(s, name+"=") })
}
