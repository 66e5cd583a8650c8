package cmd

import (
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/pflag"
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
	verb    string
	action  lockAction
	name    string
	command []string // words of the command, without -c
	wait    waitOptions
	mode    modeOptions
	hold    holdOptions
	grip    gripOptions
	place   placeOptions
	json    bool
}

func newLockOptions(verb string) *lockOptions { return &lockOptions{verb: verb} }

func (o *lockOptions) addFlags(flags *pflag.FlagSet) {
	addGroup(flags, "Waiting", o.wait.addFlags)
	addGroup(flags, "Mode", func(group *pflag.FlagSet) { o.mode.addFlags(group, o.verb) })
	addGroup(flags, "Command", func(group *pflag.FlagSet) { o.hold.addFlags(group, o.verb) })
	addGroup(flags, "Acquire and release", func(group *pflag.FlagSet) { o.grip.addFlags(group, o.verb) })
	addGroup(flags, "Other", func(group *pflag.FlagSet) {
		group.BoolVar(&o.json, "json", false, "of ls: print a JSON object for each")
		o.place.addFlags(group)
	})
}

// waitOptions say how long to wait.
type waitOptions struct {
	wait    duration
	limited bool // wait was given, or try
	try     bool
	code    int // of a wait that was in vain
	verbose bool
	quiet   bool
}

func (o *waitOptions) addFlags(f *pflag.FlagSet) {
	o.code = exitBusy.code
	f.VarP(&o.wait, "wait", "w", "wait no longer than `DURATION`; without it, for ever")
	f.Lookup("wait").DefValue = ""
	f.BoolVarP(&o.try, "try", "t", false, "do not wait at all: -w 0")
	f.IntVarP(&o.code, "conflict-exit-code", "E", o.code, "exit with `N` if it could not be had in time")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "say who holds it if it cannot be had at once")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "say nothing when the wait was in vain")
}

// modeOptions say how to hold it.
type modeOptions struct {
	shared    bool
	exclusive bool
	prefer    choice
	slots     int
	pick      choice
	over      string
	fair      bool
}

func (o *modeOptions) addFlags(f *pflag.FlagSet, verb string) {
	switch verb {
	case "lock":
		o.prefer = newChoice("fair", "writer")
		f.BoolVarP(&o.shared, "shared", "s", false, "hold it together with others who do: read, and do not write")
		f.BoolVarP(&o.exclusive, "exclusive", "x", false, "hold it alone: the default")
		f.Var(&o.prefer, "prefer", "of -s: whose turn it is, fair or writer, who then goes before every reader that waits")
	case "sem":
		o.pick = newChoice("lru", "lowest")
		f.IntVarP(&o.slots, "slots", "n", 0, "it has `N` slots, 1 to 1024; without it, as many as it was given first")
		f.Var(&o.pick, "pick", "which free slot to take: lru, the one that was free longest, or lowest")
	case "switch":
		f.StringVar(&o.over, "over", "", "the switch of this `LOCK`, which several switches may have; without it, of the one of its own name")
		f.BoolVar(&o.fair, "fair", false, "wait in line behind everybody, also when the light is on")
	}
}

// holdOptions say how the command runs.
type holdOptions struct {
	line      string
	bg        bool
	close     bool
	exec      bool
	pdeathsig signalValue
	maxHold   duration
	killAfter duration
	reentrant bool
	label     string
	noCheck   bool
}

func (o *holdOptions) addFlags(f *pflag.FlagSet, verb string) {
	o.killAfter = duration(5e9)
	f.StringVarP(&o.line, "command", "c", "", "run `LINE` with the shell, $LOXCTL_SHELL or /bin/sh")
	if verb == "sem" {
		f.BoolVar(&o.bg, "bg", false, "wait for a slot, start the command in the background and return")
	}
	f.BoolVar(&o.close, "close", false, "the command does not inherit the lock: what it leaves behind cannot go on holding it")
	f.BoolVar(&o.exec, "exec", false, "become the command, instead of waiting for it")
	f.Var(&o.pdeathsig, "pdeathsig", "send the command `SIGNAL` when loxctl is killed")
	f.Var(&o.maxHold, "max-hold", "end the command after `DURATION`, with status 124")
	f.Lookup("max-hold").DefValue = ""
	f.Var(&o.killAfter, "kill-after", "of --max-hold: time between TERM and KILL")
	f.BoolVar(&o.reentrant, "reentrant", false, "run the command under an outer hold of the same, if there is one")
	f.StringVar(&o.label, "label", "", "show `TEXT` in listings")
	f.BoolVar(&o.noCheck, "no-deadlock-check", false, "do not look for a deadlock after a second of waiting")
}

// gripOptions say who holds it between acquire and release.
type gripOptions struct {
	fd       int
	hasFD    bool
	owner    int
	print    choice
	index    int
	hasIndex bool
	token    uint64
	hasToken bool
	signal   signalValue
}

func (o *gripOptions) addFlags(f *pflag.FlagSet, verb string) {
	o.print = newChoice("token", "json", "sh")
	f.IntVar(&o.fd, "fd", 0, "the shell holds it, with its descriptor `N`")
	f.Lookup("fd").DefValue = ""
	f.IntVar(&o.owner, "owner", 0, "a process of loxctl holds it until release, or until process `PID` ends; without it, the parent")
	if verb == "sem" {
		o.print = newChoice("index", "token", "json", "sh")
		f.IntVar(&o.index, "index", 0, "of release: slot `I`")
	}
	f.Var(&o.print, "print", "of acquire: print "+strings.Join(o.print.words, ", "))
	f.Uint64Var(&o.token, "token", 0, "of release and break: the hold with this `TOKEN`")
	if slices.Contains(actionsOf(verb), actionBreak) {
		o.signal = signalValue(syscall.SIGTERM)
		f.Var(&o.signal, "signal", "of break: end the holder with `SIGNAL`")
	}
}

// placeOptions say where named things live.
type placeOptions struct {
	home    string
	allowFS bool
}

func (o *placeOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.home, "home", "", "keep named things in `DIR` ($LOXCTL_HOME, $XDG_STATE_HOME/loxctl or ~/.local/state/loxctl)")
	f.BoolVar(&o.allowFS, "allow-fs", false, "also on a network file system, at your own risk")
}
