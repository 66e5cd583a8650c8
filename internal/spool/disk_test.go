package spool

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

func TestTheFileIsMadeWhenItIsNeeded(t *testing.T) {
	s := newStore(t, Options{Mem: chunkSize})
	b := newBuffer(s)
	write(t, b, noise(1, chunkSize))
	check(t, "file", s.disk.file != nil, false)
	write(t, b, []byte("more"))
	check(t, "file", s.disk.file != nil, true)
}

// names are the files in dir.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	checkErr(t, "ReadDir", err, nil, "")
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestTheFileHasNoName(t *testing.T) {
	dir := t.TempDir()
	s := newStore(t, Options{Dir: dir})
	write(t, newBuffer(s), noise(1, 2*chunkSize))
	if left := names(t, dir); runtime.GOOS != "windows" && len(left) > 0 {
		t.Errorf("the file has a name: %v", left)
	}
	checkErr(t, "Close", s.Close(), nil, "")
	if left := names(t, dir); len(left) > 0 {
		t.Errorf("left after Close: %v", left)
	}
}

// Places of the file are used again: it grows no further than the most that
// ever waited at once.
func TestHolesAreUsedAgain(t *testing.T) {
	s := newStore(t, Options{Disk: 100 * chunkSize})
	keeper := newBuffer(s)
	write(t, keeper, noise(1, firstChunk+chunkSize))
	var peak int64
	for round := range 5 {
		var buffers []*Buffer
		for i := range uint64(8) {
			b := newBuffer(s)
			write(t, b, noise(i, 3*chunkSize))
			buffers = append(buffers, b)
		}
		if round == 0 {
			peak = s.disk.size
		}
		for i, b := range buffers {
			var got bytes.Buffer
			checkErr(t, "Drain", b.Drain(&got), nil, "")
			checkBytes(t, "Drain", got.Bytes(), noise(uint64(i), 3*chunkSize))
		}
	}
	check(t, "size of the file", s.disk.size, peak)
	info, err := s.disk.file.Stat()
	checkErr(t, "Stat", err, nil, "")
	check(t, "size of the file, as the system sees it", info.Size(), peak)
	var got bytes.Buffer
	checkErr(t, "Drain", keeper.Drain(&got), nil, "")
	checkBytes(t, "what waited all the time", got.Bytes(), noise(1, firstChunk+chunkSize))
	checkEmpty(t, s)
}

func TestUrgentExceedsTheBoundOfTheFileOnly(t *testing.T) {
	s := newStore(t, Options{Mem: 1000, Disk: chunkSize})
	b := newBuffer(s)
	b.Urgent()
	text := noise(1, 10*chunkSize)
	write(t, b, text)
	if s.memory.used > 1000 {
		t.Errorf("memory: %d bytes", s.memory.used)
	}
	var got bytes.Buffer
	checkErr(t, "Drain", b.Drain(&got), nil, "")
	checkBytes(t, "Drain", got.Bytes(), text)
}

// A bound below the size of a piece means no file at all, but for who must not
// wait.
func TestNoFileForATinyBound(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "absent")
	s := newStore(t, Options{Mem: chunkSize, Disk: chunkSize - 1, Dir: dir})
	holder := newBuffer(s)
	write(t, holder, noise(1, chunkSize))
	waiter := newBuffer(s)
	_, n, err := waiter.collect([]byte("abc"))
	check(t, "taken", n, 0)
	checkErr(t, "collect", err, nil, "")
	waiter.Urgent()
	_, _, err = waiter.collect([]byte("abc"))
	checkErr(t, "collect", err, fs.ErrNotExist, dir)
}

func TestTheFileCannotBeMade(t *testing.T) {
	dir := t.TempDir()
	notDir := filepath.Join(dir, "file")
	checkErr(t, "WriteFile", os.WriteFile(notDir, nil, 0o600), nil, "")
	locked := filepath.Join(dir, "locked")
	checkErr(t, "Mkdir", os.Mkdir(locked, 0o500), nil, "")
	for _, tt := range []struct {
		name, dir string
		want      error
	}{
		{"missing", filepath.Join(dir, "absent"), fs.ErrNotExist},
		{"not a directory", notDir, syscall.ENOTDIR},
		{"not writable", locked, fs.ErrPermission},
	} {
		t.Run(tt.name, func(t *testing.T) {
			switch {
			case tt.want == fs.ErrPermission && os.Geteuid() <= 0:
				t.Skip("root, or a system without permissions, may write everywhere")
			case tt.want == syscall.ENOTDIR && runtime.GOOS == "windows":
				t.Skip("another error on Windows")
			}
			s := newStore(t, Options{Mem: 100, Dir: tt.dir})
			b := newBuffer(s)
			n, err := b.Write(noise(1, 1000))
			check(t, "Write", n, 100)
			checkErr(t, "Write", err, tt.want, tt.dir)
			_, err = b.Write([]byte("again"))
			checkErr(t, "second Write", err, tt.want, tt.dir)
			checkErr(t, "Drain of what there is", b.Drain(io.Discard), nil, "")
		})
	}
}
