package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// wrapped is the Runner inside a wrapper: it closes and queues as that does.
type wrapped[In, Out any] struct{ next Runner[In, Out] }

// Close closes the Runner inside if it can be closed.
func (w wrapped[In, Out]) Close() error {
	if c, ok := w.next.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Retry gives a job up to more further tries after a failed one. It holds the
// slot meanwhile. pause says how long to wait before the try after try; false
// ends the trying, a nil pause means at once. A failure that says itself
// Permanent is not tried again, nor is one after ctx has ended. Tries are
// counted by job.Attempt: those before a job was given back count too.
func Retry[In, Out any](next Runner[In, Out], more int, pause func(try int, err error) (time.Duration, bool)) Runner[In, Out] {
	if pause == nil {
		pause = func(int, error) (time.Duration, bool) { return 0, true }
	}
	r := retry[In, Out]{wrapped[In, Out]{next}, more, pause}
	if q, ok := next.(Queuer); ok {
		return struct {
			retry[In, Out]
			Queuer
		}{r, q}
	}
	return r
}

type retry[In, Out any] struct {
	wrapped[In, Out]
	more  int
	pause func(try int, err error) (time.Duration, bool)
}

func (r retry[In, Out]) Run(ctx context.Context, job Job[In]) (Out, error) {
	for job.Attempt = max(job.Attempt, 1); ; job.Attempt++ {
		out, err := r.next.Run(ctx, job)
		if err == nil || job.Attempt > r.more || permanent(err) || ctx.Err() != nil {
			return out, err
		}
		d, again := r.pause(job.Attempt, err)
		if !again || !sleep(ctx, d) {
			return out, err
		}
	}
}

// sleep waits for d; false if ctx ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Timeout ends a try that is not over d after it began: its context ends with
// the cause ErrTimeout, and Run is waited for. A try that ends well in the
// same instant stands. A Func that does not look at its context keeps its slot.
func Timeout[In, Out any](next Runner[In, Out], d time.Duration) Runner[In, Out] {
	return TimeoutOn(next, new(Clock), func() time.Duration { return d })
}

// TimeoutOn is Timeout by a Clock that can stand still, with a limit that is
// asked for when a try begins; 0 is no limit.
func TimeoutOn[In, Out any](next Runner[In, Out], clock *Clock, limit func() time.Duration) Runner[In, Out] {
	return timeout[In, Out]{wrapped[In, Out]{next}, clock, limit}
}

type timeout[In, Out any] struct {
	wrapped[In, Out]
	clock *Clock
	limit func() time.Duration
}

func (t timeout[In, Out]) Run(ctx context.Context, job Job[In]) (Out, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := func() {}
	defer func() { stop() }()
	out, err := t.next.Run(ctx, job.OnBegin(sync.OnceFunc(func() {
		if d := t.limit(); d > 0 {
			stop = t.clock.AfterFunc(d, func() { cancel(ErrTimeout) })
		}
	})))
	if err != nil && context.Cause(ctx) == ErrTimeout && !errors.Is(err, ErrTimeout) {
		err = fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return out, err
}

// Clock runs timers that stand still between Pause and Resume. The zero value
// is a running clock.
type Clock struct {
	mu     sync.Mutex
	paused bool
	timers map[*clockTimer]struct{}
}

type clockTimer struct {
	timer *time.Timer
	end   time.Time     // when it fires, while the clock runs
	left  time.Duration // while it stands
}

// AfterFunc runs f in its own goroutine after d of the clock's time. stop
// ends that; it does not wait for f.
func (c *Clock) AfterFunc(d time.Duration, f func()) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &clockTimer{end: time.Now().Add(d), left: d}
	t.timer = time.AfterFunc(d, func() { c.drop(t); f() })
	if c.paused {
		t.timer.Stop()
	}
	if c.timers == nil {
		c.timers = make(map[*clockTimer]struct{})
	}
	c.timers[t] = struct{}{}
	return func() { c.drop(t) }
}

func (c *Clock) drop(t *clockTimer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.timer.Stop()
	delete(c.timers, t)
}

// Pause stops the clock.
func (c *Clock) Pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.paused {
		return
	}
	c.paused = true
	for t := range c.timers {
		if t.timer.Stop() {
			t.left = max(time.Until(t.end), 0)
		} else {
			delete(c.timers, t) // it has fired
		}
	}
}

// Resume lets the clock go on.
func (c *Clock) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.paused {
		return
	}
	c.paused = false
	for t := range c.timers {
		t.end = time.Now().Add(t.left)
		t.timer.Reset(t.left)
	}
}

// Pace hands out turns that are at least a distance apart, in the order they
// are asked for.
type Pace struct {
	mu    sync.Mutex
	every time.Duration
	last  time.Time // the last turn that was handed out
}

// NewPace returns a Pace of one turn every so often; the first comes at once.
func NewPace(every time.Duration) *Pace { return &Pace{every: every} }

// Wait blocks until the caller's turn, or until ctx ends and then returns the
// cause; the turn is lost then.
func (p *Pace) Wait(ctx context.Context) error {
	p.mu.Lock()
	now := time.Now()
	d := max(p.last.Add(p.every).Sub(now), 0)
	p.last = now.Add(d)
	p.mu.Unlock()
	if !sleep(ctx, d) {
		return context.Cause(ctx)
	}
	return nil
}

// Scale multiplies the distance of the turns that are not handed out yet; it
// never falls below least.
func (p *Pace) Scale(by float64, least time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.every = max(time.Duration(float64(p.every)*by), least)
}

// Paced starts the tries of next in the turns of p, which the Runners of all
// slots share. The job waits before it begins.
func Paced[In, Out any](next Runner[In, Out], p *Pace) Runner[In, Out] {
	return paced[In, Out]{wrapped[In, Out]{next}, p}
}

type paced[In, Out any] struct {
	wrapped[In, Out]
	pace *Pace
}

func (r paced[In, Out]) Run(ctx context.Context, job Job[In]) (Out, error) {
	if err := r.pace.Wait(ctx); err != nil {
		var zero Out
		return zero, err
	}
	return r.next.Run(ctx, job)
}
