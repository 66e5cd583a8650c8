package proc

import "testing"

func TestParseProcStat(t *testing.T) {
	const rest = " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 8765 20 21\n"
	tests := []struct {
		line string
		want procStat
		ok   bool
	}{
		{"42 (sh) S" + rest, procStat{'S', 8765}, true},
		{"42 () T" + rest, procStat{'T', 8765}, true},
		{"42 () () t" + rest, procStat{'t', 8765}, true},
		{"42 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 1 20) R" + rest, procStat{'R', 8765}, true},
		{"42 (a\nb) Z" + rest, procStat{'Z', 8765}, true},
		{"42 (sh) S 1 2", procStat{'S', 0}, false},
		{"42 (sh", procStat{}, false},
		{"", procStat{}, false},
	}
	for _, tt := range tests {
		if got, ok := parseProcStat([]byte(tt.line)); ok != tt.ok || ok && got != tt.want {
			t.Errorf("%q: %v, %v", tt.line, got, ok)
		}
	}
}
