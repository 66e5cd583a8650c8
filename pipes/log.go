package pipes

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"sync"

	"github.com/loxctl/loxctl/internal/state"
)

// A log is the files of one announcement or funnel, as this process has them
// open. All handles of a Dir to one name share it.
//
// Who uses it is between enter and leave; nobody waits there. Who changes it is
// between lock and unlock as well.
type log struct {
	kind Kind
	name string
	dir  string
	mode fs.FileMode
	boot [2]uint64

	head  head
	subs  table
	ids   *state.Shared
	segs  segments
	news  *waker // of readers, for records
	space *waker // of writers, for room

	life   sync.RWMutex // read-locked while somebody uses the memory
	closed error        // why nobody can use it any more
	handle handles      // what else has to be closed

	mu      sync.Mutex  // before M: the kernel does not keep goroutines apart
	guard   *state.File // the description of the head that M is locked on
	current *segment    // that is written to; nil until the first record
	batch   batch
	walk    reader // for who has M
	damage  *CorruptError

	// claims are asked under M how far back records are needed, by others than
	// subscribers and groups.
	claims []func() (uint64, error)

	groups groups
	funnel joinState // of a funnel
}

// handles are the open descriptors of cursors and consumers.
type handles struct {
	mu   sync.Mutex
	open map[io.Closer]struct{}
}

func (h *handles) add(c io.Closer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open[c] = struct{}{}
}

func (h *handles) remove(c io.Closer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.open, c)
}

// openLog opens what is there: an error that is fs.ErrNotExist if nothing is.
func openLog(d *Dir, kind Kind, name string) (*log, error) {
	l := &log{kind: kind, name: name, dir: d.path(kind, name), mode: d.home.Mode(), boot: d.boot}
	l.segs = segments{dir: l.dir, mode: l.mode, open: make(map[uint64]*segment)}
	l.handle.open = make(map[io.Closer]struct{})
	l.walk = reader{log: l, ahead: walkAhead}
	if err := l.openFiles(); err != nil {
		l.release()
		return nil, err
	}
	l.news = newWaker(l.head.word(), l.head.waiters())
	l.space = newWaker(l.head.room(), l.head.roomWaiters())
	if l.head.boot() == l.boot {
		return l, nil
	}
	err := l.lock() // which recovers
	if err == nil {
		l.unlock()
	}
	if err != nil {
		l.close(err)
		return nil, err
	}
	return l, nil
}

func (l *log) openFiles() (err error) {
	if l.guard, err = state.OpenFile(l.file("head"), 0); err != nil {
		return err
	}
	if size, err := l.guard.Size(); err != nil || size < headSize {
		return errors.Join(err, &FormatError{Name: l.name, Path: "head", Why: "is no head of a log"})
	}
	if l.head.Shared, err = l.guard.Share(headSize); err != nil {
		return err
	}
	if err := l.head.check(l.kind, l.name, l.file("head")); err != nil {
		return err
	}
	if l.head.has(logRemoved) {
		return fs.ErrNotExist
	}
	if err := l.subs.open(l); err != nil {
		return l.incomplete(err)
	}
	if l.ids, err = openIDs(l); err != nil {
		return l.incomplete(err)
	}
	if err := l.groups.open(l); err != nil || l.kind != KindFunnel {
		return err
	}
	return l.openFunnel()
}

// incomplete is for a file that is missing while others are there: the log is
// being removed, or somebody has taken it away.
func (l *log) incomplete(err error) error {
	if errors.Is(err, fs.ErrNotExist) && !l.head.has(logRemoved) {
		return fmt.Errorf("%s: %s: is missing", l.name, filepath.Base(pathOf(err)))
	}
	return err
}

func pathOf(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Path
	}
	return ""
}

func (l *log) file(name string) string { return filepath.Join(l.dir, name) }

// enter makes sure that the log stays open until leave. It must not be called
// twice by one goroutine.
func (l *log) enter() error {
	l.life.RLock()
	if err := l.closed; err != nil {
		l.life.RUnlock()
		return err
	}
	return nil
}

func (l *log) leave() { l.life.RUnlock() }

// lock locks M, and sets right what the end of the machine has left.
func (l *log) lock() error {
	l.mu.Lock()
	err := l.guard.Lock(byteM, state.WriteLock)
	if err != nil {
		l.mu.Unlock()
		return err
	}
	if l.head.has(logRemoved) {
		l.unlock()
		return l.gone()
	}
	if l.head.boot() != l.boot {
		err = l.recover()
	}
	if err == nil {
		err = l.refresh()
	}
	if err != nil {
		l.unlock()
	}
	return err
}

func (l *log) unlock() {
	l.guard.Unlock(byteM)
	l.mu.Unlock()
}

// exclusively runs f between enter and leave, and under M.
func (l *log) exclusively(f func() error) error {
	if err := l.enter(); err != nil {
		return err
	}
	defer l.leave()
	if err := l.lock(); err != nil {
		return err
	}
	defer l.unlock()
	return f()
}

// gone is the error for a log that was removed while it was open.
func (l *log) gone() error { return &NotExistError{Kind: l.kind.noun(), Name: l.name} }

// finish sets a flag of the log and tells everybody.
func (l *log) finish(flag uint32) error {
	return l.exclusively(func() error {
		if flag == logFinal && !l.head.has(logFinal) {
			last, err := l.last()
			if err != nil {
				return err
			}
			l.head.finalSeq().Store(last.seq)
		}
		l.head.flags().Or(flag)
		l.tell()
		return nil
	})
}

// tell wakes everybody: something else than a record or room has changed.
func (l *log) tell() {
	l.news.wake()
	l.space.wake()
}

// close gives back everything. Those who wait are woken, and everybody meets
// the error why.
func (l *log) close(why error) {
	l.news.close()
	l.space.close()
	l.life.Lock()
	defer l.life.Unlock()
	if l.closed != nil {
		return
	}
	l.closed = why
	l.handle.mu.Lock()
	for c := range l.handle.open {
		c.Close()
	}
	clear(l.handle.open)
	l.handle.mu.Unlock()
	l.release()
}

// release closes the files that are open.
func (l *log) release() {
	if l.kind == KindFunnel {
		l.closeFunnel()
	}
	l.groups.close()
	l.segs.closeAll()
	l.subs.close()
	if l.ids != nil {
		l.ids.Unmap()
	}
	if l.head.Shared != nil {
		l.head.Unmap()
	}
	if l.guard != nil {
		l.guard.Close()
	}
}
