package cmd

import "strings"

// didYouMean asks for the candidate that looks most like word, written with
// prefix; it is "" if none looks like it.
func didYouMean(prefix, word string, candidates []string) string {
	if best := closest(word, candidates); best != "" {
		return "did you mean " + prefix + best + "?"
	}
	return ""
}

// closest returns the candidate with the fewest slips of the pen between it
// and word, or one that word is the beginning of; "" if none is close.
func closest(word string, candidates []string) string {
	best, least := "", 1+max(1, len(word)/3)
	for _, candidate := range candidates {
		n := slips(word, candidate)
		if len(word) >= 2 && strings.HasPrefix(candidate, word) {
			n = 1
		}
		if n < least {
			best, least = candidate, n
		}
	}
	return best
}

// slips counts the letters that were dropped, added, changed or swapped with
// their neighbour between a and b.
func slips(a, b string) int {
	var before, last []int // the rows for a[:i-2] and a[:i-1]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			changed := last[j-1]
			if a[i-1] != b[j-1] {
				changed++
			}
			row[j] = min(changed, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
