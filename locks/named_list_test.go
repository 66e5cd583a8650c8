//go:build unix

package locks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"github.com/loxctl/loxctl/internal/proc"
	"github.com/loxctl/loxctl/internal/state"
)

// ask returns what acquires the lock in a mode, with that as its label too.
func ask(d *Dir, name, label string, mode Mode) Locker {
	r := Request{Name: name, Mode: mode, Switch: "s", Who: Who{Label: label, Command: "run " + label}}
	if mode == Slot {
		r.Kind, r.Slots = KindSem, 2
	}
	return d.Locker(r)
}

// lines are what is known of a lock in short: who, at which position.
func lines(t testing.TB, infos []Info) (lines []string) {
	t.Helper()
	for _, i := range infos {
		if !i.Known || i.PID != os.Getpid() || i.Command != "run "+i.Label || i.Since.IsZero() || i.Token == 0 {
			t.Errorf("what is this: %+v", i)
		}
		if i.Held != (i.Position == 0) {
			t.Errorf("held and in line: %+v", i)
		}
		lines = append(lines, fmt.Sprintf("%s %s %s #%d [%d]", i.Name, i.Label, i.Mode, i.Position, i.Index))
	}
	return lines
}

// Holders come first, then the line, then the line of polite readers.
func TestNamedInspect(t *testing.T) {
	tests := map[string]struct {
		inside, wait string // modes
		want         []string
	}{
		"free":   {},
		"writer": {"x", "xs", []string{"a x0 exclusive #0 [0]", "a x1 exclusive #1 [0]", "a s2 shared #2 [0]"}},
		"readers": {"sp", "xpspx", []string{
			"a s0 shared #0 [0]", "a p1 shared #0 [0]",
			"a x2 exclusive #1 [0]", "a s4 shared #2 [0]", "a x6 exclusive #3 [0]",
			"a p3 shared #4 [0]", "a p5 shared #5 [0]",
		}},
		"switch": {"gg", "xs", []string{"a g0 switch #0 [0]", "a g1 switch #0 [0]", "a x2 exclusive #1 [0]", "a s3 shared #2 [0]"}},
		"slots":  {"ii", "ii", []string{"a i0 slot #0 [0]", "a i1 slot #0 [1]", "a i2 slot #1 [0]", "a i3 slot #2 [0]"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d, kind := openTemp(t), KindLock
			if name == "slots" {
				kind = KindSem
			}
			locker := func(i int) Locker {
				mode := (test.inside + test.wait)[i]
				return ask(d, "a", fmt.Sprintf("%c%d", mode, i), Mode(mode))
			}
			var holds []*Hold
			for i := range len(test.inside) {
				holds = append(holds, acquire(t, locker(i)))
			}
			var calls []*call
			for i := range len(test.wait) {
				calls = append(calls, queue(t, d, kind, "a", locker(len(holds)+i)))
			}
			infos, err := d.Inspect(kind, "a")
			if got := lines(t, infos); err != nil || !slices.Equal(got, test.want) {
				t.Errorf("%q, %v", got, err)
			}
			for _, c := range slices.Backward(calls) { // so that none gets in
				c.end()
				<-c.err
			}
			for _, h := range holds {
				release(t, h)
			}
		})
	}
}

// A list has all names of a kind in order, but those of damaged files, and
// nothing of the other kind.
func TestNamedList(t *testing.T) {
	d := openTemp(t)
	for _, name := range []string{"b", "Ä/ä", "a"} {
		h := acquire(t, ask(d, name, "l", Exclusive))
		defer h.Release()
	}
	for range 2 {
		h := acquire(t, ask(d, "b", "l", Slot))
		defer h.Release()
	}
	release(t, acquire(t, d.QLock("unused")))
	if err := os.WriteFile(d.path(relPath(KindLock, "damaged")), []byte("no lock"), 0o600); err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[Kind][]string{
		KindLock: {"a l exclusive #0 [0]", "b l exclusive #0 [0]", "Ä/ä l exclusive #0 [0]"},
		KindSem:  {"b l slot #0 [0]", "b l slot #0 [1]"},
	} {
		var infos []Info
		var damaged error
		for info, err := range d.List(kind) {
			if err != nil {
				damaged = errors.Join(damaged, err)
				continue
			}
			infos = append(infos, info)
		}
		if got := lines(t, infos); !slices.Equal(got, want) {
			t.Errorf("%v: %q", kind, got)
		}
		var format *FormatError
		if errors.As(damaged, &format) != (kind == KindLock) {
			t.Errorf("%v: %v", kind, damaged)
		}
	}
}

