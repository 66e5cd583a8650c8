package cmd

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/loxctl/loxctl/engine"
	"github.com/loxctl/loxctl/internal/chain"
	"github.com/loxctl/loxctl/internal/spool"
	"github.com/loxctl/loxctl/internal/template"
)

// maxResult is how much of a result is read to make words of it. The words
// themselves are limited by the kernel.
const maxResult = 16 << 20

// inputs are what the templates of a job get that takes results.
type inputs struct {
	own  template.SetValues
	sets []template.SetValues
}

func (in *inputs) fill(v *template.Values) {
	v.Args, v.All, v.Fields, v.Unknown = in.own.Args, in.own.All, in.own.Fields, in.own.Unknown
	v.Sets = in.sets
}

// readInputs reads the results that the templates of t use, and takes them
// apart.
func (st *stage) readInputs(t *task) error {
	in := st.unknownInputs(t)
	if !st.run.opt.output.dryRun {
		if t.item.fault != nil && st.node.Each {
			return t.item.fault
		}
		if err := st.readOwn(t, &in.own); err != nil {
			return err
		}
		for i, b := range st.named() {
			if !st.templates.uses(firstNamed + i) {
				continue
			}
			if err := st.readResult(t, b, &in.sets[firstNamed-1+i]); err != nil {
				return err
			}
		}
	}
	t.inputs = in
	return nil
}

// unknownInputs are those of a job of which only the record is known.
func (st *stage) unknownInputs(t *task) *inputs {
	in := &inputs{own: template.SetValues{Unknown: true}}
	in.sets = append(in.sets, template.SetValues{Args: t.Args})
	for range st.named() {
		in.sets = append(in.sets, template.SetValues{Unknown: true})
	}
	return in
}

// readOwn reads what {} and {1} are.
func (st *stage) readOwn(t *task, own *template.SetValues) error {
	switch {
	case !st.templates.uses(0):
		return nil
	case st.node.Each:
		return st.take(st.node.From[0], t.item.piece, own)
	case len(st.node.From) == 1:
		return st.readResult(t, st.node.From[0], own)
	}
	*own = template.SetValues{}
	for _, from := range st.node.From {
		text, err := readText(t.item.task(from))
		if err != nil {
			return err
		}
		own.Args = append(own.Args, strings.TrimRight(text, "\n"))
	}
	return nil
}

func (st *stage) readResult(t *task, from *chain.Stage, to *template.SetValues) error {
	text, err := readText(t.item.task(from))
	if err != nil {
		return err
	}
	return st.take(from, text, to)
}

// take takes a result, or a piece of one, apart.
func (st *stage) take(from *chain.Stage, text string, to *template.SetValues) error {
	v, err := st.opt.link.unpack.Take(text)
	if err != nil {
		return resultError(from, err)
	}
	*to = template.SetValues{Args: v.Args, All: []string{v.Whole}, Fields: v.Fields}
	if st.node.Each && from == st.node.From[0] && len(v.Args) == 1 && v.Fields == nil {
		to.All = nil // a string out of a JSON array is its text
	}
	return nil
}

// readText is the result of a job as it stands. A failed one that passes on has
// an empty one.
func readText(t *task) (string, error) {
	size := t.Received()
	switch {
	case t.Err != nil:
		return "", nil
	case size > maxResult:
		return "", resultError(t.stage.node, fmt.Errorf(
			"%d bytes are more than words can be made of; --stdin gives it to the job on stdin, of any length", size))
	}
	b := new(strings.Builder)
	b.Grow(int(size))
	if _, err := io.Copy(b, t.Passed()); err != nil {
		return "", err
	}
	return b.String(), nil
}

// resultError is the failure of a job that cannot be made of a result.
func resultError(from *chain.Stage, err error) error {
	name := "stage " + from.Label()
	if from.Name != "" {
		name = from.Name
	}
	return &engine.FuncError{Msg: fmt.Sprintf("the result of %s: %v", name, err), Exit: exitOwn.code, Permanent: true}
}

// asValueError makes the failure of a job of what is wrong with its words.
func asValueError(err error) error {
	var fn *engine.FuncError
	if errors.As(err, &fn) {
		return err
	}
	msg := err.Error()
	if errors.Is(err, template.ErrTooLong) {
		msg += "; --stdin gives the result to the job on stdin, of any length"
	}
	return &engine.FuncError{Msg: msg, Exit: exitOwn.code, Permanent: true}
}

// resultReader reads what the jobs before t have printed, one after the other.
func (t *task) resultReader() io.Reader {
	st := t.stage
	if st.node.Each {
		end := "\n"
		if st.opt.link.unpack == chain.NUL {
			end = "\x00"
		}
		return strings.NewReader(t.item.piece + end)
	}
	r := new(resultReader)
	var all []io.Reader
	for _, from := range st.node.From {
		if result := t.item.task(from); result.Err == nil {
			one := result.Passed()
			r.from = append(r.from, one)
			all = append(all, one)
		}
	}
	r.Reader = io.MultiReader(all...)
	return r
}

// sent is how much there was on the job's stdin.
func (t *task) sent() int64 {
	st := t.stage
	switch {
	case st.node.TakesRecords():
		return int64(len(t.record.Raw))
	case !st.opt.link.stdin:
		return 0
	case st.node.Each:
		return int64(len(t.item.piece) + 1)
	}
	var n int64
	for _, from := range st.node.From {
		if result := t.item.task(from); result.Err == nil {
			n += result.Received()
		}
	}
	return n
}

// resultReader knows whether all could be read.
type resultReader struct {
	io.Reader
	from []*spool.Reader
}

// Err is what reading failed with.
func (r *resultReader) Err() error {
	var errs []error
	for _, one := range r.from {
		errs = append(errs, one.Err())
	}
	return errors.Join(errs...)
}
