package cmd

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/loxctl/loxctl/internal/source"
	"github.com/loxctl/loxctl/internal/value"
)

// scatterOptions are the flags of scatter, by what they are about.
type scatterOptions struct {
	input   inputOptions
	batch   batchOptions
	first   stageOptions // of the first stage
	output  outputOptions
	failing failingOptions
}

func (o *scatterOptions) addFlags(flags *pflag.FlagSet) {
	flags.SetNormalizeFunc(normalize)
	addGroup(flags, "Input", o.input.addFlags)
	addGroup(flags, "Batches", o.batch.addFlags)
	o.first.addFlags(flags)
	addGroup(flags, "Output", o.output.addFlags)
	addGroup(flags, "Stopping", o.failing.addFlags)
}

// conflicts are flags of which only one can be.
var conflicts = [][2]string{
	{"null", "delimiter"}, {"max-args", "N"}, {"max-args", "max-lines"}, {"N", "max-lines"},
	{"X", "m"}, {"X", "xargs"}, {"m", "xargs"}, {"X", "max-lines"}, {"m", "max-lines"}, {"xargs", "max-lines"},
	{"ungroup", "line-buffer"}, {"ungroup", "json"}, {"line-buffer", "json"}, {"ungroup", "tag"},
	{"ungroup", "tagstring"}, {"tag", "tagstring"}, {"tag", "json"}, {"tagstring", "json"},
	{"keep-order", "unordered"}, {"shell", "no-shell"}, {"halt", "fail-fast"}, {"delay", "rate"},
	{"dry-run", "ungroup"}, {"verbose", "json"}, {"no-unpack", "unpack"}, {"dry-run", "plan"},
}

// settle finds flags that contradict each other. One on the command line wins
// over one of the configuration. A stage has some of them only.
func settle(flags *pflag.FlagSet) error {
	for _, pair := range conflicts {
		a, b := flags.Lookup(pair[0]), flags.Lookup(pair[1])
		switch {
		case a == nil || b == nil:
		case !isOn(a) || !isOn(b):
		case a.Changed == b.Changed:
			return scatterError(dashed(a.Name), "cannot be given with "+dashed(b.Name))
		default:
			if a.Changed {
				a = b
			}
			if err := a.Value.Set(a.DefValue); err != nil {
				return scatterError(dashed(a.Name), err.Error())
			}
		}
	}
	return nil
}

// dashed is a flag as it is written.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

func isOn(f *pflag.Flag) bool { return f.Changed || f.Value.String() != f.DefValue }

// check finds values that cannot be meant.
func (o *scatterOptions) check(flags *pflag.FlagSet) error {
	if err := settle(flags); err != nil {
		return err
	}
	given := flags.Changed
	for _, name := range []string{"max-args", "max-lines", "max-chars", "limit"} {
		if given(name) && flags.Lookup(name).Value.String() == "0" {
			return scatterError(dashed(name), "0 is too few")
		}
	}
	switch {
	case given("seed") && !o.input.shuffle:
		return scatterError("--seed", "needs --shuf")
	case given("exit") && o.batch.maxChars == 0 && !o.batch.packs():
		return scatterError("--exit", "needs -s, or -X, -m or --xargs, which have a limit of their own")
	}
	o.input.hasSeed = given("seed") || o.input.seed != 0
	o.batch.hasN = given("N")
	for _, err := range []error{o.first.check(flags), o.input.check(), o.batch.check(), o.output.check()} {
		if err != nil {
			return err
		}
	}
	return nil
}

func scatterError(what, why string) error { return &usageError{verb: "scatter", what: what, why: why} }

// inputOptions say where records come from.
type inputOptions struct {
	null        bool
	delimiter   source.Delimiter
	files       []string
	colsep      string
	header      source.HeaderLines
	trim        source.TrimMode
	eof         string
	skipBlank   bool
	link        bool
	linkShort   bool
	shuffle     bool
	seed        uint64
	hasSeed     bool
	skip, limit int
	argSep      string
	fileSep     string
	thenSep     string

	separator *regexp.Regexp // colsep
}