// A record that is not whole leaves what the bytes say.
func TestNamedTornRecord(t *testing.T) {
	d := openTemp(t)
	h := acquire(t, ask(d, "a", "x0", Exclusive))
	c := queue(t, d, KindLock, "a", ask(d, "a", "s1", Shared))
	path, err := d.Path(KindLock, "a")
	if err != nil {
		t.Fatal(err)
	}
	f, err := state.OpenFile(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	flip := func() {
		t.Helper()
		at := recordOffset(h.of.(*participant).slot) + offLabel
		var b [1]byte
		if err := errors.Join(f.ReadAt(b[:], at), f.WriteAt([]byte{b[0] ^ 1}, at)); err != nil {
			t.Fatal(err)
		}
	}
	flip()
	infos, err := d.Inspect(KindLock, "a")
	want := Info{Kind: KindLock, Name: "a", Held: true, Mode: Exclusive, Token: h.Token()}
	if err != nil || len(infos) != 2 || infos[0] != want || !infos[1].Known || infos[1].Position != 1 {
		t.Errorf("torn: %+v, %v", infos, err)
	}
	flip()
	infos, err = d.Inspect(KindLock, "a")
	if got := lines(t, infos); err != nil || !slices.Equal(got, []string{"a x0 exclusive #0 [0]", "a s1 shared #1 [0]"}) {
		t.Errorf("whole again: %q, %v", got, err)
	}
	release(t, h)
	release(t, c.got(t))
}

// A process that is stopped keeps its place, and can be seen to be stopped.
func TestNamedStopped(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("nothing tells that a process is stopped")
	}
	d := openTemp(t)
	a := perform(t, d, role{Name: "a", Mode: Exclusive}, nil)
	a.queued(t)
	a.entered(t)
	signal := func(sig syscall.Signal, stopped bool) {
		t.Helper()
		if err := a.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		until(t, func() bool {
			infos, err := d.Inspect(KindLock, "a")
			if err != nil || len(infos) != 1 || infos[0].PID != a.pid {
				t.Fatalf("%+v, %v", infos, err)
			}
			return infos[0].Stopped == stopped
		})
	}
	signal(syscall.SIGSTOP, true)
	signal(syscall.SIGCONT, false)
	a.end(t)
}

// leaveGhost leaves on the description of shell what an acquire does that is
// killed on its way in: the byte P, a record that says it waits, and no place in
// line.
func leaveGhost(t *testing.T, d *Dir, shell *os.File) {
	t.Helper()
	l := d.Locker(Request{Name: "a", Mode: Exclusive, File: shell}).(*named)
	p := &participant{named: l, fifo: -1}
	p.describe()
	if err := p.guarded.open(t.Context(), l, false); err != nil {
		t.Fatal(err)
	}
	p.body = state.Borrow(shell.Fd())
	if inside, err := p.enqueue(false); err != nil || inside {
		t.Fatal(inside, err)
	}
	err := errors.Join(p.unlock(), p.body.Lock(baseP+int64(p.ticket), state.WriteLock), p.file.Close())
	p.reg.unlocked(p.lineSpot())
	if err != nil {
		t.Fatal(err)
	}
}

// openShell opens the file of the lock as a script does.
func openShell(t *testing.T, d *Dir) *os.File {
	t.Helper()
	path, err := d.Path(KindLock, "a")
	if err != nil {
		t.Fatal(err)
	}
	shell, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shell.Close() })
	return shell
}

// What a killed acquire leaves on the descriptor of a script is in nobody's
// way, and is not listed.
func TestNamedGhost(t *testing.T) {
	d := openTemp(t)
	shell := openShell(t, d)
	h := acquire(t, ask(d, "a", "s0", Shared))
	leaveGhost(t, d, shell)
	infos, err := d.Inspect(KindLock, "a")
	if got := lines(t, infos); err != nil || !slices.Equal(got, []string{"a s0 shared #0 [0]"}) {
		t.Errorf("%q, %v", got, err)
	}
	c := queue(t, d, KindLock, "a", d.QLock("a"))
	release(t, h)
	release(t, c.got(t)) // it does not wait for the ghost
	if free, err := d.Check(KindLock, "a"); err != nil || !free {
		t.Errorf("check: %v, %v", free, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	if err := d.Drained(ctx, KindLock, "a"); err != nil {
		t.Error(err)
	}
	if _, err := d.Find(KindLock, "a", shell); err != ErrNotHeld {
		t.Errorf("find: %v", err)
	}
	h, err = d.Locker(Request{Name: "a", Mode: Exclusive, File: shell}).TryAcquire()
	if err != nil {
		t.Fatal(err)
	}
	release(t, h)
	if at, err := insideByte(state.Borrow(openShell(t, d).Fd()), false); err != nil || at != 0 {
		t.Errorf("the ghost is still there: byte %d, %v", at, err)
	}
}

// Two processes hold a lock each, and somebody asks for the other's in the name
// of each.
func TestNamedDeadlockOfOwners(t *testing.T) {
	t.Parallel()
	d := openTemp(t)
	owners := map[string]*actor{}
	for _, name := range []string{"a", "b"} {
		owner := perform(t, d, role{Name: name, Mode: Exclusive, Owned: true}, nil)
		owner.queued(t)
		owner.entered(t)
		owners[name] = owner
	}
	want := func(name, owner string, check bool) Locker {
		return d.Locker(Request{Name: name, Mode: Exclusive, Who: Who{
			Owner: owners[owner].pid, Keeper: true, Command: "of " + owner, Check: check,
		}})
	}
	c := queue(t, d, KindLock, "b", want("b", "a", false))
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	_, err := want("a", "b", true).Acquire(ctx)
	var deadlock *DeadlockError
	if !errors.As(err, &deadlock) || deadlock.Name != "a" {
		t.Fatal(err)
	}
	self, err := proc.Self()
	if err != nil {
		t.Fatal(err)
	}
	if chain := []Link{
		{You: true, PID: self.PID, Command: "of b", Holds: "b", Waits: "a"},
		{PID: self.PID, Command: "of a", Holds: "a", Waits: "b"},
	}; !slices.Equal(deadlock.Chain, chain) {
		t.Errorf("%+v", deadlock.Chain)
	}
	text := fmt.Sprintf("a: deadlock: you hold b and wait for a, pid %d (of a) holds a and waits for b", self.PID)
	if deadlock.Error() != text {
		t.Errorf("%q, not %q", deadlock.Error(), text)
	}
	c.waits(t)
	owners["b"].kill(t)
	release(t, c.got(t))
	owners["a"].end(t)
}
