package sink

import (
	"fmt"
	"os"
	"syscall"
)

// Raw lets jobs write to the run's own stdout and stderr.
type Raw struct{ Out, Err *os.File }

// Open gives the job our own descriptors.
func (r Raw) Open(j *Job) { j.Stdout, j.Stderr = r.Out, r.Err }

// Try has nothing to do.
func (Raw) Try(*Job) {}

// Put only looks whether a job that died of writing to nobody means that there
// is nobody to read stdout.
func (r Raw) Put(j *Job) error {
	if j.Signal == syscall.SIGPIPE && isBroken(r.Out) {
		return fmt.Errorf("stdout: %w", syscall.EPIPE)
	}
	return nil
}
