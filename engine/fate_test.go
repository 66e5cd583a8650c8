package engine_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/loxctl/loxctl/engine"
)

// For the tests against a model, an argument is the fate of its job: what it
// comes to, after how many seconds; the rest only makes it different.
const fates = 8 * 4

var errSpawn = errors.New("no slot today")

// live runs a job to its fate.
func live(ctx context.Context, x int) (int, error) {
	if _, err := sleepy(ctx, x/8%4); err != nil {
		return x, err
	}
	switch x % 8 {
	case 4:
		return x, errBoom
	case 5:
		panic(errBoom)
	case 6:
		runtime.Goexit()
	}
	return x, nil
}

// fated reports what is wrong with a job that came to this value and error.
// It may have been ended, or not begun, instead: then ended is why.
func fated(x, value int, err, ended error) error {
	want := map[int]error{4: errBoom, 5: errBoom, 6: engine.ErrGoexit}[x%8]
	switch {
	case ended != nil && errors.Is(err, ended), errors.Is(err, errSpawn):
		return nil
	case !errors.Is(err, want):
		return fmt.Errorf("job of %d failed with %v, want %v", x, err, want)
	case err == nil && value != x:
		return fmt.Errorf("job of %d came to %d", x, value)
	}
	return nil
}

// spawner returns one of the ways to run jobs: a plain Func, or Runners some
// of which do not spawn, do not start a job the first time, or take jobs ahead.
func spawner(kind int) engine.Spawner[int, int] {
	if kind%3 == 0 {
		return intFunc(live)
	}
	var spawns atomic.Int32
	var seen sync.Map
	return spawnFunc(func(context.Context, int) (intRunner, error) {
		if spawns.Add(1)%3 == 0 {
			return nil, errSpawn
		}
		run := runFunc(func(ctx context.Context, job intJob) (int, error) {
			if _, again := seen.LoadOrStore(job.Seq, true); job.Args%8 == 7 && !again {
				return 0, engine.ErrNotStarted
			}
			return intFunc(live).Run(ctx, job)
		})
		if kind%3 == 1 {
			return engine.Retry[int, int](run, 1, nil), nil
		}
		return engine.Retry[int, int](newLineUp(kind%4, run), 1, nil), nil
	})
}

// gathered are the numbers of the jobs of a Gather, in its order: of a failure
// by what it says, of the others by what sequence knows of their value.
func gathered(t *testing.T, values []int, err error, sequence func(value int) int) (seqs []int, errs []error) {
	t.Helper()
	seqs, errs = make([]int, len(values)), make([]error, len(values))
	for _, job := range jobErrors(err) {
		if job.Index >= len(values) || errs[job.Index] != nil {
			t.Fatalf("%v in a Gather of %d jobs", job, len(values))
		}
		seqs[job.Index], errs[job.Index] = job.Seq, job.Err
	}
	for i, x := range values {
		if errs[i] == nil {
			seqs[i] = sequence(x)
		}
	}
	return seqs, errs
}
