// Package sink is where the output of jobs goes: whole jobs in their order or
// as they end, lines as they come, JSON objects, or nowhere near us because
// the jobs write themselves.
package sink

import (
	"io"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/loxctl/loxctl/engine"
	"github.com/loxctl/loxctl/internal/spool"
)

// Job is one job as its output and the logs see it.
type Job struct {
	Stage   *Stage // nil: the only one there is
	Seq     int    // from 1
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
	begun          bool         // has been tried, as far as unordered wants to know
	readers        atomic.Int32 // others who are not done with stdout yet
}

// Stage is what the jobs of a stage have in common.
type Stage struct {
	Number int    // from 1
	Name   string // "": it has none
	Output Output
}

// Label is the name, or the number.
func (s *Stage) Label() string {
	if s.Name == "" {
		return strconv.Itoa(s.Number)
	}
	return s.Name
}

// Output says what becomes of what the jobs of a stage write to stdout.
type Output uint8

const (
	Shown          Output = iota
	Passed                // other jobs read it, until Free
	PassedAndShown        // both
	Dropped               // nobody wants it
)

func (j *Job) output() Output {
	if j.Stage == nil {
		return Shown
	}
	return j.Stage.Output
}

// shows reports whether the job's stdout is shown.
func (j *Job) shows() bool { o := j.output(); return o == Shown || o == PassedAndShown }

// passes reports whether other jobs read it.
func (j *Job) passes() bool { o := j.output(); return o == Passed || o == PassedAndShown }

// Passed reads the stdout of a job that is over and whose stage passes it on.
// The reader must be one of those whom Share has counted.
func (j *Job) Passed() *spool.Reader { return j.stdout.Reader() }

// Share says, before Open, that n others need stdout besides the Sink. Each
// calls Free when it is done. The last of them, or the Sink, frees the room.
func (j *Job) Share(n int) { j.readers.Store(int32(n)) }

// Free says that one of those who need stdout does not any more.
func (j *Job) Free() {
	if j.readers.Add(-1) < 0 {
		j.stdout.Reset()
	}
}

// Hurry lets the job write without waiting for room: somebody else needs its
// slot to make some.
func (j *Job) Hurry() {
	j.stdout.Urgent()
	j.stderr.Urgent()
}

// init gives the job its buffers. What is passed on does not wait for room: it
// is freed by jobs that begin only when it is complete.
func (j *Job) init(store *spool.Store) {
	j.stdout.Init(store)
	j.stderr.Init(store)
	j.Stdout, j.Stderr = &j.stdout, &j.stderr
	switch {
	case j.passes():
		j.Hurry()
	case j.output() == Dropped:
		j.Stdout = new(dropped)
	}
}

// dropped is a writer for what nobody wants. It counts.
type dropped struct{ size atomic.Int64 }

func (d *dropped) Write(p []byte) (int, error) {
	d.size.Add(int64(len(p)))
	return len(p), nil
}

// Size is the number of bytes written.
func (d *dropped) Size() int64 { return d.size.Load() }

// Received is the number of bytes that the last try wrote to its stdout, as far
// as that went through us.
func (j *Job) Received() int64 {
	if w, ok := j.Stdout.(interface{ Size() int64 }); ok {
		return w.Size()
	}
	return 0
}

// size is what is collected of what will be shown, while none is.
func (j *Job) size() int64 {
	if j.passes() {
		return j.stderr.Size()
	}
	return j.stdout.Size() + j.stderr.Size()
}

// again forgets what an earlier try has written.
func (j *Job) again() {
	j.stdout.Reset()
	j.stderr.Reset()
}

// done says that the Sink needs nothing more of a job that has been shown.
func (j *Job) done() {
	j.Free()
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

// Turner is a Sink that shows jobs in the order in which Turn names them, each
// before its Put, from the goroutine of Put.
type Turner interface{ Turn(j *Job) error }

// Streams are the outputs of the run. One that has failed must go on failing,
// as what Watch returns does, or there would be gaps in what is written.
type Streams struct{ Out, Err io.Writer }
