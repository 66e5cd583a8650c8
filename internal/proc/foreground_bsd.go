//go:build unix && !linux

package proc

import (
	"errors"
	"fmt"
	"syscall"
)

func (f *Foreground) attributes() (*syscall.ProcAttr, error) {
	if f.Death != 0 {
		return nil, fmt.Errorf("a signal at our death: %w", errors.ErrUnsupported)
	}
	return &syscall.ProcAttr{
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Setpgid: f.MaxHold > 0},
	}, nil
}
