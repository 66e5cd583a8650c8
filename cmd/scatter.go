package cmd

import (
	"context"
	"errors"
	"iter"

	"github.com/spf13/cobra"

	"github.com/loxctl/loxctl/internal/source"
	"github.com/loxctl/loxctl/internal/template"
	"github.com/loxctl/loxctl/internal/term"
)

// newScatter is the verb that runs a command for every record.
func newScatter(a *app) *cobra.Command {
	o := new(scatterOptions)
	c := &cobra.Command{
		Use: "scatter [FLAGS] COMMAND [::: VALUES]",
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.check(c.Flags()); err != nil {
				return err
			}
			return runScatter(c.Context(), a, o, args)
		},
	}
	c.Flags().SetInterspersed(false)
	o.addFlags(c.Flags())
	c.Flags().SetAnnotation("workdir", cobra.BashCompSubdirsInDir, nil)
	c.Flags().SetAnnotation("tmpdir", cobra.BashCompSubdirsInDir, nil)
	return c
}

// runScatter is the whole way of the data: records from the source become
// jobs by the template, run in the pool and end in the sink. With several
// stages runChain is the part in the middle.
func runScatter(ctx context.Context, a *app, o *scatterOptions, args []string) error {
	words, err := o.input.split(args)
	if err != nil {
		return err
	}
	set, err := a.newStageSet(o, words.commands)
	if err != nil {
		return err
	}
	plan := o.output.plan != ""
	if !plan && words.usesStdin() && term.IsTerminal(a.stdin) {
		return &usageError{verb: "scatter", why: "no input: stdin is a terminal",
			hint: "give values after :::, a file with -a, or a pipe: loxctl scatter echo ::: a b c"}
	}
	src, err := source.Open(o.sourceOptions(a, set, &words))
	if err != nil {
		return scatterFailure(err)
	}
	if err := set.compile(a, o, src); err != nil {
		return err
	}
	if plan {
		return a.drawPlan(o, set)
	}
	r, err := newRun(ctx, a, o, set)
	if err != nil {
		return err
	}
	r.firstStdin = !words.usesStdin() && !term.IsTerminal(a.stdin)
	records := o.records(src, r.stages[0])
	if len(r.stages) > 1 {
		r.runChain(records, src)
		return r.finish()
	}
	go func() {
		defer src.Close() // by who reads: a read of stdin cannot be broken off
		r.feed(records)
	}()
	for result := range r.stages[0].pool.Results() {
		r.deliver(result)
	}
	return r.finish()
}

func (o *scatterOptions) sourceOptions(a *app, set *stageSet, words *scatterWords) source.Options {
	in, onStdin := &o.input, set.recordsOnStdin()
	s := source.Options{
		Inputs: words.inputs, Link: in.link, LinkShort: in.linkShort,
		Reuse: o.batch.isPacked(),
		Cut: source.Cut{
			Delim: in.delimiter, SkipBlank: in.skipBlank, Lines: o.batch.maxLines > 0, KeepRaw: onStdin,
		},
		Columns: source.Columns{Colsep: in.separator, Header: in.header, Trim: in.trim},
		Order:   source.Order{Shuffle: in.shuffle, Skip: in.skip, Limit: in.limit},
	}
	if o.output.plan == "" { // which does not wait for anybody
		s.Stdin = a.stdin
	}
	if in.null {
		s.Delim = source.Delimiter{0}
	}
	if in.eof != "" {
		s.EOF = &in.eof
	}
	if in.hasSeed {
		s.Seed = &in.seed
	}
	if !onStdin && in.separator == nil {
		s.MaxRecord = template.MaxWord // what a word cannot hold is not read to its end
	}
	return s
}

// records are what the jobs are made of: those of the source, batched for the
// first stage.
func (o *scatterOptions) records(src *source.Source, first *stage) iter.Seq2[source.Record, error] {
	b, t := &o.batch, first.templates
	records := src.Records()
	switch {
	case b.isPacked():
		p := source.Packing{
			MaxArgs: max(b.batchSize, 0), MaxChars: b.maxChars, Exit: b.exit,
			Area: t.area, Base: t.command.Base(), Cost: t.command.Cost, Words: 1,
		}
		switch {
		case !b.packs():
			p.MaxArgs = max(b.batchSize, 1)
		case b.maxChars == 0:
			p.MaxChars = defaultChars
		}
		if b.repeat || b.insert {
			p.Spread = first.slots
		}
		if t.command.IsShell() {
			p.MaxChars = min(p.MaxChars, template.MaxWord)
		}
		return source.Pack(records, p)
	case b.hasN && b.n == 0:
		return source.Batch(records, 0)
	case b.batchSize > 0:
		return source.Batch(records, b.batchSize)
	}
	return records
}

// defaultChars is -s of -X, -m and --xargs: what xargs has.
const defaultChars = 128 << 10

// templateError shows where in the command the mistake is.
func templateError(err error) error {
	var at *template.Error
	if !errors.As(err, &at) {
		return err
	}
	return &usageError{verb: "scatter", why: at.Error() + "\n" + at.Caret(), hint: at.Hint}
}
