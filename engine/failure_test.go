package engine_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/loxctl/loxctl/engine"
)

//go:noinline
func deepDown() { panic(fmt.Errorf("deep: %w", errBoom)) }

func TestAPanicOfAFuncIsItsJobsFailure(t *testing.T) {
	inEveryKind(t, func(t *testing.T, pool func(int, intFunc) *intPool) {
		p := pool(1, func(_ context.Context, x int) (int, error) {
			if x == 1 {
				deepDown()
			}
			return x, nil
		})
		for i := range 3 {
			p.Scatter(i)
		}
		got, err := p.Gather(t.Context())
		check(t, "values", got, []int{0, 0, 2})
		check(t, "failed", failed(err), []int{1})
		var panicked *engine.PanicError
		if !errors.As(err, &panicked) {
			t.Fatalf("no *PanicError in %v", err)
		}
		check(t, "text", panicked.Error(), "panic: deep: boom")
		checkErr(t, "a panic's error is unwrapped", err, errBoom)
		if stack := string(panicked.Stack); !strings.Contains(stack, "deepDown") {
			t.Errorf("the stack does not name the function that panicked:\n%s", stack)
		}
		checkErr(t, "Close", p.Close(), nil)
	})
}

func TestAPanicThatIsNoError(t *testing.T) {
	p := engine.Thread(1, func(context.Context, int) (int, error) { panic("just words") })
	_, err := p.Scatter(1).Wait(t.Context())
	var panicked *engine.PanicError
	if !errors.As(err, &panicked) || panicked.Value != "just words" || errors.Unwrap(panicked) != nil {
		t.Errorf("got %v", err)
	}
}

func TestTheSlotLivesOnAfterAPanicOrGoexit(t *testing.T) {
	for name, end := range map[string]func(){"panic": func() { panic("x") }, "goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var spawns atomic.Int32
				p := engine.New(t.Context(), spawnFunc(func(context.Context, int) (intRunner, error) {
					spawns.Add(1)
					return runner(func(context.Context, int) (int, error) { end(); return 0, nil }), nil
				}), engine.Options{Workers: 2})
				for range 20 {
					p.Scatter(1)
				}
				for _, r := range take(p, 20) {
					check(t, "failed", r.Err != nil, true)
					check(t, "attempts", r.Attempt, 1)
				}
				check(t, "spawns", spawns.Load() <= 2, true)
				checkErr(t, "Close", p.Close(), nil)
			})
		})
	}
}

func TestGoexitInASpawner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var once atomic.Bool
		p := engine.New(t.Context(), spawnFunc(func(context.Context, int) (intRunner, error) {
			if once.CompareAndSwap(false, true) {
				runtime.Goexit()
			}
			return runner(square), nil
		}), engine.Options{Workers: 1})
		p.Scatter(2)
		p.Scatter(3)
		got, err := p.Gather(t.Context())
		check(t, "values", got, []int{0, 9})
		checkErr(t, "Gather", err, engine.ErrGoexit)
		checkErr(t, "Close", p.Close(), nil)
	})
}

// An inline job is the caller: runtime.Goexit, and with it t.FailNow, ends the
// goroutine that scatters, and the pool goes on.
func TestGoexitInAnInlineJobEndsTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := engine.Thread(0, func(context.Context, int) (int, error) { runtime.Goexit(); return 0, nil })
		go func() {
			p.Scatter(1)
			t.Error("Scatter returned")
		}()
		synctest.Wait()
		_, err := p.Gather(t.Context())
		checkErr(t, "Gather", err, engine.ErrGoexit)
		checkErr(t, "Close", p.Close(), nil)
	})
}

// A panic of another Runner is a bug of its author and not ours to hide. Inline
// it can be seen without the end of the program.
func TestAPanicOfARunnerIsNotRecovered(t *testing.T) {
	p := engine.New(t.Context(), spawn(runFunc(func(context.Context, intJob) (int, error) {
		panic(errBoom)
	})), engine.Options{Inline: true})
	func() {
		defer func() { check(t, "panic", recover(), any(errBoom)) }()
		p.Scatter(1)
		t.Error("Scatter returned")
	}()
	_, err := p.Gather(t.Context())
	check(t, "failed", failed(err), []int{0}) // but the job is accounted for
	checkErr(t, "Close", p.Close(), nil)
}
