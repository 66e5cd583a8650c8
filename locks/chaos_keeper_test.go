//go:build unix

package locks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// A keeper holds for a worker, as it does for a script: a launcher acquires,
// starts the keeper, entrusts the hold to it and ends. The keeper releases when
// the worker lets go of a pipe, or dies.

// A launch is what a launcher shall do.
type launch struct {
	chaosPlan
	Number int
	Side   byte
}

// Exit statuses of a launcher that has got nothing.
const (
	launchLate    = 10
	launchRefused = 11
)

// keptGrip acquires through a launcher.
func (l *lane) keptGrip(side byte) (*grip, error) {
	end, leash, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer end.Close()
	cmd := play("launcher", launch{l.chaosPlan, l.number, side})
	cmd.ExtraFiles = []*os.File{end}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	helper := &l.board.helper[l.Worker]
	helper.Store(int64(cmd.Process.Pid))
	g := &grip{release: leash.Close}
	var pid int64
	_, scanErr := fmt.Fscan(out, &g.token, &g.index, &pid)
	if err := launchError(cmd.Wait(), scanErr); err != nil {
		leash.Close()
		return nil, err
	}
	helper.Store(pid)
	return g, nil
}

func launchError(waitErr, scanErr error) error {
	var exit *exec.ExitError
	if errors.As(waitErr, &exit) {
		switch exit.ExitCode() {
		case launchLate:
			return errLate
		case launchRefused:
			return ErrHeld
		}
	}
	return errors.Join(waitErr, scanErr)
}

// launcher acquires and leaves the hold to a keeper.
func launcher() error {
	var plan launch
	if err := readPlan(&plan); err != nil {
		return err
	}
	d, err := Open(plan.Home)
	if err != nil {
		return err
	}
	l := &lane{chaosPlan: plan.chaosPlan, number: plan.Number, dir: d}
	r := l.request(plan.Side)
	r.Who = Who{Owner: os.Getppid(), Keeper: true}
	h, err := l.acquire(d.Locker(r))
	switch {
	case err == errLate:
		os.Exit(launchLate)
	case err == ErrHeld:
		os.Exit(launchRefused)
	case err != nil:
		return err
	}
	cmd := play("keeper", plan.chaosPlan)
	cmd.ExtraFiles = append([]*os.File{os.NewFile(3, "leash")}, Files(h)...)
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := Entrust(h, cmd.Process.Pid); err != nil {
		return err
	}
	_, err = fmt.Println(h.Token(), h.Index(), cmd.Process.Pid)
	return err
}

// keeper holds until the worker lets go of it.
func keeper() error {
	var plan chaosPlan
	if err := readPlan(&plan); err != nil {
		return err
	}
	files := []*os.File{os.NewFile(4, "lock")}
	if plan.Slots > 0 {
		files = append(files, os.NewFile(5, "slot"))
	}
	h, err := Adopt(files)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, os.NewFile(3, "leash")); err != nil {
		return err
	}
	return h.Release()
}

// dismissed waits until the keepers of the dead have gone too.
func (a *arena) dismissed() {
	ctx, cancel := context.WithTimeout(a.t.Context(), 5e9)
	defer cancel()
	if err := a.dir.Drained(ctx, a.kind(), chaosName); err != nil {
		a.t.Errorf("keepers: %v\n%s", err, a.situation())
	}
}
