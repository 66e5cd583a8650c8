package mount

import (
	"io"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

func newTracker(t *testing.T, f *os.File) *Tracker {
	t.Helper()
	tr, err := NewTracker(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

func newPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Close()
		w.Close()
	})
	return r, w
}

func TestTrackerPosition(t *testing.T) {
	r, w := newPipe(t)
	tr := newTracker(t, w)
	io.WriteString(w, "others") // before us
	for seq, line := range []string{"one\n", "two\n", "\n", "three\n"} {
		n, _ := io.WriteString(w, line)
		tr.Sent(uint64(seq+10), n)
	}
	// Those others' bytes are read first, but nobody can tell them from ours.
	tests := []struct {
		read  int
		seq   uint64
		moved bool
	}{
		{6, 0, false},  // 15 unread
		{3, 0, false},  // 12
		{1, 10, true},  // 11, so 4 are taken
		{1, 10, false}, // 10
		{4, 12, true},  // 6
		{5, 12, false}, // 1
		{1, 13, true},
	}
	for i, tt := range tests {
		if _, err := io.ReadFull(r, make([]byte, tt.read)); err != nil {
			t.Fatal(err)
		}
		if seq, moved := tr.Position(); seq != tt.seq || moved != tt.moved {
			t.Errorf("%d: %d, %v, want %d, %v", i, seq, moved, tt.seq, tt.moved)
		}
	}
}

// The reader is a shell that reads line by line, and is killed.
func TestTrackerShell(t *testing.T) {
	for _, shell := range shells {
		r, w := newPipe(t)
		tr := newTracker(t, w)
		for i, line := range numbered(157) {
			n, _ := io.WriteString(w, line+"\n")
			tr.Sent(uint64(i+1), n)
		}
		cmd := exec.Command(shell, "-c", "for i in 1 2 3 4 5 6 7; do read -r l; done; kill -KILL $$")
		cmd.Stdin = r
		cmd.Run()
		r.Close() // nobody has it now
		if seq, moved := tr.Position(); seq != 7 || !moved {
			t.Errorf("%s: %d, %v", shell, seq, moved)
		}
	}
}

func TestTrackerGone(t *testing.T) {
	r, w := newPipe(t)
	before := runtime.NumGoroutine()
	tr := newTracker(t, w)
	io.WriteString(w, "a")
	io.ReadFull(r, make([]byte, 1))
	select {
	case <-tr.Gone():
		t.Error("gone while there is a reader")
	default:
	}
	r.Close()
	select {
	case <-tr.Gone():
	case <-time.After(patience):
		t.Error("not gone")
	}
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
	if now := runtime.NumGoroutine(); now > before {
		t.Errorf("%d goroutines, %d before", now, before)
	}
}

// Closing ends the watch, and the pipe is as blocking as it was.
func TestTrackerClose(t *testing.T) {
	_, w := newPipe(t)
	tr := newTracker(t, w)
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
	select {
	case <-tr.Gone():
		t.Error("gone")
	default:
	}
	if _, err := w.Write([]byte("a")); err != nil {
		t.Error(err)
	}
}

func TestTrackerOfAFile(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tr := newTracker(t, f)
	if seq, moved := tr.Position(); seq != 0 || moved {
		t.Errorf("before: %d, %v", seq, moved)
	}
	tr.Sent(5, 100)
	if seq, moved := tr.Position(); seq != 5 || !moved {
		t.Errorf("after: %d, %v", seq, moved)
	}
}
