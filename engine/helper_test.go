package engine_test

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/engine"
)

type (
	intFunc   = engine.Func[int, int]
	intJob    = engine.Job[int]
	intPool   = engine.Pool[int, int]
	intRunner = engine.Runner[int, int]
	runFunc   = engine.RunnerFunc[int, int]
	spawnFunc = engine.SpawnFunc[int, int]
)

var (
	errBoom  = errors.New("boom")
	errEnded = errors.New("ended by the test")
)

// check reports got if it is not what the test wants.
func check[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// checkErr reports err if it does not wrap want; want nil is no error at all.
func checkErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

// gather is a Gather in which nothing fails.
func gather[In, Out any](t *testing.T, p *engine.Pool[In, Out]) []Out {
	t.Helper()
	out, err := p.Gather(t.Context())
	if err != nil {
		t.Fatalf("Gather: %v", err)
	}
	return out
}

// take reads the next n results.
func take[In, Out any](p *engine.Pool[In, Out], n int) []engine.Result[Out] {
	var got []engine.Result[Out]
	if n == 0 {
		return nil
	}
	for r := range p.Results() {
		if got = append(got, r); len(got) == n {
			break
		}
	}
	return got
}

// seqs are the numbers of the jobs that Results delivers from now on.
func seqs[In, Out any](p *engine.Pool[In, Out]) []int {
	var got []int
	for r := range p.Results() {
		got = append(got, r.Seq)
	}
	return got
}

// jobErrors are the failures that err of a Gather joins.
func jobErrors(err error) []*engine.JobError {
	var all []*engine.JobError
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			all = append(all, err.(*engine.JobError))
		}
	}
	return all
}

// failed are the indexes of the jobs that failed in a Gather.
func failed(err error) []int {
	var all []int
	for _, job := range jobErrors(err) {
		all = append(all, job.Index)
	}
	return all
}

// sleepy takes as many seconds as its argument says and returns it.
func sleepy(ctx context.Context, seconds int) (int, error) {
	if seconds == 0 { // time.After(0) in a bubble crashes the race detector of Go 1.26
		return 0, context.Cause(ctx)
	}
	select {
	case <-time.After(time.Duration(seconds) * time.Second):
		return seconds, nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// held returns a function that returns its argument once it gets a token.
func held() (f intFunc, tokens chan struct{}) {
	tokens = make(chan struct{})
	return func(_ context.Context, x int) (int, error) {
		<-tokens
		return x, nil
	}, tokens
}

// runner is f as a Runner that is not a Func to the pool.
func runner(f intFunc) intRunner {
	return runFunc(func(ctx context.Context, job intJob) (int, error) { return f.Run(ctx, job) })
}

// spawn is a Spawner of the same Runner for all slots.
func spawn(r intRunner) spawnFunc {
	return func(context.Context, int) (intRunner, error) { return r, nil }
}

// lineUp is a Queuer: it takes jobs ahead and runs them one at a time.
type lineUp struct {
	ahead atomic.Int32
	turn  chan struct{}
	run   intRunner
	got   journal[int] // the jobs, as they came
}

func newLineUp(ahead int, run intRunner) *lineUp {
	q := &lineUp{turn: make(chan struct{}, 1), run: run}
	q.ahead.Store(int32(ahead))
	return q
}

func (q *lineUp) Ahead() int { return int(q.ahead.Load()) }

func (q *lineUp) Run(ctx context.Context, job intJob) (int, error) {
	q.got.add(job.Seq)
	q.turn <- struct{}{}
	defer func() { <-q.turn }()
	return q.run.Run(ctx, job)
}

// journal is a list that goroutines write.
type journal[T any] struct {
	mu   sync.Mutex
	list []T
}

func (j *journal[T]) add(x T) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.list = append(j.list, x)
}

func (j *journal[T]) all() []T {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.list)
}

// gauge counts what is going on at once.
type gauge struct{ now, peak atomic.Int32 }

func (g *gauge) enter() {
	n := g.now.Add(1)
	for peak := g.peak.Load(); n > peak && !g.peak.CompareAndSwap(peak, n); {
		peak = g.peak.Load()
	}
}

func (g *gauge) leave() { g.now.Add(-1) }

// inEveryKind runs a test in fake time with each kind of pool: of a plain
// function, of spawned Runners, of Queuers, and inline.
func inEveryKind(t *testing.T, test func(t *testing.T, pool func(n int, f intFunc) *intPool)) {
	type maker = func(n int, f intFunc) *intPool
	ctx := context.Background()
	kinds := map[string]maker{
		"func":   engine.Thread[int, int],
		"inline": func(_ int, f intFunc) *intPool { return engine.Thread(0, f) },
		"runner": func(n int, f intFunc) *intPool {
			return engine.New(ctx, spawn(runner(f)), engine.Options{Workers: n})
		},
		"queuer": func(n int, f intFunc) *intPool {
			return engine.New(ctx, spawnFunc(func(context.Context, int) (intRunner, error) {
				return newLineUp(2, runner(f)), nil
			}), engine.Options{Workers: n})
		},
	}
	for name, pool := range kinds {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, pool) })
		})
	}
}

// poolGoroutines is how many goroutines of the bubble are in the engine's
// code. After synctest.Wait it is exact.
func poolGoroutines() int {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	n := 0
	for g := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(g, "synctest bubble") && strings.Contains(g, "loxctl/engine.") {
			n++
		}
	}
	return n
}

// eventually waits, busily, for what the runtime does in its own time.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}
