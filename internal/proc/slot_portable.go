//go:build !linux

package proc

import "context"

// native reports whether there is more than the portable way.
func native() bool { return false }

// Slot runs one process at a time.
type Slot struct {
	host  *Host
	index int
}

// Slot returns a slot; number, from 1 to 10000, is not used by another one.
func (h *Host) Slot(number int) *Slot { return &Slot{host: h, index: number - 1} }

// Close frees the slot.
func (s *Slot) Close() error { return nil }

// Run starts the process and returns when it has ended and its output is
// written. When ctx ends it is stopped, with its group. The error says that
// it could not be started (a syscall.Errno, or *DirError), or what writing
// its output failed with: the process is stopped then.
func (s *Slot) Run(ctx context.Context, c *Cmd) (Exit, error) {
	return s.host.runPortable(ctx, s.index, c)
}
