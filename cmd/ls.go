package cmd

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/loxctl/loxctl/internal/hold"
	"github.com/loxctl/loxctl/internal/term"
	"github.com/loxctl/loxctl/locks"
	"github.com/loxctl/loxctl/pipes"
)

type lsOptions struct {
	json  bool
	place hold.Place
}

func newLs(a *app) *cobra.Command {
	o := new(lsOptions)
	c := &cobra.Command{
		Use:               "ls",
		Args:              words(0, 0, ""),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(*cobra.Command, []string) error { return verbFailed("ls", a.runLs(o)) },
	}
	addGroup(c.Flags(), "Output", func(group *pflag.FlagSet) {
		group.BoolVar(&o.json, "json", false, "print a JSON object for each")
	})
	addGroup(c.Flags(), "Other", rows(o.place.Flags()))
	return c
}

// runLs lists everything named: the holders and waiters of locks, then
// announcements and funnels with their subscribers.
func (a *app) runLs(o *lsOptions) error {
	return errors.Join(a.listLocks(o), a.lookAtPipes(&o.place, func(dir *pipes.Dir) error {
		return a.listPipes(o.json, pipesOf(dir, func(pipes.Kind) bool { return true }))
	}))
}

func (a *app) listLocks(o *lsOptions) error {
	dir, err := a.lookAt(&o.place)
	if err != nil {
		return err
	}
	return a.list(o.json, func(put func(*locks.Info)) error {
		for _, kind := range []locks.Kind{locks.KindLock, locks.KindSem} {
			if err := listKind(dir, kind, put); err != nil {
				return err
			}
		}
		return nil
	})
}

// runListOf lists the holders and waiters of one name, or of one kind.
func (a *app) runListOf(o *lockOptions) error {
	dir, err := a.lookAtLocks(o)
	if err != nil {
		return err
	}
	return a.list(o.json, func(put func(*locks.Info)) error {
		mine := func(info *locks.Info) {
			if o.Verb != "switch" || info.Mode == locks.Member {
				put(info)
			}
		}
		if dir == nil || o.File() == "" {
			return listKind(dir, o.Kind(), mine)
		}
		infos, err := dir.Inspect(o.Kind(), o.File())
		for i := range infos {
			mine(&infos[i])
		}
		return err
	})
}

// listKind passes on all that is in dir; nil: nothing.
func listKind(dir *locks.Dir, kind locks.Kind, put func(*locks.Info)) error {
	if dir == nil {
		return nil
	}
	for info, err := range dir.List(kind) {
		if err != nil {
			return err
		}
		put(&info)
	}
	return nil
}

// list prints what each puts: a line or an object for each, aligned and with
// headings for people.
func (a *app) list(asJSON bool, each func(put func(*locks.Info)) error) error {
	text := new(strings.Builder)
	var to io.Writer = text
	flush := func() error { return nil }
	line := plainLine
	switch {
	case asJSON:
		line = jsonLine
	case term.IsTerminal(a.stdout):
		columns := tabwriter.NewWriter(text, 0, 0, 2, ' ', 0)
		to, flush = columns, columns.Flush
		io.WriteString(to, a.style(a.stdout).Bold("KIND\tNAME\tSTATE\tMODE\tINDEX\tTOKEN\tPID\tAGE\tLABEL")+"\n")
	}
	err := each(func(info *locks.Info) { io.WriteString(to, line(info)+"\n") })
	flush() // into memory
	if printErr := a.print(text.String()); printErr != nil {
		return printErr
	}
	return err
}

// plainLine is how people and cut(1) read about a holder or waiter.
func plainLine(info *locks.Info) string {
	index, pid, since, label := "-", "-", "-", "-"
	if info.Held && info.Mode == locks.Slot {
		index = strconv.Itoa(info.Index)
	}
	if info.Known {
		pid, since = strconv.Itoa(processOf(info)), age(info).String()
		if text := title(info); text != "" {
			label = printable(text)
		}
	}
	return strings.Join([]string{
		info.Kind.String(), info.Name, stateOf(info), info.Mode.String(), index,
		strconv.FormatUint(info.Token, 10), pid, since, label,
	}, "\t")
}

// processOf is the process to look at: of a descriptor that a script holds, the
// one that has asked for it.
func processOf(info *locks.Info) int {
	if info.FD {
		return info.Owner
	}
	return info.PID
}

func stateOf(info *locks.Info) string {
	state := "waiting"
	if info.Held {
		state = "held"
	}
	if info.Stopped {
		state += ",stopped"
	}
	return state
}

// infoJSON is a holder or waiter for programs. What is not known is null.
type infoJSON struct {
	Kind     string  `json:"kind"`
	Name     string  `json:"name"`
	State    string  `json:"state"`
	Mode     string  `json:"mode"`
	Index    *int    `json:"index"`
	Token    uint64  `json:"token"`
	PID      *int    `json:"pid"`
	Owner    *int    `json:"owner"`
	Host     string  `json:"host"`
	Since    *string `json:"since"`
	AgeMS    *int64  `json:"age_ms"`
	Label    string  `json:"label"`
	Command  string  `json:"cmd"`
	Position int     `json:"position"`
}

func jsonLine(info *locks.Info) string {
	host, _ := os.Hostname() // "" if it has none
	j := infoJSON{
		Kind: info.Kind.String(), Name: info.Name, State: stateOf(info), Mode: info.Mode.String(),
		Token: info.Token, Host: host, Label: info.Label, Command: info.Command, Position: info.Position,
	}
	if info.Held && info.Mode == locks.Slot {
		j.Index = &info.Index
	}
	if info.Known {
		pid, ms := processOf(info), max(time.Since(info.Since), 0).Milliseconds()
		since := info.Since.UTC().Format("2006-01-02T15:04:05.000Z")
		j.PID, j.Since, j.AgeMS = &pid, &since, &ms
		if info.FD || info.Keeper {
			j.Owner = &info.Owner
		}
	}
	text, err := json.Marshal(j)
	if err != nil {
		panic(err) // strings and numbers can be written
	}
	return string(text)
}
