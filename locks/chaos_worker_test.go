//go:build unix

package locks

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"
)

// A chaosPlan says what the workers of a chaos test do.
type chaosPlan struct {
	Home, Board string
	Worker      int
	Generation  uint64

	Sides   string // of which each round has one: x s p A B F (B, fair) i
	Slots   int    // of the semaphore, for i
	Lanes   int    // goroutines
	Endable bool   // no wait is for ever
	FD      bool   // the lock is in descriptor 3, which somebody keeps open
	Keeper  bool   // and here in a process of its own
	Tight   bool   // no time is lost inside
}

// chaosName is the name of the lock, and of the semaphore.
const chaosName = "chaos"

// A lane is one goroutine of a worker.
type lane struct {
	chaosPlan
	number int
	dir    *Dir
	board  *board
	file   *os.File
}

// chaosWorker acquires and releases until it is told to stop, or killed.
func chaosWorker() error {
	var plan chaosPlan
	if err := readPlan(&plan); err != nil {
		return err
	}
	b, err := openBoard(plan.Board)
	if err != nil {
		return err
	}
	d, err := Open(plan.Home)
	if err != nil {
		return err
	}
	failed := make(chan error)
	for i := range plan.Lanes {
		l := &lane{chaosPlan: plan, number: plan.Worker*chaosLanes + i, dir: d, board: b}
		if plan.FD {
			l.file = os.NewFile(3, "shell")
		}
		go func() { failed <- l.work() }()
	}
	b.ready[plan.Worker].Store(plan.Generation)
	for range plan.Lanes {
		err = errors.Join(err, <-failed)
	}
	return err
}

func (l *lane) work() error {
	for first := true; first || l.board.stop.Load() == 0; first = false {
		if err := l.round(l.Sides[rand.IntN(len(l.Sides))]); err != nil {
			return fmt.Errorf("lane %d: %w", l.number, err)
		}
	}
	return nil
}

// errLate ends the waits that are not for ever.
var errLate = errors.New("late")

// round acquires one side of the lock, and says on the board that it is in.
func (l *lane) round(side byte) error {
	g, err := l.grip(side)
	var file *FileError
	switch {
	case errors.Is(err, errLate):
		l.board.late.Add(1)
		return nil
	case err == ErrHeld:
		l.board.refused.Add(1)
		return nil
	case errors.As(err, &file) && l.FD:
		return l.inherit()
	case err != nil:
		return err
	}
	mine := newStamp(l.Generation, groupOfSide(side), l.number)
	l.board.enter(side, g.index, mine, g.token)
	if !l.Tight {
		time.Sleep(time.Duration(rand.Int64N(int64(1500 * time.Microsecond))))
	}
	l.board.leave(side, g.index, mine)
	return g.release()
}

// A grip is a hold, in this process or another.
type grip struct {
	token   uint64
	index   int
	release func() error
}

func (l *lane) grip(side byte) (*grip, error) {
	if l.Keeper {
		return l.keptGrip(side)
	}
	h, err := l.acquire(l.locker(side))
	if err != nil {
		return nil, err
	}
	return &grip{h.Token(), h.Index(), func() error { return l.release(h) }}, nil
}

// acquire waits for ever, for a while, or not at all.
func (l *lane) acquire(k Locker) (*Hold, error) {
	switch p := rand.IntN(10); {
	case p < 2:
		return k.TryAcquire()
	case p < 5:
		d := time.Duration(rand.Int64N(int64(20 * time.Millisecond)))
		ctx, cancel := context.WithTimeoutCause(context.Background(), d, errLate)
		defer cancel()
		return k.Acquire(ctx)
	case l.Endable:
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		return k.Acquire(ctx)
	default:
		return k.Acquire(context.Background())
	}
}

func (l *lane) locker(side byte) Locker {
	return l.dir.Locker(l.request(side))
}

func (l *lane) request(side byte) Request {
	r := Request{Name: chaosName, Mode: Mode(side), File: l.file}
	switch side {
	case 'i':
		r.Kind, r.Slots = KindSem, l.Slots
	case 'A', 'B', 'F':
		r.Mode, r.Switch, r.Fair = Member, "sw-"+string(min(side, 'B')), side == 'F'
	}
	return r
}

func groupOfSide(side byte) int {
	switch side {
	case 's', 'p':
		return 1
	case 'A':
		return 2
	case 'B', 'F':
		return 3
	}
	return 0
}

func (l *lane) kind() Kind {
	if l.Slots > 0 {
		return KindSem
	}
	return KindLock
}

// release lets go through the hold, or as another process with the descriptor
// would.
func (l *lane) release(h *Hold) error {
	if l.FD && rand.IntN(2) == 0 {
		found, err := l.dir.Find(l.kind(), chaosName, l.file)
		if err != nil {
			return fmt.Errorf("find %d: %w", h.Token(), err)
		}
		if found.Token() != h.Token() {
			return fmt.Errorf("found token %d, not %d", found.Token(), h.Token())
		}
		return found.Release()
	}
	return h.Release()
}

// inherit releases what a worker with the same descriptor has held when it was
// killed.
func (l *lane) inherit() error {
	h, err := l.dir.Find(l.kind(), chaosName, l.file)
	if err != nil {
		return fmt.Errorf("find after a kill: %w", err)
	}
	l.board.found.Add(1)
	return h.Release()
}
