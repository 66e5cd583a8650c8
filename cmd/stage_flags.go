package cmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/loxctl/loxctl/internal/chain"
	"github.com/loxctl/loxctl/internal/value"
)

// stageOptions are the flags of a stage. The first one has them among those of
// scatter, every other one behind its --then.
type stageOptions struct {
	link    linkOptions
	command commandOptions
	pool    poolOptions
	tries   tryOptions
}

func (o *stageOptions) addFlags(flags *pflag.FlagSet) {
	addGroup(flags, "Stage: what it takes", o.link.addFlags)
	addGroup(flags, "Stage: command", o.command.addFlags)
	addGroup(flags, "Stage: pool", o.pool.addFlags)
	addGroup(flags, "Stage: failing", o.tries.addFlags)
}

// check finds values that cannot be meant.
func (o *stageOptions) check(flags *pflag.FlagSet) error {
	switch {
	case flags.Changed("quote-template") && o.command.shell == "":
		return scatterError("--quote-template", "needs --shell: without a shell, words are never read again")
	case o.command.nice < -20 || o.command.nice > 19:
		return scatterError("--nice", fmt.Sprintf("%d is not from -20 to 19", o.command.nice))
	case o.tries.retries < 0:
		return scatterError("--retries", fmt.Sprintf("%d is negative", o.tries.retries))
	}
	if o.link.whole {
		o.link.unpack = chain.None
	}
	return nil
}

// stageFlags are the flags that may stand behind --then.
func stageFlags(o *stageOptions) *pflag.FlagSet {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.SetInterspersed(false)
	flags.Usage = func() {}
	flags.SetNormalizeFunc(normalize)
	o.addFlags(flags)
	return flags
}

// parseStage reads the flags of a stage that is not the first one and returns
// its command.
func (a *app) parseStage(o *stageOptions, number int, words []string) ([]string, error) {
	flags := stageFlags(o)
	err := flags.Parse(words)
	if err == nil {
		settings, settingsErr := a.settings()
		if settingsErr != nil {
			return nil, configError(settingsErr)
		}
		if err := settings.Fill("scatter", flags); err != nil {
			return nil, configError(err)
		}
	} else {
		err = runFlagError(flagError("scatter", flags, err), err)
	}
	if err == nil {
		err = settle(flags)
	}
	if err == nil {
		err = o.check(flags)
	}
	if err == nil && flags.NArg() == 0 {
		err = scatterError("", "has no command")
	}
	return flags.Args(), ofStage(number, err)
}

// runFlagError is e, or says that a flag is known but not behind --then.
func runFlagError(e error, err error) error {
	var unknown *pflag.NotExistError
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return scatterError("--help", "stands behind the first command")
	case !errors.As(err, &unknown):
		return e
	}
	all := newScatter(new(app)).Flags()
	name := unknown.GetSpecifiedName()
	if letters := unknown.GetSpecifiedShortnames(); letters != "" {
		if short := all.ShorthandLookup(letters[:1]); short != nil {
			name = short.Name
		}
	}
	flag := all.Lookup(name)
	if flag == nil {
		return e
	}
	return &usageError{verb: "scatter", what: flagName(flag), why: "is for the whole run",
		hint: "write it before the first command; see loxctl help stages"}
}

// ofStage says which stage a mistake in the flags is about.
func ofStage(number int, err error) error {
	var usage *usageError
	if errors.As(err, &usage) && number > 1 {
		usage.verb = fmt.Sprintf("scatter: stage %d", number)
		if usage.hint == "" {
			usage.hint = "see loxctl help stages"
		}
	}
	return err
}

// linkOptions say what a stage takes and what it is called.
type linkOptions struct {
	name   string
	from   []string
	each   bool
	unpack chain.Unpack
	whole  bool
	stdin  bool
	pass   bool
}

