//go:build unix

package locks

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// leaks are the ways to hold a lock that must not outlive its holder.
var leaks = map[string]role{
	"lock":   {Name: "a", Mode: Exclusive},
	"reader": {Name: "a", Mode: Shared},
	"polite": {Name: "a", Mode: Polite},
	"switch": {Name: "a", Mode: Member},
	"slot":   {Name: "a", Mode: Slot, Slots: 1},
}

// leak runs a test for each of them, with an actor that is inside.
func leak(t *testing.T, with company, test func(t *testing.T, d *Dir, a *actor, rival Locker)) {
	for name, r := range leaks {
		t.Run(name, func(t *testing.T) {
			d := openTemp(t)
			r.With = with
			a := perform(t, d, r, nil)
			a.queued(t)
			a.entered(t)
			rival := d.QLock("a")
			if r.kind() == KindSem {
				rival = d.IndexSemaphore("a", 1)
			}
			if _, err := rival.TryAcquire(); err != ErrHeld {
				t.Fatalf("while it is held: %v", err)
			}
			test(t, d, a, rival)
		})
	}
}

// isInside fails the test unless the hold of the actor lives.
func (a *actor) isInside(t *testing.T, d *Dir, l Locker) {
	t.Helper()
	if inside, err := d.Inside(l.(*named).Kind, "a", a.token); err != nil || !inside {
		t.Fatalf("inside: %v, %v", inside, err)
	}
}

// What a process holds ends with it.
func TestNamedKilledHolder(t *testing.T) {
	leak(t, alone, func(t *testing.T, d *Dir, a *actor, rival Locker) {
		a.kill(t)
		h, err := rival.TryAcquire()
		if err != nil {
			t.Fatal(err)
		}
		release(t, h)
	})
}

// A child that has inherited the descriptor holds on when its parent is killed,
// until it ends.
func TestNamedHeirOfKilledHolder(t *testing.T) {
	leak(t, heir, func(t *testing.T, d *Dir, a *actor, rival Locker) {
		c := queue(t, d, rival.(*named).Kind, "a", rival)
		a.kill(t)
		a.isInside(t, d, rival)
		c.waits(t)
		a.letGo(t)
		release(t, c.got(t))
	})
}

// A release is one for the child too.
func TestNamedHeirOfReleased(t *testing.T) {
	leak(t, heir, func(t *testing.T, d *Dir, a *actor, rival Locker) {
		a.end(t)
		h, err := rival.TryAcquire()
		if err != nil {
			t.Error(err)
		} else {
			release(t, h)
		}
		a.letGo(t)
	})
}

