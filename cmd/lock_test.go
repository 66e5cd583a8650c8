package cmd

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/loxctl/loxctl/internal/early"
	"github.com/loxctl/loxctl/internal/hold"
	"github.com/loxctl/loxctl/internal/state"
)

// parsed is what a command line came to.
type parsed struct {
	options  lockOptions
	help     bool
	err      string
	hint     string
	colorful string // the global flags
}

func newParsed(a *app, o *lockOptions, err error) parsed {
	p := parsed{options: *o, help: errors.Is(err, pflag.ErrHelp), colorful: a.color.String() + a.config}
	if err != nil && !p.help {
		p.err = err.Error()
		var usage *usageError
		if errors.As(err, &usage) {
			p.hint = usage.Hint()
		}
	}
	if err != nil { // how far it got does not matter
		p.options, p.colorful = lockOptions{}, ""
	}
	return p
}

// parseFast goes the way of a command line that begins with the verb.
func parseFast(verb string, args []string) parsed {
	a, o := new(app), newLockOptions(verb)
	return newParsed(a, o, o.parseAtOnce(a, args))
}

// parseOrdinary goes the way of all verbs.
func parseOrdinary(verb string, args []string) parsed {
	a, o := new(app), newLockOptions(verb)
	root, c := a.newRoot(), o.ordinary(a)
	helped := false
	root.SetHelpFunc(func(*cobra.Command, []string) { helped = true })
	c.RunE = func(c *cobra.Command, words []string) error { return o.parse(c.Flags(), words) }
	addVerb(root, c)
	root.SetArgs(append([]string{verb}, args...))
	err := root.Execute()
	if helped {
		err = pflag.ErrHelp
	}
	return newParsed(a, o, err)
}

// lockLines are command lines, the first word being the verb. An argument that
// has a blank in it has a _ here.
var lockLines = []string{
	"lock", "lock db", "lock db true", "lock db -- true", "lock -- db true", "lock -- db -s", "lock db --",
	"lock -s db true", "lock db -s true", "lock db -s -- true", "lock db true -s", "lock -s db -w 5 -- true -t --",
	"lock db -sx true", "lock -x db -w5s true", "lock db -w -1 true", "lock db -w=0.2 true", "lock db --wait true",
	"lock db -w 0 true", "lock -t -E 7 db true", "lock db -E 7 true", "lock -t -E 256 db true", "lock -t -E x db true",
	"lock -tw5 db true", "lock -vq db true", "lock -v db true", "lock -q db -w 1 true",
	"lock --prefer writer db true", "lock -s --prefer writer db true", "lock -s --prefer nobody db true",
	"lock db -c echo_a;_b", "lock -c echo db", "lock db -c echo x", "lock db -c _", "lock db _", "lock db echo_a;_b",
	"lock --color never db true", "lock db --color=always true", "lock db --colour never true", "lock db --config x true",
	"lock --help", "lock -h db", "lock db -h", "lock db --help true", "lock db true --help", "lock -- --help true",
	"lock db -- --help", "lock acquire -h", "lock acquire db -h", "lock -h --nonsense", "lock --nonsense -h",
	"lock --exec --max-hold 5 db true", "lock --exec --pdeathsig TERM db true", "lock --exec --close db true",
	"lock --max-hold 1m --kill-after 2s db true", "lock --kill-after 2s db true", "lock --max-hold 0 db true",
	"lock --pdeathsig SIGKILL db true", "lock --pdeathsig 15 db true", "lock --pdeathsig NONE db true",
	"lock --reentrant --label a_b --no-deadlock-check --allow-fs --home /x db true", "lock --close --exec db true",
	"lock acquire", "lock acquire db", "lock acquire db more", "lock db acquire", "lock acquire acquire", "lock -s acquire db",
	"lock acquire -s db", "lock acquire db -s --fd 9", "lock acquire db --fd 9 --owner 4", "lock acquire db --fd -1",
	"lock acquire db --owner 0", "lock acquire db --print index", "lock acquire db --print json", "lock acquire db --exec",
	"lock acquire -- db", "lock acquire -- db -s", "lock acquire db --", "lock acquire db -- x", "lock -- acquire db",
	"lock release db --fd 9", "lock release db --token 12", "lock release db --index 1", "lock release db -w 5",
	"lock release db --fd 9 --token 12", "lock held db --print token", "lock check db -t", "lock path db", "lock wait db -w 1m",
	"lock ls", "lock ls db", "lock ls --json", "lock ls db --json -s", "lock db --json true", "lock aquire db",
	"lock break db", "lock break db --token 12 --signal kill -w 2", "lock break db --token x", "lock resize db -n 2",
	"sem gpu -n 4 true", "sem -n0 gpu true", "sem -n 1025 gpu true", "sem gpu -n4 --pick lowest true", "sem gpu -s true",
	"sem gpu --bg true", "sem gpu --bg --exec true", "sem gpu --bg --pdeathsig TERM true", "sem gpu --bg --reentrant true",
	"sem acquire gpu", "sem acquire gpu --print index", "sem release gpu --index 2", "sem release gpu --index -2",
	"sem release gpu --index 2 --token 3", "sem release gpu --fd 9 --index 2", "sem resize gpu", "sem resize gpu -n 3",
	"sem resize gpu -n 3 -w 1", "sem wait gpu", "sem break gpu --token 3",
	"switch a true", "switch a --over db --fair true", "switch acquire a --over db", "switch release a --over db --fair",
	"switch wait a", "switch break a --token 3", "switch ls", "switch a -n 3 true",
}

