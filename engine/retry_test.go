package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/engine"
)

// succeedsOn is a Runner whose n-th try succeeds; it notes the tries.
func succeedsOn(n int, tries *journal[int]) intRunner {
	return runFunc(func(_ context.Context, job intJob) (int, error) {
		job.Begin()
		tries.add(job.Attempt)
		if job.Attempt < n {
			return job.Attempt, errBoom
		}
		return job.Args, nil
	})
}

// one runs a job alone in a pool of r.
func one(t *testing.T, ctx context.Context, r intRunner, in int) engine.Result[int] {
	t.Helper()
	p := engine.New(ctx, spawn(r), engine.Options{Workers: 1})
	p.Scatter(in)
	got := take(p, 1)[0]
	checkErr(t, "Close", p.Close(), nil)
	return got
}

func TestRetryTriesUntilItSucceedsOrMayNot(t *testing.T) {
	for _, tt := range []struct {
		more, succeeds int
		tries          []int
		value          int
		err            error
	}{
		{more: 3, succeeds: 1, tries: []int{1}, value: 7},
		{more: 3, succeeds: 3, tries: []int{1, 2, 3}, value: 7},
		{more: 3, succeeds: 4, tries: []int{1, 2, 3, 4}, value: 7},
		{more: 3, succeeds: 5, tries: []int{1, 2, 3, 4}, value: 4, err: errBoom},
		{more: 0, succeeds: 2, tries: []int{1}, value: 1, err: errBoom},
	} {
		t.Run(fmt.Sprintf("%d more, succeeds on %d", tt.more, tt.succeeds), func(t *testing.T) {
			var tries journal[int]
			got := one(t, t.Context(), engine.Retry(succeedsOn(tt.succeeds, &tries), tt.more, nil), 7)
			check(t, "tries", tries.all(), tt.tries)
			check(t, "Attempt", got.Attempt, len(tt.tries))
			check(t, "value", got.Value, tt.value)
			checkErr(t, "job", got.Err, tt.err)
		})
	}
}

func TestRetryPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type asked struct {
			try int
			err error
		}
		var pauses []asked
		pause := func(try int, err error) (time.Duration, bool) {
			pauses = append(pauses, asked{try, err})
			return time.Duration(try) * time.Second, try < 3
		}
		var tries journal[int]
		begin := time.Now()
		got := one(t, t.Context(), engine.Retry(succeedsOn(9, &tries), 5, pause), 7)
		check(t, "pauses", pauses, []asked{{1, errBoom}, {2, errBoom}, {3, errBoom}})
		check(t, "tries", tries.all(), []int{1, 2, 3})
		check(t, "time", time.Since(begin), 3*time.Second)
		check(t, "Start is the last try's", got.Start, begin.Add(3*time.Second))
		checkErr(t, "job", got.Err, errBoom)
	})
}

func TestRetryHoldsItsSlotDuringThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries journal[int]
		pause := func(int, error) (time.Duration, bool) { return time.Second, true }
		p := engine.New(t.Context(), spawn(engine.Retry(succeedsOn(3, &tries), 5, pause)), engine.Options{Workers: 1})
		begin := time.Now()
		p.Scatter(1)
		p.Scatter(2)
		check(t, "Gather", gather(t, p), []int{1, 2})
		check(t, "tries", tries.all(), []int{1, 2, 3, 1, 2, 3})
		check(t, "time", time.Since(begin), 4*time.Second)
		checkErr(t, "Close", p.Close(), nil)
	})
}

