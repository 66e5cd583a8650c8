package sink

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
)

// Watch returns a writer to f for any goroutine. The first error, which gets
// the name of the stream, is told to failed before the write returns it; no
// later write is tried, each returns that error.
func Watch(f *os.File, name string, failed func(error)) io.Writer {
	return &watched{f: f, name: name, failed: failed}
}

type watched struct {
	f      *os.File
	name   string
	failed func(error)

	mu  sync.Mutex
	err error
}

func (w *watched) Write(p []byte) (int, error) {
	n, first, err := w.write(p)
	if first {
		w.failed(err)
	}
	return n, err
}

func (w *watched) write(p []byte) (n int, first bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return 0, false, w.err
	}
	if n, err = w.f.Write(p); err == nil {
		return n, false, nil
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	w.err = fmt.Errorf("%s: %w", w.name, err)
	return n, true, w.err
}
