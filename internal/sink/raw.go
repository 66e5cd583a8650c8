package sink

import (
	"fmt"
	"os"
	"syscall"

	"github.com/loxctl/loxctl/internal/spool"
)

// Raw lets jobs write to the run's own stdout and stderr. Only what is passed on
// goes to the Store.
type Raw struct {
	Out, Err *os.File
	Store    *spool.Store // nil: nothing is
}

// Open gives the job our own descriptors.
func (r Raw) Open(j *Job) {
	j.Stdout = r.Out
	if j.output() != Shown {
		j.init(r.Store)
	}
	j.Stderr = r.Err
}

// Try forgets what is passed on of the try before.
func (Raw) Try(j *Job) {
	if j.passes() {
		j.stdout.Reset()
	}
}

// Put only looks whether a job that died of writing to nobody means that there
// is nobody to read stdout.
func (r Raw) Put(j *Job) error {
	defer j.Free()
	if j.output() == PassedAndShown {
		if _, err := j.stdout.WriteTo(r.Out); err != nil {
			return fmt.Errorf("stdout: %w", err)
		}
	}
	if j.Signal == syscall.SIGPIPE && isBroken(r.Out) {
		return fmt.Errorf("stdout: %w", syscall.EPIPE)
	}
	return nil
}
