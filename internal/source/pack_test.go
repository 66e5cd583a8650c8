package source

import (
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strings"
	"testing"
)

// lines returns the records of a file of the given lines.
func lines(text ...string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for i, s := range text {
			r := Record{Args: []string{s}, Count: 1, Raw: s + "\n", File: "f", Line: i + 1, unit: unitLine}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// then ends records with an error.
func then(in iter.Seq2[Record, error], err error) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for r, e := range in {
			if !yield(r, e) {
				return
			}
		}
		yield(Record{}, err)
	}
}

func TestBatch(t *testing.T) {
	for _, tc := range []struct {
		n    int
		in   []string
		want string
	}{
		{1, fields("a b c"), "a|b|c"},
		{2, fields("a b c"), "a b|c"},
		{3, fields("a b c"), "a b c"},
		{9, fields("a b c"), "a b c"},
		{2, nil, ""},
	} {
		records, err := drain(Batch(lines(tc.in...), tc.n))
		if got := show(records); err != nil || got != tc.want {
			t.Errorf("%d of %q: got %q, %v, want %q", tc.n, tc.in, got, err, tc.want)
		}
	}
}

func TestBatchOfNone(t *testing.T) {
	broken := errors.New("broken")
	records, err := drain(Batch(then(lines("a", "b"), broken), 0))
	if len(records) != 2 || err == nil {
		t.Fatalf("got %v, %v", records, err)
	}
	for i, r := range records {
		if len(r.Args) > 0 || r.Count != 1 || r.Line != i+1 {
			t.Errorf("got %+v", r)
		}
	}
}

func TestBatchFields(t *testing.T) {
	records, err := drain(Batch(lines("a", "b", "c"), 2))
	want := []Record{
		{Args: []string{"a", "b"}, Count: 2, Raw: "a\nb\n", File: "f", Line: 1, unit: unitLine},
		{Args: []string{"c"}, Count: 1, Raw: "c\n", File: "f", Line: 3, unit: unitLine},
	}
	if err != nil || !reflect.DeepEqual(records, want) {
		t.Errorf("got  %+v, %v\nwant %+v", records, err, want)
	}
	s := open(t, Options{Inputs: lists(fields("a b c"), fields("1 2"))})
	records, err = drain(Batch(s.Records(), 2))
	if got := show(records); err != nil || got != "a 1 a 2|b 1 b 2|c 1 c 2" {
		t.Errorf("columns: got %q, %v", got, err)
	}
	if records[0].Count != 2 {
		t.Errorf("count %d, want 2", records[0].Count)
	}
}

func TestPack(t *testing.T) {
	ten := fields("0 1 2 3 4 5 6 7 8 9")
	long := strings.Repeat("x", 20)
	for _, tc := range []struct {
		name string
		in   []string
		p    Packing
		want string
		err  string
	}{
		{"no limit", ten, Packing{}, "0 1 2 3 4 5 6 7 8 9", ""},
		{"chars", ten, Packing{MaxChars: 8}, "0 1 2 3|4 5 6 7|8 9", ""},
		{"chars with a base", ten, Packing{MaxChars: 10, Base: 3}, "0 1 2|3 4 5|6 7 8|9", ""},
		{"cost", ten, Packing{MaxChars: 8, Cost: func(arg string) int { return len(arg) + 3 }}, "0 1|2 3|4 5|6 7|8 9", ""},
		{"area", ten, Packing{Area: 40, Base: 2, Words: 1}, "0 1 2|3 4 5|6 7 8|9", ""},
		{"area, two words", ten, Packing{Area: 40, Base: 4, Words: 2}, "0 1|2 3|4 5|6 7|8 9", ""},
		{"area, one word for all", ten, Packing{Area: 18}, "0 1 2 3 4 5 6 7 8|9", ""},
		{"args", ten, Packing{MaxArgs: 4, MaxChars: 100}, "0 1 2 3|4 5 6 7|8 9", ""},
		{"args and chars", ten, Packing{MaxArgs: 4, MaxChars: 6}, "0 1 2|3 4 5|6 7 8|9", ""},
		{"spread", ten, Packing{Spread: 4}, "0 1 2|3 4 5|6 7|8 9", ""},
		{"spread what is left", ten, Packing{MaxChars: 12, Spread: 2}, "0 1 2 3 4 5|6 7|8 9", ""},
		{"spread over more than there are", fields("0 1"), Packing{Spread: 4}, "0|1", ""},
		{"nothing left to spread", ten, Packing{MaxArgs: 5, Spread: 2}, "0 1 2 3 4|5 6 7 8 9", ""},
		{"nothing", nil, Packing{Spread: 4}, "", ""},
		{"fits exactly", []string{"xx", long, "y"}, Packing{MaxChars: 21}, "xx|" + long + "|y", ""},
		{"one too long", []string{"a", "b", long, "c"}, Packing{MaxChars: 22, Base: 5}, "a b",
			"f: line 3: too long for a command line: 26 bytes, the limit is 22"},
		{"one too long for the system", []string{long}, Packing{MaxChars: 100, Area: 28, Words: 1}, "",
			"f: line 1: too long for a command line: 29 bytes with pointers, the system's limit is 28"},
		{"exit", ten, Packing{MaxArgs: 4, MaxChars: 6, Exit: true}, "",
			"f: line 4: too long for a command line with 3 others: 8 bytes, the limit is 6"},
		{"exit, enough room", ten, Packing{MaxArgs: 4, MaxChars: 8, Exit: true}, "0 1 2 3|4 5 6 7|8 9", ""},
		{"exit without a number", ten, Packing{MaxChars: 12, Exit: true}, "0 1 2 3 4 5|6 7 8 9", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			records, err := drain(Pack(lines(tc.in...), tc.p))
			if got := show(records); got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
			if tc.err != "" && !errors.Is(err, ErrTooLong) || fmt.Sprint(err) != orNil(tc.err) {
				t.Errorf("error %v, want %q", err, tc.err)
			}
		})
	}
}