func (o *inputOptions) addFlags(f *pflag.FlagSet) {
	f.BoolVarP(&o.null, "null", "0", false, "records end with NUL")
	f.VarP(&o.delimiter, "delimiter", "d", `records end with TEXT, which may have C escapes and several bytes`)
	f.StringArrayVarP(&o.files, "arg-file", "a", nil, "read records from `FILE` instead of stdin (- is stdin); repeated, every combination")
	f.StringVarP(&o.colsep, "colsep", "C", "", "split each record into {1} {2} … at matches of `REGEXP`")
	f.Var(&o.header, "header", "the first record names the columns, {name}; a number skips that many lines")
	f.Lookup("header").DefValue = ""
	f.Var(&o.trim, "trim", "white space off the values: n, l, r or lr")
	f.Lookup("trim").DefValue = ""
	f.StringVarP(&o.eof, "eof-str", "E", "", "a record that is `TEXT` ends the input")
	f.BoolVarP(&o.skipBlank, "no-run-if-empty", "r", false, "leave out blank records (without any record nothing is ever run)")
	f.BoolVar(&o.link, "link", false, "take a value of each source together; short ones start again")
	f.BoolVar(&o.linkShort, "link-short", false, "values left over of a source linked with :::+ are no error")
	f.BoolVar(&o.shuffle, "shuf", false, "records in random order")
	f.Uint64Var(&o.seed, "seed", 0, "make --shuf give the same order again for the same `N`")
	f.IntVar(&o.skip, "skip", 0, "leave out the first `N` records")
	f.IntVar(&o.limit, "limit", 0, "take no more than `N` records")
	f.StringVar(&o.argSep, "arg-sep", ":::", "write `TEXT` for :::")
	f.StringVar(&o.fileSep, "arg-file-sep", "::::", "write `TEXT` for ::::")
	f.StringVar(&o.thenSep, "then-sep", "--then", "write `TEXT` for --then")
}

func (o *inputOptions) check() error {
	var err error
	switch {
	case o.skip < 0:
		return scatterError("--skip", "is negative")
	case o.limit < 0:
		return scatterError("--limit", "is negative")
	case o.argSep == "" || o.fileSep == "" || o.argSep == o.fileSep:
		return scatterError("--arg-sep", "--arg-sep and --arg-file-sep must be two different words")
	case o.thenSep == "" || slices.Contains([]string{o.argSep, o.fileSep, o.argSep + "+", o.fileSep + "+"}, o.thenSep):
		return scatterError("--then-sep", "must be a word of its own, not that of a source")
	case o.colsep != "":
		if o.separator, err = regexp.Compile(o.colsep); err != nil {
			return scatterError("--colsep", err.Error())
		}
	}
	return nil
}

// batchOptions say how many records a job takes.
type batchOptions struct {
	maxArgs   int
	n         int
	maxLines  int
	repeat    bool
	insert    bool
	xargs     bool
	maxChars  int
	exit      bool
	hasN      bool
	batchSize int // of -n, -N or -L; 0: one
}

func (o *batchOptions) addFlags(f *pflag.FlagSet) {
	f.IntVarP(&o.maxArgs, "max-args", "n", 0, "up to `N` records a job: {} is all of them, {1} {2} … single ones")
	f.IntVarP(&o.n, "N", "N", 0, "as -n; `N` may be 0: -N0 takes one record a job and inserts nothing")
	f.IntVarP(&o.maxLines, "max-lines", "L", 0, "`N` lines a job, blank ones not counted; a line that ends in a blank goes on with the next")
	f.BoolVarP(&o.repeat, "X", "X", false, "as many records a job as fit, spread over the slots at the end; a word that holds {} is repeated for each")
	f.BoolVarP(&o.insert, "m", "m", false, "as -X, but the records are inserted where {} is")
	f.BoolVar(&o.xargs, "xargs", false, "as -m, without spreading")
	f.IntVarP(&o.maxChars, "max-chars", "s", 0, "command lines of up to `N` bytes (-X, -m and --xargs: 131072 otherwise)")
	f.BoolVarP(&o.exit, "exit", "x", false, "end if the records of -n do not fit in a command line")
}

