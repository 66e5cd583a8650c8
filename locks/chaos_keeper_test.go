//go:build unix

package locks

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// A keeper holds for a worker, as it does for a script: a launcher acquires,
// starts the keeper, entrusts the hold to it and ends. The keeper releases when
// the worker closes a pipe, or dies.

// A launch is what a launcher shall do.
type launch struct {
	chaosPlan
	Number int
	Side   byte
	Wait   time.Duration // negative: for ever; zero: try
}

// The end states of a launcher.
const (
	launchLate = 10 + iota
	launchRefused
)

func (l *lane) keptGrip(side byte) (*grip, error) {
	asked, leash, err := os.Pipe() // the keeper lives until the leash is let go
	if err != nil {
		return nil, err
	}
	defer asked.Close()
	cmd := play("launcher", launch{l.chaosPlan, l.number, side, someWait()})
	cmd.ExtraFiles = []*os.File{asked}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	l.board.helper[l.Worker].Store(int64(cmd.Process.Pid))
	var g grip
	var pid int64
	_, scanErr := fmt.Fscan(out, &g.token, &g.index, &pid)
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = map[int]error{launchLate: errLate, launchRefused: ErrHeld}[exit.ExitCode()]
		leash.Close()
		return nil, cmpError(err, exit)
	}
	if err = errors.Join(err, scanErr); err != nil {
		return nil, err
	}
	l.board.helper[l.Worker].Store(pid)
	g.release = func() error { return l.dismiss(leash, g.token) }
	return &g, nil
}

func cmpError(err error, or error) error {
	if err != nil {
		return err
	}
	return or
}

func someWait() time.Duration { return -1 }

// dismiss lets the keeper go, and waits until it has released.
func (l *lane) dismiss(leash io.Closer, token uint64) error {
	return leash.Close()
}

func launcher() error { return nil }
func keeper() error   { return nil }
func actor() error    { return nil }
func crowd() error    { return nil }
