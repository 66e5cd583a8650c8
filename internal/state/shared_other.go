//go:build !linux

package state

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"
)

// errNoSharing says that there is nothing here that processes could sleep on
// together.
var errNoSharing = fmt.Errorf("named announcements and funnels are not available on %s: %w", runtime.GOOS, errors.ErrUnsupported)

// Shareable returns an error if processes cannot share memory and sleep on it
// here.
func Shareable() error { return errNoSharing }

// Shared would be the memory of a file that processes have in common.
type Shared struct{ b []byte }

// All that follows is never used: whoever opens something asks Shareable.

func (f *File) Share(int) (*Shared, error)          { return nil, errNoSharing }
func (s *Shared) Size() int                         { return len(s.b) }
func (s *Shared) Uint64(int) *atomic.Uint64         { return new(atomic.Uint64) }
func (s *Shared) Uint32(int) *atomic.Uint32         { return new(atomic.Uint32) }
func (s *Shared) Bytes(from, to int) []byte         { return s.b[from:to] }
func (s *Shared) Unmap() error                      { return nil }
func Sleep(*atomic.Uint32, uint32, time.Duration)   {}
func Wake(*atomic.Uint32)                           {}
func (f *File) Size() (int64, error)                { return 0, errNoSharing }
func (f *File) ReadSome([]byte, int64) (int, error) { return 0, errNoSharing }
func (f *File) Truncate(int64) error                { return errNoSharing }
func (f *File) Sync() error                         { return errNoSharing }
func SyncDir(string) error                          { return errNoSharing }
func Boot() (id [16]byte, err error)                { return id, errNoSharing }
