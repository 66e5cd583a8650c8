package cmd

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// maxJobs is the most slots that -j gives.
const maxJobs = 10000

// jobs is a flag value: how many jobs at once.
type jobs struct {
	text string
	file string // read again while the jobs run
	read time.Time
}

func (j *jobs) String() string { return j.text }
func (j *jobs) Type() string   { return "N" }

func (j *jobs) Set(s string) error {
	v := jobs{text: s}
	if _, err := parseJobs(s); err != nil {
		if info, statErr := os.Stat(s); statErr != nil || info.IsDir() {
			return err
		}
		v.file = s
	}
	*j = v
	return nil
}

// parseJobs turns 8, 50%, +1, -1 or 0 into a number of slots.
func parseJobs(s string) (int, error) {
	cpus := runtime.GOMAXPROCS(0)
	if percent, ok := strings.CutSuffix(s, "%"); ok {
		f, err := strconv.ParseFloat(percent, 64)
		if err != nil || !(f > 0) || f > 100*maxJobs {
			return 0, fmt.Errorf("%q is no percentage of the CPUs", s)
		}
		return min(max(int(f*float64(cpus)/100), 1), maxJobs), nil
	}
	n, err := strconv.Atoi(s)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is no number of jobs: write 8, 50%%, +1, -1, 0 for as many as possible, or a file that holds one of these", s)
	case s[0] == '+' || s[0] == '-':
		n = max(cpus+n, 1)
	case n == 0:
		n = maxJobs
	}
	if n > maxJobs {
		return 0, fmt.Errorf("%q is above %d, the most jobs at once", s, maxJobs)
	}
	return n, nil
}

// slots returns the number of slots now.
func (j *jobs) slots() (int, error) {
	switch {
	case j.text == "":
		return runtime.GOMAXPROCS(0), nil
	case j.file == "":
		return parseJobs(j.text)
	}
	info, err := os.Stat(j.file)
	if err != nil {
		return 0, err
	}
	j.read = info.ModTime()
	b, err := os.ReadFile(j.file)
	if err != nil {
		return 0, err
	}
	n, err := parseJobs(strings.TrimSpace(string(b)))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", j.file, err)
	}
	return n, nil
}

// changed reports whether the file was written since slots read it.
func (j *jobs) changed() bool {
	info, err := os.Stat(j.file)
	return err == nil && !info.ModTime().Equal(j.read)
}
