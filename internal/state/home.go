// Package state knows where named things live, which names are allowed, and
// how a byte of a file is locked.
package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A HomeError is a state home that cannot be used. Hint says what to do.
type HomeError struct {
	Path string
	Err  error
	hint string
}

func (e *HomeError) Error() string {
	if e.Path == "" {
		return "state home: " + e.Err.Error()
	}
	return e.Path + ": " + e.Err.Error()
}

func (e *HomeError) Unwrap() error { return e.Err }

// Hint says what to do about it.
func (e *HomeError) Hint() string { return e.hint }

// homeHint is the advice for whoever has no usable state home.
const homeHint = "set LOXCTL_HOME, or give --home, a directory of your own"

// Home returns the absolute path of the state home: given if it is not empty,
// else $LOXCTL_HOME, $XDG_STATE_HOME/loxctl or ~/.local/state/loxctl. It does
// not look whether that exists. Relative paths in the environment would be
// another place for each working directory: they are an error, but in
// XDG_STATE_HOME, where the specification wants them to be ignored.
func Home(given string, getenv func(string) string) (string, error) {
	if given != "" {
		path, err := filepath.Abs(given)
		if err != nil {
			return "", &HomeError{given, err, homeHint}
		}
		return path, nil
	}
	if path := getenv("LOXCTL_HOME"); path != "" {
		if !filepath.IsAbs(path) {
			return "", &HomeError{"LOXCTL_HOME=" + path, errors.New("is not an absolute path"), homeHint}
		}
		return filepath.Clean(path), nil
	}
	if path := getenv("XDG_STATE_HOME"); filepath.IsAbs(path) {
		return filepath.Join(path, "loxctl"), nil
	}
	home := getenv("HOME")
	if !filepath.IsAbs(home) {
		if home == "" {
			return "", &HomeError{"", errors.New("HOME is not set"), homeHint}
		}
		return "", &HomeError{"HOME=" + home, errors.New("is not an absolute path"), homeHint}
	}
	return filepath.Join(home, ".local", "state", "loxctl"), nil
}

// A Dir is a state home that was found fit for use.
type Dir struct {
	Path   string
	Shared bool // the members of a group share it
}

// Options for opening a state home.
type Options struct {
	AllowFS  bool // also on file systems whose locks are not safe
	ReadOnly bool // only look: nothing is created, and it may be somebody else's
}

// Open returns the state home at path, an absolute one, and creates it unless
// that is only to be read. It refuses a home that others could tamper with,
// unless it is setgid and writable for its group alone, and a file system that
// cannot lock. A home that is not there and is only read gives an error that
// is fs.ErrNotExist.
func (o Options) Open(path string) (*Dir, error) {
	info, err := os.Stat(path)
	created := false
	if errors.Is(err, fs.ErrNotExist) && !o.ReadOnly {
		created = true
		if err = makeHome(path); err == nil {
			info, err = os.Stat(path)
		}
	}
	if err != nil {
		return nil, &HomeError{path, cause(err), homeHint}
	}
	d := &Dir{Path: path, Shared: info.Mode()&fs.ModeSetgid != 0 && info.Mode()&0o020 != 0}
	if !o.ReadOnly {
		if err := d.trust(info); err != nil {
			return nil, &HomeError{path, err, homeHint}
		}
	}
	if !info.IsDir() {
		return nil, &HomeError{path, errors.New("is not a directory"), homeHint}
	}
	if o.AllowFS {
		return d, nil
	}
	if err := checkFS(path); err != nil {
		return nil, err
	}
	if created {
		return d, selfTest(path)
	}
	return d, nil
}

// trust refuses a home that others could tamper with.
func (d *Dir) trust(info fs.FileInfo) error {
	mode := info.Mode()
	switch {
	case mode&0o002 != 0:
		return fmt.Errorf("everybody may write to it (mode %04o)", mode.Perm())
	case d.Shared:
		return nil
	case mode&0o020 != 0:
		return fmt.Errorf("its group may write to it (mode %04o): chmod g-w, or g+s to share it with the group", mode.Perm())
	case !ours(info):
		return errors.New("belongs to another user")
	}
	return nil
}

// makeHome creates path and what is missing above it, for this user alone.
func makeHome(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return makeDir(path, 0o700)
}

// makeDir creates a directory with exactly this mode. One that is there
// already, created at the same time perhaps, is fine.
func makeDir(path string, mode fs.FileMode) error {
	err := os.Mkdir(path, mode)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	return os.Chmod(path, mode)
}

// Make creates the directory rel, slash-separated, below the home.
func (d *Dir) Make(rel string) error {
	mode := fs.FileMode(0o700)
	if d.Shared {
		mode = 0o770 | fs.ModeSetgid
	}
	path := d.Path
	for name := range strings.SplitSeq(rel, "/") {
		path = filepath.Join(path, name)
		if err := makeDir(path, mode); err != nil {
			return &HomeError{path, cause(err), homeHint}
		}
	}
	return nil
}

// Mode is the mode of the files in it.
func (d *Dir) Mode() fs.FileMode {
	if d.Shared {
		return 0o660
	}
	return 0o600
}

// cause leaves out what we say ourselves.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
