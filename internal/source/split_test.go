package source

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// chunks is a reader that brings one string a call.
type chunks struct {
	list  []string
	asked func() // called before each
}

func (c *chunks) Read(p []byte) (int, error) {
	if c.asked != nil {
		c.asked()
	}
	if len(c.list) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.list[0])
	if c.list[0] = c.list[0][n:]; c.list[0] == "" {
		c.list = c.list[1:]
	}
	return n, nil
}

// splitAll returns all that a splitter delivers.
func splitAll(s *splitter) (recs []string, err error) {
	for {
		raw, n, err := s.next()
		rec := raw[:n]
		if err == io.EOF {
			return recs, nil
		}
		if err != nil {
			return recs, err
		}
		recs = append(recs, rec)
	}
}

// naive is what a splitter must come to.
func naive(text, delim string) []string {
	recs := strings.Split(text, delim)
	if recs[len(recs)-1] == "" {
		recs = recs[:len(recs)-1]
	}
	return recs
}

func FuzzSplit(f *testing.F) {
	f.Add("a\nb\n\nc", "\n", []byte{1}, 0)
	f.Add("aaaa|a|aaa", "aa", []byte{1, 2}, 0)
	f.Add("x--y---z--", "--", []byte{3, 1}, 3)
	f.Add("\xff\xc3\x28\r\n\x00", "\r\n", []byte{2, 0, 1}, 2)
	f.Fuzz(func(t *testing.T, text, delim string, sizes []byte, limit int) {
		if delim == "" {
			return
		}
		var parts []string
		for rest := text; rest != ""; {
			n := len(rest)
			if i := len(parts); len(sizes) > 0 {
				n = min(n, 1+int(sizes[i%len(sizes)]))
			}
			parts, rest = append(parts, rest[:n]), rest[n:]
		}
		want, long := naive(text, delim), false
		for i, rec := range want {
			if limit > 0 && len(rec) > limit {
				want, long = want[:i], true
				break
			}
		}
		got, err := splitAll(&splitter{r: &chunks{list: parts}, delim: delim, max: limit})
		if !slices.Equal(got, want) || errors.Is(err, ErrTooLong) != long {
			t.Errorf("%q at %q (limit %d): got %q, %v, want %q", parts, delim, limit, got, err, want)
		}
	})
}

// TestSplitBorders moves delimiters over the border between two blocks.
func TestSplitBorders(t *testing.T) {
	for _, delim := range []string{"\n", "\r\n", "abab", "=====--"} {
		for off := -9; off <= 9; off++ {
			first := strings.Repeat("x", blockSize+off)
			text := first + delim + "y" + delim + "x" + delim[:len(delim)-1]
			got, err := splitAll(&splitter{r: strings.NewReader(text), delim: delim})
			if err != nil || !slices.Equal(got, naive(text, delim)) {
				t.Errorf("delimiter %q at block%+d: %d records, %v", delim, off, len(got), err)
			}
		}
	}
}

// TestReadsLate counts records against reads: nothing may be read while there
// is a record to deliver, and none held back.
func TestReadsLate(t *testing.T) {
	stdin := Input{Path: "-"}
	six := fields("1 2 3 4 5 6")
	for _, tc := range []struct {
		name string
		opts Options
		each int // records that a line makes
		head int // lines that make none
	}{
		{"lines", Options{}, 1, 0},
		{"header", Options{Columns: Columns{Header: 1}}, 1, 1},
		{"product", Options{Inputs: []Input{stdin, {Values: six}}}, 6, 0},
		{"linked", Options{Inputs: []Input{stdin, {Values: six, Linked: true}}}, 1, 0},
		{"all linked", Options{Link: true, Inputs: []Input{stdin, {Values: six[:2]}}}, 1, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			list := []string{"a\nb\nc", "c\n", "d", "", "d\ne\n", "f"}
			delivered, arrived := 0, ""
			tc.opts.Stdin = &chunks{list: slices.Clone(list), asked: func() {
				if want := tc.each * max(0, strings.Count(arrived, "\n")-tc.head); delivered != want {
					t.Errorf("reads after %q with %d of %d records delivered", arrived, delivered, want)
				}
				if len(list) > 0 {
					arrived, list = arrived+list[0], list[1:]
				}
			}}
			for _, err := range open(t, tc.opts).Records() {
				if err != nil {
					t.Fatal(err)
				}
				delivered++
			}
			if want := tc.each * (6 - tc.head); delivered != want {
				t.Errorf("%d records, want %d", delivered, want)
			}
		})
	}
}

// TestSlowWriter reads records from a pipe whose writer goes on only when it
// has seen the last one arrive, and stops reading when the consumer stops.
func TestSlowWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		seen := make(chan string)
		go func() {
			defer close(seen)
			for rec, err := range open(t, Options{Stdin: r, Order: Order{Limit: 2}}).Records() {
				if err != nil {
					t.Error(err)
				}
				seen <- rec.Args[0]
			}
		}()
		for _, line := range []string{"one", "two"} {
			io.WriteString(w, line[:1])
			io.WriteString(w, line[1:]+"\n")
			if got := <-seen; got != line {
				t.Errorf("got %q, want %q", got, line)
			}
		}
		if got, more := <-seen; more {
			t.Errorf("got %q after the limit", got)
		}
	})
}

