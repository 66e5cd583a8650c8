package locks

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"syscall"
	"time"

	"github.com/loxctl/loxctl/internal/proc"
	"github.com/loxctl/loxctl/internal/state"
)

// Resize changes how many slots a named semaphore has, and creates it if need
// be. Waiters enter at once when it grows. When it shrinks, holders of higher
// slots keep them until they release.
func (d *Dir) Resize(ctx context.Context, name string, n int) error {
	if n < 1 || n > MaxSlots {
		return fmt.Errorf("%s: a semaphore has 1 to %d slots, not %d", name, MaxSlots, n)
	}
	l := d.Locker(Request{Kind: KindSem, Name: name, Mode: Slot}).(*named)
	if l.err != nil {
		return l.err
	}
	var g guarded
	if err := g.open(ctx, l, false); err != nil {
		return err
	}
	defer g.file.Close()
	_, err := readHeader(g.file, KindSem)
	if err == errNewFile {
		_, err = writeHeader(g.file, KindSem, name, n)
	} else if err == nil {
		err = writeHalf(g.file, offCapacity, uint32(n))
	}
	if unlockErr := g.unlock(); err == nil {
		err = unlockErr
	}
	if err != nil {
		return err
	}
	return l.ring()
}

// ring wakes the head of the line, so that it reads the capacity again.
func (l *named) ring() error {
	bell, err := l.openFifo(bellName, os.O_RDWR)
	if err != nil {
		return err
	}
	defer state.CloseFifo(bell)
	return state.WriteFifo(bell, []byte{0}) // if it is full it rings already
}

// Break signals the process that holds token, if it is still the one that took
// the lock, and waits until the token has left. It returns ErrNotHeld if the
// token is not inside, and context.Cause(ctx) if ctx ends first. It never
// takes a lock away: bytes cannot be unlocked from outside.
func (d *Dir) Break(ctx context.Context, kind Kind, name string, token uint64, sig syscall.Signal) error {
	f, err := d.openToLook(kind, name)
	if err != nil {
		return err
	}
	if f == nil {
		return ErrNotHeld
	}
	defer f.Close()
	records, err := allRecords(f)
	if err != nil {
		return err
	}
	id, _, err := f.Stat()
	if err != nil {
		return err
	}
	s := spot{id, baseP + int64(token)}
	if held, err := isLocked(f, s.at); err != nil || !held || token >= ticketEnd {
		return errors.Join(err, ErrNotHeld)
	}
	r, known := records[token]
	if !known {
		return fmt.Errorf("%s: nothing is known about the holder of %d", name, token)
	}
	if err := d.signal(f, s.at, &r.record, sig); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for held := true; held; {
		if err := d.awaitByte(ctx, f, s); err != nil {
			return err
		}
		if held, err = isLocked(f, s.at); err != nil {
			return err
		}
	}
	return nil
}

// signal signals the process of a record, unless its number means another
// process by now.
func (d *Dir) signal(f *state.File, at int64, r *record, sig syscall.Signal) error {
	if r.namespace != d.self().Namespace {
		return fmt.Errorf("pid %d is in another pid namespace", r.pid)
	}
	p, err := proc.OpenProcess(int(r.pid))
	if err != nil {
		return err
	}
	defer p.Close()
	id, err := proc.Of(int(r.pid))
	if err == nil && id.Start != r.start {
		err = fmt.Errorf("pid %d is another process by now; what it started still holds the lock", r.pid)
	}
	if err != nil {
		return err
	}
	if held, err := isLocked(f, at); err != nil || !held {
		return err // it has left meanwhile
	}
	return p.Signal(sig)
}

// Unused returns the locks and semaphores that nobody is at, and whose files
// have not been written for that long.
func (d *Dir) Unused(older time.Duration) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		for _, kind := range []Kind{KindLock, KindSem} {
			names, err := d.Names(kind)
			if err != nil && !yield(Info{Kind: kind}, err) {
				return
			}
			for _, name := range names {
				unused, err := d.isUnused(kind, name, older)
				if (unused || err != nil) && !yield(Info{Kind: kind, Name: name}, err) {
					return
				}
			}
		}
	}
}

func (d *Dir) isUnused(kind Kind, name string, older time.Duration) (bool, error) {
	f, err := d.openToLook(kind, name)
	if f == nil {
		return false, err
	}
	defer f.Close()
	return idle(f, older)
}

// idle reports whether no ticket of the file lives and it was last written
// that long ago.
func idle(f *state.File, older time.Duration) (bool, error) {
	modified, err := f.Modified()
	if err != nil || time.Since(modified) < older {
		return false, err
	}
	_, used, err := test(f, baseQ, endR)
	return err == nil && !used, err
}

// GC removes the files of all that is Unused.
func (d *Dir) GC(older time.Duration) (removed int, err error) {
	for info, err := range d.Unused(older) {
		if err != nil {
			return removed, err
		}
		gone, err := d.Remove(info.Kind, info.Name, older)
		if err != nil {
			return removed, err
		}
		if gone {
			removed++
		}
	}
	return removed, nil
}

// Remove removes the files of a lock that nobody is at, unless they have been
// written more recently. Whoever opens it at the same time starts again with a
// new file.
func (d *Dir) Remove(kind Kind, name string, older time.Duration) (bool, error) {
	rel := relPath(kind, name)
	f, err := state.OpenFile(d.path(rel), 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	if busy, err := f.Try(byteM, state.WriteLock); err != nil || !busy {
		return false, err
	}
	if _, linked, err := f.Stat(); err != nil || !linked {
		return false, err
	}
	if unused, err := idle(f, older); err != nil || !unused {
		return false, err
	}
	if kind == KindSem {
		if err := os.RemoveAll(d.path(fifoDir(rel))); err != nil {
			return false, err
		}
	}
	return true, f.Unlink()
}
