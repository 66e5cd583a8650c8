package main

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	tests := []struct {
		name    string
		samples []figure
		want    figure
	}{
		{"nothing", nil, figure{}},
		{"one", []figure{{1, 2, 3}}, figure{1, 2, 3}},
		{"odd, each metric by itself", []figure{{3, 10, 5}, {1, 30, 5}, {2, 20, 6}}, figure{2, 20, 5}},
		{"the most inversions", []figure{{1, 1, 1, 0}, {1, 1, 1, 3}, {1, 1, 1, 0}}, figure{1, 1, 1, 3}},
		{"even", []figure{{1, 1, 0}, {4, 2, 0}, {2, 3, 0}, {3, 4, 0}}, figure{2.5, 2.5, 0}},
		{"an outlier", []figure{{1, 1, 1}, {1, 1, 1}, {900, 900, 900}}, figure{1, 1, 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := median(test.samples); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// done is a result as compete leaves it.
func done(label string, f figure) result {
	return result{contender: contender{label: label}, figure: f, runs: 5}
}

func TestVerdict(t *testing.T) {
	results := []result{
		done("loxctl", figure{2, 1, 80}),
		done("xargs", figure{2.5, 2, 1.5}),
		{contender: contender{label: "rush"}, err: errors.New("exit status 1"), runs: 2},
		{contender: contender{label: "xe", missing: "not installed"}},
	}
	tests := []struct {
		target target
		want   string
	}{
		{target{cpu, 1, "xargs"}, "CPU ≤ 1 × xargs: 0.80, met"},
		{target{cpu, 0.8, "xargs"}, "CPU ≤ 0.8 × xargs: 0.80, met"},
		{target{cpu, 0.7, "xargs"}, "CPU ≤ 0.7 × xargs: **0.80, missed**"},
		{target{wall, 0.6, "xargs"}, "wall ≤ 0.6 × xargs: 0.50, met"},
		{target{peak, 80, ""}, "peak ≤ 80 MiB: 80.0, met"},
		{target{peak, 16, ""}, "peak ≤ 16 MiB: **80.0, missed**"},
		{target{inversions, 0, ""}, "inversions ≤ 0: 0, met"},
		{target{cpu, 1, "rush"}, "CPU ≤ 1 × rush: nothing to compare with"},
		{target{cpu, 1, "xe"}, "CPU ≤ 1 × xe: nothing to compare with"},
		{target{cpu, 1, "floor"}, "CPU ≤ 1 × floor: nothing to compare with"},
	}
	for _, test := range tests {
		t.Run(test.want, func(t *testing.T) {
			if got := test.target.verdict(results); got != test.want {
				t.Errorf("got %q", got)
			}
		})
	}
	if got := (target{peak, 16, ""}).verdict(results[1:]); got != "peak ≤ 16 MiB: not measured" {
		t.Errorf("without ours: %q", got)
	}
}

func TestLine(t *testing.T) {
	slow := done("parallel", figure{20, 10, 18})
	slow.jobs, slow.once = 100, true
	broken := result{contender: contender{label: "loxctl -u"}, err: errors.New("exit status 1")}
	results := []result{
		done("loxctl", figure{2, 1, 9}), done("loxctl 10", figure{1, 1, 8}), broken,
		done("floor", figure{1.6, 2, 1}), slow, done("xargs", figure{2.5, 2, 1.5, 7}),
	}
	tests := []struct {
		name string
		row  row
		want string
	}{
		{
			"seconds", row{name: "a | b", jobs: 1000, targets: []target{{cpu, 1, "xargs"}, {peak, 8, ""}}},
			`| a \| b [5] | **2.00 / 1.00**<br>10: 1.00 / 1.00<br>loxctl -u **failed** | 1.60 / 2.00 (1.25 ×) | xargs 2.50 / 2.00 (0.80 ×)<br>parallel 20.0 / 10.0 (0.10 ×) [from 100, once] | CPU ≤ 1 × xargs: 0.80, met<br>peak ≤ 8 MiB: **9.00, missed** |`,
		},
		{
			"milliseconds by wall", row{name: "w", jobs: 100, milli: true, judge: wall},
			`| w [5] | **2000 / 1000**<br>10: 1000 / 1000<br>loxctl -u **failed** | 1600 / 2000 (0.50 ×) | xargs 2500 / 2000 (0.50 ×)<br>parallel 20000 / 10000 (0.10 ×) [once] | – |`,
		},
		{
			"memory", row{name: "m", jobs: 100, judge: peak},
			`| m [5] | **9.00 MiB**<br>10: 8.00 MiB<br>loxctl -u **failed** | 1.00 MiB (9.00 ×) | xargs 1.50 MiB (6.00 ×)<br>parallel 18.0 MiB (0.50 ×) [once] | – |`,
		},
		{
			"inversions", row{name: "i", jobs: 100, judge: inversions, targets: []target{{inversions, 0, ""}}},
			`| i [5] | **0**<br>10: 0<br>loxctl -u **failed** | 0 | parallel 0 [once]<br>xargs 7 | inversions ≤ 0: 0, met |`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := line(test.row, results); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
	if got := line(row{name: "nobody"}, nil); got != "| nobody | – | – | – | – |" {
		t.Errorf("without contenders: %s", got)
	}
}

func TestContenderIsPrintedForAShell(t *testing.T) {
	c := contender{argv: []string{"sh", "-c", `echo "$1" 'x' | tr 0-9 a-j`, "", "%{}"}, stdin: "a file"}
	want := `sh -c 'echo "$1" '\''x'\'' | tr 0-9 a-j' '' '%{}' < 'a file'`
	if got := c.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParse(t *testing.T) {
	tests := []struct {
		args, fails string
		rounds      int
	}{
		{"", "", 5},
		{"-rounds 2 -row ^true", "", 2},
		{"-quick", "", 3},
		{"-quick -rounds 1", "", 1},
		{"-budget 1s -quick", "", 3},
		{"-rounds 0", "usage", 0},
		{"-row (", "missing closing )", 0},
		{"true", "usage", 0},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			opt, err := parse(strings.Fields(test.args), t.Output())
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Errorf("error: %v, want %q", err, test.fails)
				}
				return
			}
			if err != nil || opt.rounds != test.rounds || opt.quick && opt.budget > 50*time.Second {
				t.Errorf("%d rounds in %v, error %v", opt.rounds, opt.budget, err)
			}
		})
	}
}

// TestTable looks at what each row asks for without running anything.
func TestTable(t *testing.T) {
	var keys []string
	for _, make := range table {
		r := make(&lab{dry: true})
		t.Run(r.key, func(t *testing.T) {
			if slices.Contains(keys, r.key) {
				t.Errorf("a second row called %s", r.key)
			}
			labels := []string{""} // an absolute target
			for _, c := range r.contenders {
				if slices.Contains(labels, c.label) {
					t.Errorf("a second contender called %s", c.label)
				}
				labels = append(labels, c.label)
			}
			if !slices.Contains(labels, "loxctl") || r.jobs == 0 {
				t.Errorf("nothing to measure: %d jobs, contenders %q", r.jobs, labels)
			}
			for _, goal := range r.targets {
				if !slices.Contains(labels, goal.of) {
					t.Errorf("a target compares with %s, contenders are %q", goal.of, labels)
				}
			}
		})
		keys = append(keys, r.key)
	}
}

func TestListRunsNothingAndSelects(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), []string{"-list", "-row", "^echo$"}, &out, t.Output()); err != nil {
		t.Fatal(err)
	}
	got := out.String()
	for _, want := range []string{"echo: 3000 × ", "loxctl scatter -j2 /bin/echo < count-3000\n", "xargs -P2 -n1 /bin/echo < count-3000\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if strings.Contains(got, "growth") {
		t.Errorf("too many rows:\n%s", got)
	}
}

