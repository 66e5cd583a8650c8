package proc

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// nice starts processes from a thread of its own. Niceness belongs to threads
// and is inherited: so a process has it from its first instruction, and the
// host keeps its own. The thread lives as long as its processes, whose
// parent-death signal means it.
type nice struct{ work chan func() }

// SetNice sets the niceness of the processes that are started from now on, -20
// to 19. It is called before the first one, once.
func (h *Host) SetNice(n int) error {
	h.nice = &nice{work: make(chan func())}
	failed := make(chan error)
	go func() {
		runtime.LockOSThread() // not unlocked: the thread ends with us
		err := unix.Setpriority(unix.PRIO_PROCESS, 0, n)
		failed <- err
		if err != nil {
			return
		}
		for f := range h.nice.work {
			f()
		}
	}()
	if err := <-failed; err != nil {
		h.nice = nil
		return os.NewSyscallError("setpriority", err)
	}
	return nil
}

// do runs f, which starts a process.
func (n *nice) do(f func()) {
	if n == nil {
		f()
		return
	}
	done := make(chan struct{})
	n.work <- func() { f(); close(done) }
	<-done
}

// wrap has nothing to do: the thread is enough.
func (*nice) wrap(c *Cmd) *Cmd { return c }

func (n *nice) close() {
	if n != nil {
		close(n.work)
	}
}
