package locks

import "context"

// A RWLock has two sides: any number of readers may hold it together, a writer
// holds it alone.
//
// Readers and writers stand in one line. A writer that waits holds off readers
// that come after it, and gets its turn when those who were there before have
// gone; so neither side starves the other.
type RWLock struct {
	line    memLine
	options RWOptions
	readers int
	writing bool
}

// RWOptions are the choices of a [RWLock]. The zero value is the fair lock.
type RWOptions struct {
	// PreferWriters lets readers in only while no writer waits, even one that
	// came later. Readers wait for ever if there always is another writer.
	PreferWriters bool
}

// NewRWLock returns a free lock.
func NewRWLock(o RWOptions) *RWLock { return &RWLock{options: o} }

// Reader is the side of those who hold the lock together.
func (l *RWLock) Reader() Locker { return (*memReader)(l) }

// Writer is the side of those who hold the lock alone.
func (l *RWLock) Writer() Locker { return (*memWriter)(l) }

// Readers is the number of readers who have the lock.
func (l *RWLock) Readers() int {
	l.line.mu.Lock()
	defer l.line.mu.Unlock()
	return l.readers
}

// Waiting is the number of readers and writers who wait for the lock.
func (l *RWLock) Waiting() int { return l.line.waiting() }

// A memReader is the reader's side of a RWLock.
type memReader RWLock

func (r *memReader) Acquire(ctx context.Context) (*Hold, error) {
	if r.options.PreferWriters {
		return r.line.acquire(ctx, r, &r.line.polite)
	}
	return r.line.acquire(ctx, r, &r.line.main)
}

func (r *memReader) TryAcquire() (*Hold, error) { return r.line.tryAcquire(r) }

func (r *memReader) enter() (index int, ok bool) {
	if r.writing {
		return 0, false
	}
	r.readers++
	return 0, true
}

func (r *memReader) release(*Hold) error {
	r.line.mu.Lock()
	defer r.line.mu.Unlock()
	r.readers--
	r.line.admit()
	return nil
}

// A memWriter is the writer's side of a RWLock.
type memWriter RWLock

func (w *memWriter) Acquire(ctx context.Context) (*Hold, error) {
	return w.line.acquire(ctx, w, &w.line.main)
}

func (w *memWriter) TryAcquire() (*Hold, error) { return w.line.tryAcquire(w) }

func (w *memWriter) enter() (index int, ok bool) {
	if w.writing || w.readers > 0 {
		return 0, false
	}
	w.writing = true
	return 0, true
}

func (w *memWriter) release(*Hold) error {
	w.line.mu.Lock()
	defer w.line.mu.Unlock()
	w.writing = false
	w.line.admit()
	return nil
}
