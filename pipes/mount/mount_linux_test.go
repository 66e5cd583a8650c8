package mount

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// files are what is in the directory of a mount.
func (s *served) files() []string {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func (s *served) wantFiles(want ...string) {
	s.t.Helper()
	if got := s.files(); !slices.Equal(got, want) {
		s.t.Errorf("files %q, want %q", got, want)
	}
}

func TestMountEnds(t *testing.T) {
	newStore(t, "a")
	m := serve(t, announced("alice", "b/ob"))
	m.wantFiles(".mount", "in", "out.alice", "out.b%2Fob")
	m.end()
	m.wantFiles()
	if got := m.messages(); got != "" {
		t.Errorf("told %q", got)
	}
}

func TestMountTwice(t *testing.T) {
	newStore(t, "a")
	m := serve(t, announced("alice"))
	var there *MountedError
	if err := (&Options{}).open(t.Context(), announced().plan(m.dir)); !errors.As(err, &there) || there.Dir != m.dir {
		t.Errorf("mounted again: %v", err)
	}
	if got := m.run("bash", "head -n1 out.alice"); got != "a\n" {
		t.Errorf("the first got %q", got)
	}
}

func TestUnmount(t *testing.T) {
	for name, kill := range map[string][]int64{"alive": nil, "without a pump": {pumpAt}, "without an anchor": {anchorAt}} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			m := background(t, t.TempDir(), announced("alice"))
			m.run("bash", "echo a >in")
			s.awaitRecords(t, 1)
			eventually(t, "the pump", func() bool { return m.unread("in") == 0 })
			for _, at := range kill {
				m.kill(at)
			}
			m.run("dash", "echo b >in")
			if err := unmount(t.Context(), m.dir); err != nil {
				t.Error(err)
			}
			m.wantFiles()
			if got := s.awaitRecords(t, 2); !slices.Equal(got, []string{"a", "b"}) {
				t.Errorf("got %q", got)
			}
			var none *NotMountedError
			if err := unmount(t.Context(), m.dir); !errors.As(err, &none) {
				t.Errorf("unmounted again: %v", err)
			}
		})
	}
}

// As soon as a mount in the background is ready, nothing that is written can be
// lost, and it can be unmounted.
func TestUnmountAtOnce(t *testing.T) {
	for range 10 {
		s := newStore(t)
		m := background(t, t.TempDir(), announced("alice"))
		m.run("dash", "printf '%s\n' a b c >in")
		if err := unmount(t.Context(), m.dir); err != nil {
			t.Error(err)
		}
		m.wantFiles()
		if got := s.awaitRecords(t, 3); len(got) != 3 {
			t.Errorf("got %q", got)
		}
	}
}

// Without an anchor the pump goes on.
func TestAnchorKilled(t *testing.T) {
	s := newStore(t)
	m := background(t, t.TempDir(), announced("alice"))
	m.process(pumpAt).Close() // there is one
	m.kill(anchorAt)
	for i, line := range numbered(3) {
		m.run("bash", "echo "+line+" >in")
		s.awaitRecords(t, i+1)
		if got := m.run("dash", "head -n1 out.alice"); got != line+"\n" {
			t.Errorf("got %q", got)
		}
	}
}

// When both are killed, what is in the pipe is lost unless somebody has it
// open.
func TestBothKilled(t *testing.T) {
	for name, want := range map[string][]string{"exec 8<>in": {"a", "b"}, ":": {"b"}} {
		s := newStore(t)
		s.do(func() { s.noRoom = true })
		m := background(t, t.TempDir(), announced())
		keeper := m.sh("bash", name+"; kill -STOP $$")
		eventually(t, "a keeper", func() bool {
			stat, err := os.ReadFile("/proc/" + strconv.Itoa(keeper.Process.Pid) + "/stat")
			return err == nil && strings.Contains(string(stat), ") T ")
		})
		m.run("dash", "echo a >in")
		s.await(t, func() bool { return s.waiting > 0 })
		m.kill(anchorAt)
		m.kill(pumpAt)
		m = background(t, m.dir, announced())
		s.do(func() { s.noRoom = false })
		m.run("dash", "echo b >in")
		if got := s.awaitRecords(t, len(want)); !slices.Equal(got, want) {
			t.Errorf("%s: got %q", name, got)
		}
		m.end()
	}
}

