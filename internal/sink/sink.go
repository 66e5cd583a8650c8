// Package sink is where the output of jobs goes: whole jobs in their order or
// as they end, lines as they come, JSON objects, or nowhere near us because
// the jobs write themselves.
package sink

import (
	"io"
	"syscall"
	"time"

	"github.com/loxctl/loxctl/engine"
	"github.com/loxctl/loxctl/internal/spool"
)

// Job is one job as its output and the logs see it.
type Job struct {
	Seq     int // from 1
	Args    []string
	Command string // as one line; filled when somebody shows it
	Slot    int
	Attempt int       // tries made; 0: it never began
	Start   time.Time // of the last try
	End     time.Time
	Status  int            // 0 to 255; -1: it never began
	Signal  syscall.Signal // that ended it, or 0
	Err     error          // nil: it succeeded
	Usage   engine.Usage
	Indexes []int // of the slots of semaphores that it holds

	// Stdout and Stderr are where the job's output goes, after Open. They
	// are *os.File where the job is to write itself.
	Stdout, Stderr io.Writer

	stdout, stderr spool.Buffer
}

// Received is the number of bytes that the last try wrote to its stdout, as far
// as that went through us.
func (j *Job) Received() int64 {
	if w, ok := j.Stdout.(interface{ Size() int64 }); ok {
		return w.Size()
	}
	return 0
}

// size is what is collected of both streams, while none is passed on.
func (j *Job) size() int64 { return j.stdout.Size() + j.stderr.Size() }

func (j *Job) reset() {
	j.stdout.Reset()
	j.stderr.Reset()
}

// Sink takes the output of jobs. Open comes when a job is scattered, in the
// order of Seq; Try before each of its tries; Put when it is over and it is
// its turn, from one goroutine. An error ends the run.
type Sink interface {
	Open(j *Job)
	Try(j *Job)
	Put(j *Job) error
}

// Streams are the outputs of the run. One that has failed must go on failing,
// as what Watch returns does, or there would be gaps in what is written.
type Streams struct{ Out, Err io.Writer }
