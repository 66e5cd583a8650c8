package sink

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"

	"github.com/loxctl/loxctl/internal/spool"
)

// Lines shows whole lines of any job as they come.
type Lines struct {
	to    Streams
	tag   Tag
	store *spool.Store
	mu    sync.Mutex // held by who writes to the streams
}

// NewLines returns a Lines whose unfinished lines wait in a store of these
// bounds; the caller closes that.
func NewLines(to Streams, bounds spool.Options, tag Tag) (*Lines, *spool.Store) {
	store := spool.NewStore(bounds, nil)
	return &Lines{to: to, tag: tag, store: store}, store
}

// Open gives the job a writer of lines for each stream.
func (l *Lines) Open(j *Job) {
	j.init(l.store)
	if j.output() == Shown {
		j.Stdout = l.writer(&j.stdout, l.to.Out, j)
	}
	j.Stderr = l.writer(&j.stderr, l.to.Err, j)
}

func (l *Lines) writer(rest *spool.Buffer, to io.Writer, j *Job) *lineWriter {
	rest.Urgent() // nobody but its own newline frees an unfinished line
	return &lineWriter{lines: l, rest: rest, to: withTag(to, l.tag, j)}
}

// Try shows the last line of the try before.
func (l *Lines) Try(j *Job) {
	l.flush(j) // what fails now fails again
	if w, ok := j.Stdout.(*lineWriter); ok {
		w.size.Store(0)
	} else {
		j.stdout.Reset()
	}
}

// Put shows a last line without a newline, and what was kept for others too.
func (l *Lines) Put(j *Job) error {
	defer j.Free()
	if j.output() == PassedAndShown {
		if err := l.copy(j); err != nil {
			return err
		}
	}
	return l.flush(j)
}

func (l *Lines) copy(j *Job) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := j.stdout.WriteTo(withTag(l.to.Out, l.tag, j))
	return err
}

func (l *Lines) flush(j *Job) error {
	for _, w := range []io.Writer{j.Stdout, j.Stderr} {
		if w, ok := w.(*lineWriter); ok {
			if err := w.flush(nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// lineWriter is one stream of a job.
type lineWriter struct {
	lines *Lines
	rest  *spool.Buffer // the line that is not complete
	to    io.Writer
	size  atomic.Int64
}

// Size is the number of bytes written.
func (w *lineWriter) Size() int64 { return w.size.Load() }

func (w *lineWriter) Write(p []byte) (int, error) {
	whole := bytes.LastIndexByte(p, '\n') + 1
	if whole > 0 {
		if err := w.flush(p[:whole]); err != nil {
			return 0, err
		}
	}
	n, err := w.rest.Write(p[whole:])
	w.size.Add(int64(whole + n))
	return whole + n, err
}

// flush writes what waits and then p. After the first error it writes nothing
// more, for no job.
func (w *lineWriter) flush(p []byte) error {
	w.lines.mu.Lock()
	defer w.lines.mu.Unlock()
	if err := w.lines.store.Err(); err != nil {
		return err
	}
	err := w.rest.Drain(w.to)
	if err == nil && len(p) > 0 {
		_, err = w.to.Write(p)
	}
	if err != nil {
		w.lines.store.Fail(err)
	}
	return err
}
