package source

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Packing says how many records go into one. Each limit is off at 0.
type Packing struct {
	MaxArgs  int  // records
	MaxChars int  // bytes: Base and the Cost of every value
	Area     int  // bytes that the kernel has left for the same, and for a pointer to each word that a value adds
	Exit     bool // a batch that the other limits keep from MaxArgs is an error
	Spread   int  // divide what is left at the end of the input evenly over up to so many batches

	Base  int                  // bytes of the command line without values
	Cost  func(arg string) int // bytes that a value adds; nil: itself and a terminator
	Words int                  // words that a value adds
}

// pointerSize is what the kernel counts for a word besides its bytes.
const pointerSize = 8

// Batch takes n records at a time together, the last time fewer. With n = 0
// it takes each one and leaves out its values.
func Batch(in iter.Seq2[Record, error], n int) iter.Seq2[Record, error] {
	if n > 0 {
		return Pack(in, Packing{MaxArgs: n})
	}
	return func(yield func(Record, error) bool) {
		for r, err := range in {
			r.Args = nil
			if !yield(r, err) {
				return
			}
		}
	}
}

// Pack takes as many records together as the limits allow, in order, and
// holds no more than those. A record that does not fit alone is an error, for
// no command line will ever hold it.
func Pack(in iter.Seq2[Record, error], p Packing) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		k := packer{Packing: p, yield: yield}
		for r, err := range in {
			if err != nil {
				k.fail(err)
				return
			}
			if !k.add(&r) {
				return
			}
		}
		k.end()
	}
}

// packer fills one batch after the other. Its methods report whether to go on.
type packer struct {
	Packing
	yield func(Record, error) bool
	batch Record
	raw   strings.Builder // batch.Raw
	marks []mark          // ends of batch's records, if it may have to be divided and they are uneven
	chars int             // Cost of batch
	words int

	uneven bool // marks are kept
}

// mark is where a record ends in its batch, and the line that it came from.
type mark struct{ args, raw, count, line int }

func (k *packer) add(r *Record) bool {
	chars, words := k.cost(r)
	over := k.over(chars, words)
	if over != "" && k.batch.Count > 0 {
		if k.Exit && k.MaxArgs > 0 {
			k.yield(Record{}, r.Fail(fmt.Errorf("%w for a command line with %d others: %s",
				ErrTooLong, k.batch.Count, over)))
			return false
		}
		if !k.flush() {
			return false
		}
		over = k.over(chars, words)
	}
	if over != "" {
		k.yield(Record{}, r.Fail(fmt.Errorf("%w for a command line: %s", ErrTooLong, over)))
		return false
	}
	k.chars += chars
	k.words += words
	k.put(r)
	full := k.MaxArgs > 0 && k.batch.Count >= k.MaxArgs
	return !full || k.flush()
}

// put appends r to the batch, which has the place of its first record.
func (k *packer) put(r *Record) {
	args := k.batch.Args
	if k.batch.Count == 0 {
		k.batch = *r
		k.batch.Count = 0
	}
	if k.Spread > 1 && !k.uneven && !k.isNext(r) {
		k.marks, k.uneven = k.evenMarks(), true
	}
	k.batch.Args = push(args, r.Args...)
	k.batch.Count += r.Count
	if r.Raw != "" {
		k.raw.WriteString(r.Raw)
	}
	if k.uneven {
		k.marks = push(k.marks, mark{len(k.batch.Args), k.raw.Len(), k.batch.Count, r.Line})
	}
}

// isNext reports whether r is one value, on the line after the last record:
// where such records end needs no mark.
func (k *packer) isNext(r *Record) bool {
	return len(r.Args) == 1 && r.Count == 1 && r.Raw == "" && r.Line == k.batch.Line+k.batch.Count
}

// evenMarks are those of a batch of such records.
func (k *packer) evenMarks() []mark {
	marks := k.marks[:0]
	for i := range k.batch.Count {
		marks = append(marks, mark{i + 1, 0, i + 1, k.batch.Line + i})
	}
	return marks
}

func (k *packer) cost(r *Record) (chars, words int) {
	for _, arg := range r.Args {
		if k.Cost == nil {
			chars += len(arg) + 1
		} else {
			chars += k.Cost(arg)
		}
	}
	return chars, k.Words * len(r.Args)
}

// over says which limit there is no room under, "" if there is room.
func (k *packer) over(chars, words int) string {
	size := k.Base + k.chars + chars
	if k.MaxChars > 0 && size > k.MaxChars {
		return fmt.Sprintf("%d bytes, the limit is %d", size, k.MaxChars)
	}
	if size += pointerSize * (k.words + words); k.Area > 0 && size > k.Area {
		return fmt.Sprintf("%d bytes with pointers, the system's limit is %d", size, k.Area)
	}
	return ""
}

// push is append that doubles: a list that grows by quarters to the size of a
// batch leaves four times its size to the garbage collector.
func push[T any](list []T, more ...T) []T {
	if len(list)+len(more) > cap(list) {
		list = slices.Grow(list, len(list)+len(more))
	}
	return append(list, more...)
}

// flush delivers the batch. The next one will be of much the same size.
func (k *packer) flush() bool {
	whole := k.take()
	k.batch.Args = make([]string, 0, len(whole.Args)+len(whole.Args)/8)
	return k.yield(whole, nil)
}

// take returns the batch and leaves an empty one.
func (k *packer) take() Record {
	whole := k.batch
	whole.Raw = k.raw.String()
	k.batch, k.marks, k.chars, k.words = Record{}, k.marks[:0], 0, 0
	k.uneven = false
	k.raw.Reset()
	return whole
}

// end delivers what is left.
func (k *packer) end() bool {
	if k.batch.Count == 0 {
		return true
	}
	if k.Spread <= 1 {
		return k.yield(k.take(), nil)
	}
	marks := k.marks
	if !k.uneven {
		marks = k.evenMarks()
	}
	whole := k.take()
	var from mark
	for parts := min(k.Spread, len(marks)); parts > 0; parts-- {
		n := (len(marks) + parts - 1) / parts
		to := marks[n-1]
		part := whole
		part.Args = whole.Args[from.args:to.args:to.args]
		part.Raw = whole.Raw[from.raw:to.raw]
		part.Count = to.count - from.count
		part.Line = marks[0].line
		if !k.yield(part, nil) {
			return false
		}
		from, marks = to, marks[n:]
	}
	return true
}

// fail delivers what is left, then the error that ended the input.
func (k *packer) fail(err error) {
	if k.end() {
		k.yield(Record{}, err)
	}
}
