package cmd

import (
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/loxctl/loxctl/internal/hold"
	"github.com/loxctl/loxctl/internal/value"
)

// pipeSettings say what an announcement or a funnel is.
type pipeSettings struct {
	backlog   backlogValue
	maxSize   uint64 // also of a subscriber
	whenFull  value.Choice
	retain    retention
	segment   size
	maxRecord size
	duplicate value.Choice
	expire    value.Duration
	sync      bool // also of a put
	update    bool
}

// putOptions say what a put puts.
type putOptions struct {
	whole    bool
	id       string
	printSeq bool
}

// readOptions say who reads, how much, and what becomes of it.
type readOptions struct {
	as, group string
	from      fromValue
	count     int
	ack       value.Choice
	grip      gripOptions
	null      bool // also how a put reads stdin
	json      bool
	withSeq   bool
	noGap     bool
}

func (o *pipeOptions) addFlags(flags *pflag.FlagSet) {
	o.create.whenFull = value.NewChoice("block", "fail", "drop")
	o.create.duplicate = value.NewChoice("refuse", "replace")
	o.read.ack = value.NewChoice("auto", "manual")
	groups := []struct {
		title string
		add   func(*pflag.FlagSet)
	}{
		{"Create", o.addAnnouncement}, {"Put", o.addPut}, {"Subscribers", o.addSubscribers},
		{"Get and tail", o.addRead}, {"Waiting", rows(o.waitRows())}, {"Mount", o.addMount},
	}
	if o.verb == "funnel" {
		groups[0].add, groups[1].add, groups[2].add = o.addFunnel, o.addFunnelPut, func(*pflag.FlagSet) {}
		groups[3].title = "Get"
	}
	for _, g := range groups {
		addGroup(flags, g.title, g.add)
	}
	addGroup(flags, "Other", func(group *pflag.FlagSet) {
		if o.verb == "funnel" {
			group.BoolVar(&o.other.pending, "pending", false, "of ls: list the jobs that are not complete")
			group.BoolVar(&o.other.expired, "expired", false, "of ls: list the jobs that were given up")
		}
		rows(o.place.Flags())(group)
	})
}

// waitRows are the flags about waiting that have a meaning here.
func (o *pipeOptions) waitRows() (some []hold.Flag) {
	for _, f := range o.wait.Flags() {
		if strings.Contains(waitFlags, " "+f.Name+" ") {
			some = append(some, f)
		}
	}
	return some
}

func (o *pipeOptions) addAnnouncement(f *pflag.FlagSet) {
	c := &o.create
	f.Var(&c.backlog, "backlog", "new subscribers get none, the last `N` or all of the records before them")
	f.Uint64Var(&c.maxSize, "maxsize", 0, "a subscriber may have `N` unread records; 0: any number")
	f.Var(&c.whenFull, "when-full", "what put does when one has so many: wait (block), fail, or drop its oldest")
	o.addRetain(f)
	f.Var(&c.segment, "segment", "begin a new file after `SIZE`")
	f.Lookup("segment").DefValue = "64M"
	f.Var(&c.maxRecord, "max-record", "refuse a record above `SIZE`")
	f.Lookup("max-record").DefValue = "16M"
	o.addSync(f)
}

func (o *pipeOptions) addFunnel(f *pflag.FlagSet) {
	f.StringSliceVar(&o.other.inputs, "inputs", nil, "the `NAMES` of the inputs, as a,b,c: their order is that of the values")
	f.Var(&o.create.duplicate, "duplicate", "what a second, other value of an input for a job is: refuse or replace")
	f.Var(&o.create.expire, "expire", "give up a job that is not complete `DURATION` after its first value; 0: never")
	o.addRetain(f)
	o.addSync(f)
}

func (o *pipeOptions) addRetain(f *pflag.FlagSet) {
	f.Var(&o.create.retain, "retain", "keep no more than `SIZE|DURATION`, also if somebody has not read it; twice for both")
}

func (o *pipeOptions) addSync(f *pflag.FlagSet) {
	f.BoolVar(&o.create.sync, "sync", false, "of create and put: records are on the disk when put returns")
	f.BoolVar(&o.create.update, "update", false, "change what exists: the settings that are given")
}

func (o *pipeOptions) addPut(f *pflag.FlagSet) {
	f.BoolVar(&o.put.whole, "whole", false, "of put -: all of stdin is one record")
	o.addFunnelPut(f)
	f.BoolVar(&o.put.printSeq, "print-seq", false, "print the number of each record")
}

func (o *pipeOptions) addFunnelPut(f *pflag.FlagSet) {
	f.StringVar(&o.put.id, "id", "", "put it once, however often this is called with the same `KEY`")
}

func (o *pipeOptions) addSubscribers(f *pflag.FlagSet) {
	f.StringVar(&o.read.as, "as", "", "read as subscriber `NAME`, whose position is kept")
	f.StringVar(&o.read.group, "group", "", "read as one of the group `NAME`, each of whose records goes to one reader")
	f.Var(&o.read.from, "from", "where a new subscriber begins: `start|now|last|SEQ`; without it, with the backlog")
}

