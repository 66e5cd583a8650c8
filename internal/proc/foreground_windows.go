package proc

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

// run runs the command. The console tells it of Ctrl-C as it tells us, who
// wait for what it does.
func (f *Foreground) run(c *Cmd) (Exit, error) {
	if f.Death != 0 {
		return Exit{}, notStarted(c.Argv[0], fmt.Errorf("a signal at our death: %w", errors.ErrUnsupported))
	}
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(interrupts)
	cmd := &exec.Cmd{Path: c.Path, Args: c.Argv, Env: c.Env, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	if err := cmd.Start(); err != nil {
		return Exit{}, failed(c, unwrapExec(err))
	}
	host := NewHost(Options{Grace: f.KillAfter})
	defer host.Close()
	p := host.began(0, cmd.Process.Pid)
	if f.MaxHold > 0 {
		defer time.AfterFunc(f.MaxHold, func() { p.stop(syscall.SIGTERM) }).Stop()
	}
	err := cmd.Wait()
	stopped := p.exited()
	if stopped {
		p.finish()
	}
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		err = nil
	}
	return exitOf(cmd.ProcessState, stopped), err
}

func replace(c *Cmd, _ *os.File) error {
	return notStarted(c.Argv[0], fmt.Errorf("replacing this program: %w", errors.ErrUnsupported))
}

// Duplicate returns another handle of the same open file.
func Duplicate(uintptr) (*os.File, error) {
	return nil, fmt.Errorf("inheriting a file: %w", errors.ErrUnsupported)
}
