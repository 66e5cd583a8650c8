package engine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/engine"
)

func TestPacedTriesBeginApartAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		pace := engine.NewPace(2 * time.Second)
		p := engine.New(t.Context(), spawnFunc(func(context.Context, int) (intRunner, error) {
			return engine.Paced(runner(sleepy), pace), nil
		}), engine.Options{Workers: 4})
		for range 5 {
			p.Scatter(1)
			synctest.Wait() // so that they ask in order
		}
		var starts []time.Duration
		for _, r := range take(p, 5) {
			starts = append(starts, r.Start.Sub(begin))
		}
		check(t, "starts", starts, []time.Duration{0, 2 * time.Second, 4 * time.Second, 6 * time.Second, 8 * time.Second})
		checkErr(t, "Close", p.Close(), nil)
	})
}

func TestEveryTryIsPaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var tries journal[int]
		got := one(t, t.Context(), engine.Retry(engine.Paced(succeedsOn(3, &tries), engine.NewPace(time.Minute)), 2, nil), 1)
		checkErr(t, "job", got.Err, nil)
		check(t, "Start of the third", got.Start, begin.Add(2*time.Minute))
	})
}

func TestWaitingForATurnIsNotTheJobsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := engine.NewPace(time.Hour)
		checkErr(t, "first turn", pace.Wait(t.Context()), nil)
		got := one(t, t.Context(), engine.Timeout(engine.Paced(runner(sleepy), pace), 2*time.Second), 1)
		checkErr(t, "job", got.Err, nil)
	})
}

// waits is when n turns come that are asked for at once.
func waits(t *testing.T, p *engine.Pace, n int) []time.Duration {
	t.Helper()
	begin := time.Now()
	var got journal[time.Duration]
	for range n {
		go func() {
			checkErr(t, "Wait", p.Wait(t.Context()), nil)
			got.add(time.Since(begin))
		}()
		synctest.Wait()
	}
	time.Sleep(time.Hour)
	return got.all()
}

func TestPaceWait(t *testing.T) {
	const s = time.Second
	tests := map[string]struct {
		pace func() *engine.Pace
		want []time.Duration
	}{
		"fresh": {func() *engine.Pace { return engine.NewPace(s) }, []time.Duration{0, s, 2 * s}},
		"none":  {func() *engine.Pace { return engine.NewPace(0) }, []time.Duration{0, 0, 0}},
		"after a long rest there is no burst": {func() *engine.Pace {
			p := engine.NewPace(s)
			_ = p.Wait(context.Background())
			time.Sleep(time.Minute)
			return p
		}, []time.Duration{0, s, 2 * s}},
		"soon after a turn": {func() *engine.Pace {
			p := engine.NewPace(s)
			_ = p.Wait(context.Background())
			time.Sleep(s / 4)
			return p
		}, []time.Duration{3 * s / 4, 7 * s / 4, 11 * s / 4}},
		"slower, from the next turn on": {func() *engine.Pace {
			p := engine.NewPace(s)
			_ = p.Wait(context.Background())
			p.Scale(3, 0)
			return p
		}, []time.Duration{3 * s, 6 * s, 9 * s}},
		"faster, but not below the least": {func() *engine.Pace {
			p := engine.NewPace(4 * s)
			p.Scale(0.5, s)
			p.Scale(0.001, s)
			return p
		}, []time.Duration{0, s, 2 * s}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { check(t, "turns", waits(t, tt.pace(), 3), tt.want) })
		})
	}
}

func TestPaceWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := engine.NewPace(time.Minute)
		checkErr(t, "first turn", p.Wait(t.Context()), nil)
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errEnded)
		defer cancel()
		begin := time.Now()
		checkErr(t, "Wait", p.Wait(ctx), errEnded)
		check(t, "time", time.Since(begin), time.Second)
		checkErr(t, "Wait after the end", engine.NewPace(0).Wait(ctx), errEnded)
	})
}

func TestAPacedJobThatIsCancelledNeverBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errEnded)
		defer cancel()
		pace := engine.NewPace(time.Hour)
		checkErr(t, "first turn", pace.Wait(t.Context()), nil)
		got := one(t, ctx, engine.Paced(runner(sleepy), pace), 1)
		check(t, "result", got, engine.Result[int]{Seq: 1, Err: errEnded})
	})
}
