package spool

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// openFiles are the files below dir that this process has open, as the kernel
// names them.
func openFiles(t *testing.T, dir string) []string {
	t.Helper()
	fds, err := filepath.Glob("/proc/self/fd/*")
	checkErr(t, "Glob", err, nil, "")
	var open []string
	for _, fd := range fds {
		if name, err := os.Readlink(fd); err == nil && strings.HasPrefix(name, dir) {
			open = append(open, name)
		}
	}
	return open
}

func TestOneOpenFileWithoutAName(t *testing.T) {
	dir := t.TempDir()
	s := newStore(t, Options{Dir: dir})
	for range 10 {
		write(t, newBuffer(s), noise(1, 2*chunkSize))
	}
	open := openFiles(t, dir)
	if len(open) != 1 || !strings.HasSuffix(open[0], " (deleted)") {
		t.Errorf("open files: %v", open)
	}
	checkErr(t, "Close", s.Close(), nil, "")
	if open := openFiles(t, dir); len(open) > 0 {
		t.Errorf("open after Close: %v", open)
	}
}

// tmpfs mounts an empty file system of that many bytes.
func tmpfs(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("no small disk to fill here: mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("umount: %v", err)
		}
	})
	return dir
}

func TestTheDiskFillsUp(t *testing.T) {
	dir := tmpfs(t, "512k")
	s := newStore(t, Options{Disk: 1 << 30, Dir: dir})
	b := newBuffer(s)
	text := noise(1, 1<<20)
	n, err := b.Write(text)
	checkErr(t, "Write", err, syscall.ENOSPC, dir)
	if n < 500<<10 || n > 512<<10+firstChunk {
		t.Errorf("%d bytes on a disk of 512k", n)
	}
	check(t, "Size", b.Size(), int64(n))
	size := s.disk.size
	_, err = b.Write(text[n:])
	checkErr(t, "second Write", err, syscall.ENOSPC, dir)
	check(t, "size of the file after the second Write", s.disk.size, size)
	var got bytes.Buffer
	checkErr(t, "Drain", b.Drain(&got), nil, "")
	checkBytes(t, "what was taken", got.Bytes(), text[:n])
}

func TestTheDiskIsFullFromTheStart(t *testing.T) {
	dir := tmpfs(t, "256k")
	checkErr(t, "filling", os.WriteFile(filepath.Join(dir, "rest"), make([]byte, 256<<10-2*chunkSize+4096), 0o600), nil, "")
	for name, bound := range map[string]int64{"half of what is free": 0, "a bound": 1 << 20} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t, Options{Disk: bound, Dir: dir})
			b := newBuffer(s)
			n, err := b.Write(noise(1, 4*chunkSize))
			checkErr(t, "Write", err, syscall.ENOSPC, filepath.Join(dir, "loxctl-spool-"))
			check(t, "Size", b.Size(), int64(n))
			_, _, err = b.collect(noise(1, 2*chunkSize))
			checkErr(t, "second Write", err, syscall.ENOSPC, dir)
			checkErr(t, "Close", s.Close(), nil, "")
			if open := openFiles(t, dir); len(open) > 0 {
				t.Errorf("open files: %v", open)
			}
		})
	}
}

func TestTheDefaultBoundIsHalfOfTheDisk(t *testing.T) {
	dir := tmpfs(t, "1m")
	s := newStore(t, Options{Dir: dir})
	write(t, newBuffer(s), noise(1, firstChunk+1))
	check(t, "bound", s.disk.limit, 512<<10)
	b := newBuffer(s)
	_, n, err := b.collect(noise(1, 1<<20))
	checkErr(t, "collect", err, nil, "")
	check(t, "taken", n, 512<<10-chunkSize)
}

func TestADiskThatIsReadOnly(t *testing.T) {
	dir := tmpfs(t, "1m")
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("cannot make the disk read-only: %v", err)
	}
	s := newStore(t, Options{Dir: dir})
	_, err := newBuffer(s).Write(noise(1, firstChunk+1))
	checkErr(t, "Write", err, syscall.EROFS, dir)
}

// A tmpfs without a bound tells of no blocks at all.
func TestADiskThatDoesNotSay(t *testing.T) {
	s := newStore(t, Options{Dir: tmpfs(t, "0")})
	write(t, newBuffer(s), noise(1, firstChunk+1))
	check(t, "bound", s.disk.limit, math.MaxInt64/2)
}