func orNil(text string) string {
	if text == "" {
		return "<nil>"
	}
	return text
}

func TestPackFields(t *testing.T) {
	records, err := drain(Pack(lines("a", "b", "c"), Packing{Spread: 2}))
	want := []Record{
		{Args: []string{"a", "b"}, Count: 2, Raw: "a\nb\n", File: "f", Line: 1, unit: unitLine},
		{Args: []string{"c"}, Count: 1, Raw: "c\n", File: "f", Line: 3, unit: unitLine},
	}
	if err != nil || !reflect.DeepEqual(records, want) {
		t.Errorf("got  %+v, %v\nwant %+v", records, err, want)
	}
}

// TestErrorAfterRecords: what was read before an error is delivered.
func TestErrorAfterRecords(t *testing.T) {
	broken := errors.New("broken")
	for name, seq := range map[string]iter.Seq2[Record, error]{
		"batch":  Batch(then(lines("a", "b", "c"), broken), 2),
		"spread": Pack(then(lines("a", "b", "c"), broken), Packing{Spread: 2}),
	} {
		records, err := drain(seq)
		if got := show(records); got != "a b|c" || !errors.Is(err, broken) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

// TestBreak stops at every place; the sequences must neither go on (which
// panics) nor read further than the consumer did.
func TestBreak(t *testing.T) {
	broken := errors.New("broken")
	for name, tc := range map[string]struct {
		wrap func(in iter.Seq2[Record, error]) iter.Seq2[Record, error]
		each int // records that one takes
	}{
		"batch":   {func(in iter.Seq2[Record, error]) iter.Seq2[Record, error] { return Batch(in, 2) }, 2},
		"batch 0": {func(in iter.Seq2[Record, error]) iter.Seq2[Record, error] { return Batch(in, 0) }, 1},
		"slice":   {func(in iter.Seq2[Record, error]) iter.Seq2[Record, error] { return slice(in, 0, 4) }, 1},
		"pack": {func(in iter.Seq2[Record, error]) iter.Seq2[Record, error] {
			return Pack(in, Packing{MaxArgs: 2, Spread: 2})
		}, 2},
		"shuffle": {func(in iter.Seq2[Record, error]) iter.Seq2[Record, error] { return shuffle(in, nil) }, 6},
	} {
		for stop := 1; stop < 6; stop++ {
			read, got := 0, 0
			counted := func(yield func(Record, error) bool) {
				for r, err := range then(lines(fields("a b c d e")...), broken) {
					if read++; !yield(r, err) {
						return
					}
				}
			}
			for range tc.wrap(counted) {
				if got++; got == stop {
					break
				}
			}
			if most := tc.each * stop; read > most {
				t.Errorf("%s stopped after %d: read %d records, want at most %d", name, stop, read, most)
			}
		}
	}
}

func TestCollect(t *testing.T) {
	seq, total, err := Collect(lines("a", "b"))
	if err != nil || total != 2 {
		t.Fatalf("total %d, %v", total, err)
	}
	for range 2 { // again and again
		records, err := drain(seq)
		if got := show(records); err != nil || got != "a|b" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	broken := errors.New("broken")
	if seq, total, err := Collect(then(lines("a"), broken)); seq != nil || total != 0 || !errors.Is(err, broken) {
		t.Errorf("got %d, %v", total, err)
	}
}

func TestShuffle(t *testing.T) {
	const n = 1000
	var in []string
	for i := range n {
		in = append(in, fmt.Sprint(i))
	}
	order := func(o Order) string {
		o.Shuffle = true
		records, err := drain(open(t, Options{Inputs: lists(in), Order: o}).Records())
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, r := range records {
			seen[r.Args[0]] = true
		}
		if len(records) != len(seen) {
			t.Errorf("%d records, %d different", len(records), len(seen))
		}
		return show(records)
	}
	one := order(Order{Seed: ptr(uint64(1))})
	if again := order(Order{Seed: ptr(uint64(1))}); again != one {
		t.Error("the same seed gives another order")
	}
	if two := order(Order{Seed: ptr(uint64(2))}); two == one || len(two) != len(one) {
		t.Error("another seed gives the same order")
	}
	if r := order(Order{}); r == order(Order{}) || len(r) != len(one) {
		t.Error("no seed gives the same order")
	}
	if some := order(Order{Seed: ptr(uint64(1)), Skip: 10, Limit: 5}); some != strings.Join(strings.Split(one, "|")[10:15], "|") {
		t.Error("skip and limit do not come after the shuffle")
	}
}

func TestReusedArgsAreEnoughForPack(t *testing.T) {
	for _, o := range []Options{
		{Stdin: strings.NewReader("a\nb\nc\nd\ne\n")},
		{Inputs: []Input{{Values: []string{"a", "b", "c", "d", "e"}}}},
		{Inputs: []Input{{Values: []string{"a", "b"}}, {Values: []string{"1", "2"}}}},
		{Stdin: strings.NewReader("a\nb\nc\nd\ne\n"), Order: Order{Shuffle: true, Seed: new(uint64)}},
	} {
		want := packAll(t, o)
		if r, ok := o.Stdin.(*strings.Reader); ok {
			r.Seek(0, 0)
		}
		o.Reuse = true
		if got := packAll(t, o); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v: got %q, want %q", o.Inputs, got, want)
		}
	}
}

func packAll(t *testing.T, o Options) (all [][]string) {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for r, err := range Pack(s.Records(), Packing{MaxArgs: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r.Args)
	}
	return all
}
