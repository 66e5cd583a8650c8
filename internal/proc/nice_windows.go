package proc

import "errors"

// nice does not exist here.
type nice struct{}

// SetNice fails.
func (h *Host) SetNice(int) error { return errors.ErrUnsupported }

func (*nice) do(f func()) { f() }

func (*nice) wrap(c *Cmd) *Cmd { return c }

func (*nice) close() {}