// While nothing is mounted, writers wait.
func TestNotMounted(t *testing.T) {
	s := newStore(t)
	m := &served{t: t, dir: t.TempDir()}
	if err := syscall.Mkfifo(m.dir+"/in", 0o600); err != nil {
		t.Fatal(err)
	}
	early := m.sh("bash", "echo early >in")
	serveAt(t, m.dir, announced())
	early.output()
	if got := s.awaitRecords(t, 1); got[0] != "early" {
		t.Errorf("got %q", got)
	}
}

func TestNotAFifo(t *testing.T) {
	newStore(t)
	m := &served{t: t, dir: t.TempDir()}
	if err := os.WriteFile(m.dir+"/out.alice", []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	var other *FileError
	if err := (&Options{}).open(t.Context(), announced("alice").plan(m.dir)); !errors.As(err, &other) {
		t.Errorf("got %v", err)
	}
	m.wantFiles("out.alice")
}

// The end of a mount stores what is in the pipe, also the beginning of a line
// that nobody completes any more, and waits for writers that are at it.
func TestDrain(t *testing.T) {
	for late, want := range map[string]string{`echo " and end"`: "rest and end", `printf " and more"`: "rest and more", ":": "rest"} {
		s := newStore(t)
		m := serve(t, announced())
		writer := m.sh("dash", `exec 8>in; printf 'a\nb\nrest' >&8; while [ -e in ]; do :; done; `+late+` >&8`)
		s.awaitRecords(t, 2)
		m.end()
		writer.output()
		if got := s.awaitRecords(t, 3); !slices.Equal(got, []string{"a", "b", want}) {
			t.Errorf("%s: got %q", late, got)
		}
		m.wantFiles()
	}
}

// What cannot be stored is kept.
func TestRejected(t *testing.T) {
	long := strings.Repeat("x", 100000)
	tests := []struct {
		name         string
		set          func(*store)
		lines        []string
		stored, kept []string
		message      string
	}{
		{name: "refused", set: func(s *store) { s.refuse = "bad" }, lines: []string{"a", "bad 1", "b", "bad 2"},
			stored: []string{"a", "b"}, kept: []string{"bad 1", "bad 2"}, message: "bad"},
		{name: "closed", set: func(s *store) { s.closed = true }, lines: []string{"a", "b"},
			kept: []string{"a", "b"}, message: "closed"},
		{name: "too long", set: func(s *store) { s.limit = 99999 }, lines: []string{"a", long, "b", long, "c"},
			stored: []string{"a", "b", "c"}, kept: []string{long, long}, message: "more than 99999 bytes"},
		{name: "no room at the end", set: func(s *store) { s.noRoom = true }, lines: []string{"a", "b"},
			kept: []string{"a", "b"}, message: "no room"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t)
			s.do(func() { tt.set(s) })
			m := serve(t, announced())
			if err := os.WriteFile(m.dir+"/lines", []byte(text(tt.lines)), 0o600); err != nil {
				t.Fatal(err)
			}
			m.run("bash", "cat lines >in; rm lines")
			if tt.stored != nil || tt.name == "closed" {
				eventually(t, "a message", func() bool { return m.messages() != "" })
			}
			m.end()
			m.wantFiles("rejected")
			kept, err := os.ReadFile(m.dir + "/rejected")
			if err != nil || string(kept) != text(tt.kept) {
				t.Errorf("kept %.60q (%d), %v", kept, len(kept), err)
			}
			if got := s.awaitRecords(t, 0); !slices.Equal(got, tt.stored) {
				t.Errorf("stored %.60q", got)
			}
			told := m.messages()
			if !strings.HasPrefix(told, "loxctl: announce: ") || !strings.Contains(told, tt.message) ||
				!strings.Contains(told, "kept in "+m.dir+"/rejected") {
				t.Errorf("told %q", told)
			}
		})
	}
}

// A mount whose announcement cannot be opened ends with the reason, and keeps
// what was written.
func TestBrokenPorts(t *testing.T) {
	t.Setenv(storeVariable, "/nowhere")
	m := &served{t: t, dir: t.TempDir()}
	messages, err := os.Create(t.TempDir() + "/stderr")
	if err != nil {
		t.Fatal(err)
	}
	defer messages.Close()
	ready := func() error { m.run("bash", "echo a >in"); return nil }
	err = (&Options{Messages: messages, Ready: ready}).open(t.Context(), announced("alice").plan(m.dir))
	if err == nil || !strings.Contains(err.Error(), "/nowhere") {
		t.Errorf("got %v", err)
	}
	m.wantFiles("rejected")
}
