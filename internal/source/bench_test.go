package source

import (
	"io"
	"iter"
	"regexp"
	"strings"
	"testing"
)

// benchLines is how many lines of 7 bytes an operation has.
const benchLines = 1_000_000

// repeated is a reader of benchLines lines that holds only some of them.
type repeated struct {
	block string
	left  int
}

func newRepeated() *repeated {
	const line = "abc,de\n"
	return &repeated{strings.Repeat(line, 1000), len(line) * benchLines}
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.block[len(r.block)-1-(r.left-1)%len(r.block):])
	r.left -= n
	return n, nil
}

// benchmark reports the cost of a line.
func benchmark(b *testing.B, o Options, wrap func(iter.Seq2[Record, error]) iter.Seq2[Record, error]) {
	b.SetBytes(int64(newRepeated().left))
	b.ReportAllocs()
	for b.Loop() {
		o.Stdin = newRepeated()
		s, err := Open(o)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for r, err := range wrap(s.Records()) {
			if err != nil {
				b.Fatal(err)
			}
			n += r.Count
		}
		if n != benchLines {
			b.Fatalf("%d records", n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchLines, "ns/line")
}

func asIs(in iter.Seq2[Record, error]) iter.Seq2[Record, error] { return in }

func BenchmarkLines(b *testing.B) { benchmark(b, Options{}, asIs) }

func BenchmarkLongDelimiter(b *testing.B) {
	benchmark(b, Options{Cut: Cut{Delim: Delimiter("e\n")}}, asIs)
}

func BenchmarkColumns(b *testing.B) {
	benchmark(b, Options{Columns: Columns{Colsep: regexp.MustCompile(",")}}, asIs)
}

func BenchmarkColumnsRegexp(b *testing.B) {
	benchmark(b, Options{Columns: Columns{Colsep: regexp.MustCompile("[,;]")}}, asIs)
}

func BenchmarkPack(b *testing.B) {
	benchmark(b, Options{}, func(in iter.Seq2[Record, error]) iter.Seq2[Record, error] {
		return Pack(in, Packing{
			Base: 20, Cost: func(arg string) int { return len(arg) + 1 }, Words: 1,
			MaxChars: 128 << 10, Area: 2 << 20, Spread: 2,
		})
	})
}

func BenchmarkBatch2(b *testing.B) {
	benchmark(b, Options{}, func(in iter.Seq2[Record, error]) iter.Seq2[Record, error] { return Batch(in, 2) })
}

func BenchmarkLongLine(b *testing.B) {
	text := strings.Repeat("x", 64<<20)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		recs, err := splitAll(&splitter{r: strings.NewReader(text), delim: "\n"})
		if err != nil || len(recs) != 1 {
			b.Fatal(len(recs), err)
		}
	}
}
