package engine_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/engine"
)

// FuzzPool runs a string of operations in fake time, one after the other, and
// keeps the books beside the pool: a list of the jobs that are not delivered.
// A hang is a failure of the bubble.
func FuzzPool(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		program := make([]byte, 10+random.IntN(60))
		for i := range program {
			program[i] = byte(random.Uint32())
		}
		f.Add(program)
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) < 5 || len(program) > 500 {
			return
		}
		synctest.Test(t, func(t *testing.T) { newBooks(t, program[:5]).run(program[5:]) })
	})
}

// books are the reference for a pool.
type books struct {
	t     *testing.T
	p     *intPool
	opt   engine.Options
	ended error // why nothing more is scattered
	open  []int // numbers of the jobs not delivered, in scatter order
	args  []int // of job i+1
}

func newBooks(t *testing.T, head []byte) *books {
	b := &books{t: t, opt: engine.Options{
		Workers:   1 + int(head[0]%4),
		Window:    int(head[1] % 8),
		Backlog:   int(head[2] % 4),
		Inline:    head[3]%5 == 0,
		Unordered: head[3]%2 == 0,
	}}
	b.p = engine.New(t.Context(), spawner(int(head[4])), b.opt)
	return b
}

func (b *books) run(program []byte) {
	for _, c := range program {
		b.do(int(c%12), int(c/12))
	}
	b.p.Seal()
	b.take(len(b.open))
	check(b.t, "left over", len(seqs(b.p)), 0)
	checkErr(b.t, "Close", b.p.Close(), nil)
}

func (b *books) do(op, arg int) {
	switch op {
	case 0, 1, 2, 3, 4:
		b.scatter(arg + op*7)
	case 5:
		b.gather(context.Background())
	case 6:
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(arg)*time.Second/4)
		defer cancel()
		b.gather(ctx)
	case 7:
		b.take(min(arg, len(b.open)))
	case 8:
		time.Sleep(time.Duration(arg) * time.Second / 2)
	case 9:
		b.p.Resize(arg % 5)
	case 10:
		got, err := b.p.Call(context.Background(), 8*arg)
		b.wrong(fated(8*arg, got, err, b.ended))
	case 11:
		b.end(arg)
	}
}

func (b *books) wrong(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Error(err)
	}
}

func (b *books) scatter(arg int) {
	if b.opt.Window > 0 && len(b.open) >= b.opt.Window {
		b.take(1) // nobody else would
	}
	if b.opt.Inline && arg%8 == 6 {
		arg++ // would end this goroutine
	}
	arg = arg%fates + fates*len(b.args)
	promise := b.p.Scatter(arg)
	if b.ended != nil {
		check(b.t, "Seq of a refused job", promise.Seq(), 0)
		return
	}
	b.args = append(b.args, arg)
	b.open = append(b.open, len(b.args))
	check(b.t, "Seq", promise.Seq(), len(b.args))
}

func (b *books) gather(ctx context.Context) {
	values, err := b.p.Gather(ctx)
	if values == nil && errors.Is(err, context.DeadlineExceeded) {
		return
	}
	got, errs := gathered(b.t, values, err, func(x int) int { return 1 + x/fates })
	if !slices.Equal(got, b.open) {
		b.t.Fatalf("Gather returns %v of %v", got, b.open)
	}
	for i, seq := range got {
		b.wrong(fated(b.args[seq-1], values[i], errs[i], b.ended))
	}
	b.open = nil
}

func (b *books) take(n int) {
	for _, r := range take(b.p, n) {
		i := slices.Index(b.open, r.Seq)
		if i < 0 || i > 0 && !b.opt.Unordered {
			b.t.Fatalf("Results delivers %d of %v", r.Seq, b.open)
		}
		b.open = slices.Delete(b.open, i, i+1)
		b.wrong(fated(b.args[r.Seq-1], r.Value, r.Err, b.ended))
		check(b.t, "has times as it has attempts", r.Attempt > 0, !r.Start.IsZero() && !r.End.Before(r.Start))
	}
}

// end ends the scattering, not too early in most programs.
func (b *books) end(arg int) {
	switch {
	case arg > 2 || b.ended != nil:
	case arg == 2:
		b.p.Drain(errEnded)
		b.ended = errEnded
	default:
		b.p.Seal()
		b.ended = engine.ErrClosed
	}
}
