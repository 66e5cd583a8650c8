package source

import (
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// lists makes one source of each list.
func lists(values ...[]string) []Input {
	var inputs []Input
	for _, v := range values {
		inputs = append(inputs, Input{Values: v})
	}
	return inputs
}

// linkTo links every source but the first to the one before it.
func linkTo(inputs []Input) []Input {
	for i := range inputs[1:] {
		inputs[i+1].Linked = true
	}
	return inputs
}

func fields(s string) []string { return strings.Split(s, " ") }

// open opens o and closes it with the test.
func open(t *testing.T, o Options) *Source {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// drain returns all records before the end or the error.
func drain(seq iter.Seq2[Record, error]) (records []Record, err error) {
	for r, e := range seq {
		if e != nil {
			err = errors.Join(err, e)
			continue
		}
		records = append(records, r)
	}
	return records, err
}

// show prints argument lists: "a b|c".
func show(records []Record) string {
	var rows []string
	for _, r := range records {
		rows = append(rows, strings.Join(r.Args, " "))
	}
	return strings.Join(rows, "|")
}

func ptr[T any](v T) *T { return &v }

func TestRecords(t *testing.T) {
	comma := Columns{Colsep: regexp.MustCompile(",")}
	spaces := Columns{Colsep: regexp.MustCompile(` +`)}
	for _, tc := range []struct {
		name  string
		opts  Options
		stdin string
		want  string
	}{
		{name: "lines", stdin: "a\nb\n", want: "a|b"},
		{name: "no newline at the end", stdin: "a\nb", want: "a|b"},
		{name: "nothing"},
		{name: "blank lines are records", stdin: "\na\n\n", want: "|a|"},
		{name: "blank lines skipped", stdin: "\na\n \t\r\n\vb\n", opts: Options{Cut: Cut{SkipBlank: true}}, want: "a|\vb"},
		{name: "carriage return kept", stdin: "a\r\nb\r\n", want: "a\r|b\r"},
		{name: "invalid UTF-8", stdin: "\xff\xfe\n\x80", want: "\xff\xfe|\x80"},
		{name: "NUL inside a line", stdin: "a\x00b\n", want: "a\x00b"},
		{name: "NUL delimiter", stdin: "a\nb\x00c", opts: Options{Cut: Cut{Delim: Delimiter{0}}}, want: "a\nb|c"},
		{name: "long delimiter", stdin: "a--b-c--", opts: Options{Cut: Cut{Delim: Delimiter("--")}}, want: "a|b-c"},
		{name: "end", stdin: "a\nEND\nb\n", opts: Options{Cut: Cut{EOF: ptr("END")}}, want: "a"},
		{name: "end is an empty line", stdin: "a\n\nb\n", opts: Options{Cut: Cut{EOF: ptr("")}}, want: "a"},
		{name: "end of one source", opts: Options{Inputs: lists(fields("a b c"), fields("1 c 2")), Cut: Cut{EOF: ptr("c")}}, want: "a 1|b 1"},
		{name: "joined lines", stdin: "a \n b\n\n \t\nc\t\n  \nd\n", opts: Options{Cut: Cut{Lines: true}}, want: "a  b|c\t  d"},
		{name: "joined over empty lines", stdin: "a \n\n\nb\n", opts: Options{Cut: Cut{Lines: true}}, want: "a b"},
		{name: "joined line at the end", stdin: "a \nb ", opts: Options{Cut: Cut{Lines: true}}, want: "a b "},
		{name: "carriage return joins nothing", stdin: "a\r\nb\r\n", opts: Options{Cut: Cut{Lines: true}}, want: "a\r|b\r"},
		{name: "join, then end", stdin: "a \nEND\nb", opts: Options{Cut: Cut{Lines: true, EOF: ptr("END")}}, want: "a "},

		{name: "product", opts: Options{Inputs: lists(fields("a b"), fields("1 2"), fields("x y"))},
			want: "a 1 x|a 1 y|a 2 x|a 2 y|b 1 x|b 1 y|b 2 x|b 2 y"},
		{name: "product with nothing", opts: Options{Inputs: lists(fields("a b"), nil)}},
		{name: "product of nothing", opts: Options{Inputs: lists(nil, fields("a b"))}},
		{name: "product with stdin", opts: Options{Inputs: []Input{{Path: "-"}, {Values: fields("1 2")}}}, stdin: "a\nb", want: "a 1|a 2|b 1|b 2"},
		{name: "stdin held", opts: Options{Inputs: []Input{{Values: fields("1 2")}, {Path: "-"}}}, stdin: "a\nb", want: "1 a|1 b|2 a|2 b"},
		{name: "linked", opts: Options{Inputs: linkTo(lists(fields("a b"), fields("1 2"), fields("x y")))}, want: "a 1 x|b 2 y"},
		{name: "linked in a product", opts: Options{Inputs: []Input{{Values: fields("a b")}, {Values: fields("1 2")},
			{Values: fields("x y"), Linked: true}, {Values: fields("z")}}}, want: "a 1 x z|a 2 y z|b 1 x z|b 2 y z"},
		{name: "link short", opts: Options{LinkShort: true, Inputs: linkTo(lists(fields("a b c"), fields("1 2")))}, want: "a 1|b 2"},
		{name: "link shorter first", opts: Options{LinkShort: true, Inputs: linkTo(lists(fields("a"), fields("1 2")))}, want: "a 1"},
		{name: "linked to stdin", opts: Options{Inputs: []Input{{Path: "-"}, {Values: fields("1 2"), Linked: true}}}, stdin: "a\nb\n", want: "a 1|b 2"},
		{name: "all linked, first longest", opts: Options{Link: true, Inputs: lists(fields("a b c"), fields("1 2"))}, want: "a 1|b 2|c 1"},
		{name: "all linked, first shortest", opts: Options{Link: true, Inputs: lists(fields("a b"), fields("1 2 3 4 5"), fields("x y z"))},
			want: "a 1 x|b 2 y|a 3 z|b 4 x|a 5 y"},
		{name: "all linked, same length", opts: Options{Link: true, Inputs: lists(fields("a b"), fields("1 2"))}, want: "a 1|b 2"},
		{name: "all linked, one source", opts: Options{Link: true, Inputs: lists(fields("a b"))}, want: "a|b"},
		{name: "all linked, one empty", opts: Options{Link: true, Inputs: lists(fields("a b"), nil)}},
		{name: "all linked, first empty", opts: Options{Link: true, Inputs: lists(nil, fields("a b"))}},

		{name: "columns", stdin: "a,b\n,\nc\n\n", opts: Options{Columns: comma}, want: "a b| |c|"},
		{name: "columns by expression", stdin: "a  b c\nd\n", opts: Options{Columns: spaces}, want: "a b c|d"},
		{name: "columns of two sources", opts: Options{Inputs: lists(fields("a,b c"), fields("1,2 3")), Columns: comma},
			want: "a b 1 2|a b 3|c 1 2|c 3"},
		{name: "trim left", stdin: " \ta \r\n", opts: Options{Columns: Columns{Trim: TrimLeft}}, want: "a \r"},
		{name: "trim right", stdin: " \ta \r\n", opts: Options{Columns: Columns{Trim: TrimRight}}, want: " \ta"},
		{name: "trim both", stdin: " \ta \r\n", opts: Options{Columns: Columns{Trim: TrimBoth}}, want: "a"},
		{name: "trim columns", stdin: " a , b \n", opts: Options{Columns: Columns{Colsep: comma.Colsep, Trim: TrimBoth}}, want: "a b"},

		{name: "skip", stdin: "a\nb\nc\n", opts: Options{Order: Order{Skip: 1}}, want: "b|c"},
		{name: "limit", stdin: "a\nb\nc\n", opts: Options{Order: Order{Limit: 2}}, want: "a|b"},
		{name: "skip and limit", stdin: "a\nb\nc\nd\n", opts: Options{Order: Order{Skip: 1, Limit: 2}}, want: "b|c"},
		{name: "skip all", stdin: "a\n", opts: Options{Order: Order{Skip: 3, Limit: 1}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.opts.Stdin = strings.NewReader(tc.stdin)
			records, err := drain(open(t, tc.opts).Records())
			if err != nil {
				t.Fatal(err)
			}
			if got := show(records); got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
			if tc.want == "" && len(records) > 0 {
				t.Errorf("got %d records, want none", len(records))
			}
		})
	}
}

func TestHeader(t *testing.T) {
	comma := regexp.MustCompile(",")
	semi := regexp.MustCompile(` *; *`)
	for _, tc := range []struct {
		name  string
		cols  Columns
		in    []Input
		names []string
		width int
		want  string
	}{
		{"columns", Columns{Colsep: comma, Header: 1}, lists([]string{"a,b", "1,2"}), []string{"a", "b"}, 2, "1 2"},
		{"short rows are padded", Columns{Colsep: comma, Header: 1}, lists([]string{"a,b,c", "1"}), []string{"a", "b", "c"}, 3, "1  "},
		{"by expression", Columns{Colsep: semi, Header: 1}, lists([]string{"a ; b;c", "1"}), []string{"a", "b", "c"}, 3, "1  "},
		{"long rows are kept", Columns{Colsep: comma, Header: 1}, lists([]string{"a", "1,2"}), []string{"a"}, 1, "1 2"},
		{"sources", Columns{Header: 1}, lists(fields("a 1 2"), fields("b 3")), []string{"a", "b"}, 2, "1 3|2 3"},
		{"sources of columns", Columns{Colsep: comma, Header: 1}, lists(fields("a,b 1"), fields("c,d 3,4,5")),
			[]string{"a", "b", "c", "d"}, 4, "1  3 4 5"},
		{"several lines", Columns{Header: 2}, lists(fields("a - 1")), []string{"a"}, 1, "1"},
		{"trimmed", Columns{Header: 1, Trim: TrimBoth}, lists([]string{" a ", "1"}), []string{"a"}, 1, "1"},
		{"mark and carriage return", Columns{Colsep: comma, Header: 1}, lists([]string{"\ufeffa,b\r", "1,2\r"}), []string{"a", "b"}, 2, "1 2\r"},
		{"only a header", Columns{Header: 1}, lists(fields("a")), []string{"a"}, 1, ""},
		{"shorter than the header", Columns{Header: 3}, lists(fields("a b")), []string{"a"}, 1, ""},
		{"empty source", Columns{Colsep: comma, Header: 1}, lists(nil), nil, 0, ""},
		{"no header", Columns{Colsep: comma}, lists(fields("a,b")), nil, 0, "a b"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := open(t, Options{Inputs: tc.in, Columns: tc.cols})
			if !slices.Equal(s.Names(), tc.names) {
				t.Errorf("names %q, want %q", s.Names(), tc.names)
			}
			if s.Width() != tc.width {
				t.Errorf("width %d, want %d", s.Width(), tc.width)
			}
			records, err := drain(s.Records())
			if got := show(records); err != nil || got != tc.want {
				t.Errorf("got %q, %v, want %q", got, err, tc.want)
			}
		})
	}
}

// TestErrors checks what is delivered before an error and how it reads.
func TestErrors(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("rows.csv", "a,b\n1,2\n3,4,5\n")
	write("two", "1\n2\n")
	write("long", "short\nmuch too long\nshort\n")
	comma := regexp.MustCompile(",")
	for _, tc := range []struct {
		name string
		opts Options
		want string // records before it
		err  string
	}{
		{"missing", Options{Inputs: []Input{{Path: "two"}, {Path: "nosuch"}}}, "", "nosuch: no such file or directory"},
		{"directory", Options{Inputs: []Input{{Path: dir}}}, "", dir + ": is a directory"},
		{"stdin twice", Options{Inputs: []Input{{Path: "-"}, {Path: "-"}}}, "", "stdin: can be read only once"},
		{"read error", Options{Stdin: io.MultiReader(strings.NewReader("a\nb\nhal"), failing{})}, "a|b", "stdin: line 3: broken"},
		{"read error in a shuffle", Options{Stdin: io.MultiReader(strings.NewReader("a\nb\n"), failing{}), Order: Order{Shuffle: true}},
			"", "stdin: line 3: broken"},
		{"too long", Options{Inputs: []Input{{Path: "long"}}, Cut: Cut{MaxRecord: 5}}, "short", "long: line 2: too long: more than 5 bytes"},
		{"too long, NUL", Options{Stdin: strings.NewReader("a\x00bcd"), Cut: Cut{MaxRecord: 2, Delim: Delimiter{0}}}, "a",
			"stdin: record 2: too long: more than 2 bytes"},
		{"too long, list", Options{Inputs: lists(fields("a bcd")), Cut: Cut{MaxRecord: 2}}, "a", "source 1: value 2: too long: more than 2 bytes"},
		{"too long, joined", Options{Stdin: strings.NewReader("x\na \nb \nc \nd \n"), Cut: Cut{MaxRecord: 5, Lines: true}}, "x",
			"stdin: line 2: too long: more than 5 bytes"},
		{"leftover in lists", Options{Inputs: linkTo(lists(fields("a b"), fields("1 2 3")))}, "",
			"source 2: value 3: left over: source 1 has no value to go with it"},
		{"leftover in the first list", Options{Inputs: linkTo(lists(fields("a b"), fields("1")))}, "",
			"source 1: value 2: left over: source 2 has no value to go with it"},
		{"leftover in a file", Options{Inputs: []Input{{Values: fields("a")}, {Path: "two", Linked: true}}}, "a 1",
			"two: line 2: left over: source 1 has no value to go with it"},
		{"leftover for a file", Options{Inputs: []Input{{Values: fields("a b c")}, {Path: "two", Linked: true}}}, "a 1|b 2",
			"source 1: value 3: left over: two has no value to go with it"},
		{"linked to nothing", Options{Inputs: []Input{{Values: fields("a"), Linked: true}}}, "",
			"source 1: there is no source before it to link it to"},
		{"row longer than the header", Options{Inputs: []Input{{Path: "rows.csv"}, {Values: fields("c 7")}}, Columns: Columns{Colsep: comma, Header: 1}},
			"1 2 7", "rows.csv: line 3: 3 columns, the header has 2"},
		{"name twice", Options{Inputs: lists(fields("a,b,a 1")), Columns: Columns{Colsep: comma, Header: 1}}, "",
			`source 1: value 1: header: two columns are named "a"`},
		{"name in two sources", Options{Inputs: []Input{{Path: "two"}, {Path: "two"}}, Columns: Columns{Header: 1}}, "",
			`two: line 1: header: two columns are named "1"`},
		{"no name", Options{Inputs: lists(fields("a,,b 1")), Columns: Columns{Colsep: comma, Header: 1}}, "",
			"source 1: value 1: header: column 2 has no name"},
		{"error in a held source", Options{Inputs: []Input{{Values: fields("a")}, {Path: "long"}}, Cut: Cut{MaxRecord: 5}}, "",
			"long: line 2: too long: more than 5 bytes"},
		{"error in a looped source", Options{Link: true, Inputs: []Input{{Path: "long"}, {Values: fields("a")}}, Cut: Cut{MaxRecord: 5}}, "short a",
			"long: line 2: too long: more than 5 bytes"},
		{"error in the header", Options{Inputs: []Input{{Path: "long"}}, Cut: Cut{MaxRecord: 3}, Columns: Columns{Header: 2}}, "",
			"long: line 1: too long: more than 3 bytes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var records []Record
			s, err := Open(tc.opts)
			if err == nil {
				defer s.Close()
				records, err = drain(s.Records())
			}
			if got := show(records); got != tc.want {
				t.Errorf("delivered %q, want %q", got, tc.want)
			}
			if err == nil || err.Error() != tc.err {
				t.Errorf("got  %v\nwant %s", err, tc.err)
			}
			var e *Error
			if !errors.As(err, &e) {
				t.Errorf("%T is no *Error", err)
			}
		})
	}
}

