package main

import (
	"cmp"
	"fmt"
	"slices"
)

// median returns the median of each metric; of nothing it is zero. Of the
// inversions it is the most: one is one too many.
func median(samples []figure) figure {
	var out figure
	for m := range out {
		values := make([]float64, len(samples))
		for i, s := range samples {
			values[i] = s[m]
		}
		slices.Sort(values)
		if n := len(values); n > 0 {
			out[m] = (values[(n-1)/2] + values[n/2]) / 2
			if metric(m) == inversions {
				out[m] = values[n-1]
			}
		}
	}
	return out
}

// find returns the result with that label, or nil if there is none to compare
// with.
func find(results []result, label string) *result {
	i := slices.IndexFunc(results, func(r result) bool { return r.label == label })
	if i < 0 || results[i].err != nil || results[i].runs == 0 {
		return nil
	}
	return &results[i]
}

// peers returns what is neither ours nor the floor and could be measured, the
// best in that metric first.
func peers(results []result, m metric) []result {
	found := slices.DeleteFunc(slices.Clone(results), func(r result) bool {
		return r.ours() || r.label == "floor" || r.err != nil || r.runs == 0
	})
	slices.SortStableFunc(found, func(a, b result) int { return cmp.Compare(a.figure[m], b.figure[m]) })
	return found
}

// verdict says how the target was met by results.
func (t target) verdict(results []result) string {
	goal := fmt.Sprintf("%s ≤ %.3g%s", names[t.metric], t.most, units[t.metric])
	if t.of != "" {
		goal = fmt.Sprintf("%s ≤ %.3g × %s", names[t.metric], t.most, t.of)
	}
	ours := find(results, "loxctl")
	if ours == nil {
		return goal + ": not measured"
	}
	got := ours.figure[t.metric]
	if t.of != "" {
		other := find(results, t.of)
		if other == nil {
			return goal + ": nothing to compare with"
		}
		got /= other.figure[t.metric]
	}
	if got <= t.most {
		return fmt.Sprintf("%s: %s, met", goal, short(got))
	}
	return fmt.Sprintf("%s: **%s, missed**", goal, short(got))
}