// endless is a line without an end.
type endless struct{ read, step int }

func (e *endless) Read(p []byte) (int, error) {
	n := min(len(p), e.step)
	for i := range p[:n] {
		p[i] = 'x'
	}
	e.read += n
	return n, nil
}

func TestMaxRecordStopsReading(t *testing.T) {
	for _, step := range []int{1, 1000, blockSize} {
		line := &endless{step: step}
		_, err := drain(open(t, Options{Stdin: line, Cut: Cut{MaxRecord: 5000}}).Records())
		if !errors.Is(err, ErrTooLong) {
			t.Errorf("step %d: %v", step, err)
		}
		if line.read > 5000+step {
			t.Errorf("step %d: read %d bytes to refuse more than 5000", step, line.read)
		}
	}
}

func TestLongLineIsLinear(t *testing.T) {
	const size = 32 << 20
	line := &endless{step: 1 << 16}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	recs, err := splitAll(&splitter{r: io.LimitReader(line, size), delim: "\r\n"})
	runtime.ReadMemStats(&after)
	if err != nil || len(recs) != 1 || len(recs[0]) != size {
		t.Fatalf("%d records, %v", len(recs), err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 16*size {
		t.Errorf("allocated %d times the size of the line", used/size)
	}
}

func TestReaderWithoutProgress(t *testing.T) {
	_, err := splitAll(&splitter{r: &endless{}, delim: "\n"})
	if !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("got %v", err)
	}
}

// TestRecordsStay keeps all records and compares them in the end.
func TestRecordsStay(t *testing.T) {
	var text bytes.Buffer
	for i := range 100_000 {
		text.WriteString(strings.Repeat("ab", i%20) + "\n")
	}
	want := naive(text.String(), "\n")
	records, err := drain(open(t, Options{Stdin: &text}).Records())
	if err != nil || len(records) != len(want) {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for i, r := range records {
		if r.Args[0] != want[i] || r.Line != i+1 {
			t.Fatalf("record %d: %q in line %d, want %q", i, r.Args, r.Line, want[i])
		}
		_ = append(r.Args, "appended") // must not reach the next record
	}
}

func TestAllocations(t *testing.T) {
	const lines = 50_000
	text := strings.Repeat("record\n", lines)
	for _, tc := range []struct {
		name string
		opts Options
	}{
		{"lines", Options{}},
		{"skip blank", Options{Cut: Cut{SkipBlank: true, Lines: true, MaxRecord: 100, EOF: ptr("x")}}},
	} {
		allocs := testing.AllocsPerRun(3, func() {
			tc.opts.Stdin = strings.NewReader(text)
			for _, err := range open(t, tc.opts).Records() {
				if err != nil {
					t.Fatal(err)
				}
			}
		})
		if allocs > lines/100 {
			t.Errorf("%s: %.0f allocations for %d lines", tc.name, allocs, lines)
		}
	}
}

// TestManyFiles opens more files than stay open, and finds a missing one
// before it reads any.
func TestManyFiles(t *testing.T) {
	dir := t.TempDir()
	var inputs []Input
	for i := range keptOpen + 10 {
		path := filepath.Join(dir, strings.Repeat("f", i+1))
		if err := os.WriteFile(path, []byte("x\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, Input{Path: path})
	}
	s := open(t, Options{Inputs: inputs})
	kept := 0
	for _, in := range s.inputs {
		if in.file.f != nil {
			kept++
		}
	}
	if kept != keptOpen {
		t.Errorf("%d files are open, want %d", kept, keptOpen)
	}
	records, err := drain(s.Records())
	if err != nil || len(records) != 1 || len(records[0].Args) != len(inputs) {
		t.Errorf("%d records, %v", len(records), err)
	}
	for _, in := range s.inputs {
		if !in.file.closed {
			t.Errorf("%s is open after it was read", in.name)
		}
	}
	if _, err := Open(Options{Inputs: append(inputs, Input{Path: filepath.Join(dir, "nosuch")})}); err == nil {
		t.Error("a missing file is not noticed")
	}
}

// TestFileGone deletes a file between Open and the first read.
func TestFileGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := openFile(path, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read(make([]byte, 1)); !os.IsNotExist(err) {
		t.Errorf("got %v", err)
	}
}

func TestReadAfterClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Options{Inputs: []Input{{Path: path}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if _, err := drain(s.Records()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestStdin(t *testing.T) {
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Stdin: dir}); err == nil || err.Error() != "stdin: is a directory" {
		t.Errorf("directory: %v", err)
	}
	dir.Close()
	if _, err := Open(Options{Stdin: dir}); err == nil {
		t.Error("closed: no error")
	}
	if records, err := drain(open(t, Options{}).Records()); err != nil || len(records) > 0 {
		t.Errorf("nil: %v, %v", records, err)
	}
}
