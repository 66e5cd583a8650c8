package cmd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/loxctl/loxctl/pipes"
)

// funnelCreate creates a funnel, or changes one with --update.
func (a *app) funnelCreate(o *pipeOptions) error {
	return a.withPipes(&o.place, func(dir *pipes.Dir) error {
		if o.create.update {
			join, err := dir.Funnel(o.name)
			if err == nil {
				return o.updateFunnel(join)
			}
			if !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		if len(o.other.inputs) == 0 {
			return o.usage("create", "the inputs are missing: --inputs a,b,c")
		}
		_, err := dir.CreateFunnel(o.name, o.other.inputs, o.settingsOver(pipes.Settings{}))
		return err
	})
}

// updateFunnel changes the settings that are given. Inputs are none: values
// have come in by them.
func (o *pipeOptions) updateFunnel(join *pipes.Join) error {
	if has := join.Inputs(); o.given("inputs") && !slices.Equal(has, o.other.inputs) {
		return &hintedError{
			fmt.Errorf("%s: inputs is %s, not %s", o.name, strings.Join(has, ","), strings.Join(o.other.inputs, ",")),
			"loxctl funnel add-input " + o.name + " INPUT",
		}
	}
	return join.Update(o.settingsOver(join.Settings()))
}

func (a *app) funnelAddInput(o *pipeOptions) error {
	return a.withJoin(o, func(join *pipes.Join) error { return join.AddInput(o.words[0]) })
}

func (a *app) funnelAck(o *pipeOptions) error  { return a.settleSet(o, (*pipes.Join).Ack) }
func (a *app) funnelNack(o *pipeOptions) error { return a.settleSet(o, (*pipes.Join).Nack) }

// settleSet says what has become of a set that was taken with --ack manual.
func (a *app) settleSet(o *pipeOptions, how func(*pipes.Join, uint64) error) error {
	seq, err := o.seq()
	if err != nil {
		return err
	}
	return a.withJoin(o, func(join *pipes.Join) error { return how(join, seq) })
}

func (a *app) funnelDrop(o *pipeOptions) error {
	return a.withJoin(o, func(join *pipes.Join) error { return join.Drop(o.words[0]) })
}

// funnelClose closes it, and tells how many jobs will never be complete.
func (a *app) funnelClose(o *pipeOptions) error {
	return a.withJoin(o, func(join *pipes.Join) error {
		if err := join.Close(); err != nil {
			return err
		}
		pending, err := join.Pending()
		if err != nil || len(pending) == 0 {
			return err
		}
		a.remark(o, "closed, "+plural(len(pending), "job")+" never completed: loxctl funnel ls "+o.name+" --pending")
		return nil
	})
}

// funnelPut puts the value of an input for a job, or one for each line of
// stdin.
func (a *app) funnelPut(o *pipeOptions) error {
	lines := len(o.words) == 2 && o.words[1] == "-" && !o.literal
	if lines && o.put.id != "" {
		return o.usage("--id", "is for one value")
	}
	return a.withJoin(o, func(join *pipes.Join) error {
		if lines {
			return a.funnelPutLines(o, join)
		}
		value, err := a.funnelValue(o, join)
		if err != nil {
			return err
		}
		return o.putValue(join, o.words[1], value)
	})
}

// funnelValue is the value among the words: none is an empty one, and - is all
// of stdin.
func (a *app) funnelValue(o *pipeOptions, join *pipes.Join) ([]byte, error) {
	if len(o.words) < 3 {
		return nil, nil
	}
	if o.words[2] != "-" || o.literal {
		return []byte(o.words[2]), nil
	}
	most := join.Settings().MaxRecord
	value, err := io.ReadAll(io.LimitReader(a.stdin, most+1))
	if err != nil {
		return nil, fmt.Errorf("%s: stdin: %w", o.name, reason(err))
	}
	return value, nil
}

func (o *pipeOptions) putValue(join *pipes.Join, job string, value []byte) error {
	opt := pipes.PutOptions{ID: o.put.id, Sync: o.create.sync}
	_, err := join.Put(context.Background(), opt, o.words[0], job, value)
	return err
}

// funnelPutLines puts a value for each line: the job, a TAB and the value.
func (a *app) funnelPutLines(o *pipeOptions, join *pipes.Join) error {
	lines := bufio.NewReaderSize(a.stdin, mostPrinted)
	most := int(join.Settings().MaxRecord)
	for n := 1; ; n++ {
		line, err := readLine(lines, most)
		if err == io.EOF {
			return nil
		}
		job, value, ok := bytes.Cut(line, []byte("\t"))
		if err == nil && !ok {
			err = errors.New("no TAB behind the job")
		}
		if err != nil {
			return fmt.Errorf("%s: stdin: line %d: %w", o.name, n, reason(err))
		}
		if err := o.putValue(join, string(job), value); err != nil {
			return err
		}
	}
}

// readLine reads a line of at most so many bytes, without its end. At the end
// of r it is io.EOF.
func readLine(r *bufio.Reader, most int) (line []byte, err error) {
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > most+1:
			return nil, fmt.Errorf("longer than %d bytes", most)
		case err == bufio.ErrBufferFull:
		case err == io.EOF && len(line) > 0, err == nil:
			return bytes.TrimSuffix(line, []byte("\n")), nil
		default:
			return nil, err
		}
	}
}
