package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime/debug"
	"syscall"
)

// Errors of a pool; test with errors.Is.
var (
	ErrClosed     = errors.New("pool is closed")                 // scattered after Seal, Drain or Close
	ErrTimeout    = errors.New("timed out")                      // the try took longer than its Timeout
	ErrNotStarted = errors.New("job not started")                // from a Runner: give the job to another slot
	ErrBroken     = errors.New("cannot run any job")             // from a Runner or Spawner: ends the pool
	ErrGoexit     = errors.New("job ended its goroutine itself") // a Func called runtime.Goexit
)

// JobError is the failure of one job in a Gather.
type JobError struct {
	Index    int // place in the round, from 0
	Seq      int // number of the job, from 1
	Attempts int // tries made; 0 when the job never began
	Err      error
}

func (e *JobError) Error() string { return fmt.Sprintf("job %d: %v", e.Seq, e.Err) }

// Unwrap returns what the job failed with.
func (e *JobError) Unwrap() error { return e.Err }

// SkippedError is the failure of a job that never began because the job whose
// promise it waited for, in Then or All, had failed. When that was skipped
// itself the error is passed on as it is: it names the job that went wrong.
type SkippedError struct {
	Seq int   // number of that job in its own pool; 0 when the pool had refused it
	Err error // what it failed with
}

func (e *SkippedError) Error() string {
	if e.Seq == 0 {
		return fmt.Sprintf("skipped: %v", e.Err)
	}
	return fmt.Sprintf("skipped: job %d: %v", e.Seq, e.Err)
}

// Unwrap returns what the other job failed with.
func (e *SkippedError) Unwrap() error { return e.Err }

// PanicError is a panic of a Func, or of what Then was given.
type PanicError struct {
	Value any
	Stack []byte // of the panicking goroutine, as debug.Stack prints it
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the panic's value if that is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// ExitError is a command that did not end with status 0.
type ExitError struct {
	Code   int       // exit status; -1 when a signal ended it
	Signal os.Signal // nil when it exited
}

func (e *ExitError) Error() string {
	if e.Signal != nil {
		return fmt.Sprintf("signal: %v", e.Signal)
	}
	return fmt.Sprintf("exit status %d", e.Code)
}

// FuncError is what a function says of its own failure.
type FuncError struct {
	Type, Msg, Trace string
	Exit             int  // status of the job, 1 to 255; 0 means 1
	Permanent        bool // Retry does not try again
}

func (e *FuncError) Error() string {
	if e.Type == "" {
		return e.Msg
	}
	return e.Type + ": " + e.Msg
}

// Status is the status of a job that ended with err: 0 for nil, the status of
// an ExitError or 128+n for signal n, the Exit of a FuncError, 124 after a
// timeout, what an error with a method Status() int says, 126 and 127 for a
// command that cannot be executed or was not found, and 1 for every other
// failure. A stop by a context has no status: -1.
func Status(err error) int {
	var exit *ExitError
	var fn *FuncError
	var own interface{ Status() int }
	switch {
	case err == nil:
		return 0
	case errors.Is(err, ErrTimeout):
		return 124
	case errors.As(err, &exit):
		return exit.status()
	case errors.As(err, &fn):
		return max(fn.Exit, 1)
	case errors.As(err, &own):
		return own.Status()
	case errors.Is(err, exec.ErrNotFound):
		return 127
	case errors.Is(err, fs.ErrPermission):
		return 126
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return -1
	}
	return 1
}

func (e *ExitError) status() int {
	if sig, ok := e.Signal.(syscall.Signal); ok {
		return 128 + int(sig)
	}
	return e.Code
}

// permanent reports whether trying again is pointless by err's own word.
func permanent(err error) bool {
	var fn *FuncError
	return errors.As(err, &fn) && fn.Permanent || errors.Is(err, ErrNotStarted) || errors.Is(err, ErrBroken)
}

// recoverTo turns a panic into the caller's error. Deferred directly.
func recoverTo(err *error) {
	if v := recover(); v != nil {
		*err = &PanicError{Value: v, Stack: debug.Stack()}
	}
}
