package cmd

import (
	"container/heap"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/loxctl/loxctl/engine"
	"github.com/loxctl/loxctl/engine/command"
	"github.com/loxctl/loxctl/internal/sink"
)

// shownFailures is how many failed jobs the summary names.
const shownFailures = 10

// countedFailures is the most that --exit-code=count counts.
const countedFailures = 101

// tally counts how jobs ended. Its user locks.
type tally struct {
	ok              int
	flaky           int // succeeded after a failed try
	failed          int
	told            int       // failed ones that the error of the run is about
	stopped, notRun int       // by the end of the run
	skipped         int       // because what they take failed
	lastOK          int       // of those that succeeded: of stages that nobody takes from
	failures        []failure // the first ones
	first, worst    int       // statuses of failed jobs
	cut             bool      // records were read that did not become jobs
	halted          bool
}

// failure is what the summary tells of a job.
type failure struct {
	seq     int
	stage   int
	job     string // how it is called
	how     string
	took    time.Duration
	command string // that repeats it
}

// add counts a job and reports whether it ended by itself, well or not.
func (t *tally) add(j *task) bool {
	switch {
	case isSkipped(j.Err):
		t.skipped++
		return false
	case j.Attempt == 0:
		t.notRun++
		return false
	case isStopped(j.Err):
		t.stopped++
		return false
	case j.Err != nil:
		t.fail(j)
		return true
	case j.Attempt > 1:
		t.flaky++
	default:
		t.ok++
	}
	if j.stage.isLeaf() {
		t.lastOK++
	}
	j.stage.times.add(j.End.Sub(j.Start))
	return true
}

// well is how many jobs succeeded.
func (t *tally) well() int { return t.ok + t.flaky }

// isStopped reports whether the run ended the job, not the job itself.
func isStopped(err error) bool {
	var stop *stopError
	var output *command.OutputError // that ended the run
	return errors.As(err, &stop) || errors.As(err, &output)
}

// isSkipped reports whether a job did not begin because one before it failed.
func isSkipped(err error) bool {
	var skipped *engine.SkippedError
	return errors.As(err, &skipped) && !isStopped(err)
}

func (t *tally) fail(j *task) {
	t.failed++
	if t.failed == 1 {
		t.first = j.Status
	}
	t.worst = max(t.worst, j.Status)
	if j.told {
		t.told++
	} else if len(t.failures) < shownFailures {
		t.failures = append(t.failures, failure{
			seq: j.Seq, stage: j.stage.node.Number, job: j.stage.jobName(j), how: describe(&j.Job), took: j.End.Sub(j.Start), command: j.repeat(),
		})
	}
}

// describe says how a job failed, in words.
func describe(j *sink.Job) string {
	var exit *engine.ExitError
	isExit := errors.As(j.Err, &exit)
	var how string
	switch {
	case j.Signal != 0:
		how = "ended by " + command.SignalName(j.Signal)
	case isExit:
		how = fmt.Sprintf("status %d", j.Status)
	case errors.Is(j.Err, engine.ErrTimeout):
		return "timed out"
	default:
		return fmt.Sprintf("status %d, %v", j.Status, j.Err)
	}
	if errors.Is(j.Err, engine.ErrTimeout) {
		how = "timed out, " + how
	}
	return how
}

// counts is the last line: 40 jobs: 36 ok, 1 flaky, 2 failed, 1 not run.
func (t *tally) counts() string {
	b := new(strings.Builder)
	fmt.Fprintf(b, "%s: %d ok", plural(t.total(), "job"), t.ok)
	for _, c := range []struct {
		n    int
		what string
	}{{t.flaky, "flaky"}, {t.failed, "failed"}, {t.skipped, "skipped"}, {t.stopped, "stopped"}, {t.notRun, "not run"}} {
		if c.n > 0 {
			fmt.Fprintf(b, ", %d %s", c.n, c.what)
		}
	}
	if t.cut {
		b.WriteString(", and more input that was not used")
	}
	return b.String()
}

func (t *tally) total() int { return t.well() + t.failed + t.skipped + t.stopped + t.notRun }

// allWell reports whether nothing happened that the user should hear of.
func (t *tally) allWell() bool { return t.ok == t.total() && !t.cut }

// status is what the run exits with by one of the schools of --exit-code; 0 if
// all that was asked for happened.
func (t *tally) status(school string) int {
	if t.failed == 0 {
		if t.well() < t.total() || t.cut {
			return exitJobs.code
		}
		return 0
	}
	switch school {
	case "count":
		return min(t.failed+t.stopped+t.notRun, countedFailures)
	case "first":
		return t.first
	case "worst":
		return t.worst
	case "xargs":
		return xargsStatus(t.worst)
	}
	return exitJobs.code
}

// xargsStatus is what xargs makes of the worst status of a job.
func xargsStatus(worst int) int {
	switch {
	case worst == 255:
		return 124
	case worst > 128:
		return 125
	case worst == 126 || worst == 127:
		return worst
	}
	return exitJobs.code
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// roughly is a duration with three digits.
func roughly(d time.Duration) string {
	switch {
	case d >= 100*time.Second:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).Round(time.Millisecond / 10).String()
	}
	return d.Round(time.Microsecond).String()
}

// medians keeps the median of the durations added: the smaller half in a heap
// with the largest on top, the larger half in one with the smallest on top.
type medians struct{ low, high durations }

func (m *medians) add(d time.Duration) {
	if len(m.low) == 0 || d <= -m.low[0] {
		heap.Push(&m.low, -d)
	} else {
		heap.Push(&m.high, d)
	}
	switch {
	case len(m.low) > len(m.high)+1:
		heap.Push(&m.high, -heap.Pop(&m.low).(time.Duration))
	case len(m.high) > len(m.low):
		heap.Push(&m.low, -heap.Pop(&m.high).(time.Duration))
	}
}

// median is there once three durations are.
func (m *medians) median() (time.Duration, bool) {
	if len(m.low)+len(m.high) < 3 {
		return 0, false
	}
	return -m.low[0], true
}

// durations is a heap with the smallest on top.
type durations []time.Duration

func (d durations) Len() int           { return len(d) }
func (d durations) Less(i, j int) bool { return d[i] < d[j] }
func (d durations) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *durations) Push(x any)        { *d = append(*d, x.(time.Duration)) }

func (d *durations) Pop() any {
	last := len(*d) - 1
	x := (*d)[last]
	*d = (*d)[:last]
	return x
}
