package shellword

import (
	"slices"
	"testing"
)

func TestTablesSorted(t *testing.T) {
	for _, table := range [][]string{reserved, shellOnly} {
		if !slices.IsSorted(table) {
			t.Errorf("not sorted: %q", table)
		}
	}
}

func TestWords(t *testing.T) {
	for _, tt := range []struct {
		word              string
		reserved, command bool
	}{
		{"if", true, false}, {"}", true, false}, {"cd", false, true}, {"wait", false, true},
		{"true", false, false}, {"", false, false}, {"/bin/cd", false, false},
	} {
		if Reserved(tt.word) != tt.reserved || Command(tt.word) != tt.command {
			t.Errorf("%q: reserved %v, command %v", tt.word, Reserved(tt.word), Command(tt.word))
		}
	}
}
