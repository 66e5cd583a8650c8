//go:build unix

package locks

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/loxctl/loxctl/internal/proc"
)

// An actor is a process that acquires a named lock, says so, and holds it until
// its standard input ends.
type actor struct {
	cmd    *exec.Cmd
	in     *os.File // its end lets the actor release
	out    *bufio.Reader
	leash  *os.File // its end lets what the actor has started go
	report *os.File // what that says at its end
	errors strings.Builder
	token  uint64
	index  int
	pid    int // of the process that has the hold, with a keeper
}

// A role is what an actor shall do.
type role struct {
	Home   string
	Number int // what it is called in what it says
	Name   string
	Mode   Mode
	Slots  int
	Owned  bool // it asks in its own name, for what cannot end before it
	With   company
}

// A company is a process that an actor starts when it is inside.
type company string

const (
	heir    company = "heir"           // which inherits the File of the hold
	trustee company = "keeper"         // to which it leaves the hold; the actor ends
	alone   company = ""               // none
	patient         = 20 * time.Second // for what an actor has to say
)

func (r role) kind() Kind {
	if r.Mode == Slot {
		return KindSem
	}
	return KindLock
}

// request is what the actor acquires.
func (r role) request() Request {
	who := Who{Keeper: r.With == trustee}
	if id, err := proc.Self(); err == nil && (r.Owned || who.Keeper) {
		who.Owner, who.Tree = id.PID, id.Key()
	}
	return Request{
		Kind: r.kind(), Name: r.Name, Mode: r.Mode, Switch: "s", Slots: r.Slots, Who: who,
		Queued: func() { fmt.Println("queued", r.Number) },
	}
}

// holder is the part of an actor.
func holder() error {
	var r role
	if err := readPlan(&r); err != nil {
		return err
	}
	d, err := Open(r.Home)
	if err != nil {
		return err
	}
	h, err := d.Locker(r.request()).Acquire(context.Background())
	if err != nil {
		return err
	}
	pid, err := r.accompany(h)
	if err != nil {
		return err
	}
	fmt.Println("inside", r.Number, h.Token(), h.Index(), pid)
	if r.With == trustee {
		return nil
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return h.Release()
}

// accompany starts the company of an actor, and returns who has the hold.
func (r role) accompany(h *Hold) (pid int, err error) {
	if r.With == alone {
		return os.Getpid(), nil
	}
	cmd := play(string(r.With), chaosPlan{Slots: r.Slots})
	cmd.ExtraFiles = append([]*os.File{os.NewFile(3, "leash")}, Files(h)...)
	cmd.Stdout = os.NewFile(4, "report")
	if r.With == heir {
		cmd.ExtraFiles = []*os.File{cmd.ExtraFiles[0], File(h)}
	}
	if err := cmd.Start(); err != nil || r.With == heir {
		return os.Getpid(), err
	}
	return cmd.Process.Pid, Entrust(h, cmd.Process.Pid)
}

// inherit is the part of an heir: it does nothing with what it has inherited,
// and says at the end that it had it all the time.
func inherit() error {
	if _, err := io.Copy(io.Discard, os.NewFile(3, "leash")); err != nil {
		return err
	}
	if _, err := os.NewFile(4, "lock").Stat(); err != nil {
		return err
	}
	_, err := fmt.Println("had it")
	return err
}

// perform starts an actor. It speaks to out, or to the actor's own reader.
func perform(t testing.TB, d *Dir, r role, out *os.File) *actor {
	t.Helper()
	r.Home = d.home.Path
	a := &actor{cmd: play("holder", r)}
	stdin, in := pipe(t)
	leashEnd, leash := pipe(t)
	report, reportEnd := pipe(t)
	a.in, a.leash, a.report = in, leash, report
	ours := []*os.File{stdin, leashEnd, reportEnd}
	if out == nil {
		from, to := pipe(t)
		from.SetReadDeadline(time.Now().Add(patient))
		a.out, out, ours = bufio.NewReader(from), to, append(ours, to)
	}
	a.cmd.Stdin, a.cmd.Stdout, a.cmd.Stderr = stdin, out, &a.errors
	a.cmd.ExtraFiles = []*os.File{leashEnd, reportEnd}
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.cmd.Process.Kill() })
	for _, f := range ours {
		f.Close()
	}
	return a
}

// pipe returns a pipe whose ends are closed when the test is over.
func pipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Close()
		w.Close()
	})
	return r, w
}

// queued waits until the actor has its place in the order.
func (a *actor) queued(t testing.TB) {
	t.Helper()
	if line, err := a.out.ReadString('\n'); err != nil || !strings.HasPrefix(line, "queued ") {
		t.Fatalf("%q, %v\n%s", line, err, &a.errors)
	}
}

// entered waits until the actor is inside.
func (a *actor) entered(t testing.TB) {
	t.Helper()
	if _, err := fmt.Fscanf(a.out, "inside 0 %d %d %d\n", &a.token, &a.index, &a.pid); err != nil {
		t.Fatalf("%v\n%s", err, &a.errors)
	}
}

// kill ends the actor by SIGKILL.
func (a *actor) kill(t testing.TB) {
	t.Helper()
	if err := a.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := a.cmd.Wait(); !errors.As(err, &exit) {
		t.Fatalf("it had ended before: %v", err)
	}
}

// end waits for the end of an actor that has all it waits for.
func (a *actor) end(t testing.TB) {
	t.Helper()
	a.in.Close()
	if err := a.cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, &a.errors)
	}
}

// letGo ends what the actor has started, and checks that an heir lived until
// then.
func (a *actor) letGo(t testing.TB) {
	t.Helper()
	a.leash.Close()
	a.report.SetReadDeadline(time.Now().Add(patient))
	if said, err := io.ReadAll(a.report); err != nil || string(said) != "had it\n" {
		t.Fatalf("the heir says %q, %v", said, err)
	}
}
