package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// shell is a lab that can run sh.
func shell(t *testing.T) *lab {
	t.Helper()
	return &lab{dir: t.TempDir(), tools: map[string]string{"sh": "/bin/sh"}}
}

func TestMeasureChecksTheOutput(t *testing.T) {
	l := shell(t)
	want := filepath.Join(l.dir, "want")
	if err := os.WriteFile(want, []byte("1\n2\n3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, script, fails string }{
		{"right", "cat", ""},
		{"other line ends", "echo 1 2; echo 3", ""},
		{"order", "echo 1; echo 3; echo 2", "the output is wrong"},
		{"too little", "echo 1", "the output is wrong"},
		{"status", "cat; exit 3", "exit status 3"},
		{"status and a reason", "cat; echo no luck >&2; exit 3", "no luck"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := l.measure(t.Context(), l.run("peer", want, "sh", "-c", test.script).prints(want), false, true)
			if test.fails == "" && err != nil || test.fails != "" && (err == nil || !strings.Contains(err.Error(), test.fails)) {
				t.Errorf("error %v, want %q", err, test.fails)
			}
		})
	}
}

// TestOrphansAreWaitedFor leaves a process behind that still has something to
// do when its parent has gone.
func TestOrphansAreWaitedFor(t *testing.T) {
	l := shell(t)
	if err := unix.Mkfifo(filepath.Join(l.dir, "gate"), 0o600); err != nil {
		t.Fatal(err)
	}
	mark := filepath.Join(l.dir, "mark")
	orphan := `(read x < "$1/gate"; : > "$1/mark") & (echo go > "$1/gate") & :`
	if _, err := l.measure(t.Context(), l.run("peer", "", "sh", "-c", orphan, "sh", l.dir), false, false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(mark); err != nil {
		t.Errorf("measured before the orphan had ended: %v", err)
	}
}

func TestResidentIsOurOwn(t *testing.T) {
	if got := resident(os.Getpid()); got < 1 || got > 4096 {
		t.Errorf("this test has %v MiB", got)
	}
	if got := resident(-1); got != 0 {
		t.Errorf("no process has %v MiB", got)
	}
}

func TestMemfdsAreCountedOnce(t *testing.T) {
	fd, err := unix.MemfdCreate("bench", unix.MFD_CLOEXEC)
	if err != nil {
		t.Skip("no memfd: ", err)
	}
	f := os.NewFile(uintptr(fd), "memfd")
	defer f.Close()
	before := memfds(os.Getpid())
	if _, err := f.Write(make([]byte, 3<<20)); err != nil {
		t.Fatal(err)
	}
	again, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(again)
	if got := memfds(os.Getpid()) - before; got != 3 {
		t.Errorf("3 MiB in a memfd with two descriptors are counted as %v", got)
	}
}
