package cmd

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/loxctl/loxctl/pipes"
	"github.com/loxctl/loxctl/pipes/mount"
)

// errGone is the cause of a context whose end is that of the reader of our
// stdout, and errTick that of one that only lasts until the next look.
var (
	errGone = errors.New("the reader has gone")
	errTick = errors.New("time to look")
)

// announceTail prints records, or runs a command for each, until the
// announcement is closed and everything is read.
func (a *app) announceTail(o *pipeOptions) error {
	return a.withTopic(o, func(topic *pipes.Topic) (err error) {
		run := newPipeRun(a, o)
		defer run.close()
		cursor, err := topic.Subscribe(run.ctx, o.read.as, pipes.CursorOptions{From: o.read.from.from, NoGap: o.read.noGap})
		if err != nil {
			return o.nothing(err)
		}
		defer func() { err = errors.Join(err, cursor.Close()) }()
		if len(o.command) > 0 {
			return (&tail{pipeRun: run, cursor: cursor}).runEach()
		}
		tracker, err := mount.NewTracker(a.stdout)
		if err != nil {
			return err
		}
		defer tracker.Close()
		t := &tail{pipeRun: run, cursor: cursor, tracker: tracker, format: o.format()}
		go func() {
			select {
			case <-tracker.Gone():
				run.cancel(errGone)
			case <-run.ctx.Done():
			}
		}()
		return t.follow()
	})
}

// A tail reads to the end.
type tail struct {
	*pipeRun
	cursor  *pipes.Cursor
	damaged bool // a record could not be read

	tracker *mount.Tracker // of what is printed; nil: a command runs for each
	format  *pipeFormat
	text    []byte // to be written
	records []printed
	sent    uint64 // last record that was written
	stored  uint64 // last one that was acknowledged
}

// printed is a record in the text of a tail.
type printed struct {
	seq uint64
	n   int // bytes
}

// record passes on what the cursor says, but for what cannot be read: that is
// reported, and the tail goes on behind it.
func (t *tail) record(r pipes.Record, err error) (*message, error) {
	var damage *pipes.CorruptError
	if errors.As(err, &damage) && !t.o.read.noGap {
		t.a.report(verbFailed(t.o.verb, err))
		t.damaged = true
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if r.Missed > 0 {
		t.sayMissed(r.Missed)
	}
	m := recordMessage(&r)
	return &m, nil
}

// end is how to end after err.
func (t *tail) end(err error) error {
	switch {
	case errors.Is(err, errGone), errors.Is(err, syscall.EPIPE):
		return exitBy(syscall.SIGPIPE).with(nil)
	case errors.Is(err, pipes.ErrEnd) && t.damaged:
		return exitOwn.with(nil)
	case errors.Is(err, pipes.ErrEnd):
		return nil
	}
	if stopped := stoppedBy(err); stopped != nil {
		return stopped
	}
	return err
}

// runEach runs the command for each record, up to the first failure.
func (t *tail) runEach() error {
	for {
		if t.ctx.Err() != nil { // also if there is another record
			return t.end(context.Cause(t.ctx))
		}
		m, err := t.record(t.cursor.Next(t.ctx))
		if err != nil {
			return t.end(err)
		}
		if m == nil {
			continue
		}
		if err := t.command(m); err != nil {
			return t.commandFailed(m, err)
		}
		if err := t.cursor.Commit(m.seq); err != nil {
			return err
		}
	}
}

// commandFailed is how to end after a command that failed. A signal that was
// meant for us goes on being one.
func (t *tail) commandFailed(m *message, err error) error {
	how := exitFor(err)
	if t.ctx.Err() != nil || err.Error() != "" {
		return err
	}
	text := fmt.Sprintf("status %d", how.code)
	if how.signal != 0 {
		text = fmt.Sprintf("ended by signal %d", int(how.signal))
	}
	return exitJobs.with(fmt.Errorf("%s: record %d: %s: %s", t.o.name, m.seq, printable(t.o.command[0]), text))
}

// follow prints records.
func (t *tail) follow() error {
	for {
		r, ok, err := t.cursor.TryNext()
		if !ok && err == nil {
			if err = t.flush(); err == nil {
				r, err = t.await()
			}
		}
		if errors.Is(err, errTick) {
			continue
		}
		m, err := t.record(r, err)
		if err == nil && m != nil {
			err = t.add(m)
		}
		if err != nil {
			return t.finish(err)
		}
	}
}

// add appends a record to the text, and writes that when it is long.
func (t *tail) add(m *message) (err error) {
	before := len(t.text)
	text, err := t.format.append(t.text, m)
	if err != nil {
		return err
	}
	t.text = text
	t.records = append(t.records, printed{m.seq, len(text) - before})
	if len(text) >= mostPrinted {
		return t.flush()
	}
	return nil
}

// await waits for a record. While the reader has not taken everything it looks
// once a second how far that is.
func (t *tail) await() (pipes.Record, error) {
	if err := t.store(); err != nil {
		return pipes.Record{}, err
	}
	if t.stored == t.sent {
		return t.cursor.Next(t.ctx)
	}
	ctx, cancel := context.WithTimeoutCause(t.ctx, time.Second, errTick)
	defer cancel()
	return t.cursor.Next(ctx)
}

// flush writes the text. The reader need not take it: a signal ends the wait
// for that, but not the write.
func (t *tail) flush() error {
	if len(t.text) == 0 {
		return nil
	}
	if err := t.store(); err != nil {
		return err
	}
	written := make(chan writeResult, 1)
	go func(text []byte) {
		n, err := t.a.stdout.Write(text)
		written <- writeResult{n, err}
	}(t.text)
	select {
	case w := <-written:
		return t.wrote(w)
	case <-t.ctx.Done():
	}
	if cause := context.Cause(t.ctx); !errors.Is(cause, errGone) {
		t.text = nil
		return cause
	}
	return t.wrote(<-written) // nobody keeps it waiting any more
}

// A writeResult is what a write said.
type writeResult struct {
	n   int
	err error
}

// wrote notes what has been written, which may be less than the text.
func (t *tail) wrote(w writeResult) error {
	for _, p := range t.records {
		if w.n -= p.n; w.n < 0 {
			break
		}
		t.tracker.Sent(p.seq, p.n)
		t.sent = p.seq
	}
	t.text, t.records = t.text[:0], t.records[:0]
	if w.err != nil {
		return fmt.Errorf("stdout: %w", reason(w.err))
	}
	return nil
}

// store acknowledges what the reader has taken.
func (t *tail) store() error {
	seq, moved := t.tracker.Position()
	if !moved {
		return nil
	}
	t.stored = seq
	return t.cursor.Commit(seq)
}

// finish writes what is left before it ends because of err. At the end of the
// stream it stays until the reader has taken everything: the last records
// would come again otherwise.
func (t *tail) finish(err error) error {
	if t.ctx.Err() == nil {
		if flushErr := t.flush(); flushErr != nil {
			err = flushErr
		}
	}
	for {
		if storeErr := t.store(); storeErr != nil {
			return errors.Join(t.end(err), storeErr)
		}
		if t.stored == t.sent || t.ctx.Err() != nil {
			return t.end(err)
		}
		select {
		case <-t.ctx.Done():
		case <-time.After(drainTick):
		}
	}
}

// drainTick is how often it looks, at the end, whether the reader has come
// there too: nothing else tells.
const drainTick = 10 * time.Millisecond
