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
	if len(words) > 0 && flags.ArgsLenAtDash() < 0 && slices.Contains(actionsOf(o.Verb), lockAction(words[0])) {
		o.action = lockAction(words[0])
		if words, err = o.parseFlags(flags, words[1:]); err != nil {
			return err
		}
	}
	if len(words) > 0 && !asksHelp(flags) {
		o.Name = words[0]
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
		return nil, flagError(o.Verb, flags, err)
	}
	return flags.Args(), nil
}

func asksHelp(flags *pflag.FlagSet) bool { return flags.Changed("help") }

// check finds flags and words that cannot be meant.
func (o *lockOptions) check(flags *pflag.FlagSet, words []string) error {
	if o.Name == "" && o.action != actionList {
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
		if action == actionRun || slices.Contains(actionsOf(o.Verb), action) {
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

// lockConflicts are flags of which only one can be, besides those of hold.
var lockConflicts = [][2]string{{"fd", "owner"}, {"fd", "token"}, {"fd", "index"}, {"index", "token"}}

// checkPairs refuses flags that exclude each other.
func (o *lockOptions) checkPairs(flags *pflag.FlagSet) error {
	for _, pair := range lockConflicts {
		if flags.Changed(pair[0]) && flags.Changed(pair[1]) {
			return o.usage(dashed(pair[0]), "cannot be given with "+dashed(pair[1]))
		}
	}
	if what, why := o.Check(flags.Changed); why != "" {
		return o.usage(what, why)
	}
	return nil
}

// checkValues finds values that cannot be meant.
func (o *lockOptions) checkValues(flags *pflag.FlagSet) error {
	given := flags.Changed
	o.grip.hasFD, o.grip.hasIndex, o.grip.hasToken = given("fd"), given("index"), given("token")
	switch {
	case given("fd") && o.grip.fd < 0:
		return o.usage("--fd", strconv.Itoa(o.grip.fd)+" is no descriptor")
	case given("owner") && o.grip.owner < 1:
		return o.usage("--owner", strconv.Itoa(o.grip.owner)+" is no process")
	case given("index") && o.grip.index < 0:
		return o.usage("--index", strconv.Itoa(o.grip.index)+" is no slot")
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
	case !byLine && len(words) == 0:
		return o.missingCommand()
	case !byLine && strings.TrimSpace(words[0]) == "":
		return o.usage(strconv.Quote(words[0]), "is no command")
	}
	o.Words = words
	return nil
}

// missingCommand is the error for a name alone, which may be a misspelt action.
func (o *lockOptions) missingCommand() error {
	var names []string
	for _, action := range actionsOf(o.Verb) {
		names = append(names, string(action))
	}
	return &usageError{verb: o.Verb, what: o.Name, why: "a command is missing",
		hint: didYouMean("loxctl "+o.Verb+" ", o.Name, names)}
}

func (o *lockOptions) usage(what, why string) error {
	return &usageError{verb: o.Verb, what: what, why: why}
}
