package cmd

import (
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// parse takes what flags has left: the name, maybe behind an action, flags
// behind the name, and the command. They end at the first other word behind
// the name, or at --. It returns pflag.ErrHelp if help is asked for.
func (o *lockOptions) parse(flags *pflag.FlagSet, words []string) error {
	var err error
	if len(words) > 0 && flags.ArgsLenAtDash() < 0 && slices.Contains(actionsOf(o.verb), lockAction(words[0])) {
		o.action = lockAction(words[0])
		if words, err = o.parseFlags(flags, words[1:]); err != nil {
			return err
		}
	}
	if len(words) > 0 && !asksHelp(flags) {
		o.name = words[0]
		if words, err = o.parseFlags(flags, words[1:]); err != nil {
			return err
		}
	}
	if asksHelp(flags) {
		return pflag.ErrHelp
	}
	return o.check(flags, words)
}

// parseFlags takes the flags that words begin with, unless there was a -- yet.
func (o *lockOptions) parseFlags(flags *pflag.FlagSet, words []string) ([]string, error) {
	if flags.ArgsLenAtDash() >= 0 || len(words) == 0 {
		return words, nil
	}
	if err := flags.Parse(words); err != nil {
		return nil, flagError(o.verb, flags, err)
	}
	return flags.Args(), nil
}

func asksHelp(flags *pflag.FlagSet) bool { return flags.Changed("help") }

// check finds flags and words that cannot be meant.
func (o *lockOptions) check(flags *pflag.FlagSet, words []string) error {
	if o.name == "" && o.action != actionList {
		return o.usage("", "a name is missing")
	}
	if err := o.checkPlaces(flags); err != nil {
		return err
	}
	if err := o.checkPairs(flags); err != nil {
		return err
	}
	if err := o.checkValues(flags); err != nil {
		return err
	}
	return o.takeCommand(flags, words)
}

// lockPlaces say to which actions flags belong; those that are not in it
// belong to all.
var lockPlaces = []struct {
	flags string
	to    []lockAction
}{
	{" wait try conflict-exit-code verbose quiet ", []lockAction{actionRun, actionAcquire, actionWait, actionBreak}},
	{" shared exclusive prefer pick fair label no-deadlock-check ", []lockAction{actionRun, actionAcquire}},
	{" slots ", []lockAction{actionRun, actionAcquire, actionResize}},
	{" command bg close exec pdeathsig max-hold kill-after reentrant ", []lockAction{actionRun}},
	{" fd owner ", []lockAction{actionAcquire, actionRelease, actionHeld}},
	{" print ", []lockAction{actionAcquire}},
	{" index ", []lockAction{actionRelease}},
	{" token ", []lockAction{actionRelease, actionBreak}},
	{" signal ", []lockAction{actionBreak}},
	{" json ", []lockAction{actionList}},
}

// checkPlaces refuses a flag that the action has no use for.
func (o *lockOptions) checkPlaces(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(flag *pflag.Flag) {
		for _, place := range lockPlaces {
			if err == nil && strings.Contains(place.flags, " "+flag.Name+" ") && !slices.Contains(place.to, o.action) {
				err = o.usage(flagName(flag), "has no meaning "+o.action.phrase()+", only "+o.phrases(place.to))
			}
		}
	})
	return err
}

// phrases are where a flag belongs, as far as this verb can do that.
func (o *lockOptions) phrases(actions []lockAction) string {
	var phrases []string
	for _, action := range actions {
		if action == actionRun || slices.Contains(actionsOf(o.verb), action) {
			phrases = append(phrases, action.phrase())
		}
	}
	return strings.Join(phrases, " or ")
}

func (a lockAction) phrase() string {
	if a == actionRun {
		return "with a command"
	}
	return "with " + string(a)
}

// lockConflicts are flags of which only one can be.
var lockConflicts = [][2]string{
	{"wait", "try"}, {"verbose", "quiet"}, {"shared", "exclusive"}, {"fd", "owner"}, {"fd", "token"}, {"fd", "index"},
	{"index", "token"}, {"exec", "max-hold"}, {"exec", "pdeathsig"}, {"exec", "close"}, {"bg", "exec"}, {"bg", "pdeathsig"}, {"bg", "reentrant"},
}

