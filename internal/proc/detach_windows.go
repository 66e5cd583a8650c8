package proc

import (
	"errors"
	"fmt"
	"os"
)

// Detach is not possible here: there are no sessions to leave.
func Detach(string, []string, []*os.File, []string) (pid int, err error) {
	return 0, fmt.Errorf("starting a process apart: %w", errors.ErrUnsupported)
}

// SetName does nothing here.
func SetName(string) {}
