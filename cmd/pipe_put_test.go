package cmd

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// records reads all that r gives, and what it ended with.
func recordsOf(r *recordReader) (all []string, err error) {
	for {
		records, err := r.next()
		for _, record := range records {
			all = append(all, string(record))
		}
		if err != nil {
			return all, err
		}
	}
}

func TestRecordReader(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		r        recordReader
		want     string // with | between
		err      error
	}{
		{"nothing", "", recordReader{end: '\n'}, "", io.EOF},
		{"lines", "a\nb\n\nc\n", recordReader{end: '\n'}, "a|b||c", io.EOF},
		{"no newline at the end", "a\nb", recordReader{end: '\n'}, "a|b", io.EOF},
		{"one empty line", "\n", recordReader{end: '\n'}, "", io.EOF},
		{"NUL", "a\nb\x00c\x00", recordReader{end: 0}, "a\nb|c", io.EOF},
		{"whole", "a\nb\n", recordReader{whole: true}, "a\nb\n", io.EOF},
		{"as long as may be", "12345678\n1\n", recordReader{end: '\n'}, "12345678|1", io.EOF},
	} {
		for way, slow := range map[string]func(io.Reader) io.Reader{
			"at once": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader,
			"with the error": iotest.DataErrReader,
		} {
			r := tt.r
			r.from, r.most = slow(strings.NewReader(tt.in)), 8
			got, err := recordsOf(&r)
			if strings.Join(got, "|") != tt.want || err != tt.err {
				t.Errorf("%s, %s: got %q, %v", tt.name, way, got, err)
			}
		}
	}
}

// What is too long is found before it has all been read.
func TestRecordReaderEndsALongRecord(t *testing.T) {
	endless := iotest.OneByteReader(zeros{})
	for _, r := range []recordReader{{end: '\n'}, {whole: true}} {
		r.from, r.most = endless, 1000
		if got, err := recordsOf(&r); len(got) > 0 || err == nil || err == io.EOF {
			t.Errorf("got %d records, %v", len(got), err)
		}
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

func TestRecordReaderPassesErrorsOn(t *testing.T) {
	broken := errors.New("broken")
	r := &recordReader{end: '\n', most: 100, from: io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken))}
	got, err := recordsOf(r)
	if strings.Join(got, "|") != "a" || err != broken {
		t.Errorf("got %q, %v", got, err)
	}
}

// No commit is larger than the spec says, whatever a read brings.
func TestRecordReaderBoundsACommit(t *testing.T) {
	r := &recordReader{end: '\n', most: 16 << 20, from: bytes.NewReader(bytes.Repeat([]byte("12345678901234\n"), 1<<18))}
	for {
		records, err := r.next()
		n := 0
		for _, record := range records {
			n += len(record) + 1
		}
		if n > mostRead+16 {
			t.Fatalf("%d bytes at once", n)
		}
		if err == io.EOF {
			return
		}
	}
}

func FuzzRecordReader(f *testing.F) {
	f.Add([]byte("a\nb\n\nc"), uint8(3))
	f.Fuzz(func(t *testing.T, in []byte, chunk uint8) {
		r := &recordReader{end: '\n', most: 1 << 20, from: &chunks{in, int(chunk) + 1}}
		got, err := recordsOf(r)
		want := strings.Split(strings.TrimSuffix(string(in), "\n"), "\n")
		if len(in) == 0 {
			want = nil
		}
		if err != io.EOF || len(got) != len(want) || strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%q: got %q, %v", in, got, err)
		}
	})
}

// chunks gives so many bytes at a time.
type chunks struct {
	left []byte
	size int
}

func (c *chunks) Read(b []byte) (int, error) {
	if len(c.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), c.size)], c.left)
	c.left = c.left[n:]
	return n, nil
}
