package source

import (
	"io"
	"os"
	"strings"
	"syscall"
)

// keptOpen is how many files stay open from Open until they are read.
const keptOpen = 64

// file reads a file and closes it at its end.
type file struct {
	path   string
	f      *os.File
	closed bool
}

// openFile opens a file to know that it can be read. With again it closes a
// regular file until its first read, for there are very many of them; a FIFO
// stays open, its writer would notice.
func openFile(path string, again bool) (*file, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := stat(f)
	if err != nil {
		f.Close() // nothing was read or written
		return nil, err
	}
	if again && info.Mode().IsRegular() {
		return &file{path: path}, f.Close()
	}
	return &file{path: path, f: f}, nil
}

// openStdin returns a reader of stdin, which may be nil, closed, or a mistake.
func openStdin(stdin io.Reader) (io.Reader, error) {
	if stdin == nil {
		return strings.NewReader(""), nil
	}
	if f, ok := stdin.(*os.File); ok {
		if _, err := stat(f); err != nil {
			return nil, err
		}
	}
	return stdin, nil
}

// stat refuses a directory, which can be opened but not read.
func stat(f *os.File) (os.FileInfo, error) {
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = syscall.EISDIR
	}
	return info, err
}

func (f *file) Read(p []byte) (int, error) {
	if f.closed {
		return 0, os.ErrClosed
	}
	if f.f == nil {
		opened, err := os.Open(f.path)
		if err != nil {
			return 0, err
		}
		f.f = opened
	}
	n, err := f.f.Read(p)
	if err == io.EOF {
		f.Close() // only read from: nothing can be lost
	}
	return n, err
}

func (f *file) Close() error {
	if f.closed || f.f == nil {
		f.closed = true
		return nil
	}
	f.closed = true
	return f.f.Close()
}
