//go:build unix

package locks

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// chaosKills is how many processes each chaos test kills. `make chaos` sets
// more.
func chaosKills(t *testing.T) int {
	text := os.Getenv("LOXCTL_CHAOS_KILLS")
	if text == "" {
		return 60
	}
	kills, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return kills
}

// In each of these tests processes acquire and release while others of them
// are killed, at any instruction. Nobody may be inside who should not be, the
// tokens must grow, and nobody may hang.
func TestChaos(t *testing.T) {
	tests := map[string]chaosPlan{
		"x":           {Sides: "x"},
		"x,s,s":       {Sides: "xss"},
		"x,s,p,p":     {Sides: "xspp"},
		"A,B":         {Sides: "AB"},
		"x,A,B":       {Sides: "xAB"},
		"mixed":       {Sides: "xspABF"},
		"sem1":        {Sides: "i", Slots: 1},
		"sem4":        {Sides: "i", Slots: 4},
		"sem16":       {Sides: "i", Slots: 16, Lanes: 3},
		"endable":     {Sides: "xspABF", Lanes: 3, Endable: true},
		"sem endable": {Sides: "i", Slots: 4, Lanes: 3, Endable: true},
		"fd":          {Sides: "xspABF", FD: true},
		"fd x":        {Sides: "x", FD: true},
		"fd sem":      {Sides: "i", Slots: 4, FD: true},
		"keeper":      {Sides: "xsA", Keeper: true},
		"keeper sem":  {Sides: "i", Slots: 4, Keeper: true},
		"tight":       {Sides: "x", Tight: true},
	}
	for name, plan := range tests {
		t.Run(name, func(t *testing.T) { chaos(t, plan, chaosKills(t)) })
	}
}

// An arena is where the workers of a chaos test are.
type arena struct {
	t       *testing.T
	plan    chaosPlan
	board   *board
	dir     *Dir
	workers [chaosWorkers]worker
	inside  int // kills of workers that were inside
}

// A worker is a process, and the one after it when it has been killed.
type worker struct {
	cmd        *exec.Cmd
	stderr     *os.File
	generation uint64
	shell      *os.File // that holds the locks, in a test of descriptors
}

func chaos(t *testing.T, plan chaosPlan, kills int) {
	a := newArena(t, plan)
	start := time.Now()
	for i := range a.workers {
		a.start(i)
	}
	killed := 0
	for killed < kills && a.board.noted.Load() == 0 && !t.Failed() {
		time.Sleep(500*time.Microsecond + time.Duration(rand.Int64N(int64(4*time.Millisecond))))
		if victim, ok := a.choose(killed%2 == 1); ok {
			a.kill(victim)
			a.start(victim)
			killed++
		}
	}
	a.finish()
	a.board.check(t)
	if !t.Failed() {
		a.checkFree()
	}
	b := a.board
	t.Logf("%d kills, %d of them inside; %d entries, %d late, %d refused, %d found in descriptors; %v", killed, a.inside,
		b.entries.Load(), b.late.Load(), b.refused.Load(), b.found.Load(), time.Since(start).Round(time.Millisecond))
}

func newArena(t *testing.T, plan chaosPlan) *arena {
	a := &arena{t: t, plan: plan}
	a.board, a.plan.Board = newBoard(t)
	a.plan.Home = t.TempDir() + "/state"
	a.plan.Lanes = max(plan.Lanes, 1)
	d, err := Open(a.plan.Home)
	if err != nil {
		t.Fatal(err)
	}
	a.dir = d
	for i := range a.workers {
		stderr, err := os.Create(fmt.Sprintf("%s/stderr%d", filepath.Dir(a.plan.Board), i))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stderr.Close() })
		a.workers[i].stderr = stderr
		if plan.FD {
			a.workers[i].shell = a.openShell()
		}
	}
	return a
}

// openShell opens the lock file as a script does that wants to hold it.
func (a *arena) openShell() *os.File {
	path, err := a.dir.Path(a.kind(), chaosName)
	if err != nil {
		a.t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { f.Close() })
	return f
}

func (a *arena) kind() Kind {
	if a.plan.Slots > 0 {
		return KindSem
	}
	return KindLock
}

