package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/loxctl/loxctl/internal/hold"
	"github.com/loxctl/loxctl/internal/proc"
)

// A pipeRun is what a get or a tail runs under: its context ends with the
// first signal that asks for the end, and with it the command.
type pipeRun struct {
	a       *app
	o       *pipeOptions
	ctx     context.Context
	wait    context.Context // of a wait: ends with --wait as well
	cancel  context.CancelCauseFunc
	endWait context.CancelFunc
	signals chan os.Signal
	argv    []string // of the command
	host    *proc.Host
	slot    *proc.Slot
}

// commandGrace is how long a command has between a signal and KILL.
const commandGrace = 5 * time.Second

// newPipeRun begins a run. Without a command only tail, which has a position
// to store, answers signals.
func newPipeRun(a *app, o *pipeOptions) *pipeRun {
	r := &pipeRun{a: a, o: o}
	r.ctx, r.cancel = context.WithCancelCause(context.Background())
	r.wait, r.endWait = r.ctx, func() {}
	if o.wait.Limited {
		r.wait, r.endWait = context.WithTimeoutCause(r.ctx, o.wait.Wait.Of(), errExpired)
	}
	if len(o.command) > 0 {
		opt := proc.Options{Grace: commandGrace}
		if self, err := os.Executable(); err == nil {
			opt.Guard = []string{self, guardVerb}
		}
		r.argv = a.argvOf(o.command)
		r.host = proc.NewHost(opt)
		r.slot = r.host.Slot(1)
	}
	if len(o.command) > 0 || o.action.name == "tail" {
		r.handleSignals()
	}
	return r
}

// argvOf is a command: its words, or a shell with a line as lock has it. What
// is appended are the arguments of the line.
func (a *app) argvOf(words []string) []string {
	if len(words) > 1 {
		return words
	}
	if words := fields(words[0]); words != nil {
		return words
	}
	shell := new(commandOptions).shellPath(a)
	return []string{shell, "-c", words[0], shell}
}

// handleSignals lets the first signal end the run politely, and the second one
// kill the command.
func (r *pipeRun) handleSignals() {
	r.signals = make(chan os.Signal, 4)
	signal.Notify(r.signals, syscall.SIGPIPE) // a reader that has gone is then an error of write
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(sig) {
			signal.Notify(r.signals, sig)
		}
	}
	go func() {
		for sig := range r.signals {
			switch {
			case sig == syscall.SIGPIPE:
			case r.ctx.Err() == nil:
				r.cancel(&stopError{why: "stopped by a signal", signal: sig.(syscall.Signal)})
			case r.host != nil:
				r.host.Signal(syscall.SIGKILL)
			}
		}
	}()
}

func (r *pipeRun) close() {
	if r.signals != nil {
		signal.Stop(r.signals)
		close(r.signals)
	}
	if r.host != nil {
		r.slot.Close()
		r.host.Close()
	}
	r.endWait()
	r.cancel(nil)
}

// stoppedBy is how to end if err is that of a signal, else nil.
func stoppedBy(err error) error {
	var stop *stopError
	if errors.As(err, &stop) {
		return exitBy(stop.signal).with(nil)
	}
	return nil
}

// command runs the command for m: a record is its stdin, a set is in its
// arguments. The error says how it has ended, unless it succeeded.
func (r *pipeRun) command(m *message) error {
	c, err := r.prepare(m)
	if err != nil {
		return err
	}
	ended, err := r.slot.Run(r.ctx, c)
	if err == nil {
		err = passOn(ended)
	} else {
		err = startError(startReason(c, err))
	}
	if stopped := stoppedBy(context.Cause(r.ctx)); stopped != nil && err != nil {
		return stopped
	}
	return err
}

// startReason says why c was not started.
func startReason(c *proc.Cmd, err error) error {
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		err = proc.Reason(c, errno)
	}
	return fmt.Errorf("%s: %w", c.Argv[0], err)
}

func (r *pipeRun) prepare(m *message) (*proc.Cmd, error) {
	argv := r.argv
	path, err := proc.Look(argv[0], r.a.getenv("PATH"))
	if err != nil {
		return nil, startError(fmt.Errorf("%s: %w", argv[0], err))
	}
	c := &proc.Cmd{Path: path, Argv: argv, Env: r.environ(m), Stdout: r.a.stdout, Stderr: r.a.stderr}
	if r.o.verb == "announce" {
		c.Stdin = bytes.NewReader(m.data)
		return c, nil
	}
	argv = append(argv[:len(argv):len(argv)], m.job)
	for _, value := range m.values {
		argv = append(argv, string(value))
	}
	for _, word := range argv {
		if strings.ContainsRune(word, 0) {
			return nil, fmt.Errorf("%s: set %d holds a NUL, which no argument can", r.o.name, m.seq)
		}
	}
	c.Argv = argv
	return c, nil
}

// environ is the environment of the command for m.
func (r *pipeRun) environ(m *message) []string {
	return hold.Variables{
		"LOXCTL_MSG_SEQ=" + strconv.FormatUint(m.seq, 10),
		"LOXCTL_MSG_TIME=" + stamp(m.time),
		"LOXCTL_MSG_TRIES=" + strconv.Itoa(max(m.tries, 1)),
		"LOXCTL_MSG_JID=" + strings.ReplaceAll(m.job, "\x00", ""),
		"LOXCTL_MSG_NAME=" + r.o.name,
	}.Over(r.a.environ)
}
