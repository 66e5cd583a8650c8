package mount

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

func TestCut(t *testing.T) {
	tests := []struct {
		name   string
		pieces []string
		lines  []string
		long   string
		rest   string
	}{
		{"nothing", []string{""}, nil, "", ""},
		{"one", []string{"a\n"}, []string{"a"}, "", ""},
		{"empty ones", []string{"\n\n"}, []string{"", ""}, "", ""},
		{"in pieces", []string{"a", "b", "c\nd"}, []string{"abc"}, "", "d"},
		{"newline alone", []string{"ab", "\n"}, []string{"ab"}, "", ""},
		{"as long as can be", []string{"1234\n"}, []string{"1234"}, "", ""},
		{"too long", []string{"12345\nb\n"}, []string{"b"}, "12345\n", ""},
		{"too long in pieces", []string{"123", "45", "67", "8\nok\n"}, []string{"ok"}, "12345678\n", ""},
		{"too long by its end", []string{"1234", "5\n"}, nil, "12345\n", ""},
		{"too long and no end", []string{"a\n12345"}, []string{"a"}, "12345", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := cutter{limit: 4}
			var lines []string
			var long string
			for _, piece := range tt.pieces {
				next, l, over := c.cut([]byte(piece))
				again, l2, over2 := c.cut([]byte(piece)) // as if the first had failed
				if !reflect.DeepEqual([]any{next, l, over}, []any{again, l2, over2}) {
					t.Errorf("cut again, %q comes to something else", piece)
				}
				for _, line := range l2 {
					lines = append(lines, string(line))
				}
				c, long = again, long+string(over2)
			}
			if !reflect.DeepEqual(lines, tt.lines) || long != tt.long || string(c.rest) != tt.rest {
				t.Errorf("got %q, too long %q, rest %q", lines, long, c.rest)
			}
		})
	}
}

// However the bytes are cut into pieces, the lines are the same and no byte is
// lost.
func FuzzCut(f *testing.F) {
	f.Add([]byte("one\ntwo\n\nseventeen\n"), uint8(3), uint8(5))
	f.Add([]byte("\n\n\n"), uint8(1), uint8(0))
	f.Add([]byte("no end at all"), uint8(2), uint8(4))
	f.Fuzz(func(t *testing.T, text []byte, step, limit uint8) {
		c := cutter{limit: int(limit)}
		var lines, long bytes.Buffer
		for rest := text; len(rest) > 0; {
			piece := bytes.Clone(rest[:min(int(step)+1, len(rest))])
			rest = rest[len(piece):]
			next, got, over := c.cut(piece)
			for _, line := range got {
				lines.Write(append(line, '\n'))
			}
			long.Write(over)
			clear(piece) // the reader's buffer is used again
			c = next
		}
		var wantLines, wantLong string
		for line := range strings.SplitAfterSeq(string(text), "\n") {
			switch whole := strings.TrimSuffix(line, "\n"); {
			case len(whole) > int(limit):
				wantLong += line
			case whole != line:
				wantLines += line
			case string(c.rest) != line:
				t.Errorf("rest is %q, want %q", c.rest, line)
			}
		}
		if lines.String() != wantLines || long.String() != wantLong {
			t.Errorf("lines %q, want %q; too long %q, want %q", lines.String(), wantLines, long.String(), wantLong)
		}
	})
}
