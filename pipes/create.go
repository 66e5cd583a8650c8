package pipes

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/loxctl/loxctl/internal/state"
)

// A log comes into being as a whole: its files are made in a directory with
// another name, which is renamed.

// create returns the log of that name, a new one if there is none. The function
// prepare may be nil, or writes to the new head; it is not called for one that
// is there already, whose settings must be equal.
func (d *Dir) create(kind Kind, name string, s Settings, prepare func(head)) (l *log, made bool, err error) {
	s = s.complete()
	if err := s.check(name); err != nil {
		return nil, false, err
	}
	l, err = d.log(kind, name)
	if errors.Is(err, fs.ErrNotExist) {
		if made, err = d.make(kind, name, s, prepare); err == nil {
			l, err = d.log(kind, name)
		}
	}
	if err != nil || made {
		return l, made, err
	}
	if err := l.enter(); err != nil {
		return nil, false, err
	}
	defer l.leave()
	return l, false, l.head.settings().mismatch(name, s)
}

// make makes the directory of a log. It reports whether it did: somebody else
// may have been faster.
func (d *Dir) make(kind Kind, name string, s Settings, prepare func(head)) (bool, error) {
	rel := kind.String() + "/" + temporary("new")
	if err := d.home.Make(rel); err != nil {
		return false, err
	}
	dir := filepath.Join(d.home.Path, filepath.FromSlash(rel))
	err := d.fill(dir, kind, name, s, prepare)
	if err == nil {
		err = os.Rename(dir, d.path(kind, name))
	}
	if err == nil && s.Sync {
		return true, state.SyncDir(filepath.Dir(dir))
	}
	if err != nil {
		os.RemoveAll(dir)
	}
	if errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTEMPTY) {
		return false, nil
	}
	return err == nil, err
}

// fill makes the files of a log.
func (d *Dir) fill(dir string, kind Kind, name string, s Settings, prepare func(head)) error {
	mode := d.home.Mode()
	segs := segments{dir: dir, mode: mode}
	if err := segs.create(segmentHead{seq: 1, time: now()}); err != nil {
		return err
	}
	err := newMapped(dir, "subs", mode, subsHeader+firstSlots*slotSize, func(m *state.Shared) {
		copy(m.Bytes(0, 8), subsMagic)
		m.Uint32(subsSlots).Store(firstSlots)
	})
	if err != nil {
		return err
	}
	err = newMapped(dir, "ids", mode, idsSize, func(m *state.Shared) { copy(m.Bytes(0, 8), idsMagic) })
	if err != nil {
		return err
	}
	err = newMapped(dir, "head", mode, headSize, func(m *state.Shared) {
		h := head{m}
		h.initialise(kind, name)
		h.setSettings(s)
		h.setBoot(d.boot)
		if prepare != nil {
			prepare(h)
		}
	})
	if err != nil || !s.Sync {
		return err
	}
	return syncAll(dir)
}

// newMapped makes a file of that size and has its memory written.
func newMapped(dir, name string, mode fs.FileMode, size int, write func(*state.Shared)) error {
	f, err := state.OpenFile(filepath.Join(dir, name), mode)
	if err != nil {
		return err
	}
	defer f.Close()
	m, err := f.Share(size)
	if err != nil {
		return err
	}
	defer m.Unmap()
	write(m)
	return nil
}

// syncAll returns when the files of a directory are on the disk.
func syncAll(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		f, err := state.OpenFile(filepath.Join(dir, entry.Name()), 0)
		if err != nil {
			return err
		}
		err = f.Sync()
		f.Close()
		if err != nil {
			return err
		}
	}
	return state.SyncDir(dir)
}

// temporary returns a name for a directory that is not ready, or is going: no
// log can have it.
func temporary(what string) string {
	return fmt.Sprintf(".%s.%d.%08x", what, os.Getpid(), rand.Uint32())
}

// staleAfter is how old a temporary directory must be to be that of a process
// that was killed: making one takes milliseconds.
const staleAfter = time.Hour

// sweep removes the temporary directories that killed processes have left.
func (d *Dir) sweep(kind Kind) error {
	dir := filepath.Join(d.home.Path, kind.String())
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !strings.HasPrefix(entry.Name(), ".") || time.Since(info.ModTime()) < staleAfter {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// nameIn is the name of a log in the bytes of its head.
func nameIn(b []byte) string {
	n := min(int(binary.NativeEndian.Uint32(b[headName:])), state.MaxName)
	return strings.ToValidUTF8(string(b[headName+4:headName+4+n]), strconv.Itoa(n))
}
