package proc

import (
	"io"
	"os"
	"time"
)

// feed writes a process's stdin while it runs.
type feed struct {
	from io.Reader
	to   *os.File
	done chan struct{} // nil: not begun
}

// begin starts the writing. A process that does not read all of it is its
// own affair.
func (f *feed) begin() {
	if f == nil {
		return
	}
	f.done = make(chan struct{})
	go func() {
		defer close(f.done)
		defer f.to.Close()
		io.Copy(f.to, f.from)
	}()
}

// end ends the writing and returns when nothing of it is left.
func (f *feed) end() {
	switch {
	case f == nil:
	case f.done == nil:
		f.to.Close()
	default:
		f.to.SetWriteDeadline(time.Unix(1, 0))
		<-f.done
	}
}
