package state

import (
	"path/filepath"
	"testing"
	"time"
)

// share maps a file, and a second time through another description.
func share(t *testing.T, size int) (a, b *Shared, file *File) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	maps := make([]*Shared, 2)
	for i := range maps {
		f, err := OpenFile(path, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		if maps[i], err = f.Share(size); err != nil {
			t.Fatal(err)
		}
		file = f
	}
	return maps[0], maps[1], file
}

func TestShareWords(t *testing.T) {
	a, b, file := share(t, 8192)
	a.Uint64(4096).Store(1<<40 + 7)
	a.Uint32(8188).Add(5)
	if b.Uint64(4096).Load() != 1<<40+7 || b.Uint32(8188).Load() != 5 || b.Size() != 8192 {
		t.Error("the other map has other words")
	}
	if size, err := file.Size(); err != nil || size != 8192 {
		t.Errorf("size %d, %v", size, err)
	}
	if err := a.Unmap(); err != nil {
		t.Error(err)
	}
}

func TestSleepAndWake(t *testing.T) {
	a, b, _ := share(t, 4096)
	word := a.Uint32(8)
	Sleep(word, 1, time.Hour)        // another value: at once
	Sleep(word, 0, time.Millisecond) // nobody wakes
	woken := make(chan struct{})
	go func() {
		for b.Uint32(8).Load() == 0 {
			Sleep(b.Uint32(8), 0, time.Hour)
		}
		close(woken)
	}()
	word.Store(1)
	for {
		Wake(word)
		select {
		case <-woken:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

func TestReadSome(t *testing.T) {
	_, _, f := share(t, 100)
	if err := f.WriteAt([]byte("end"), 97); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 10)
	if n, err := f.ReadSome(b, 97); err != nil || string(b[:n]) != "end" {
		t.Errorf("%q %v", b[:n], err)
	}
	if err := f.Truncate(98); err != nil {
		t.Fatal(err)
	}
	if n, err := f.ReadSome(b, 97); err != nil || string(b[:n]) != "e" {
		t.Errorf("%q %v", b[:n], err)
	}
	if err := f.Sync(); err != nil {
		t.Error(err)
	}
	if err := SyncDir(filepath.Dir(f.Path())); err != nil {
		t.Error(err)
	}
}

func TestFill(t *testing.T) {
	f, err := OpenFile(filepath.Join(t.TempDir(), "f"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int64{100, 50, 5000} {
		if err := f.fill(size); err != nil {
			t.Fatal(err)
		}
		if got, err := f.Size(); err != nil || got != max(size, 100) {
			t.Errorf("%d bytes, want %d: %v", got, size, err)
		}
	}
}

func TestBoot(t *testing.T) {
	a, err := Boot()
	b, err2 := Boot()
	if err != nil || err2 != nil || a != b || a == [16]byte{} {
		t.Errorf("%x %x %v %v", a, b, err, err2)
	}
}
