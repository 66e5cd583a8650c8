package engine_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/engine"
)

// linedUp is a pool of Queuers and the Queuers, by slot.
func linedUp(ctx context.Context, workers, ahead int, run intRunner) (*intPool, []*lineUp) {
	lines := make([]*lineUp, workers+1)
	for slot := range lines {
		lines[slot] = newLineUp(ahead, run)
	}
	return engine.New(ctx, spawnFunc(func(_ context.Context, slot int) (intRunner, error) {
		return lines[slot], nil
	}), engine.Options{Workers: workers}), lines
}

// given is how many jobs each slot got so far.
func given(lines []*lineUp) []int {
	synctest.Wait()
	var n []int
	for _, q := range lines[1:] {
		n = append(n, len(q.got.all()))
	}
	return n
}

func TestAQueuerGetsItsJobsAhead(t *testing.T) {
	for ahead := range 4 {
		synctest.Test(t, func(t *testing.T) {
			f, tokens := held()
			p, lines := linedUp(t.Context(), 1, ahead, runner(f))
			for i := range 10 {
				p.Scatter(i)
			}
			for over := range 5 {
				check(t, fmt.Sprintf("given after %d of 10", over), given(lines), []int{over + 1 + ahead})
				check(t, "waiting", p.Len(), 10-over-1-ahead)
				tokens <- struct{}{}
			}
			close(tokens)
			check(t, "Gather", gather(t, p), []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
			checkErr(t, "Close", p.Close(), nil)
		})
	}
}

func TestAQueuerMayChangeItsMind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, tokens := held()
		p, lines := linedUp(t.Context(), 1, 0, runner(f))
		for i := range 9 {
			p.Scatter(i)
		}
		check(t, "given", given(lines), []int{1})
		lines[1].ahead.Store(3)
		tokens <- struct{}{}
		check(t, "given after it opened up", given(lines), []int{1 + 4})
		lines[1].ahead.Store(1)
		tokens <- struct{}{}
		check(t, "given after it closed down", given(lines), []int{1 + 4})
		close(tokens)
		check(t, "Gather", len(gather(t, p)), 9)
		checkErr(t, "Close", p.Close(), nil)
	})
}

// A waiting job goes to an idle slot first, opens a new one second and takes
// a place ahead last, where the fewest wait.
func TestWhereTheNextJobGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, lines := linedUp(t.Context(), 2, 2, runner(sleepy))
		scatter := func(seconds int, want ...int) {
			t.Helper()
			p.Scatter(seconds)
			check(t, "given", given(lines), want)
		}
		scatter(1, 1, 0)
		time.Sleep(2 * time.Second)
		scatter(100, 2, 0) // an idle slot before a new one
		scatter(1, 2, 1)   // a new one before a place ahead
		time.Sleep(2 * time.Second)
		scatter(100, 2, 2) // the idle one before a place ahead
		scatter(1, 3, 2)
		scatter(1, 3, 3) // ahead, evenly
		scatter(1, 4, 3)
		scatter(1, 4, 4)
		scatter(1, 4, 4)
		check(t, "waiting", p.Len(), 1)
		checkErr(t, "Close", p.Close(), nil)
		check(t, "given in all", len(slices.Concat(lines[1].got.all(), lines[2].got.all())), 9)
	})
}

func TestAnIdleSlotAboveTheLimitIsNoPlaceAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, lines := linedUp(t.Context(), 2, 1, runner(sleepy))
		p.Scatter(100)
		p.Scatter(1)
		time.Sleep(2 * time.Second)
		p.Resize(1)
		for range 3 {
			p.Scatter(1)
		}
		got := given(lines)
		slices.Sort(got)
		check(t, "given", got, []int{1, 2})
		check(t, "waiting", p.Len(), 2)
		checkErr(t, "Close", p.Close(), nil)
	})
}

func TestJobsAheadAreNotTheirSlotsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		p, _ := linedUp(t.Context(), 1, 3, engine.Timeout(runner(sleepy), 3*time.Second))
		for range 4 {
			p.Scatter(2)
		}
		p.Seal()
		var starts []time.Duration
		for r := range p.Results() {
			checkErr(t, "job", r.Err, nil) // each has its own three seconds
			starts = append(starts, r.Start.Sub(begin))
		}
		slices.Sort(starts)
		check(t, "starts", starts, []time.Duration{0, 2 * time.Second, 4 * time.Second, 6 * time.Second})
		checkErr(t, "Close", p.Close(), nil)
	})
}

// mortal is a Queuer with a worker that dies of the argument 0: what that
// worker had in its line was not started. The next call finds a new worker.
type mortal struct {
	turn chan struct{}
	life atomic.Int32
}

func (m *mortal) Ahead() int { return 3 }

func (m *mortal) Run(ctx context.Context, job intJob) (int, error) {
	life := m.life.Load()
	m.turn <- struct{}{}
	defer func() { <-m.turn }()
	if m.life.Load() != life {
		return 0, engine.ErrNotStarted
	}
	job.Begin()
	if job.Args == 0 {
		m.life.Add(1)
		return 0, errBoom
	}
	return sleepy(ctx, job.Args)
}

func TestCallsAheadOfADeadWorkerAreRunOnce(t *testing.T) {
	for _, workers := range []int{1, 2} {
		synctest.Test(t, func(t *testing.T) {
			p := engine.New(t.Context(), spawnFunc(func(context.Context, int) (intRunner, error) {
				return &mortal{turn: make(chan struct{}, 1)}, nil
			}), engine.Options{Workers: workers})
			args := []int{1, 2, 0, 3, 0, 0, 4, 5, 0, 6}
			for _, x := range args {
				p.Scatter(x)
			}
			p.Seal()
			for r := range p.Results() {
				check(t, "value", r.Value, args[r.Seq-1])
				check(t, "failed", r.Err != nil, args[r.Seq-1] == 0)
				check(t, "attempts", r.Attempt, 1)
			}
			checkErr(t, "Close", p.Close(), nil)
		})
	}
}

func TestRetryForwardsAheadAndTheOtherWrappersDoNot(t *testing.T) {
	q, plain := newLineUp(3, runner(square)), runner(square)
	wrappers := map[string]func(intRunner) intRunner{
		"Retry":   func(r intRunner) intRunner { return engine.Retry(r, 1, nil) },
		"Timeout": func(r intRunner) intRunner { return engine.Timeout(r, time.Second) },
		"Paced":   func(r intRunner) intRunner { return engine.Paced(r, engine.NewPace(0)) },
	}
	for name, wrap := range wrappers {
		got, ok := wrap(q).(engine.Queuer)
		if ok != (name == "Retry") || ok && got.Ahead() != 3 {
			t.Errorf("%s around a Queuer: %v", name, ok)
		}
		if _, ok := wrap(plain).(engine.Queuer); ok {
			t.Errorf("%s makes a Queuer of a plain Runner", name)
		}
	}
}
