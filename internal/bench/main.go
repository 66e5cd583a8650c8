// Command bench measures loxctl beside the tools that people use for the same
// work, and beside small C programs that do only what must be done: the floor.
// It prints a table in Markdown: figures, ratios, and the target of each row.
//
// Nothing here is a test. A target that is missed is printed as missed; only a
// loxctl that fails or prints something wrong makes the exit status 1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"time"
)

func main() {
	// An interrupt ends the run between two commands, so that the directory
	// with its hundreds of megabytes does not stay.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are what a run of the benchmark was asked for.
type options struct {
	rounds      int
	budget      time.Duration // rounds are left out to keep it
	only        *regexp.Regexp
	quick, list bool
	loxctl      string
}

func parse(args []string, stderr io.Writer) (options, error) {
	opt := options{only: regexp.MustCompile("")}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&opt.rounds, "rounds", 5, "measure every tool this often, taking turns; the median counts")
	flags.DurationVar(&opt.budget, "budget", 270*time.Second, "leave out rounds, but never the first, to be done in about this time")
	flags.BoolVar(&opt.quick, "quick", false, "a fifth of the work in at most three rounds and 50 seconds: a look, not a figure to quote")
	flags.BoolVar(&opt.list, "list", false, "print the rows and the commands they compare, and run nothing")
	flags.StringVar(&opt.loxctl, "loxctl", "", "measure this binary instead of building one")
	flags.Func("row", "measure only the rows whose key matches this regular expression", func(s string) (err error) {
		opt.only, err = regexp.Compile(s)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return opt, err
	}
	if flags.NArg() > 0 || opt.rounds < 1 {
		return opt, fmt.Errorf("usage: bench [-rounds N] [-budget DURATION] [-row REGEXP] [-quick] [-list] [-loxctl BINARY], N at least 1")
	}
	if opt.quick {
		opt.rounds, opt.budget = min(opt.rounds, 3), min(opt.budget, 50*time.Second)
	}
	return opt, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	opt, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if opt.list {
		return list(stdout, opt)
	}
	l, err := openLab(opt, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	return measureAll(ctx, l, opt, stdout, stderr)
}

// rows are those of the table that were asked for.
func rows(opt options) []func(*lab) row {
	return slices.DeleteFunc(slices.Clone(table), func(make func(*lab) row) bool {
		return !opt.only.MatchString(make(&lab{dry: true}).key)
	})
}

// list prints the rows without measuring anything.
func list(w io.Writer, opt options) error {
	for _, make := range rows(opt) {
		r := make(&lab{dry: true, quick: opt.quick})
		if _, err := fmt.Fprintf(w, "%s: %s\n", r.key, r.name); err != nil {
			return err
		}
		for _, c := range r.contenders {
			if _, err := fmt.Fprintf(w, "    %-13s %s\n", c.label, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// errWrong ends a run in which loxctl did not do what it was measured at.
var errWrong = errors.New("loxctl failed or printed something wrong, see above")

// measureAll runs the rows one after the other and prints each line of the
// table when it is known. What one row leaves of its share of the time the
// later ones have.
func measureAll(ctx context.Context, l *lab, opt options, stdout, stderr io.Writer) error {
	if err := printHead(stdout, l); err != nil {
		return err
	}
	var wrong error
	start, selected := time.Now(), rows(opt)
	for i, make := range selected {
		r := make(l)
		if l.err != nil {
			return l.err
		}
		fmt.Fprintf(stderr, "bench: %s: %s\n", r.key, r.name)
		share := opt.budget * time.Duration(i+1) / time.Duration(len(selected))
		results := compete(ctx, r, l, opt.rounds, start.Add(share))
		if err := ctx.Err(); err != nil {
			return err
		}
		if !report(stderr, r, results) {
			wrong = errWrong
		}
		if _, err := fmt.Fprintln(stdout, line(r, results)); err != nil {
			return err
		}
	}
	return wrong
}

// report says who failed, and returns false if that was loxctl.
func report(w io.Writer, r row, results []result) bool {
	fine := true
	for _, res := range results {
		if res.err != nil {
			fmt.Fprintf(w, "bench: %s: %s: %v\n", r.key, res.label, res.err)
			fine = fine && !res.ours()
		}
	}
	return fine
}