func TestBothWaysParseAlike(t *testing.T) {
	for _, line := range lockLines {
		words := strings.Fields(line)
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], "_", " ")
		}
		fast, ordinary := parseFast(words[0], words[1:]), parseOrdinary(words[0], words[1:])
		o := hold.New(words[0])
		if o.Parse(words[1:]) && !reflect.DeepEqual(o, ordinary.options.Options) {
			t.Errorf("loxctl %s\n   early %+v\nordinary %+v", line, o, ordinary)
		}
		if !reflect.DeepEqual(fast, ordinary) {
			t.Errorf("loxctl %s\n  at once %+v\nordinary %+v", line, fast, ordinary)
		}
	}
}

func TestLockWords(t *testing.T) {
	for _, tt := range []struct {
		line    string
		action  lockAction
		name    string
		command string
	}{
		{"lock db true", actionRun, "db", "true"},
		{"lock -- db -s", actionRun, "db", "-s"},
		{"lock -s db -w 5 -- true -t --", actionRun, "db", "true -t --"},
		{"lock db true --help", actionRun, "db", "true --help"},
		{"lock db echo -- -w", actionRun, "db", "echo -- -w"},
		{"lock db acquire", actionRun, "db", "acquire"},
		{"lock -- acquire db", actionRun, "acquire", "db"},
		{"lock -s acquire db", actionAcquire, "db", ""},
		{"lock acquire -- db", actionAcquire, "db", ""},
		{"lock resize db", actionRun, "resize", "db"},
		{"lock ls", actionList, "", ""},
		{"sem resize db -n 2", actionResize, "db", ""},
	} {
		words := strings.Fields(tt.line)
		o := newLockOptions(words[0])
		if err := o.parseAtOnce(new(app), words[1:]); err != nil {
			t.Errorf("%s: %v", tt.line, err)
		}
		if o.action != tt.action || o.Name != tt.name || strings.Join(o.Words, " ") != tt.command {
			t.Errorf("%s: %q %q %q", tt.line, o.action, o.Name, o.Words)
		}
	}
}

func TestLockUsage(t *testing.T) {
	for _, tt := range []struct{ args, stderr string }{
		{"lock", "lock: a name is missing"},
		{"lock db", "lock: db: a command is missing"},
		{"lock db -c true x", "lock: --command: cannot be given with the words of another command: x"},
		{"lock acquire db x", "lock: x: one word too many"},
		{"lock db -w soon true", `lock: --wait: "soon" is no duration: write 10s, 1m30s, 2d or seconds`},
		{"lock db -w -1 true", `lock: --wait: "-1" is negative`},
		{"lock db -t -w 1 true", "lock: --wait: cannot be given with --try"},
		{"lock db -sx true", "lock: --shared: cannot be given with --exclusive"},
		{"lock db --exec --max-hold 1 true", "lock: --exec: cannot be given with --max-hold"},
		{"lock db --exec --pdeathsig TERM true", "lock: --exec: cannot be given with --pdeathsig"},
		{"lock db --prefer writer true", "lock: --prefer: needs --shared"},
		{"lock db --kill-after 1s true", "lock: --kill-after: needs --max-hold"},
		{"lock db -E 5 true", "lock: --conflict-exit-code: needs --wait or --try"},
		{"lock db -t -E 256 true", "lock: --conflict-exit-code: 256 is not from 0 to 255"},
		{"lock db --pdeathsig SOON true", `lock: --pdeathsig: "SOON" is no signal: write TERM, SIGTERM or 15`},
		{"lock db --fd 9 true", "lock: --fd: has no meaning with a command, only with acquire or with release or with held"},
		{"lock acquire db --close", "lock: --close: has no meaning with acquire, only with a command"},
		{"lock check db -t", "lock: --try: has no meaning with check, only with a command or with acquire or with wait or with break"},
		{"lock break db", "lock: which hold to break is missing: --token T, as ls shows it"},
		{"sem resize gpu", "sem: how many slots there shall be is missing: -n N"},
		{"sem gpu -n 0 true", "sem: --slots: 0 is not from 1 to 1024"},
		{"sem gpu --pick any true", `sem: --pick: "any" is none of lru, lowest`},
		{"switch a --over= true", "switch: --over: is empty"},
	} {
		got := run(t, nil, strings.Fields(tt.args)...)
		verb, _, _ := strings.Cut(tt.args, " ")
		want := "loxctl: " + tt.stderr + "\nhint: see loxctl help " + verb + "\n"
		if got.status != 125 || got.stdout != "" || got.stderr != want {
			t.Errorf("loxctl %s\n got %d %q\nwant %q", tt.args, got.status, got.stderr, want)
		}
	}
	if got := run(t, nil, "lock", "aquire", "--fd", "9").stderr; !strings.Contains(got, "--fd") {
		t.Errorf("got %q", got)
	}
	if got := run(t, nil, "lock", "aquire").stderr; got != "loxctl: lock: aquire: a command is missing\nhint: did you mean loxctl lock acquire?\n" {
		t.Errorf("got %q", got)
	}
}