func (o *linkOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.name, "as", "", "call the stage `NAME`: later ones have what its jobs print as {NAME}")
	f.StringSliceVar(&o.from, "from", nil, "take the results of the stage `NAME`, not of the one before; of several, all of the same record; in is the records")
	f.BoolVar(&o.each, "each", false, "a job for every line of what the stage before prints")
	f.Var(&o.unpack, "unpack", "how results become {1} {2} and so on: "+strings.Join(o.unpack.Choices(), ", "))
	f.BoolVar(&o.whole, "no-unpack", false, "a result is one value: --unpack none")
	f.BoolVar(&o.stdin, "stdin", false, "give each job on stdin its record, with the delimiter, or what the stage before has printed")
	f.BoolVar(&o.pass, "pass-failures", false, "a failed job passes on an empty result; otherwise later stages leave its record out")
}

// commandOptions say how the command is read and run.
type commandOptions struct {
	replace string
	quote   bool
	shell   string
	noShell bool
	workdir string
	env     []string
	nice    int
}

func (o *commandOptions) addFlags(f *pflag.FlagSet) {
	f.StringVarP(&o.replace, "replace", "I", "{}", "write `TEXT` for {}")
	f.BoolVarP(&o.quote, "quote-template", "q", false, "with --shell: the words of the command reach it as they are")
	f.StringVar(&o.shell, "shell", "", "run the command as a line for the shell at `PATH` ($LOXCTL_SHELL or /bin/sh)")
	f.Lookup("shell").NoOptDefVal = "default"
	f.BoolVar(&o.noShell, "no-shell", false, "never use a shell, also for one word with shell syntax")
	f.StringVar(&o.workdir, "workdir", "", "run the jobs in `DIR`, which may have placeholders; ... is a new directory for each job")
	f.StringArrayVar(&o.env, "env", nil, "set `NAME=VALUE` for the jobs, the value may have placeholders; NAME alone must be set")
	f.IntVar(&o.nice, "nice", 0, "niceness `N` of the jobs, from -20 to 19")
}

// normalize gives flags the other names that GNU parallel has for them.
func normalize(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	switch name {
	case "wd":
		name = "workdir"
	case "lb":
		name = "line-buffer"
	}
	return pflag.NormalizedName(name)
}

// poolOptions are about the slots.
type poolOptions struct {
	jobs  jobs
	delay delay
	rate  rate
	locks []string
	sems  []string
}

func (o *poolOptions) addFlags(f *pflag.FlagSet) {
	f.VarP(&o.jobs, "jobs", "j", "run `N` jobs at once: a number, 50%, +1, -1, 0 for as many as possible, or a file that says so and is read again when it changes; without it one for each CPU. -P is the same")
	f.VarP(&alias{f.Lookup("jobs")}, "max-procs", "P", "as -j")
	f.Lookup("max-procs").Hidden = true // nor is it a key of the configuration
	f.Var(&o.delay, "delay", "start jobs at least `DURATION` apart; with auto at its end, longer after a failure")
	f.Var(&o.rate, "rate", "start no more than `N/TIME`, as 10/s or 100/m")
	f.StringArrayVar(&o.locks, "lock", nil, "a job holds the lock `NAME`, which may have placeholders, while it runs; see loxctl help locks")
	f.StringArrayVar(&o.sems, "sem", nil, "a job holds a slot of the semaphore NAME with N slots, given as `NAME=N`; {NAME} is the index of its slot")
}

// alias is a flag value that gives another flag.
type alias struct{ of *pflag.Flag }

func (a *alias) String() string { return "" }
func (a *alias) Type() string   { return a.of.Value.Type() }

func (a *alias) Set(s string) error {
	a.of.Changed = true
	return a.of.Value.Set(s)
}

// tryOptions say when a job has failed, and what is done for it.
type tryOptions struct {
	retries    int
	retryDelay backoff
	timeout    limit
	killAfter  value.Duration
}

func (o *tryOptions) addFlags(f *pflag.FlagSet) {
	o.killAfter = value.Duration(5e9)
	f.IntVar(&o.retries, "retries", 0, "try a failed job up to `N` more times")
	f.Var(&o.retryDelay, "retry-delay", "wait before a retry, each further time FACTOR longer, up to MAX")
	f.Var(&o.timeout, "timeout", "end a job after `DURATION`, or N% of the median of the jobs that succeeded")
	f.Var(&o.killAfter, "kill-after", "time between TERM and KILL for a job that must end")
}
