package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"syscall"
	"testing"

	"github.com/loxctl/loxctl/engine"
)

// ownStatus is an error that knows its status.
type ownStatus int

func (e ownStatus) Error() string { return "own" }
func (e ownStatus) Status() int   { return int(e) }

func TestStatus(t *testing.T) {
	_, notFound := exec.LookPath("no-such-program-anywhere")
	for _, tt := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errBoom, 1},
		{&engine.ExitError{Code: 3}, 3},
		{&engine.ExitError{Code: -1, Signal: syscall.SIGKILL}, 128 + 9},
		{&engine.FuncError{Msg: "x"}, 1},
		{&engine.FuncError{Msg: "x", Exit: 42}, 42},
		{&engine.PanicError{Value: "x"}, 1},
		{ownStatus(2), 2},
		{engine.ErrTimeout, 124},
		{fmt.Errorf("%w: %w", engine.ErrTimeout, &engine.ExitError{Code: 7}), 124},
		{fmt.Errorf("%w: %w", engine.ErrTimeout, context.Canceled), 124},
		{notFound, 127},
		{&fs.PathError{Op: "exec", Path: "x", Err: fs.ErrPermission}, 126},
		{context.Canceled, -1},
		{context.DeadlineExceeded, -1},
		{engine.ErrGoexit, 1},
		{&engine.JobError{Err: &engine.ExitError{Code: 9}}, 9},
		{&engine.PanicError{Value: &engine.ExitError{Code: 9}}, 9},
	} {
		check(t, fmt.Sprint("Status of ", tt.err), engine.Status(tt.err), tt.want)
	}
}

func TestErrorTexts(t *testing.T) {
	for want, err := range map[string]error{
		"job 7: boom":     &engine.JobError{Index: 2, Seq: 7, Err: errBoom},
		"panic: 42":       &engine.PanicError{Value: 42},
		"exit status 3":   &engine.ExitError{Code: 3},
		"signal: killed":  &engine.ExitError{Code: -1, Signal: syscall.SIGKILL},
		"KeyError: 'k'":   &engine.FuncError{Type: "KeyError", Msg: "'k'"},
		"something":       &engine.FuncError{Msg: "something"},
		"pool is closed":  engine.ErrClosed,
		"timed out":       engine.ErrTimeout,
		"job not started": engine.ErrNotStarted,
	} {
		check(t, "text", err.Error(), want)
	}
}

func TestErrorsUnwrap(t *testing.T) {
	checkErr(t, "JobError", &engine.JobError{Err: errBoom}, errBoom)
	checkErr(t, "PanicError", &engine.PanicError{Value: errBoom}, errBoom)
	check(t, "PanicError of no error", errors.Unwrap(&engine.PanicError{Value: 1}), nil)
}
