package hold

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/loxctl/loxctl/internal/proc"
	"github.com/loxctl/loxctl/internal/state"
	"github.com/loxctl/loxctl/locks"
)

// HeldVariable lists the holds that a command runs under, innermost last.
const HeldVariable = "LOXCTL_HELD"

// An Entry is a hold that a command runs under, as HeldVariable has it.
type Entry struct {
	Kind, Mode string
	Token      uint64
	Escaped    string // name
}

func (e Entry) String() string {
	return e.Kind + ":" + e.Mode + ":" + strconv.FormatUint(e.Token, 10) + ":" + e.Escaped
}

// ParseEntry reads an entry. What nobody can have written is none.
func ParseEntry(text string) (e Entry, ok bool) {
	part := strings.SplitN(text, ":", 4)
	if len(part) < 4 {
		return e, false
	}
	token, err := strconv.ParseUint(part[2], 10, 64)
	return Entry{part[0], part[1], token, part[3]}, err == nil
}

// Entry is the hold of o with this token.
func (o *Options) Entry(token uint64) Entry {
	return Entry{o.Kind().String(), o.HeldMode(), token, state.Escape(o.File())}
}

// HeldMode is how o holds it, in an entry: of a switch over another lock, with
// the name of the switch, as only its own members may come in under it.
func (o *Options) HeldMode() string {
	mode := o.LockMode().String()
	if o.LockMode() == locks.Member && o.Name != o.File() {
		mode += "=" + state.Escape(o.Name)
	}
	return mode
}

// Environ is the environment of the command. LOXCTL_LOCK_FD is empty rather
// than that of an outer hold.
func (h *Holding) Environ(inherit *os.File) ([]string, error) {
	o, token := h.Options, h.Hold.Token()
	fd := ""
	if inherit != nil {
		fd = strconv.Itoa(int(inherit.Fd()))
	}
	v := make(Variables, 0, 10)
	v.set("LOXCTL_WAIT_MS", strconv.FormatInt(h.Waited.Milliseconds(), 10))
	v.set("LOXCTL_TREE", strconv.FormatUint(h.Tree, 16))
	v.set(HeldVariable, strings.TrimSpace(proc.Getenv(h.Around, HeldVariable)+" "+o.Entry(token).String()))
	v.set("LOXCTL_LOCK_FD", fd)
	err := v.Describe(o, h.Dir, o.LockMode().String(), token, h.Hold.Index())
	return v.Over(h.Around), err
}

// Variables are settings of an environment.
type Variables []string

func (v *Variables) set(name, value string) { *v = append(*v, name+"="+value) }

// Describe sets what is said about a hold.
func (v *Variables) Describe(o *Options, dir *locks.Dir, mode string, token uint64, index int) error {
	v.set("LOXCTL_KIND", o.Kind().String())
	v.set("LOXCTL_NAME", o.File())
	v.set("LOXCTL_MODE", mode)
	v.set("LOXCTL_TOKEN", strconv.FormatUint(token, 10))
	if o.Verb != "sem" {
		return nil
	}
	v.set("LOXCTL_INDEX", strconv.Itoa(index))
	capacity, err := dir.Capacity(o.File())
	v.set("LOXCTL_CAPACITY", strconv.Itoa(capacity))
	return err
}

// Over returns environ with v in it.
func (v Variables) Over(environ []string) []string {
	all := make([]string, 0, len(environ)+len(v))
	for _, entry := range environ {
		if !v.sets(entry) {
			all = append(all, entry)
		}
	}
	return append(all, v...)
}

func (v Variables) sets(entry string) bool {
	if !strings.HasPrefix(entry, "LOXCTL_") {
		return false
	}
	name, _, _ := strings.Cut(entry, "=")
	return slices.ContainsFunc(v, func(s string) bool { return strings.HasPrefix(s, name+"=") })
}