// failing is a reader that cannot.
type failing struct{}

func (failing) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: "x", Err: errors.New("broken")}
}

func TestErrorChain(t *testing.T) {
	_, err := Open(Options{Inputs: []Input{{Path: filepath.Join(t.TempDir(), "nosuch")}}})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}
	_, err = Open(Options{Inputs: linkTo(lists(fields("a"), fields("1 2")))})
	if !errors.Is(err, ErrLeftover) {
		t.Errorf("%v is not ErrLeftover", err)
	}
	_, err = drain(open(t, Options{Stdin: strings.NewReader("aaa"), Cut: Cut{MaxRecord: 2}}).Records())
	if !errors.Is(err, ErrTooLong) {
		t.Errorf("%v is not ErrTooLong", err)
	}
}

// TestRecordFields looks at everything beside Args.
func TestRecordFields(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("f", []byte("head\n a\n\nb \nc"), 0o600); err != nil {
		t.Fatal(err)
	}
	raw := Cut{KeepRaw: true, Lines: true}
	head := Columns{Header: 1, Trim: TrimBoth}
	records, err := drain(open(t, Options{Inputs: []Input{{Path: "f"}}, Cut: raw, Columns: head}).Records())
	want := []Record{
		{Args: []string{"a"}, Count: 1, Raw: " a\n", File: "f", Line: 2, unit: unitLine},
		{Args: []string{"b c"}, Count: 1, Raw: "b \nc\n", File: "f", Line: 4, unit: unitLine},
	}
	if err != nil || !reflect.DeepEqual(records, want) {
		t.Errorf("got  %+v, %v\nwant %+v", records, err, want)
	}
	records, err = drain(open(t, Options{Inputs: append(lists(fields("x y")), Input{Path: "f"}), Cut: raw, Columns: head}).Records())
	want = []Record{
		{Args: []string{"y", "a"}, Count: 1, Raw: "y\n a\n", Line: 2, unit: unitValue},
		{Args: []string{"y", "b c"}, Count: 1, Raw: "y\nb \nc\n", Line: 2, unit: unitValue},
	}
	if err != nil || !reflect.DeepEqual(records, want) {
		t.Errorf("got  %+v, %v\nwant %+v", records, err, want)
	}
	if got := records[0].Where(); got != "value 2" {
		t.Errorf("Where: %q", got)
	}
	if got := (Record{File: "f", Line: 3}).Fail(io.ErrNoProgress).Error(); got != "f: record 3: "+io.ErrNoProgress.Error() {
		t.Errorf("Fail: %q", got)
	}
}
