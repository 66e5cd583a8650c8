package sink

import (
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestWatchWrites(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	f, err := os.Create(name)
	checkErr(t, "Create", err, nil)
	w := Watch(f, "stdout", func(err error) { t.Errorf("told: %v", err) })
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { write(t, w, "text") })
	}
	wg.Wait()
	checkErr(t, "Close", f.Close(), nil)
	info, err := os.Stat(name)
	checkErr(t, "Stat", err, nil)
	check(t, "size", info.Size(), 80)
}

// checkTold writes twice to a stream that is broken in the way of want: the
// first error is told once, and is what every write returns.
func checkTold(t *testing.T, f *os.File, want error, text string) {
	t.Helper()
	var told []error
	w := Watch(f, "stdout", func(err error) { told = append(told, err) })
	for range 2 {
		n, err := io.WriteString(w, "text")
		check(t, "written", n, 0)
		checkErr(t, "Write", err, want)
		check(t, "what it says", err.Error(), text)
	}
	check(t, "how often it was told", len(told), 1)
	checkErr(t, "what was told", told[0], want)
	check(t, "what was told", told[0].Error(), text)
}

func TestWatchTellsTheFirstError(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	checkErr(t, "Create", err, nil)
	checkErr(t, "Close", f.Close(), nil)
	checkTold(t, f, os.ErrClosed, "stdout: file already closed")
}

// After an error no write is tried: what came between would be missing.
func TestWatchStopsAtTheFirstError(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	f, err := os.Create(name)
	checkErr(t, "Create", err, nil)
	defer f.Close()
	w := Watch(f, "stdout", func(error) {}).(*watched)
	w.err = errBoom
	_, err = io.WriteString(w, "text")
	checkErr(t, "Write", err, errBoom)
	info, err := os.Stat(name)
	checkErr(t, "Stat", err, nil)
	check(t, "size", info.Size(), 0)
}
