// Package proc runs one process a job, and knows every difference between
// systems in doing so: process groups, start, wait, signals, exit status.
//
// Every process leads a group of its own. A Host ends what it started: a job
// whose context ends gets a polite signal to its whole group, then, after a
// grace, KILL. On Linux a process also asks for the parent-death signal, which
// covers the death of the host at any moment; what its children started
// besides is ended by a guard, a second process that wakes up when the host
// has gone and reads the live groups from memory they share.
package proc

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// Cmd is one process to run.
type Cmd struct {
	Path           string // of the program, not looked up
	Argv, Env      []string
	Dir            string    // "" is the current directory
	Stdin          io.Reader // nil: /dev/null
	Stdout, Stderr io.Writer // nil: /dev/null
	// Inherit are files, made by Duplicate, that the process has at the same
	// numbers; no other process gets them. Not on Windows.
	Inherit []*os.File
	// A Stdin, Stdout or Stderr that is an *os.File is the process's own.
	// Other writers are written to by Run, one write at a time. When the
	// process has ended, what is in the pipes by then is read and nothing
	// more: a grandchild that keeps them open delays nobody.
}

// Exit is how a process ended.
type Exit struct {
	Code    int            // status; -1 when a signal ended it
	Signal  syscall.Signal // 0 when it exited
	Stopped bool           // it was told to stop before it ended
	User    time.Duration
	System  time.Duration
	MaxRSS  int64 // bytes; never below what the host had when it started the process
}

// Stopper is the cause of a context that chooses the polite signal; others
// mean TERM.
type Stopper interface{ StopSignal() syscall.Signal }

func stopSignal(ctx context.Context) syscall.Signal {
	if s, ok := context.Cause(ctx).(Stopper); ok {
		return s.StopSignal()
	}
	return syscall.SIGTERM
}

// DirError says that a process was not started because of its directory.
type DirError struct {
	Dir string
	Err error
}

func (e *DirError) Error() string { return "working directory " + e.Dir + ": " + e.Err.Error() }

// Unwrap returns the system's error.
func (e *DirError) Unwrap() error { return e.Err }

// startError tells a missing directory from a missing program: starting says
// the same of both.
func startError(c *Cmd, err error) error {
	if err == nil || c.Dir == "" {
		return err
	}
	info, dirErr := os.Stat(c.Dir)
	var path *fs.PathError
	switch {
	case errors.As(dirErr, &path):
		return &DirError{c.Dir, path.Err}
	case dirErr == nil && !info.IsDir():
		return &DirError{c.Dir, syscall.ENOTDIR}
	}
	return err
}
