package locks

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/loxctl/loxctl/internal/proc"
	"github.com/loxctl/loxctl/internal/state"
)

// Kind is a name space: a lock and a semaphore of one name do not meet.
type Kind uint8

// The kinds of named things. The two sides of an RWLock and the switches over
// a lock are that lock.
const (
	KindLock Kind = 1
	KindSem  Kind = 2
)

func (k Kind) String() string {
	if k == KindSem {
		return "sem"
	}
	return "lock"
}

// Mode is how a named lock is held.
type Mode uint8

// The modes.
const (
	Exclusive Mode = 'x'
	Shared    Mode = 's' // a reader, in the one line of a lock
	Polite    Mode = 'p' // a reader who lets every writer go first
	Member    Mode = 'g' // of a light switch
	Slot      Mode = 'i' // of a semaphore
)

func (m Mode) String() string {
	switch m {
	case Exclusive:
		return "exclusive"
	case Shared, Polite:
		return "shared"
	case Member:
		return "switch"
	default:
		return "slot"
	}
}

// NameError is a name that no lock can have: names are 1 to 200 bytes of UTF-8
// without control characters, do not begin with a dot or a dash, and are none
// of the words that stand after a verb of the command line.
type NameError = state.NameError

// FilesystemError is a directory whose file system is no good for locks: one
// on the network.
type FilesystemError = state.FilesystemError

// A CapacityError is a semaphore that has other slots than were asked for.
// Have is 0 if it has none yet and nobody said how many it should have.
type CapacityError struct {
	Name       string
	Have, Want int
}

func (e *CapacityError) Error() string {
	if e.Have == 0 {
		return e.Name + ": a new semaphore needs a capacity"
	}
	return fmt.Sprintf("%s: capacity is %d, not %d", e.Name, e.Have, e.Want)
}

// Hint says what to do about it.
func (e *CapacityError) Hint() string {
	if e.Have == 0 {
		return "loxctl sem " + e.Name + " -n N says how many may be inside"
	}
	return "loxctl sem resize " + e.Name + " -n " + strconv.Itoa(e.Want)
}

// A VanishedError is a lock whose file was removed while it was held: somebody
// else may have entered.
type VanishedError struct{ Name string }

func (e *VanishedError) Error() string {
	return e.Name + ": the lock file was removed while held: somebody else may have entered"
}

// Options say how to open a directory of named locks. The zero value is what
// Open has.
type Options struct {
	AllowFS  bool // also on file systems whose locks are not safe
	ReadOnly bool // for List, Check and Drained alone, also in a directory of somebody else
}

// Dir is a directory of named locks. Programs that open the same directory
// share its locks. A Dir has no resources of its own that would have to be
// given back.
type Dir struct {
	home  *state.Dir
	waits registry
	self  func() proc.Identity
	uid   uint32 // of this process
}

// Open returns the named locks of the directory dir, an absolute path, and
// creates it. The shell's locks are in ~/.local/state/loxctl, unless
// LOXCTL_HOME or XDG_STATE_HOME say something else. The error may be a
// *FilesystemError, or say that others may write to the directory.
func Open(dir string) (*Dir, error) { return Options{}.Open(dir) }

// Open is like the function Open.
func (o Options) Open(dir string) (*Dir, error) {
	home, err := state.Options{AllowFS: o.AllowFS, ReadOnly: o.ReadOnly}.Open(dir)
	if err != nil {
		return nil, err
	}
	return &Dir{home: home, waits: newRegistry(), uid: uint32(os.Geteuid()), self: sync.OnceValue(func() proc.Identity {
		id, _ := proc.Self() // only listings miss it
		return id
	})}, nil
}

// QLock returns the named lock, as a lock that one can have at a time.
func (d *Dir) QLock(name string) Locker {
	return d.Locker(Request{Name: name, Mode: Exclusive})
}

// NamedRW is a named lock that is had by one writer or by many readers.
type NamedRW struct {
	dir  *Dir
	name string
}

// RWLock returns the named lock, as a reader-writer lock. Its writer is the
// QLock of that name.
func (d *Dir) RWLock(name string) NamedRW { return NamedRW{d, name} }

