package cmd

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/loxctl/loxctl/internal/hold"
	"github.com/loxctl/loxctl/internal/value"
	"github.com/loxctl/loxctl/locks"
	"github.com/loxctl/loxctl/pipes"
)

type gcOptions struct {
	older  value.Duration
	dryRun bool
	place  hold.Place
}

func newGC(a *app) *cobra.Command {
	o := new(gcOptions)
	c := &cobra.Command{
		Use:               "gc",
		Args:              words(0, 0, ""),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(*cobra.Command, []string) error { return verbFailed("gc", a.runGC(o)) },
	}
	o.addFlags(c.Flags())
	return c
}

func (o *gcOptions) addFlags(flags *pflag.FlagSet) {
	o.older = value.Duration(24 * time.Hour)
	addGroup(flags, "What to remove", func(group *pflag.FlagSet) {
		group.Var(&o.older, "older", "what has not been used for `DURATION`")
		group.BoolVar(&o.dryRun, "dry-run", false, "print the names, remove nothing")
	})
	addGroup(flags, "Other", rows(o.place.Flags()))
}

// runGC removes what nobody needs of locks, and of announcements and funnels.
func (a *app) runGC(o *gcOptions) error {
	err := a.gcLocks(o)
	if o.dryRun {
		return err
	}
	return errors.Join(err, a.gcPipes(o))
}

// gcPipes removes records that nobody has a claim to any more: whole files of
// them. It prints how many.
func (a *app) gcPipes(o *gcOptions) error {
	return a.lookAtPipes(&o.place, func(dir *pipes.Dir) error {
		if dir == nil {
			return nil
		}
		n, err := dir.GC()
		if n > 0 {
			err = errors.Join(err, a.print("segments\t"+strconv.Itoa(n)+"\n"))
		}
		return err
	})
}

// gcLocks removes the files of locks that nobody has used for long, and prints
// whose they were.
func (a *app) gcLocks(o *gcOptions) error {
	home, err := o.place.Path(a.environ)
	if err != nil {
		return err
	}
	dir, err := a.lookAt(&o.place)
	if dir == nil {
		return err
	}
	if !o.dryRun {
		if dir, err = o.place.Open(a.environ); err != nil {
			return err
		}
	}
	text := ""
	for info, unusedErr := range dir.Unused(o.older.Of()) {
		if unusedErr != nil {
			err = errors.Join(err, unusedErr)
			continue
		}
		gone := o.dryRun
		if !gone {
			var goneErr error
			gone, goneErr = remove(dir, home, &info, o.older.Of())
			err = errors.Join(err, goneErr)
		}
		if gone {
			text += info.Kind.String() + "\t" + info.Name + "\n"
		}
	}
	return errors.Join(err, a.print(text))
}

// remove removes the files of a lock, and what is known about failures in the
// background that nobody has asked for.
func remove(dir *locks.Dir, home string, info *locks.Info, older time.Duration) (bool, error) {
	gone, err := dir.Remove(info.Kind, info.Name, older)
	if gone && info.Kind == locks.KindSem {
		err = errors.Join(err, os.RemoveAll(filepath.Join(home, filepath.FromSlash(failuresOf(info.Name)))))
	}
	return gone, err
}
