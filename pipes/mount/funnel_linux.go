package mount

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/loxctl/loxctl/pipes"
)

func funnel(ctx context.Context, o Options) error {
	return o.mount(ctx, pipes.KindFunnel, prepareJoin)
}

// prepareJoin returns the FIFOs of p.
func prepareJoin(p *plan) ([]fifoPlan, error) {
	d, err := openDir(p)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	j, err := d.Funnel(p.Name)
	if err != nil {
		return nil, err
	}
	fifos := []fifoPlan{{File: outFile("")}}
	for _, input := range j.Inputs() {
		fifos = append(fifos, fifoPlan{File: inFile(input), In: true, End: input})
	}
	return fifos, nil
}

// A join is the ports of a funnel.
type join struct {
	*pipes.Join
	dir *pipes.Dir
}

func openJoin(d *pipes.Dir, name string) (ports, error) {
	j, err := d.Funnel(name)
	if err != nil {
		return nil, err
	}
	return &join{j, d}, nil
}

func (j *join) limit() int { return int(j.Settings().MaxRecord) }

func (j *join) Close() error { return j.dir.Close() }

// put refuses a line that the funnel does, and goes on.
func (j *join) put(ctx context.Context, input string, lines [][]byte) (int, []refusal, error) {
	var refused []refusal
	for n, line := range lines {
		err := j.putLine(ctx, input, line)
		var full *pipes.FullError
		switch {
		case errors.As(err, &full) || errors.Is(err, pipes.ErrClosed):
			return n, refused, err
		case err != nil:
			refused = append(refused, refusal{unsplit([][]byte{line}), err})
		}
	}
	return len(lines), refused, nil
}

func (j *join) putLine(ctx context.Context, input string, line []byte) error {
	job, value, ok := bytes.Cut(line, []byte{'\t'})
	if !ok {
		return fmt.Errorf("%s: %s: a line without a TAB", j.Name(), input)
	}
	_, err := j.Put(ctx, pipes.PutOptions{}, input, string(job), value)
	return err
}

func (j *join) source(ctx context.Context, _ string) (source, error) {
	g, err := j.Getter(ctx)
	if err != nil {
		return nil, err
	}
	return &getter{Getter: g}, nil
}

// A getter is the source of sets.
type getter struct {
	*pipes.Getter
	line []byte
}

func (g *getter) next(ctx context.Context) (record, error) {
	set, err := g.Next(ctx)
	if err != nil {
		return record{}, err
	}
	g.line = append(g.line[:0], set.Job...)
	for _, value := range set.Values {
		g.line = append(append(g.line, '\t'), value...)
	}
	switch {
	case bytes.IndexByte(g.line, '\n') >= 0:
		return record{}, &RecordError{Seq: set.Seq, What: "newline"}
	case bytes.Count(g.line, []byte{'\t'}) > len(set.Values):
		return record{}, &RecordError{Seq: set.Seq, What: "TAB"}
	}
	return record{seq: set.Seq, data: g.line, missed: set.Missed}, nil
}

func (g *getter) commit(seq uint64) error { return g.Ack(seq) }
