package hold

// A Flag is a row of the table that every reader of a command line goes by.
type Flag struct {
	Name  string
	Short string // one letter, or ""
	Value any    // a *bool, *int, *string or Value: what is in it is the default
	Usage string
	Unset bool // what it is without the flag cannot be written
}

// A Value parses itself. It has the methods of pflag's.
type Value interface {
	Set(string) error
	String() string
	Type() string
}

// Flags are those of a verb that runs a command.
func (o *Options) Flags() []Flag {
	flags := make([]Flag, 0, 24)
	flags = append(flags, o.Wait.Flags()...)
	flags = append(flags, o.Mode.Flags(o.Verb)...)
	flags = append(flags, o.Command.Flags(o.Verb)...)
	return append(flags, o.Place.Flags()...)
}

// Flags say how long to wait.
func (o *Wait) Flags() []Flag {
	return []Flag{
		{Name: "wait", Short: "w", Value: &o.Wait, Unset: true, Usage: "wait no longer than `DURATION`; without it, for ever"},
		{Name: "try", Short: "t", Value: &o.Try, Usage: "do not wait at all: -w 0"},
		{Name: "conflict-exit-code", Short: "E", Value: &o.Code, Usage: "exit with `N` if it could not be had in time"},
		{Name: "verbose", Short: "v", Value: &o.Verbose, Usage: "say who holds it if it cannot be had at once"},
		{Name: "quiet", Short: "q", Value: &o.Quiet, Usage: "say nothing when the wait was in vain"},
	}
}

// Flags say how verb holds it.
func (o *Mode) Flags(verb string) []Flag {
	switch verb {
	case "lock":
		return []Flag{
			{Name: "shared", Short: "s", Value: &o.Shared, Usage: "hold it together with others who do: read, and do not write"},
			{Name: "exclusive", Short: "x", Value: &o.Exclusive, Usage: "hold it alone: the default"},
			{Name: "prefer", Value: &o.Prefer, Usage: "of -s: whose turn it is, fair or writer, who then goes before every reader that waits"},
		}
	case "sem":
		return []Flag{
			{Name: "slots", Short: "n", Value: &o.Slots, Usage: "it has `N` slots, 1 to 1024; without it, as many as it was given first"},
			{Name: "pick", Value: &o.Pick, Usage: "which free slot to take: lru, the one that was free longest, or lowest"},
		}
	}
	return []Flag{
		{Name: "over", Value: &o.Over, Usage: "the switch of this `LOCK`, which several switches may have; without it, of the one of its own name"},
		{Name: "fair", Value: &o.Fair, Usage: "wait in line behind everybody, also when the light is on"},
	}
}

// Flags say how verb runs the command.
func (o *Command) Flags(verb string) []Flag {
	flags := []Flag{
		{Name: "command", Short: "c", Value: &o.Line, Usage: "run `LINE` with the shell, $LOXCTL_SHELL or /bin/sh"},
		{Name: "bg", Value: &o.BG, Usage: "wait for a slot, start the command in the background and return"},
		{Name: "close", Value: &o.Close, Usage: "the command does not inherit the lock: what it leaves behind cannot go on holding it"},
		{Name: "exec", Value: &o.Exec, Usage: "become the command, instead of waiting for it"},
		{Name: "pdeathsig", Value: &o.Pdeathsig, Usage: "send the command `SIGNAL` when loxctl is killed"},
		{Name: "max-hold", Value: &o.MaxHold, Unset: true, Usage: "end the command after `DURATION`, with status 124"},
		{Name: "kill-after", Value: &o.KillAfter, Usage: "of --max-hold: time between TERM and KILL"},
		{Name: "reentrant", Value: &o.Reentrant, Usage: "run the command under an outer hold of the same, if there is one"},
		{Name: "label", Value: &o.Label, Usage: "show `TEXT` in listings"},
		{Name: "no-deadlock-check", Value: &o.NoCheck, Usage: "do not look for a deadlock after a second of waiting"},
	}
	if verb != "sem" { // which alone can go on in the background
		return append(flags[:1], flags[2:]...)
	}
	return flags
}

// Flags say where named things live.
func (p *Place) Flags() []Flag {
	return []Flag{
		{Name: "home", Value: &p.Home, Usage: "keep named things in `DIR` ($LOXCTL_HOME, $XDG_STATE_HOME/loxctl or ~/.local/state/loxctl)"},
		{Name: "allow-fs", Value: &p.AllowFS, Usage: "also on a network file system, at your own risk"},
	}
}
