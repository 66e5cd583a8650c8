package locks

import (
	"context"
	"time"

	"github.com/loxctl/loxctl/internal/state"
)

// guardPatience is how long a try waits for the guard byte, which nobody has
// for longer than microseconds unless he is stopped in there.
const guardPatience = time.Second

// guardError says that a process was stopped, or died a slow death, at the only
// place where it can hold up all others for a moment. It is a type, as a call
// of fmt in the initialisation is a hundredth of the life of `loxctl lock`.
type guardError struct{}

func (guardError) Error() string {
	return ErrHeld.Error() + ": a stopped process sits in the turnstile"
}
func (guardError) Unwrap() error { return ErrHeld }

// guarded is an open lock file whose guard byte M this participant has.
type guarded struct {
	reg  *registry
	rel  string // path in the state home
	file *state.File
	id   state.ID
	gate *gate
}

// open opens the lock file of l and locks M. A file that loses its name
// meanwhile, because it was collected, is opened again.
func (g *guarded) open(ctx context.Context, l *named, try bool) error {
	g.reg, g.rel = &l.dir.waits, l.rel
	for {
		var err error
		if g.file, err = l.open(); err != nil {
			return err
		}
		if err := g.lock(ctx, try); err != nil {
			return err // lock has closed the file
		}
		linked := false
		if g.id, linked, err = g.file.Stat(); err == nil && linked {
			return nil
		}
		g.unlock()
		g.file.Close()
		if err != nil {
			return err
		}
	}
}

// lock locks M. With try, or a context that can end, it does not wait for
// ever; it closes the file if it fails.
func (g *guarded) lock(ctx context.Context, try bool) error {
	g.gate = g.reg.gate(g.rel)
	if g.pass() {
		if mutant == "M is not taken" {
			return nil
		}
		ok, err := g.file.Try(byteM, state.WriteLock)
		if ok {
			return nil
		}
		<-g.gate.turn
		if err != nil {
			return g.fail(err)
		}
	}
	if try {
		limited, cancel := context.WithTimeoutCause(ctx, guardPatience, guardError{})
		defer cancel()
		ctx = limited
	}
	select {
	case g.gate.turn <- struct{}{}:
	case <-ctx.Done():
		return g.fail(context.Cause(ctx))
	}
	if ctx.Done() == nil {
		if err := g.file.Lock(byteM, state.WriteLock); err != nil {
			<-g.gate.turn
			return g.fail(err)
		}
		return nil
	}
	return g.lockUntil(ctx)
}

func (g *guarded) pass() bool {
	select {
	case g.gate.turn <- struct{}{}:
		return true
	default:
		return false
	}
}

func (g *guarded) fail(err error) error {
	g.reg.forget(g.rel, g.gate)
	g.file.Close()
	return err
}

// lockUntil sleeps in the kernel beside the context. If that ends first, the
// file is closed when the kernel lets go of it.
func (g *guarded) lockUntil(ctx context.Context) error {
	locked := make(chan error, 1)
	go func() { locked <- g.file.Lock(byteM, state.WriteLock) }()
	select {
	case err := <-locked:
		if err != nil {
			<-g.gate.turn
			return g.fail(err)
		}
		return nil
	case <-ctx.Done():
		go func() {
			<-locked
			g.unlock()
			g.file.Close()
		}()
		return context.Cause(ctx)
	}
}

// unlock gives M, and the gate before it, to the next one.
func (g *guarded) unlock() error {
	err := g.file.Unlock(byteM)
	<-g.gate.turn
	g.reg.forget(g.rel, g.gate)
	return err
}