func TestFilesAreMadeOnceWithTheirContent(t *testing.T) {
	l := &lab{dir: t.TempDir(), quick: true}
	tests := []struct{ path, want string }{
		{l.count(l.n(15)), "1\n2\n3\n"},
		{l.same("naps", "0.2", 2), "0.2\n0.2\n"},
		{l.letters(11), "b\nc\nd\ne\nf\ng\nh\ni\nj\nba\nbb\n"},
		{l.count(3), "1\n2\n3\n"},
	}
	if l.err != nil {
		t.Fatal(l.err)
	}
	for _, test := range tests {
		got, err := os.ReadFile(test.path)
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %q, error %v, want %q", test.path, got, err, test.want)
		}
	}
	l.dir += "/none"
	l.count(3)
	if !errors.Is(l.err, os.ErrNotExist) {
		t.Errorf("no directory to write to: error %v", l.err)
	}
}

func TestDisorder(t *testing.T) {
	tests := []struct {
		printed, fails string
		want           float64
	}{
		{"1\n2\n3\n4\n", "", 0},
		{"2\n1\n3\n4\n", "", 1},
		{"4\n3\n2\n1\n", "", 6},
		{"1\n2\n4\n", "3 of 4", 0},
		{"1\n2\nno\n4\n", "invalid syntax", 0},
	}
	for _, test := range tests {
		t.Run(test.printed, func(t *testing.T) {
			l := &lab{dir: t.TempDir()}
			if err := os.WriteFile(l.output(), []byte(test.printed), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := l.disorder(4)
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Errorf("error %v, want %q", err, test.fails)
				}
				return
			}
			if got != test.want || err != nil {
				t.Errorf("%v, error %v, want %v", got, err, test.want)
			}
		})
	}
}
