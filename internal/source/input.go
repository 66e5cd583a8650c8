package source

import (
	"cmp"
	"fmt"
	"io"
	"strings"
)

// input is one source: its texts, cut, joined, split into columns and trimmed.
type input struct {
	opts  *Options
	num   int    // which source, from 1
	name  string // path, "stdin", or ""
	unit  unit
	texts texts
	file  *file  // nil unless it is one
	sep   string // column separator if it is a plain string
	line  int    // texts read
	width int    // columns that the header names
	free  []string
}

// texts is a sequence of records as they stand; io.EOF ends it.
type texts interface {
	next() (raw string, n int, err error) // the record is raw[:n], a delimiter may follow
}

func openInput(o *Options, i int) (*input, error) {
	spec := o.Inputs[i]
	in := &input{opts: o, num: i + 1, unit: unitValue}
	if o.Colsep != nil {
		if sep, all := o.Colsep.LiteralPrefix(); all {
			in.sep = sep
		}
	}
	if spec.Path == "" {
		in.texts = &words{list: spec.Values, max: o.MaxRecord}
		return in, nil
	}
	r, err := in.open(spec.Path)
	if err != nil {
		return nil, in.fail(cause(err))
	}
	in.texts = &splitter{r: r, delim: o.delim(), max: o.MaxRecord}
	if o.delim() == "\n" {
		in.unit = unitLine
	} else {
		in.unit = unitRecord
	}
	return in, nil
}

func (in *input) open(path string) (io.Reader, error) {
	if path == "-" {
		in.name = "stdin"
		return openStdin(in.opts.Stdin)
	}
	in.name = path
	f, err := openFile(path, in.num > keptOpen)
	in.file = f
	return f, err
}

func (c *Cut) delim() string {
	if len(c.Delim) == 0 {
		return "\n"
	}
	return string(c.Delim)
}

// next reads the next record.
func (in *input) next(r *Record) error {
	text, raw, err := in.text()
	for err == nil && (in.opts.SkipBlank || in.opts.Lines) && isBlank(text) {
		text, raw, err = in.text()
	}
	if err != nil {
		return err
	}
	*r = Record{Count: 1, File: in.name, Line: in.line, unit: in.unit}
	if in.opts.KeepRaw {
		r.Raw = raw
	}
	if in.opts.Lines && endsInBlank(text) {
		if text, err = in.continued(text, r); err != nil {
			return err
		}
	}
	r.Args, err = in.values(text)
	return err
}

// text returns the next record as it stands, without and with its delimiter.
func (in *input) text() (text, raw string, err error) {
	raw, n, err := in.texts.next()
	if err == io.EOF {
		return "", "", err
	}
	in.line++
	if err != nil {
		return "", "", in.fail(cause(err))
	}
	text = raw[:n]
	if in.opts.EOF != nil && text == *in.opts.EOF {
		in.texts = &words{}
		return "", "", io.EOF
	}
	if n == len(raw) && in.opts.KeepRaw {
		raw += in.opts.delim()
	}
	return text, raw, nil
}

// continued joins a line that ends in a blank with those that it goes on in,
// as they stand; an empty line does not end it.
func (in *input) continued(text string, r *Record) (string, error) {
	var joined, raws strings.Builder
	joined.WriteString(text)
	for text == "" || endsInBlank(text) {
		var raw string
		var err error
		if text, raw, err = in.text(); err == io.EOF {
			break
		} else if err != nil {
			return "", err
		}
		joined.WriteString(text)
		if limit := in.opts.MaxRecord; limit > 0 && joined.Len() > limit {
			return "", r.Fail(tooLong(limit))
		}
		if in.opts.KeepRaw {
			raws.WriteString(raw)
		}
	}
	r.Raw += raws.String()
	return joined.String(), nil
}

// values splits a record into columns and trims them.
func (in *input) values(text string) ([]string, error) {
	var args []string
	switch {
	case in.opts.Colsep == nil:
		args = in.take(1)
		args[0] = text
	case in.sep != "":
		args = in.cut(text)
	default:
		args = in.opts.Colsep.Split(text, -1)
		for len(args) < in.width {
			args = append(args, "")
		}
	}
	if in.width > 0 && len(args) > in.width && in.num < len(in.opts.Inputs) {
		return nil, in.fail(fmt.Errorf("%d columns, the header has %d", len(args), in.width))
	}
	if in.opts.Trim != TrimNone {
		for i, arg := range args {
			args[i] = in.opts.Trim.apply(arg)
		}
	}
	return args, nil
}

// cut splits at a plain separator.
func (in *input) cut(text string) []string {
	n := strings.Count(text, in.sep) + 1
	args := in.take(max(n, in.width))
	for i := range n {
		args[i], text, _ = strings.Cut(text, in.sep)
	}
	return args
}

// take returns a list of n values, cut out of a larger array.
func (in *input) take(n int) []string {
	const chunk = 512
	if n > len(in.free) {
		in.free = make([]string, max(n, chunk))
	}
	list := in.free[:n:n]
	if !in.opts.Reuse {
		in.free = in.free[n:]
	}
	return list
}

// readHeader takes n records off and returns the columns' names, from the
// first of them. A byte order mark before it and the carriage return of a
// CR-LF line belong to the file, not to a name.
func (in *input) readHeader(n int, seen map[string]bool) ([]string, error) {
	var first, other Record
	err := in.next(&first)
	for i := 1; err == nil && i < n; i++ {
		err = in.next(&other)
	}
	if err != nil && err != io.EOF {
		return nil, err
	}
	names := first.Args
	if len(names) == 0 {
		return nil, nil
	}
	last := len(names) - 1
	names[0] = strings.TrimPrefix(names[0], "\ufeff")
	names[last] = strings.TrimSuffix(names[last], "\r")
	for i, name := range names {
		if name == "" {
			return nil, in.failAt(first, fmt.Errorf("header: column %d has no name", i+1))
		}
		if seen[name] {
			return nil, in.failAt(first, fmt.Errorf("header: two columns are named %q", name))
		}
		seen[name] = true
	}
	in.width = len(names)
	return names, nil
}

// fail places an error at the text read last.
func (in *input) fail(err error) *Error {
	return &Error{File: in.name, Source: in.num, Record: in.line, Err: err, unit: in.unit}
}

func (in *input) failAt(r Record, err error) *Error {
	e := r.Fail(err)
	e.Source = in.num
	return e
}

// label names the source for people.
func (in *input) label() string {
	return cmp.Or(in.name, fmt.Sprintf("source %d", in.num))
}

func (in *input) close() error {
	if in.file == nil {
		return nil
	}
	return in.file.Close()
}

// words are the texts of a list.
type words struct {
	list []string
	max  int
}

func (w *words) next() (string, int, error) {
	if len(w.list) == 0 {
		return "", 0, io.EOF
	}
	text := w.list[0]
	w.list = w.list[1:]
	if w.max > 0 && len(text) > w.max {
		return "", 0, tooLong(w.max)
	}
	return text, len(text), nil
}
