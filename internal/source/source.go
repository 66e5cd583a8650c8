// Package source turns stdin, files and arguments into records: the input of
// a scatter. Records come lazily, one at a time, in an order that depends on
// the input alone; what cannot be read is an [Error] that says where.
//
// The strings of a record are cut out of larger blocks (up to 128 KiB of
// input, and 512 argument lists at a time), so that a record costs no
// allocation of its own. Records and their strings are never written to again
// and may be kept for as long as one likes, but a single kept record keeps its
// blocks: who keeps few of very many for long clones them.
package source

import (
	"errors"
	"io"
	"iter"
	"regexp"
)

// Record is one unit of input.
type Record struct {
	Args  []string // the values: one a source, or its columns; of a batch those of every record in turn
	Count int      // records that it was made from
	Raw   string   // text and delimiter of each value, one after the other, untrimmed; empty unless Cut.KeepRaw
	File  string   // where its first value came from: a path, "stdin", or "" for an argument
	Line  int      // number of that value in its source, from 1; headers and blank lines count

	unit unit // what Line counts
}

// Input is one source of values: a list or a file.
type Input struct {
	Values []string
	Path   string // a file instead of Values; "-" is stdin
	Linked bool   // goes in step with the source before it
}

// Options says what is read and how. The zero value reads the lines of an
// empty stdin.
type Options struct {
	Inputs    []Input   // none: stdin
	Stdin     io.Reader // what "-" reads; nil is empty
	Link      bool      // all sources in step; a short one starts again from its beginning
	LinkShort bool      // the end of one linked source ends the others without complaint
	Reuse     bool      // a record's Args are good only until the next one, where that saves something: enough for Pack

	Cut
	Columns
	Order
}

// Cut says where a record begins and ends. What it asks for happens in this
// order: split at Delim, end at EOF, skip what is blank, join lines.
type Cut struct {
	Delim     Delimiter // ends a record; nil is a newline. The last record needs none
	EOF       *string   // a record equal to it ends its source
	SkipBlank bool      // leave out records of nothing but white space
	Lines     bool      // as SkipBlank, and a record that ends in a space or tab goes on with the next
	MaxRecord int       // more bytes are an error, raised as soon as they are read; 0 is no limit
	KeepRaw   bool      // fill Record.Raw
}

// Columns says what becomes of a record.
type Columns struct {
	Colsep *regexp.Regexp // splits a record into several values
	Header HeaderLines    // records at the head of every source that are no data; the first one names the columns
	Trim   TrimMode       // white space off every value and name
}

// Order picks from the records, in the order of its fields.
type Order struct {
	Shuffle bool    // any order; reads all the input first
	Seed    *uint64 // makes that order always the same
	Skip    int     // leave out the first
	Limit   int     // then take so many; 0 is all
}

// Source delivers records. Whoever opened it closes it; it belongs to one
// goroutine at a time and has none of its own.
type Source struct {
	opts   Options
	inputs []*input
	names  []string
	stream stream
}

// stream is a sequence that is asked to fill in its next record; io.EOF ends
// it. (A record is ten words; to return it would copy it at each level.)
type stream interface {
	next(*Record) error
}

// Open opens every file and reads the headers, so that a file that cannot be
// opened or an impossible header is known before the first record.
func Open(o Options) (*Source, error) {
	if len(o.Inputs) == 0 {
		o.Inputs = []Input{{Path: "-"}}
	}
	o.Reuse = o.Reuse && len(o.Inputs) == 1 && !o.Shuffle // others keep records
	s := &Source{opts: o}
	if err := s.open(); err != nil {
		s.Close() // only read from: nothing can be lost
		return nil, err
	}
	return s, nil
}

func (s *Source) open() error {
	if err := s.openInputs(); err != nil {
		return err
	}
	if err := s.readHeaders(); err != nil {
		return err
	}
	var err error
	s.stream, err = combine(s.inputs, s.opts)
	return err
}

func (s *Source) openInputs() error {
	usesStdin := false
	for i, in := range s.opts.Inputs {
		if in.Path == "-" {
			if usesStdin {
				return &Error{File: "stdin", Err: errors.New("can be read only once")}
			}
			usesStdin = true
		}
		opened, err := openInput(&s.opts, i)
		if err != nil {
			return err
		}
		s.inputs = append(s.inputs, opened)
	}
	return nil
}

func (s *Source) readHeaders() error {
	if s.opts.Header == 0 {
		return nil
	}
	seen := map[string]bool{}
	for _, in := range s.inputs {
		names, err := in.readHeader(int(s.opts.Header), seen)
		if err != nil {
			return err
		}
		s.names = append(s.names, names...)
	}
	return nil
}

// Names returns the columns' names in the order of Record.Args; none without
// a header, and none for a source that is empty.
func (s *Source) Names() []string { return s.names }

// Width returns how many values every record has; 0 if that varies. With a
// header a record may have more, in the last source.
func (s *Source) Width() int {
	if s.opts.Colsep == nil {
		return len(s.inputs)
	}
	return len(s.names)
}

// Records returns the records; it can be ranged over once. No more is read
// than the record asked for needs. An error ends it, after all records before
// it; only a shuffle delivers nothing then, for its order was never known.
//
// Of several sources the last varies fastest; the first is read as it comes,
// the others are read to their ends first and held in memory.
func (s *Source) Records() iter.Seq2[Record, error] {
	seq := all(s.stream)
	if s.opts.Shuffle {
		seq = shuffle(seq, s.opts.Seed)
	}
	if s.opts.Skip > 0 || s.opts.Limit > 0 {
		seq = slice(seq, s.opts.Skip, s.opts.Limit)
	}
	return seq
}

// Close closes the files that are still open.
func (s *Source) Close() error {
	var errs []error
	for _, in := range s.inputs {
		errs = append(errs, in.close())
	}
	return errors.Join(errs...)
}

func all(s stream) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		var r Record
		for {
			switch err := s.next(&r); err {
			case nil:
				if !yield(r, nil) {
					return
				}
			case io.EOF:
				return
			default:
				yield(Record{}, err)
				return
			}
		}
	}
}
