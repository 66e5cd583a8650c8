//go:build linux || darwin

package state

import (
	"os"
	"path/filepath"
	"testing"
)

// two returns two descriptions of one file.
func two(t *testing.T) (a, b *File) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	a, err := OpenFile(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	if b, err = a.Again(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return a, b
}

func TestByteConflicts(t *testing.T) {
	tests := map[string]struct {
		held, wanted LockMode
		free         bool
	}{
		"read, read":   {ReadLock, ReadLock, true},
		"read, write":  {ReadLock, WriteLock, false},
		"write, read":  {WriteLock, ReadLock, false},
		"write, write": {WriteLock, WriteLock, false},
	}
	const at = int64(1) << 60
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, b := two(t)
			if err := a.Lock(at, tt.held); err != nil {
				t.Fatal(err)
			}
			found, seen, err := b.Test(at-10, at+10, tt.wanted)
			if err != nil || seen == tt.free || seen && found != (Range{at, at + 1}) {
				t.Errorf("test: %v %v %v", found, seen, err)
			}
			if _, seen, err := a.Test(at, at+1, tt.wanted); err != nil || seen {
				t.Errorf("it sees its own: %v", err)
			}
			if ok, err := b.Try(at, tt.wanted); err != nil || ok != tt.free {
				t.Errorf("try: %v %v", ok, err)
			}
			if ok, err := b.Try(at+1, WriteLock); err != nil || !ok {
				t.Errorf("the next byte: %v %v", ok, err)
			}
			if err := a.Unlock(at); err != nil {
				t.Fatal(err)
			}
			if ok, err := b.Try(at, tt.wanted); err != nil || !ok {
				t.Errorf("try after the unlock: %v %v", ok, err)
			}
		})
	}
}

// The locks are the description's: closing another one, or a duplicate, frees
// nothing, and one UnlockAll frees all.
func TestLocksAreOfTheDescription(t *testing.T) {
	a, b := two(t)
	for _, at := range []int64{0, 1 << 58, 1 << 62} {
		if err := a.Lock(at, WriteLock); err != nil {
			t.Fatal(err)
		}
	}
	other, err := a.Again()
	if err != nil {
		t.Fatal(err)
	}
	duplicate, err := a.Duplicate()
	if err != nil {
		t.Fatal(err)
	}
	other.Close()
	duplicate.Close()
	for _, at := range []int64{0, 1 << 58, 1 << 62} {
		if ok, err := b.Try(at, ReadLock); ok || err != nil {
			t.Errorf("%d is free, %v", at, err)
		}
	}
	if err := a.UnlockAll(); err != nil {
		t.Fatal(err)
	}
	if _, seen, err := b.Test(0, 1<<62+1, WriteLock); seen || err != nil {
		t.Errorf("something is left: %v", err)
	}
}

func TestFileReadsZeroBeyondTheEnd(t *testing.T) {
	a, _ := two(t)
	if err := a.WriteAt([]byte("abc"), 2); err != nil {
		t.Fatal(err)
	}
	got := []byte("xxxxxxxx")
	if err := a.ReadAt(got, 0); err != nil || string(got) != "\x00\x00abc\x00\x00\x00" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestOpenFileRefusesLinks(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(dir, "target"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if f, err := OpenFile(filepath.Join(dir, "link"), 0o600); err == nil {
		f.Close()
		t.Error("it followed the link")
	}
}

func TestStatSeesRemoval(t *testing.T) {
	a, b := two(t)
	idA, linked, err := a.Stat()
	if err != nil || !linked {
		t.Fatal(linked, err)
	}
	if idB, _, _ := b.Stat(); idA != idB {
		t.Error("one file has two identities")
	}
	if err := a.Unlink(); err != nil {
		t.Fatal(err)
	}
	if _, linked, err := b.Stat(); err != nil || linked {
		t.Error("it is gone", linked, err)
	}
}