func (a *arena) start(i int) {
	w := &a.workers[i]
	w.generation++
	plan := a.plan
	plan.Worker, plan.Generation = i, w.generation
	w.cmd = play("chaos worker", plan)
	w.cmd.Stderr = w.stderr
	if w.shell != nil {
		w.cmd.ExtraFiles = []*os.File{w.shell}
	}
	if err := w.cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
}

// choose returns a worker to kill, one that is inside if there is one and that
// is wanted.
func (a *arena) choose(inside bool) (int, bool) {
	var candidates []int
	if inside {
		a.board.stamped(func(_ *atomic.Uint64, s stamp) {
			if s.generation() == a.workers[s.worker()].generation {
				candidates = append(candidates, s.worker())
			}
		})
	}
	if len(candidates) == 0 {
		for i := range a.workers {
			if a.board.ready[i].Load() == a.workers[i].generation {
				candidates = append(candidates, i)
			}
		}
	}
	if len(candidates) == 0 {
		return 0, false
	}
	return candidates[rand.IntN(len(candidates))], true
}

// kill kills a worker, marks it before, and clears its cells when it is gone.
func (a *arena) kill(i int) {
	w := &a.workers[i]
	a.board.dead[i].Store(w.generation)
	w.cmd.Process.Kill()
	if rand.IntN(2) == 0 {
		a.killHelper(int(a.board.helper[i].Load()))
	}
	a.reap(i)
	if a.board.clear(i) {
		a.inside++
	}
}

// reap waits for the end of a worker. Only a kill may have ended it early.
func (a *arena) reap(i int) {
	err := a.workers[i].cmd.Wait()
	status, ok := a.workers[i].cmd.ProcessState.Sys().(syscall.WaitStatus)
	if err != nil && !(ok && status.Signaled() && status.Signal() == syscall.SIGKILL) {
		a.t.Errorf("worker %d: %v\n%s", i, err, a.errors(i))
	}
}

// killHelper kills a process that works for a worker, if it is still there.
func (a *arena) killHelper(pid int) {
	p, err := os.FindProcess(pid)
	if pid <= 0 || err != nil {
		return
	}
	defer p.Release()
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err == nil && strings.Contains(string(environ), a.plan.Board) {
		p.Kill()
	}
}

// errors is what a worker has written to stderr.
func (a *arena) errors(i int) string {
	text, _ := os.ReadFile(a.workers[i].stderr.Name())
	return string(text[:min(len(text), 4000)])
}

// finish lets the workers end. None of them may wait for more than 5 seconds.
func (a *arena) finish() {
	a.board.stop.Store(1)
	ended := make(chan int)
	for i := range a.workers {
		go func() {
			a.reap(i)
			ended <- i
		}()
	}
	late := time.After(5 * time.Second)
	for n := 0; n < len(a.workers); {
		select {
		case <-ended:
			n++
		case <-late:
			a.t.Errorf("%d workers hang\n%s", len(a.workers)-n, a.situation())
			for i := range a.workers {
				a.board.dead[i].Store(a.workers[i].generation)
				a.workers[i].cmd.Process.Kill()
			}
		}
	}
}

// situation is who is inside and who waits, according to the lock.
func (a *arena) situation() string {
	infos, err := a.dir.Inspect(a.kind(), chaosName)
	var b strings.Builder
	for _, info := range infos {
		fmt.Fprintf(&b, "%+v\n", info)
	}
	if err != nil {
		fmt.Fprintln(&b, err)
	}
	return b.String()
}

// checkFree checks that the lock can be had at once, all of it and no more.
func (a *arena) checkFree() {
	for i := range a.workers {
		if f := a.workers[i].shell; f != nil {
			f.Close()
		}
	}
	if a.plan.Keeper {
		a.dismissed()
	}
	k := a.dir.QLock(chaosName)
	if a.plan.Slots > 0 {
		k = a.dir.IndexSemaphore(chaosName, a.plan.Slots)
	}
	for n := range max(1, a.plan.Slots) {
		h, err := k.TryAcquire()
		if err != nil {
			a.t.Errorf("try %d at the end: %v\n%s", n, err, a.situation())
			return
		}
		defer h.Release()
	}
	if _, err := k.TryAcquire(); err != ErrHeld {
		a.t.Errorf("one try too many: %v", err)
	}
}
