// Package hold is what lock, sem and switch do around a command: what they
// were asked for, what the command gets to know, and its life under the hold.
// It stands apart from package cmd because package early must do it before
// anything that reads command lines has been initialised: so it imports, also
// indirectly, neither pflag nor regexp nor net.
package hold

import (
	"os"
	"strconv"
	"time"

	"github.com/loxctl/loxctl/internal/proc"
	"github.com/loxctl/loxctl/internal/state"
	"github.com/loxctl/loxctl/internal/value"
	"github.com/loxctl/loxctl/locks"
)

// Options are the words and flags of a verb that runs a command.
type Options struct {
	Verb    string // lock, sem or switch
	Name    string
	Words   []string // of the command, without -c
	Wait    Wait
	Mode    Mode
	Command Command
	Place   Place
}

// Wait says how long to wait.
type Wait struct {
	Wait    value.Duration
	Limited bool // Wait was given, or Try
	Try     bool
	Code    int // of a wait that was in vain
	Verbose bool
	Quiet   bool
}

// Mode says how to hold it.
type Mode struct {
	Shared    bool
	Exclusive bool
	Prefer    value.Choice
	Slots     int
	Pick      value.Choice
	Over      string
	Fair      bool
}

// Command says how the command runs.
type Command struct {
	Line      string
	BG        bool
	Close     bool
	Exec      bool
	Pdeathsig value.Signal
	MaxHold   value.Duration
	KillAfter value.Duration
	Reentrant bool
	Label     string
	NoCheck   bool
}

// Place says where named things live.
type Place struct {
	Home    string
	AllowFS bool
}

// exitBusy is the status of a wait that was in vain.
const exitBusy = 75

// New returns the options of verb when no flag is given.
func New(verb string) Options {
	return Options{
		Verb: verb,
		Wait: Wait{Code: exitBusy},
		Mode: Mode{
			Prefer: value.NewChoice("fair", "writer"),
			Pick:   value.NewChoice("lru", "lowest"),
		},
		Command: Command{KillAfter: value.Duration(5 * time.Second)},
	}
}

// Kind is the name space that the verb is about.
func (o *Options) Kind() locks.Kind {
	if o.Verb == "sem" {
		return locks.KindSem
	}
	return locks.KindLock
}

// File is the name of what is held: of a switch, the lock that it is over.
func (o *Options) File() string {
	if o.Mode.Over != "" {
		return o.Mode.Over
	}
	return o.Name
}

// LockMode is how it is held.
func (o *Options) LockMode() locks.Mode {
	switch {
	case o.Verb == "sem":
		return locks.Slot
	case o.Verb == "switch":
		return locks.Member
	case o.Mode.Shared && o.Mode.Prefer.String() == "writer":
		return locks.Polite
	case o.Mode.Shared:
		return locks.Shared
	}
	return locks.Exclusive
}

// Request is what the words and flags ask for.
func (o *Options) Request(who locks.Who) locks.Request {
	r := locks.Request{Kind: o.Kind(), Name: o.File(), Mode: o.LockMode(), Who: who}
	switch r.Mode {
	case locks.Member:
		r.Switch, r.Fair = o.Name, o.Mode.Fair
	case locks.Slot:
		r.Slots = o.Mode.Slots
		if o.Mode.Pick.String() == "lowest" {
			r.Pick = locks.PickLowest
		}
	}
	return r
}

// Who is what others get to know about us, who were started with environ.
func (o *Options) Who(environ []string, command string) locks.Who {
	inside, _ := strconv.ParseUint(proc.Getenv(environ, "LOXCTL_TREE"), 16, 64) // nonsense is none of ours
	return locks.Who{
		Label: o.Command.Label, Command: command,
		Inside: inside, Owner: os.Getppid(), Check: !o.Command.NoCheck,
	}
}

// Path is where named things live for whoever was started with environ.
func (p *Place) Path(environ []string) (string, error) {
	return state.Home(p.Home, func(name string) string { return proc.Getenv(environ, name) })
}

// Open opens the directory of named things.
func (p *Place) Open(environ []string) (*locks.Dir, error) {
	path, err := p.Path(environ)
	if err != nil {
		return nil, err
	}
	return locks.Options{AllowFS: p.AllowFS}.Open(path)
}