func (o *batchOptions) check() error {
	for _, c := range []struct {
		flag  string
		value int
	}{{"max-args", o.maxArgs}, {"N", o.n}, {"max-lines", o.maxLines}, {"max-chars", o.maxChars}} {
		if c.value < 0 {
			return scatterError(dashed(c.flag), fmt.Sprintf("%d is negative", c.value))
		}
	}
	o.batchSize = max(o.maxArgs, o.n, o.maxLines)
	return nil
}

// packs reports whether a job takes as many records as fit.
func (o *batchOptions) packs() bool { return o.repeat || o.insert || o.xargs }

// isPacked reports whether the size of command lines counts.
func (o *batchOptions) isPacked() bool { return o.packs() || o.maxChars > 0 }

// outputOptions say what is shown.
type outputOptions struct {
	unordered  bool
	keepOrder  bool
	lineBuffer bool
	ungroup    bool
	tag        bool
	tagString  string
	json       bool
	spoolMem   size
	spoolDisk  size
	tmpdir     string
	verbose    bool
	trace      bool
	dryRun     bool
	plan       string
	gather     []string
	quiet      bool
}

func (o *outputOptions) addFlags(f *pflag.FlagSet) {
	o.spoolMem = 64 << 20
	f.BoolVar(&o.unordered, "unordered", false, "show the output of a job when it ends, not in the order of the input")
	f.BoolVarP(&o.keepOrder, "keep-order", "k", false, "show output in the order of the input: the default")
	f.BoolVar(&o.lineBuffer, "line-buffer", false, "show whole lines as they come, from any job")
	f.BoolVarP(&o.ungroup, "ungroup", "u", false, "jobs write to stdout and stderr themselves")
	f.BoolVar(&o.tag, "tag", false, "put the record and a TAB before each line")
	f.StringVar(&o.tagString, "tagstring", "", "put `TEXT`, which may have placeholders, and a TAB before each line")
	f.BoolVar(&o.json, "json", false, "show each job as a JSON object")
	f.Var(&o.spoolMem, "spool-mem", "memory for output that waits for its turn")
	f.Var(&o.spoolDisk, "spool-disk", "file space for output that waits (default: half of what is free); when both are full, jobs wait")
	f.StringVar(&o.tmpdir, "tmpdir", "", "`DIR` of that file ($TMPDIR or /tmp)")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "show the command before the output of each job")
	f.BoolVarP(&o.trace, "trace", "t", false, "show each command on stderr when it starts")
	f.BoolVar(&o.dryRun, "dry-run", false, "show the commands and run nothing")
	f.StringVar(&o.plan, "plan", "", "draw how the stages hang together, as text or in `FILE`.svg, and run nothing")
	f.Lookup("plan").NoOptDefVal = "-"
	f.StringSliceVar(&o.gather, "gather", nil, "show the output of the stage `NAME`, not that of the last ones")
	f.BoolVar(&o.quiet, "quiet", false, "no notices and no counts on stderr, only errors")
}

func (o *outputOptions) check() error {
	if err := o.checkPlan(); err != nil || o.tmpdir == "" {
		return err
	}
	info, err := os.Stat(o.tmpdir)
	if err == nil && !info.IsDir() {
		err = syscall.ENOTDIR
	}
	if err != nil {
		return scatterError("--tmpdir", o.tmpdir+": "+reason(err).Error())
	}
	return nil
}

// failingOptions say what a failure does to the run.
type failingOptions struct {
	halt     halt
	failFast bool
	deadline value.Duration
	exitCode value.Choice
	joblog   string
}

func (o *failingOptions) addFlags(f *pflag.FlagSet) {
	o.exitCode = value.NewChoice("loxctl", "xargs", "count", "first", "worst")
	f.Var(&o.halt, "halt", "stop early: `WHEN` is now or soon, and fail=N, success=N, done=N or N%, as in now,fail=1")
	f.BoolVar(&o.failFast, "fail-fast", false, "end all jobs when one fails: --halt now,fail=1")
	f.Var(&o.deadline, "deadline", "end the whole run after `DURATION`, with status 124")
	f.Lookup("deadline").DefValue = ""
	f.Var(&o.exitCode, "exit-code", "status after failed jobs: "+strings.Join(o.exitCode.Choices(), ", "))
	f.StringVar(&o.joblog, "joblog", "", "write a line for each job to `FILE`, or append it to +FILE, as GNU parallel does")
}