func (o *pipeOptions) addRead(f *pflag.FlagSet) {
	r := &o.read
	if o.verb == "funnel" {
		f.BoolVar(&o.other.noNumber, "no-jid", false, "print the values only")
	}
	f.IntVarP(&r.count, "n", "n", 1, "of get: take up to `N`, if they are there already")
	f.Var(&r.ack, "ack", "of get: it is done with once it is printed or the command has succeeded (auto), or when ack says so (manual)")
	f.IntVar(&r.grip.fd, "fd", 0, "of --ack manual: it is the script's as long as that has descriptor `N` open")
	f.Lookup("fd").DefValue = ""
	f.IntVar(&r.grip.owner, "owner", 0, "of --ack manual: it is the script's until process `PID` ends; without it, the parent")
	f.BoolVarP(&r.null, "null", "0", false, "records end in NUL, also those that put - reads")
	f.BoolVar(&r.json, "json", false, "print JSON objects, also of ls")
	f.BoolVar(&r.withSeq, "with-seq", false, "print the number before each, and a TAB")
	f.BoolVar(&r.noGap, "no-gap", false, "fail where records are missing instead of going on behind them")
}

func (o *pipeOptions) addMount(f *pflag.FlagSet) {
	if o.verb == "announce" {
		f.StringArrayVar(&o.other.out, "out", nil, "make out.`NAME`, from which this subscriber reads; any number of times")
	}
	f.BoolVar(&o.other.bg, "bg", false, "return when the FIFOs are ready, and serve them in the background")
}

// flagError is that of all verbs, but to one who puts a message it says how to
// write one that looks like a flag.
func (o *pipeOptions) flagError(flags *pflag.FlagSet, err error) error {
	usage := flagError(o.verb, flags, err)
	var unknown *pflag.NotExistError
	var e *usageError
	if errors.As(err, &unknown) && errors.As(usage, &e) && e.hint == "" {
		e.hint = "what begins with - and is no flag stands behind --"
	}
	return usage
}

// pipeConflicts are flags of which only one can be, besides those of hold.
var pipeConflicts = [][2]string{
	{"as", "group"}, {"fd", "owner"}, {"null", "json"}, {"with-seq", "json"}, {"no-jid", "json"},
	{"whole", "null"}, {"pending", "expired"},
}

// checkFlags finds flags and values that cannot be meant.
func (o *pipeOptions) checkFlags(flags *pflag.FlagSet) error {
	if err := o.checkPlaces(flags); err != nil {
		return err
	}
	for _, pair := range pipeConflicts {
		if o.given(pair[0]) && o.given(pair[1]) {
			return o.usage(dashed(pair[0]), "cannot be given with "+dashed(pair[1]))
		}
	}
	waits := hold.Options{Wait: o.wait}
	if what, why := waits.Check(o.given); why != "" {
		return o.usage(what, why)
	}
	o.wait = waits.Wait
	if err := o.checkNumbers(); err != nil {
		return err
	}
	return o.checkReader()
}

// checkPlaces refuses a flag that the action has no use for.
func (o *pipeOptions) checkPlaces(flags *pflag.FlagSet) (err error) {
	const common = " home allow-fs color config help "
	flags.Visit(func(flag *pflag.Flag) {
		word := " " + flag.Name + " "
		if err != nil || strings.Contains(common+o.action.flags, word) {
			return
		}
		var with []string
		for _, action := range o.actions() {
			if strings.Contains(action.flags, word) {
				with = append(with, action.name)
			}
		}
		err = o.usage(flagName(flag), "has no meaning with "+o.action.name+", only with "+strings.Join(with, " or "))
	})
	return err
}

func (o *pipeOptions) checkNumbers() error {
	r := &o.read
	switch {
	case r.count < 1:
		return o.usage("-n", strconv.Itoa(r.count)+" is no number of records")
	case o.given("fd") && r.grip.fd < 0:
		return o.usage("--fd", strconv.Itoa(r.grip.fd)+" is no descriptor")
	case o.given("owner") && r.grip.owner < 1:
		return o.usage("--owner", strconv.Itoa(r.grip.owner)+" is no process")
	case o.given("id") && o.put.id == "":
		return o.usage("--id", "is empty")
	}
	r.grip.hasFD = o.given("fd")
	return nil
}

// checkReader finds out whether it is clear who reads, and who keeps it.
func (o *pipeOptions) checkReader() error {
	has := func(flag string) bool { return strings.Contains(o.action.flags, " "+flag+" ") }
	manual := o.read.manual()
	gripped := o.given("fd") || o.given("owner")
	switch {
	case has("group") && o.read.as == "" && o.read.group == "":
		return o.usage(o.action.name, "who reads is missing: --as NAME or --group NAME")
	case has("as") && !has("group") && o.action.name != "tail" && o.read.as == "":
		return o.usage(o.action.name, "which subscriber is missing: --as NAME")
	case o.given("as") && o.read.as == "":
		return o.usage("--as", "is empty")
	case gripped && !manual:
		return o.usage("--fd or --owner", "needs --ack manual")
	case gripped && o.read.as != "":
		return o.usage("--fd or --owner", "needs --group: for --as nothing has to be kept")
	case manual && len(o.command) > 0:
		return o.usage("--ack manual", "cannot be given with a command, which acknowledges by its status")
	}
	return nil
}

func (r *readOptions) manual() bool { return r.ack.String() == "manual" }
