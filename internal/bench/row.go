package main

import (
	"context"
	"slices"
	"strings"
	"time"
)

// A metric is one of the figures of a run.
type metric int

const (
	cpu metric = iota
	wall
	peak
	inversions
)

// A row is one scenario: the same work, done by several contenders.
type row struct {
	key, name  string
	jobs       int    // how much work the figures are for
	judge      metric // what the ratios are about
	milli      bool   // print milliseconds
	contenders []contender
	targets    []target
}

// A contender is one tool's way of doing a row.
type contender struct {
	label   string // its name in the table; ours begins with loxctl
	argv    []string
	missing string // why it cannot run here; empty if it can
	stdin   string // a file; empty for none
	want    string // a file whose words must be the words of its output; empty: not looked at
	jobs    int    // work done by one run, where that is not the row's: figures are scaled
	repeat  int    // runs for one sample, for what is too short to measure once
	once    bool   // too slow to take part in every round
}

// ours tells whether this is a way of running loxctl.
func (c contender) ours() bool { return strings.HasPrefix(c.label, "loxctl") }

// String is the command as one would type it.
func (c contender) String() string {
	words := make([]string, len(c.argv))
	for i, w := range c.argv {
		words[i] = quote(w)
	}
	if c.stdin != "" {
		words = append(words, "<", quote(c.stdin))
	}
	return strings.Join(words, " ")
}

// quote writes a word for a POSIX shell.
func quote(word string) string {
	if word != "" && strings.Trim(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// plain are the characters that no shell looks at.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,%@"

// printed tells whether the output of the row goes to a file. It does for all
// of the contenders if somebody looks at that of one, to be fair.
func (r row) printed() bool {
	return r.judge == inversions || slices.ContainsFunc(r.contenders, func(c contender) bool { return c.want != "" })
}

// prints says what the output must be.
func (c contender) prints(want string) contender {
	c.want = want
	return c
}

// needs takes the row out of the race where a program is not to be had.
func (r row) needs(l *lab, tool string) row {
	if !l.has(tool) {
		r.contenders, r.name = nil, r.name+" (needs a C compiler)"
	}
	return r
}

// A target is what the figure of "loxctl" may be at most: a ratio to another
// contender's, or, if that is empty, an absolute figure in the metric's unit.
type target struct {
	metric metric
	most   float64
	of     string
}

// A figure is what one run came to, or the median of several: seconds for the
// given number of jobs, megabytes, and a count.
type figure [4]float64

// A result is what all the runs of one contender came to.
type result struct {
	contender
	figure figure
	runs   int
	err    error
}

// compete lets the contenders of r take turns for some rounds, fewer if the
// time is over. Memory varies little: three are enough.
func compete(ctx context.Context, r row, l *lab, rounds int, until time.Time) []result {
	if r.judge == peak {
		rounds = min(rounds, 3)
	}
	results := make([]result, len(r.contenders))
	samples := make([][]figure, len(r.contenders))
	for i, c := range r.contenders {
		results[i].contender = c
	}
	for round := range rounds {
		if round > 0 && time.Now().After(until) {
			break
		}
		for i := range results {
			res := &results[i]
			if res.missing != "" || res.err != nil || round > 0 && res.once {
				continue
			}
			var f figure
			if f, res.err = sample(ctx, r, res.contender, l); res.err == nil {
				samples[i] = append(samples[i], f)
			}
		}
	}
	for i := range results {
		results[i].runs = len(samples[i])
		results[i].figure = median(samples[i])
	}
	return results
}

// sample measures one contender once, for the number of jobs of the row.
func sample(ctx context.Context, r row, c contender, l *lab) (figure, error) {
	var sum figure
	repeat := max(c.repeat, 1)
	for range repeat {
		f, err := l.measure(ctx, c, r.judge == peak, r.printed())
		if err != nil {
			return figure{}, err
		}
		sum[cpu] += f[cpu]
		sum[wall] += f[wall]
		sum[peak] = max(sum[peak], f[peak])
		if r.judge == inversions {
			if sum[inversions], err = l.disorder(r.jobs); err != nil {
				return figure{}, err
			}
		}
	}
	scale := 1 / float64(repeat)
	if c.jobs > 0 {
		scale *= float64(r.jobs) / float64(c.jobs)
	}
	sum[cpu] *= scale
	sum[wall] *= scale
	return sum, nil
}
