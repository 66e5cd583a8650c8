package pipes

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/loxctl/loxctl/internal/state"
)

// HomeOptions say how to open a directory of named announcements and funnels.
// The zero value is what Open has.
type HomeOptions struct {
	AllowFS bool // also on file systems whose locks are not safe
}

// Dir is a directory of named announcements and funnels. Programs that open the
// same directory share them. It is safe for concurrent use, and so is what it
// returns, unless that says something else.
type Dir struct {
	home *state.Dir
	boot [2]uint64

	mu     sync.Mutex
	logs   map[string]*log // by path
	closed bool
}

// Open opens the directory dir, an absolute path, and creates it. Those of the
// shell are in ~/.local/state/loxctl, unless LOXCTL_HOME or XDG_STATE_HOME say
// something else. The error may be a *FilesystemError, say that others may
// write to the directory, or be errors.ErrUnsupported.
func Open(dir string) (*Dir, error) { return HomeOptions{}.Open(dir) }

// Open is like the function Open.
func (o HomeOptions) Open(dir string) (*Dir, error) {
	if err := state.Shareable(); err != nil {
		return nil, err
	}
	boot, err := state.Boot()
	if err != nil {
		return nil, err
	}
	return o.open(dir, boot)
}

func (o HomeOptions) open(dir string, boot [16]byte) (*Dir, error) {
	home, err := state.Options{AllowFS: o.AllowFS}.Open(dir)
	if err != nil {
		return nil, err
	}
	return &Dir{home: home, boot: bootWords(boot), logs: make(map[string]*log)}, nil
}

// Close closes everything that was opened through d: files, memory and the
// goroutines that wait. Methods that are called after that, or wait at that
// time, return an error that is os.ErrClosed.
func (d *Dir) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	for _, l := range d.logs {
		l.close(fmt.Errorf("%s: %w", l.name, os.ErrClosed))
	}
	d.logs = nil
	return nil
}

// path is the directory of a log.
func (d *Dir) path(kind Kind, name string) string {
	return filepath.Join(d.home.Path, kind.String(), state.Escape(name))
}

// log returns the open log of that name, a *NotExistError if there is none.
func (d *Dir) log(kind Kind, name string) (*log, error) {
	if err := state.CheckName(name); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, fmt.Errorf("%s: %w", name, os.ErrClosed)
	}
	path := d.path(kind, name)
	if l := d.logs[path]; l != nil {
		if !l.head.has(logRemoved) {
			return l, nil
		}
		delete(d.logs, path)
		l.close(l.gone())
	}
	l, err := openLog(d, kind, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &NotExistError{Kind: kind.noun(), Name: name}
	}
	if err != nil {
		return nil, err
	}
	d.logs[path] = l
	return l, nil
}

// Path is the file a descriptor of which can keep a consumer alive, see
// CursorOptions.
func (d *Dir) Path(kind Kind, name string) (string, error) {
	l, err := d.log(kind, name)
	if err != nil {
		return "", err
	}
	return l.file("subs"), nil
}

// Names returns the names of all announcements, or funnels, in order.
func (d *Dir) Names(kind Kind) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(d.home.Path, kind.String()))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		name, err := readName(filepath.Join(d.home.Path, kind.String(), entry.Name(), "head"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// readName reads the name of a log from its head.
func readName(path string) (string, error) {
	f, err := state.OpenReadOnly(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b := make([]byte, headExtra)
	if _, err := f.ReadSome(b, 0); err != nil {
		return "", err
	}
	return nameIn(b), nil
}

// Remove removes an announcement or a funnel with all its records. Whoever uses
// it meets a *NotExistError.
func (d *Dir) Remove(kind Kind, name string) error {
	l, err := d.log(kind, name)
	if err != nil {
		return err
	}
	aside := filepath.Join(filepath.Dir(l.dir), temporary("gone"))
	err = l.exclusively(func() error {
		l.head.flags().Or(logRemoved)
		l.tell()
		return os.Rename(l.dir, aside)
	})
	if err != nil {
		return err
	}
	return os.RemoveAll(aside)
}

// GC deletes segments that nobody needs any more, and what killed processes
// have left behind. It returns how many segments that were.
func (d *Dir) GC() (removedSegments int, err error) {
	for _, kind := range []Kind{KindAnnounce, KindFunnel} {
		if err := d.sweep(kind); err != nil {
			return removedSegments, err
		}
		names, err := d.Names(kind)
		if err != nil {
			return removedSegments, err
		}
		for _, name := range names {
			n, err := d.gc(kind, name)
			removedSegments += n
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return removedSegments, err
			}
		}
	}
	return removedSegments, nil
}

func (d *Dir) gc(kind Kind, name string) (removed int, err error) {
	l, err := d.log(kind, name)
	if err != nil {
		return 0, err
	}
	err = l.exclusively(func() error {
		last, err := l.last()
		if err == nil {
			removed, err = l.trim(last.seq)
		}
		return err
	})
	return removed, err
}
