package main

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"os"
	"runtime"
	"strings"
)

// names of the metrics, and the units of absolute figures.
var (
	names = [...]string{cpu: "CPU", wall: "wall", peak: "peak", inversions: "inversions"}
	units = [...]string{cpu: " s", wall: " s", peak: " MiB", inversions: ""}
)

// short writes a figure with as many digits as it deserves.
func short(x float64) string {
	switch {
	case x == 0, x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	default:
		return fmt.Sprintf("%.2f", x)
	}
}

// cell writes the figures of one result, in the row's unit.
func cell(r row, f figure) string {
	switch r.judge {
	case peak:
		return short(f[peak]) + " MiB"
	case inversions:
		return fmt.Sprint(f[inversions])
	}
	unit := 1.0
	if r.milli {
		unit = 1000
	}
	return short(f[cpu]*unit) + " / " + short(f[wall]*unit)
}

// line is the row as a line of the table.
func line(r row, results []result) string {
	var verdicts []string
	for _, t := range r.targets {
		verdicts = append(verdicts, t.verdict(results))
	}
	columns := []string{r.name + rounds(results), oursCell(r, results), floorCell(r, results), peersCell(r, results), strings.Join(verdicts, "<br>")}
	for i, c := range columns {
		columns[i] = strings.ReplaceAll(cmp.Or(c, "–"), "|", `\|`)
	}
	return "| " + strings.Join(columns, " | ") + " |"
}

// rounds says how many rounds the figures are the medians of.
func rounds(results []result) string {
	if ours := find(results, "loxctl"); ours != nil {
		return fmt.Sprintf(" [%d]", ours.runs)
	}
	return ""
}

func oursCell(r row, results []result) string {
	var cells []string
	for _, res := range results {
		switch {
		case !res.ours():
		case res.err != nil:
			cells = append(cells, res.label+" **failed**")
		case res.label == "loxctl":
			cells = append(cells, "**"+cell(r, res.figure)+"**")
		default:
			cells = append(cells, strings.TrimPrefix(res.label, "loxctl ")+": "+cell(r, res.figure))
		}
	}
	return strings.Join(cells, "<br>")
}

func floorCell(r row, results []result) string {
	floor := find(results, "floor")
	if floor == nil {
		return ""
	}
	return cell(r, floor.figure) + ratio(r, results, *floor)
}

func peersCell(r row, results []result) string {
	var cells []string
	for _, res := range peers(results, r.judge) {
		cells = append(cells, res.label+" "+cell(r, res.figure)+ratio(r, results, res)+res.note(r))
	}
	return strings.Join(cells, "<br>")
}

// ratio is ours divided by the other's, in the metric that the row is about.
// Counts are not divided.
func ratio(r row, results []result, other result) string {
	ours := find(results, "loxctl")
	if ours == nil || r.judge == inversions || other.figure[r.judge] == 0 {
		return ""
	}
	return " (" + short(ours.figure[r.judge]/other.figure[r.judge]) + " ×)"
}

// note says in what a result differs from its neighbours.
func (r result) note(of row) string {
	var notes []string
	if r.jobs > 0 && r.jobs != of.jobs {
		notes = append(notes, fmt.Sprintf("from %d", r.jobs))
	}
	if r.once {
		notes = append(notes, "once")
	}
	if notes == nil {
		return ""
	}
	return " [" + strings.Join(notes, ", ") + "]"
}

// printHead says what was measured where, and how to read the table.
func printHead(w io.Writer, l *lab) error {
	_, err := fmt.Fprintf(w, `%s. %s

Medians of as many rounds as the scenario has in brackets; the tools take turns.
Figures are CPU seconds / wall seconds, behind them loxctl's figure divided by
theirs. CPU is user and system time of everything that was started, also of what
outlived its parent. Peak is the high-water mark of the tool's own process, not
of its jobs, and of what it keeps in memfds, looked at every 5 ms; the pages of
files that it has written are not in it. "From N" is a smaller number of jobs,
scaled up.

| scenario | loxctl | floor | peers, best first | target |
|---|---|---|---|---|
`, machine(), l.versions())
	return err
}

// machine describes where we are.
func machine() string {
	model := runtime.GOARCH
	info, _ := os.ReadFile("/proc/cpuinfo") // without it the architecture has to do
	for name, value := range fields(info) {
		if name == "model name" {
			model = value
			break
		}
	}
	load, _ := os.ReadFile("/proc/loadavg")
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	busy, _, _ := strings.Cut(string(load), " ")
	return fmt.Sprintf("%d × %s, %s %s, load %s at the start, %s", runtime.NumCPU(), model, runtime.GOOS, strings.TrimSpace(string(kernel)), cmp.Or(busy, "unknown"), runtime.Version())
}

// fields returns the NAME: VALUE lines of a file in /proc.
func fields(text []byte) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for line := range strings.Lines(string(text)) {
			name, value, ok := strings.Cut(line, ":")
			if ok && !yield(strings.TrimSpace(name), strings.TrimSpace(value)) {
				return
			}
		}
	}
}
