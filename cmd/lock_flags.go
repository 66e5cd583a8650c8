package cmd

import (
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/loxctl/loxctl/internal/hold"
	"github.com/loxctl/loxctl/internal/value"
)

// A lockAction is what a verb does with a name: the word behind the verb, or
// to run a command if that is none of these words.
type lockAction string

const (
	actionRun     lockAction = ""
	actionAcquire lockAction = "acquire"
	actionRelease lockAction = "release"
	actionHeld    lockAction = "held"
	actionCheck   lockAction = "check"
	actionPath    lockAction = "path"
	actionWait    lockAction = "wait"
	actionList    lockAction = "ls"
	actionBreak   lockAction = "break"
	actionResize  lockAction = "resize"
)

// actionsOf lists the words that may stand behind a verb.
func actionsOf(verb string) []lockAction {
	all := []lockAction{actionAcquire, actionRelease, actionHeld, actionCheck, actionPath, actionList}
	switch verb {
	case "lock":
		return append(all, actionWait, actionBreak)
	case "sem":
		return append(all, actionWait, actionBreak, actionResize)
	}
	return all
}

// lockOptions are the words and flags of one of the verbs that hold something.
type lockOptions struct {
	hold.Options
	action lockAction
	grip   gripOptions
	json   bool
}

func newLockOptions(verb string) *lockOptions { return &lockOptions{Options: hold.New(verb)} }

func (o *lockOptions) addFlags(flags *pflag.FlagSet) {
	addGroup(flags, "Waiting", rows(o.Wait.Flags()))
	addGroup(flags, "Mode", rows(o.Mode.Flags(o.Verb)))
	addGroup(flags, "Command", rows(o.Command.Flags(o.Verb)))
	addGroup(flags, "Acquire and release", func(group *pflag.FlagSet) { o.grip.addFlags(group, o.Verb) })
	addGroup(flags, "Other", func(group *pflag.FlagSet) {
		group.BoolVar(&o.json, "json", false, "of ls: print a JSON object for each")
		rows(o.Place.Flags())(group)
	})
}

// rows adds the rows of a table.
func rows(flags []hold.Flag) func(*pflag.FlagSet) {
	return func(to *pflag.FlagSet) {
		for _, f := range flags {
			switch v := f.Value.(type) {
			case *bool:
				to.BoolVarP(v, f.Name, f.Short, *v, f.Usage)
			case *int:
				to.IntVarP(v, f.Name, f.Short, *v, f.Usage)
			case *string:
				to.StringVarP(v, f.Name, f.Short, *v, f.Usage)
			case hold.Value:
				to.VarP(v, f.Name, f.Short, f.Usage)
			}
			if f.Unset {
				to.Lookup(f.Name).DefValue = ""
			}
		}
	}
}

// gripOptions say who holds it between acquire and release.
type gripOptions struct {
	fd       int
	hasFD    bool
	owner    int
	print    value.Choice
	index    int
	hasIndex bool
	token    uint64
	hasToken bool
	signal   value.Signal
}

func (o *gripOptions) addFlags(f *pflag.FlagSet, verb string) {
	o.print = value.NewChoice("token", "json", "sh")
	f.IntVar(&o.fd, "fd", 0, "the shell holds it, with its descriptor `N`")
	f.Lookup("fd").DefValue = ""
	f.IntVar(&o.owner, "owner", 0, "a process of loxctl holds it until release, or until process `PID` ends; without it, the parent")
	if verb == "sem" {
		o.print = value.NewChoice("index", "token", "json", "sh")
		f.IntVar(&o.index, "index", 0, "of release: slot `I`")
	}
	f.Var(&o.print, "print", "of acquire: print "+strings.Join(o.print.Choices(), ", "))
	f.Uint64Var(&o.token, "token", 0, "of release and break: the hold with this `TOKEN`")
	if slices.Contains(actionsOf(verb), actionBreak) {
		o.signal = value.Signal(syscall.SIGTERM)
		f.Var(&o.signal, "signal", "of break: end the holder with `SIGNAL`")
	}
}