// What a keeper holds outlives the process that has acquired it, and ends with
// the keeper.
func TestNamedKilledKeeper(t *testing.T) {
	leak(t, trustee, func(t *testing.T, d *Dir, a *actor, rival Locker) {
		a.end(t)
		kind := rival.(*named).Kind
		c := queue(t, d, kind, "a", rival)
		a.isInside(t, d, rival)
		infos, err := d.Inspect(kind, "a")
		if err != nil || len(infos) != 2 {
			t.Fatal(infos, err)
		}
		if i := infos[0]; !i.Held || !i.Keeper || i.PID != a.pid || i.Owner != a.cmd.Process.Pid {
			t.Errorf("keeper %d of %d: %+v", a.pid, a.cmd.Process.Pid, i)
		}
		c.waits(t)
		if err := syscall.Kill(a.pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		release(t, c.got(t))
	})
}

// A semaphore has the slots that its first user gave it, until it is resized.
func TestNamedCapacity(t *testing.T) {
	d := openTemp(t)
	wrong := func(l Locker, want CapacityError) {
		t.Helper()
		var err *CapacityError
		if _, got := l.TryAcquire(); !errors.As(got, &err) || *err != want {
			t.Errorf("%v, not %v", got, &want)
		}
	}
	wrong(d.IndexSemaphore("a", 0), CapacityError{Name: "a"})
	h := acquire(t, d.IndexSemaphore("a", 2))
	wrong(d.IndexSemaphore("a", 3), CapacityError{Name: "a", Have: 2, Want: 3})
	other := acquire(t, d.IndexSemaphore("a", 0))
	if err := d.Resize(t.Context(), "a", 1); err != nil {
		t.Fatal(err)
	}
	wrong(d.IndexSemaphore("a", 2), CapacityError{Name: "a", Have: 1, Want: 2})
	release(t, other)
	if h, err := d.IndexSemaphore("a", 1).TryAcquire(); err != ErrHeld {
		t.Errorf("beyond the capacity: %+v, %v", h, err)
	}
	release(t, h)
	again := acquire(t, d.IndexSemaphore("a", 1))
	if again.Index() != 0 {
		t.Errorf("index %d of one slot", again.Index())
	}
	release(t, again)
}

// A process that waits for a slot gets the one that a resize adds. It may look
// at the capacity once more by itself, but not each time.
func TestNamedResizeWakes(t *testing.T) {
	d := openTemp(t)
	h := acquire(t, d.IndexSemaphore("a", 1))
	bell := d.path(fifoDir(relPath(KindSem, "a")) + "/" + bellName)
	for n := 1; n < 8; n++ {
		a := perform(t, d, role{Name: "a", Mode: Slot}, nil)
		a.queued(t)
		until(t, func() bool { // somebody listens
			fd, err := syscall.Open(bell, syscall.O_WRONLY|syscall.O_NONBLOCK, 0)
			syscall.Close(fd)
			return err == nil
		})
		if err := d.Resize(t.Context(), "a", n+1); err != nil {
			t.Fatal(err)
		}
		a.entered(t)
		if a.index != n {
			t.Errorf("index %d, not %d", a.index, n)
		}
		defer a.end(t)
	}
	release(t, h)
}

// Processes enter in the order in which they have queued.
func TestNamedOrderOfProcesses(t *testing.T) {
	const crowd = 100
	d := openTemp(t)
	h := acquire(t, d.QLock("a"))
	from, to := pipe(t)
	from.SetReadDeadline(time.Now().Add(3 * patient))
	out := bufio.NewReader(from)
	actors := make([]*actor, crowd)
	for i := range actors {
		actors[i] = perform(t, d, role{Name: "a", Mode: Exclusive, Number: i}, to)
		actors[i].in.Close() // each releases at once
		var number int
		if _, err := fmt.Fscanf(out, "queued %d\n", &number); err != nil || number != i {
			t.Fatalf("%d has queued, not %d: %v\n%s", number, i, err, &actors[i].errors)
		}
	}
	release(t, h)
	last := h.Token()
	for i := range actors {
		var number, index, pid int
		var token uint64
		if _, err := fmt.Fscanf(out, "inside %d %d %d %d\n", &number, &token, &index, &pid); err != nil {
			t.Fatal(err)
		}
		if number != i || token <= last {
			t.Fatalf("%d with token %d has entered after %d tokens, the last of them %d", number, token, i, last)
		}
		last = token
	}
	for _, a := range actors {
		a.end(t)
	}
}

// Ten thousand goroutines enter in the order in which they have queued.
func TestNamedCrowd(t *testing.T) {
	t.Parallel()
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	crowd := int(min(10_000, uint64(files.Cur)/2)) // each has the file open
	d := openTemp(t)
	h := acquire(t, d.QLock("a"))
	queued, served := make(chan error), make(chan int, crowd)
	start := time.Now()
	for i := range crowd {
		l := d.Locker(Request{Name: "a", Mode: Exclusive, Queued: func() { queued <- nil }})
		go func() {
			h, err := l.Acquire(t.Context())
			if err != nil {
				queued <- err
				return
			}
			served <- i
			if err := h.Release(); err != nil {
				t.Error(err)
			}
		}()
		if err := <-queued; err != nil {
			t.Fatal(i, err)
		}
	}
	inLine := time.Since(start)
	release(t, h)
	for want := range crowd {
		if got := <-served; got != want {
			t.Fatalf("%d has entered after %d others", got, want)
		}
	}
	last := acquire(t, d.QLock("a")) // behind the last release
	release(t, last)
	t.Logf("%d in line after %v, served after %v", crowd, inLine, time.Since(start))
}

// Those who wait for a slot get it in the order in which they have queued,
// whichever is freed.
func TestNamedOrderAtSemaphore(t *testing.T) {
	d := openTemp(t)
	l := d.IndexSemaphore("a", 2)
	inside := []*Hold{acquire(t, l), acquire(t, l)}
	calls := make([]*call, 12)
	for i := range calls {
		calls[i] = queue(t, d, KindSem, "a", l)
	}
	for i, c := range calls {
		freed := inside[i/2%2]
		for _, other := range calls[i:] {
			other.waits(t)
		}
		release(t, freed)
		h := c.got(t)
		if h.Index() != freed.Index() || h.Token() <= freed.Token() {
			t.Errorf("%d: slot %d after slot %d, token %d after %d", i, h.Index(), freed.Index(), h.Token(), freed.Token())
		}
		inside[i/2%2] = h
	}
	for _, h := range inside {
		release(t, h)
	}
}

// A lap is what the process of a loop does: it acquires, says so on the board,
// and releases, again and again.
type lap struct {
	Home, Board string
	Worker      int
	Rounds      int
	Rest        bool // between two rounds
}

// looper is the part of such a process.
func looper() error {
	var plan lap
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
	l, mine := d.QLock(chaosName), newStamp(1, 0, plan.Worker*chaosLanes)
	for range plan.Rounds {
		h, err := l.Acquire(context.Background())
		if err != nil {
			return err
		}
		b.enter('x', 0, mine, h.Token())
		b.leave('x', 0, mine)
		if err := h.Release(); err != nil {
			return err
		}
		if plan.Rest {
			time.Sleep(time.Duration(rand.Int64N(int64(2 * time.Millisecond))))
		}
	}
	return nil
}

// loop runs 8 processes that begin together, and returns when they have ended.
// Meanwhile it calls beside.
func loop(t *testing.T, d *Dir, plan lap, beside func()) *board {
	t.Helper()
	var b *board
	b, plan.Board = newBoard(t)
	plan.Home = d.home.Path
	start := acquire(t, d.QLock(chaosName))
	ended := make(chan error)
	for plan.Worker = range 8 {
		cmd := play("looper", plan)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill() })
		go func() { ended <- cmd.Wait() }()
	}
	until(t, func() bool { return countWaiting(t, d, KindLock, chaosName) == 8 })
	release(t, start)
	for n := 0; n < 8; {
		beside()
		select {
		case err := <-ended:
			n++
			if err != nil {
				t.Error(err)
			}
		default:
			runtime.Gosched()
		}
	}
	b.check(t)
	if got := b.entries.Load(); got != uint64(8*plan.Rounds) {
		t.Errorf("%d entries in %d rounds of 8", got, plan.Rounds)
	}
	return b
}

// Processes that do nothing but acquire and release enter in the order of their
// tickets.
func TestNamedTightLoop(t *testing.T) {
	b := loop(t, openTemp(t), lap{Rounds: 500}, func() {})
	last := uint64(0)
	for i := range b.logged.Load() {
		token := b.log[i].Load()
		if token <= last {
			t.Fatalf("entry %d has token %d after %d", i, token, last)
		}
		last = token
	}
	if b.logged.Load() != b.entries.Load() {
		t.Errorf("%d of %d entries are in the log", b.logged.Load(), b.entries.Load())
	}
}

// A collector beside processes that lock removes no file that one of them is
// at.
func TestNamedGCBesideProcesses(t *testing.T) {
	d := openTemp(t)
	removed := 0
	loop(t, d, lap{Rounds: 150, Rest: true}, func() {
		n, err := d.GC(0)
		if err != nil {
			t.Error(err)
		}
		removed += n
	})
	if removed == 0 {
		t.Error("nothing was ever removed")
	}
	t.Logf("%d removed", removed)
}
