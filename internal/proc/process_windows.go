package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
)

var errHold = fmt.Errorf("holding a process: %w", errors.ErrUnsupported)

// Process is not possible here: there is none.
type Process struct{}

// OpenProcess is not possible here.
func OpenProcess(int) (*Process, error) { return nil, errHold }

// FromFile is not possible here.
func FromFile(*os.File) (*Process, error) { return nil, errHold }

// File is not possible here.
func (*Process) File() (*os.File, error) { return nil, errHold }

// Close does nothing.
func (*Process) Close() error { return nil }

// Alive is not known here.
func (*Process) Alive() bool { return false }

// Signal is not possible here.
func (*Process) Signal(syscall.Signal) error { return errHold }

// Wait is not possible here.
func (*Process) Wait(context.Context) error { return errHold }