// lockNeeds are flags that mean nothing without one of some others.
var lockNeeds = []struct {
	flag string
	one  []string
}{
	{"prefer", []string{"shared"}},
	{"kill-after", []string{"max-hold"}},
	{"conflict-exit-code", []string{"wait", "try"}},
}

// checkPairs refuses flags that exclude each other, and those that need
// another one.
func (o *lockOptions) checkPairs(flags *pflag.FlagSet) error {
	for _, pair := range lockConflicts {
		if flags.Changed(pair[0]) && flags.Changed(pair[1]) {
			return o.usage(dashed(pair[0]), "cannot be given with "+dashed(pair[1]))
		}
	}
	for _, need := range lockNeeds {
		if flags.Changed(need.flag) && !slices.ContainsFunc(need.one, flags.Changed) {
			return o.usage(dashed(need.flag), "needs "+dashed(strings.Join(need.one, " or --")))
		}
	}
	return nil
}

// checkValues finds values that cannot be meant.
func (o *lockOptions) checkValues(flags *pflag.FlagSet) error {
	given := flags.Changed
	o.grip.hasFD, o.grip.hasIndex, o.grip.hasToken = given("fd"), given("index"), given("token")
	o.wait.limited = given("wait") || o.wait.try
	o.wait.try = o.wait.try || given("wait") && o.wait.wait == 0
	switch {
	case o.wait.code < 0 || o.wait.code > 255:
		return o.usage("--conflict-exit-code", strconv.Itoa(o.wait.code)+" is not from 0 to 255")
	case given("slots") && (o.mode.slots < 1 || o.mode.slots > 1024):
		return o.usage("--slots", strconv.Itoa(o.mode.slots)+" is not from 1 to 1024")
	case given("fd") && o.grip.fd < 0:
		return o.usage("--fd", strconv.Itoa(o.grip.fd)+" is no descriptor")
	case given("over") && o.mode.over == "":
		return o.usage("--over", "is empty")
	case given("owner") && o.grip.owner < 1:
		return o.usage("--owner", strconv.Itoa(o.grip.owner)+" is no process")
	case given("index") && o.grip.index < 0:
		return o.usage("--index", strconv.Itoa(o.grip.index)+" is no slot")
	case given("max-hold") && o.hold.maxHold == 0:
		return o.usage("--max-hold", "0 is too short")
	case o.action == actionResize && !given("slots"):
		return o.usage("", "how many slots there shall be is missing: -n N")
	case o.action == actionBreak && !given("token"):
		return o.usage("", "which hold to break is missing: --token T, as ls shows it")
	}
	return nil
}

// takeCommand takes the words behind the name, which only a command has.
func (o *lockOptions) takeCommand(flags *pflag.FlagSet, words []string) error {
	byLine := flags.Changed("command")
	switch {
	case o.action != actionRun && len(words) > 0:
		return o.usage(words[0], "one word too many")
	case o.action != actionRun:
		return nil
	case byLine && len(words) > 0:
		return o.usage("--command", "cannot be given with the words of another command: "+words[0])
	case byLine && strings.TrimSpace(o.hold.line) == "":
		return o.usage("--command", "is blank")
	case !byLine && len(words) == 0:
		return o.missingCommand()
	case !byLine && strings.TrimSpace(words[0]) == "":
		return o.usage(strconv.Quote(words[0]), "is no command")
	}
	o.command = words
	return nil
}

// missingCommand is the error for a name alone, which may be a misspelt action.
func (o *lockOptions) missingCommand() error {
	var names []string
	for _, action := range actionsOf(o.verb) {
		names = append(names, string(action))
	}
	return &usageError{verb: o.verb, what: o.name, why: "a command is missing",
		hint: didYouMean("loxctl "+o.verb+" ", o.name, names)}
}

func (o *lockOptions) usage(what, why string) error {
	return &usageError{verb: o.verb, what: what, why: why}
}