func TestRetryLeavesSomeFailuresAlone(t *testing.T) {
	permanent := &engine.FuncError{Type: "ValueError", Msg: "never", Permanent: true}
	for _, tt := range []struct {
		name  string
		err   error
		tries int
	}{
		{"permanent", permanent, 1},
		{"wrapped permanent", fmt.Errorf("while: %w", permanent), 1},
		{"broken", engine.ErrBroken, 1},
		{"of the function", &engine.FuncError{Type: "ValueError", Msg: "today"}, 3},
		{"timeout", engine.ErrTimeout, 3},
		{"exit status", &engine.ExitError{Code: 1}, 3},
		{"panic", &engine.PanicError{Value: 1}, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tries := 0
			got := one(t, t.Context(), engine.Retry(runner(func(context.Context, int) (int, error) {
				tries++
				return 0, tt.err
			}), 2, nil), 1)
			check(t, "tries", tries, tt.tries)
			checkErr(t, "job", got.Err, tt.err)
		})
	}
}

func TestRetryOfAPanic(t *testing.T) {
	tries := 0
	got := one(t, t.Context(), engine.Retry[int, int](intFunc(func(_ context.Context, x int) (int, error) {
		if tries++; tries == 1 {
			panic("once")
		}
		return x, nil
	}), 1, nil), 5)
	check(t, "result", got.Value, 5)
	check(t, "Attempt", got.Attempt, 2)
	checkErr(t, "job", got.Err, nil)
}

func TestRetryEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Second, errEnded)
		defer cancel()
		var tries journal[int]
		begin := time.Now()
		pause := func(int, error) (time.Duration, bool) { return 4 * time.Second, true }
		got := one(t, ctx, engine.Retry(succeedsOn(99, &tries), 99, pause), 1)
		check(t, "tries", tries.all(), []int{1, 2, 3}) // at 0, 4 and 8 s
		check(t, "time", time.Since(begin), 10*time.Second)
		checkErr(t, "the failure of the last try", got.Err, errBoom)
	})
}

func TestRetryDoesNotBeginATryAfterTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	tries := 0
	got := one(t, ctx, engine.Retry(runner(func(context.Context, int) (int, error) {
		tries++
		cancel()
		return 0, errBoom
	}), 5, func(int, error) (time.Duration, bool) {
		t.Error("asked for a pause")
		return 0, true
	}), 1)
	check(t, "tries", tries, 1)
	checkErr(t, "job", got.Err, errBoom)
}

func TestBeginCountsOncePerTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var begun journal[string]
		inner := runFunc(func(ctx context.Context, job intJob) (int, error) {
			time.Sleep(time.Second) // waits for something
			job.Begin()
			time.Sleep(time.Second)
			job.Begin()
			return 0, errBoom
		})
		note := func(name string, next intRunner) intRunner {
			return runFunc(func(ctx context.Context, job intJob) (int, error) {
				return next.Run(ctx, job.OnBegin(func() { begun.add(fmt.Sprint(name, job.Attempt)) }))
			})
		}
		begin := time.Now()
		got := one(t, t.Context(), note("outside", engine.Retry(note("middle", note("inside", inner)), 1, nil)), 1)
		check(t, "hooks", begun.all(), []string{"outside1", "middle1", "inside1", "outside1", "middle2", "inside2"})
		check(t, "Start", got.Start, begin.Add(3*time.Second))
		check(t, "End", got.End, begin.Add(4*time.Second))
		check(t, "Attempt", got.Attempt, 2)
	})
}

func TestAJobThatNeverBeginsHasNoStart(t *testing.T) {
	got := one(t, t.Context(), engine.Retry[int, int](runFunc(func(context.Context, intJob) (int, error) {
		return 0, errBoom
	}), 2, nil), 1)
	check(t, "result", got, engine.Result[int]{Seq: 1, Err: errBoom})
}

// Wrappers do not need a pool: a job made by hand begins as well.
func TestWrappersOfAJobMadeByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, job := range []intJob{{Args: 60}, {Args: 60, Attempt: 1}} {
			begin := time.Now()
			_, err := engine.Retry(engine.Timeout[int, int](intFunc(sleepy), time.Second), 1, nil).Run(t.Context(), job)
			check(t, "is a timeout", errors.Is(err, engine.ErrTimeout), true)
			check(t, "time", time.Since(begin), 2*time.Second)
			job.Begin() // without a wrapper it does nothing
		}
	})
}
