//go:build !linux && !darwin

package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"time"
)

// errNoLocks says that this system has no byte locks that belong to an open
// file: those of a process, which it may have, do not keep goroutines apart
// and vanish with any descriptor of the file.
var errNoLocks = fmt.Errorf("named locks are not available on %s: %w", runtime.GOOS, errors.ErrUnsupported)

// File would be an open file description whose bytes can be locked.
type File struct{ path string }

// LockMode is how a byte is locked.
type LockMode int16

// The two modes.
const (
	ReadLock LockMode = iota
	WriteLock
)

// Range is a number of bytes that somebody has locked.
type Range struct{ Start, End int64 }

// ID tells files apart.
type ID struct{ Dev, Ino uint64 }

// checkFS refuses every directory.
func checkFS(string) error { return errNoLocks }

func ours(fs.FileInfo) bool { return true }

// All that follows fails: Options.Open never lets it come to that.

func OpenFile(string, fs.FileMode) (*File, error)                { return nil, errNoLocks }
func OpenReadOnly(string) (*File, error)                         { return nil, errNoLocks }
func Borrow(uintptr) *File                                       { return new(File) }
func Fifo(string, int, fs.FileMode) (int, error)                 { return -1, errNoLocks }
func QuietFifo(int) (*os.File, bool)                             { return nil, false }
func CloseFifo(int)                                              {}
func WriteFifo(int, []byte) error                                { return errNoLocks }
func (f *File) Again() (*File, error)                            { return nil, errNoLocks }
func (f *File) Duplicate() (*os.File, error)                     { return nil, errNoLocks }
func (f *File) Writable() bool                                   { return false }
func (f *File) Fd() uintptr                                      { return 0 }
func (f *File) Name() string                                     { return f.path }
func (f *File) Path() string                                     { return f.path }
func (f *File) Close() error                                     { return nil }
func (f *File) Stat() (id ID, linked bool, err error)            { return ID{}, false, errNoLocks }
func (f *File) Unlink() error                                    { return errNoLocks }
func (f *File) Modified() (time.Time, error)                     { return time.Time{}, errNoLocks }
func (f *File) ReadAt([]byte, int64) error                       { return errNoLocks }
func (f *File) WriteAt([]byte, int64) error                      { return errNoLocks }
func (f *File) Lock(int64, LockMode) error                       { return errNoLocks }
func (f *File) Try(int64, LockMode) (bool, error)                { return false, errNoLocks }
func (f *File) Unlock(int64) error                               { return errNoLocks }
func (f *File) UnlockAll() error                                 { return errNoLocks }
func (f *File) Test(int64, int64, LockMode) (Range, bool, error) { return Range{}, false, errNoLocks }