// Writer returns the side that is alone inside.
func (l NamedRW) Writer() Locker { return l.dir.QLock(l.name) }

// Reader returns the side that shares. A waiting writer holds off readers that
// come later.
func (l NamedRW) Reader() Locker { return l.dir.Locker(Request{Name: l.name, Mode: Shared}) }

// PoliteReader returns the side that shares and lets every waiting writer go
// first, so that writers in a loop keep it out.
func (l NamedRW) PoliteReader() Locker { return l.dir.Locker(Request{Name: l.name, Mode: Polite}) }

// LightSwitch returns the light switch called name over a named lock: the
// first member in takes the lock, the last one out releases it, and while
// somebody is inside others walk in past whoever waits for the lock.
func (d *Dir) LightSwitch(name, lock string) Locker {
	return d.Locker(Request{Name: lock, Mode: Member, Switch: name})
}

// IndexSemaphore returns the named semaphore of n slots, 1 to MaxSlots. The
// first to use it decides n; another n is a *CapacityError, and 0 is whatever
// it has.
func (d *Dir) IndexSemaphore(name string, n int) Locker {
	return d.Locker(Request{Kind: KindSem, Name: name, Mode: Slot, Slots: n})
}

// A Request says what to acquire, and in whose name.
type Request struct {
	Kind   Kind // KindLock if not given
	Name   string
	Mode   Mode
	Switch string // of a Member: the name of the switch
	Fair   bool   // of a Member: does not walk past waiters
	Slots  int    // of a Slot: what the semaphore must have; 0: what it has
	Pick   Pick   // of a Slot: which one to take
	Who    Who

	// Queued is called once, when the request has its place in the order: it is
	// inside or in line. Those that come after that come after it.
	Queued func()

	// File is a descriptor of the lock's file that shall hold the lock, instead
	// of one that the Hold has: it is held until somebody releases it through a
	// descriptor of that description, see Find, or the last one is closed.
	File *os.File
}

// Who is what listings say about a holder or waiter, and what deadlocks are
// found by. A hold whose end waits for the end of others is known to them by
// its Tree.
type Who struct {
	Label   string // cut to 64 bytes
	Command string // cut to 96 bytes
	Tree    uint64 // identity of what runs under the hold, if it cannot end before that; 0: it can
	Inside  uint64 // Tree of the hold that the request is made under; 0: none
	Owner   int    // process id of who asked for it; 0: nobody
	Keeper  bool   // it is held by a process for Owner

	// Check makes a wait look for a deadlock, once, after a second. It ends
	// with a *DeadlockError if there is one.
	Check bool
}

// Locker returns what acquires r. Mistakes in it, a bad name for instance, are
// errors of its Acquire.
func (d *Dir) Locker(r Request) Locker {
	if r.Kind == 0 {
		r.Kind = KindLock
	}
	l := &named{dir: d, Request: r}
	l.err = r.check()
	if l.err == nil {
		l.rel = relPath(r.Kind, r.Name)
		l.path = d.path(l.rel)
	}
	switch r.Mode {
	case Shared, Polite:
		l.group = groupReaders
	case Member:
		l.group = groupOf(r.Switch)
	}
	return l
}

func (r *Request) check() error {
	if err := state.CheckName(r.Name); err != nil {
		return err
	}
	if r.Mode == Member {
		if err := state.CheckName(r.Switch); err != nil {
			return err
		}
	}
	if r.Slots < 0 || r.Slots > MaxSlots {
		return fmt.Errorf("%s: a semaphore has 1 to %d slots, not %d", r.Name, MaxSlots, r.Slots)
	}
	return nil
}

// groupReaders is the group of readers; each switch has one of its own.
const groupReaders = 1

func groupOf(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return max(h.Sum64(), groupReaders+1)
}

// relPath is the path of a lock file in its directory.
func relPath(kind Kind, name string) string {
	return kind.String() + "/" + state.Escape(name) + ".lk"
}

func (d *Dir) path(rel string) string { return filepath.Join(d.home.Path, filepath.FromSlash(rel)) }

// named acquires one request, any number of times.
type named struct {
	Request
	dir   *Dir
	rel   string // path of the file in the directory
	path  string // and as it is opened
	group uint64
	err   error // what is wrong with the request
}
