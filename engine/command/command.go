// Package command runs a process for every job of an engine pool: in a
// process group of its own, its output captured or passed on, and stopped
// with all it has started when the job's context ends.
package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/loxctl/loxctl/engine"
	"github.com/loxctl/loxctl/internal/proc"
)

// Options of a Stage. The zero value is useful.
type Options struct {
	Env   []string      // of the processes; nil: that of this process. A name in Call.Env replaces it
	Dir   string        // directory of the processes; "": the current one
	Nice  *int          // their niceness, -20 to 19, where threads have one (Linux); nil: as this process
	Grace time.Duration // between the polite signal and KILL; 0: 5 s
	// Guard is a command line that calls Guard and nothing else. When
	// processes have run for 50 ms it is started, to kill their groups if
	// this process is killed. Without it, only the processes themselves end
	// then (on Linux), not what they have started.
	Guard []string
}

const defaultGrace = 5 * time.Second

// Guard is the life of a process that Options.Guard starts; it returns the
// exit status.
func Guard() int { return proc.Guard() }

// Stage runs commands. A job whose context ends is sent TERM, or the signal
// that the context's cause chooses by a method StopSignal() syscall.Signal, and
// KILL after the grace. It is a Spawner, and safe for many slots at once.
type Stage struct {
	opt  Options
	host *proc.Host
	env  environment
	path pathCache
}

// Open returns a Stage; Close ends it when the pools that use it are closed.
func Open(_ context.Context, opt Options) (*Stage, error) {
	if opt.Grace == 0 {
		opt.Grace = defaultGrace
	}
	if opt.Env == nil {
		opt.Env = os.Environ()
	}
	host := proc.NewHost(proc.Options{Grace: opt.Grace, Guard: opt.Guard})
	if opt.Nice != nil {
		if err := host.SetNice(*opt.Nice); err != nil {
			return nil, fmt.Errorf("niceness %d: %w", *opt.Nice, err)
		}
	}
	return &Stage{opt: opt, host: host, env: newEnvironment(opt.Env, opt.Dir)}, nil
}

// Close ends the guard.
func (s *Stage) Close() error { return s.host.Close() }

// Signal sends sig to the process group of every running job.
func (s *Stage) Signal(sig syscall.Signal) { s.host.Signal(sig) }

// Spawn returns the Runner of a slot.
func (s *Stage) Spawn(_ context.Context, slot int) (engine.Runner[engine.Call, engine.Output], error) {
	return &runner{stage: s, slot: s.host.Slot(slot)}, nil
}

// OutputError says that the output of a job could not be written. The job was
// stopped.
type OutputError struct{ Err error }

func (e *OutputError) Error() string { return "output: " + e.Err.Error() }

// Unwrap returns what the writer said.
func (e *OutputError) Unwrap() error { return e.Err }

// runner runs the commands of one slot.
type runner struct {
	stage *Stage
	slot  *proc.Slot
	env   []string
}

// Close frees the slot.
func (r *runner) Close() error { return r.slot.Close() }

// Run runs one command. The job's own variables are LOXCTL_SEQ, LOXCTL_SLOT,
// LOXCTL_ATTEMPT, and PARALLEL_SEQ and PARALLEL_JOBSLOT for scripts that know
// those.
func (r *runner) Run(ctx context.Context, job engine.Job[engine.Call]) (engine.Output, error) {
	if ctx.Err() != nil {
		return engine.Output{}, context.Cause(ctx)
	}
	job.Begin()
	call := &job.Args
	if len(call.Argv) == 0 {
		return engine.Output{}, &StartError{Name: "command", Err: proc.ErrNotFound}
	}
	r.setEnv(&job)
	path, err := r.stage.path.look(call.Argv[0], r.env)
	if err != nil {
		return engine.Output{}, err
	}
	cmd := proc.Cmd{
		Path: path, Argv: call.Argv, Env: r.env, Dir: call.Dir,
		Stdin: call.Stdin, Stdout: call.Stdout, Stderr: call.Stderr,
		Inherit: call.Inherit,
	}
	if cmd.Dir == "" {
		cmd.Dir = r.stage.opt.Dir
	}
	var stdout, stderr bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &stdout
	}
	if cmd.Stderr == nil {
		cmd.Stderr = &stderr
	}
	exit, err := r.start(ctx, &cmd)
	out := engine.Output{Usage: engine.Usage{User: exit.User, System: exit.System, MaxRSS: exit.MaxRSS}}
	out.Stdout, out.Stderr = stdout.Bytes(), stderr.Bytes()
	return out, outcome(ctx, exit, err)
}

// start runs the process. When the system has no room for one more, it waits
// and tries again for a while.
func (r *runner) start(ctx context.Context, cmd *proc.Cmd) (proc.Exit, error) {
	for pause := 10 * time.Millisecond; ; pause *= 2 {
		exit, err := r.slot.Run(ctx, cmd)
		var errno syscall.Errno
		var dir *proc.DirError
		switch {
		case err == nil:
			return exit, nil
		case errors.As(err, &dir):
			return exit, &StartError{Name: cmd.Argv[0], Err: err}
		case !errors.As(err, &errno) || exit != (proc.Exit{}):
			return exit, &OutputError{err}
		case errno != syscall.EAGAIN || pause > time.Second:
			return exit, &StartError{Name: cmd.Argv[0], Err: proc.Reason(cmd, errno)}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return exit, context.Cause(ctx)
		}
	}
}

// outcome is the error of a command that ran.
func outcome(ctx context.Context, exit proc.Exit, err error) error {
	if err != nil {
		return err
	}
	if exit.Signal != 0 {
		err = &engine.ExitError{Code: -1, Signal: exit.Signal}
	} else if exit.Code != 0 {
		err = &engine.ExitError{Code: exit.Code}
	}
	switch cause := context.Cause(ctx); {
	case !exit.Stopped:
		return err
	case err == nil:
		return cause
	default:
		return fmt.Errorf("%w: %w", cause, err)
	}
}

// setEnv builds the environment of a job.
func (r *runner) setEnv(job *engine.Job[engine.Call]) {
	seq, slot := strconv.Itoa(job.Seq), strconv.Itoa(job.Slot)
	r.env = r.stage.env.appendTo(r.env[:0], job.Args.Env)
	r.env = append(r.env, "LOXCTL_SEQ="+seq, "LOXCTL_SLOT="+slot, "LOXCTL_ATTEMPT="+strconv.Itoa(job.Attempt),
		"PARALLEL_SEQ="+seq, "PARALLEL_JOBSLOT="+slot)
}

// SignalName is the name of a signal, as SIGTERM.
func SignalName(sig syscall.Signal) string { return proc.SignalName(sig) }

// MaxSlots is how many jobs may run at once within the limit of open files.
func MaxSlots() int { return proc.MaxSlots() }

// ArgArea is how many bytes the system takes for the words of a command line
// beside this environment, a pointer for each word included.
func ArgArea(env []string) int { return proc.ArgArea(env) }