// A flag that belongs to some actions only is in the table under its name.
func TestLockPlacesNameFlags(t *testing.T) {
	known := make(map[string]bool)
	for _, verb := range early.Verbs() {
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		newLockOptions(verb).addFlags(flags)
		flags.VisitAll(func(flag *pflag.Flag) { known[flag.Name] = true })
	}
	var named []string
	for _, place := range lockPlaces {
		named = append(named, strings.Fields(place.flags)...)
	}
	for name := range known {
		everywhere := []string{"home", "allow-fs", "over"}
		if !slices.Contains(named, name) && !slices.Contains(everywhere, name) {
			t.Errorf("it is not said where --%s belongs", name)
		}
	}
	for _, pair := range lockConflicts {
		named = append(named, pair[0], pair[1])
	}
	for _, name := range named {
		if !known[name] {
			t.Errorf("there is no --%s", name)
		}
	}
}

func TestCommandOfALock(t *testing.T) {
	shell := func(line string) []string { return []string{"/bin/sh", "-c", line} }
	for _, tt := range []struct {
		words []string
		line  string
		want  []string
	}{
		{words: []string{"true"}, want: []string{"true"}},
		{words: []string{"echo", "a b", "$x;"}, want: []string{"echo", "a b", "$x;"}},
		{words: []string{"echo a  'b c' {} {1}"}, want: []string{"echo", "a", "b c", "{}", "{1}"}},
		{words: []string{"echo a; echo {}"}, want: shell("echo a; echo {}")},
		{words: []string{"cd /tmp"}, want: shell("cd /tmp")},
		{words: []string{"echo 'a"}, want: shell("echo 'a")},
		{words: []string{"A={} env"}, want: shell("A={} env")},
		{words: []string{"{ echo a; }"}, want: shell("{ echo a; }")},
		{words: []string{"exit"}, want: shell("exit")},
		{line: "true", want: shell("true")},
	} {
		o := lockOptions{Options: hold.Options{Words: tt.words, Command: hold.Command{Line: tt.line}}}
		if got := o.argv(new(app)); !slices.Equal(got, tt.want) {
			t.Errorf("%q %q: got %q, want %q", tt.words, tt.line, got, tt.want)
		}
	}
	o := lockOptions{Options: hold.Options{Command: hold.Command{Line: "true"}}}
	if got := o.argv(&app{environ: []string{"LOXCTL_SHELL=/bin/bash"}}); got[0] != "/bin/bash" {
		t.Errorf("got %q in spite of LOXCTL_SHELL", got)
	}
}

// What the early way takes it takes as pflag does.
func FuzzEarlyParse(f *testing.F) {
	for _, line := range lockLines {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words := strings.Split(line, " ")
		if !slices.Contains(early.Verbs(), words[0]) {
			return
		}
		o := hold.New(words[0])
		if !o.Parse(words[1:]) {
			return
		}
		if ordinary := parseFast(words[0], words[1:]); ordinary.err != "" || ordinary.help || !reflect.DeepEqual(o, ordinary.options.Options) {
			t.Errorf("%q\n   early %+v\nordinary %+v", words, o, ordinary)
		}
	})
}

// What the early way takes for one word is one.
func FuzzPlain(f *testing.F) {
	for _, word := range []string{"true", "cd", "if", "/bin/true", ".", "-x", "a b", "a+=b", "x;y", "~"} {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, word string) {
		if early.Plain(word) && !slices.Equal(fields(word), []string{word}) {
			t.Errorf("%q is %q", word, fields(word))
		}
	})
}

// Most command lines are for the early way.
func TestEarlyTakesCommands(t *testing.T) {
	for _, line := range lockLines {
		words := strings.Fields(strings.ReplaceAll(line, "_", "+"))
		ordinary := parseOrdinary(words[0], words[1:])
		o := hold.New(words[0])
		runs := !ordinary.help && ordinary.err == "" && ordinary.options.action == actionRun
		foreign := strings.Contains(line, "--color") || strings.Contains(line, "--config") || state.CheckName(ordinary.options.Name) != nil
		if took := o.Parse(words[1:]); took != (runs && !foreign) {
			t.Errorf("loxctl %s: the early way takes it: %v", line, took)
		}
	}
}
