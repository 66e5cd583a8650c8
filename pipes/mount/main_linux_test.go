package mount

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/loxctl/loxctl/internal/proc"
	"github.com/loxctl/loxctl/internal/state"
)

// TestMain lets the test binary be the processes of its mounts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Verb {
		open := openPorts
		if os.Getenv(storeVariable) != "" {
			open = dialStore
		}
		os.Exit(run(os.Args[2:], open))
	}
	os.Exit(m.Run())
}

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

func deadline(late func()) *time.Timer { return time.AfterFunc(patience, late) }

// A served is a mount of a test.
type served struct {
	t    *testing.T
	dir  string
	stop func()     // asks it to end
	done chan error // of a mount in the foreground
	out  string     // the file of its messages
}

// ends are the inputs and subscribers of a mount.
type ends struct{ in, out []string }

// announced are those of an announcement with subscribers.
func announced(subs ...string) ends { return ends{[]string{""}, subs} }

func (e ends) plan(dir string) plan {
	p := plan{Kind: "announce", Name: "news", Dir: dir}
	for _, in := range e.in {
		p.Fifos = append(p.Fifos, fifoPlan{File: inFile(in), In: true, End: in})
	}
	for _, out := range e.out {
		p.Fifos = append(p.Fifos, fifoPlan{File: outFile(out), End: out})
	}
	return p
}

// serve mounts in the foreground: this process is the anchor.
func serve(t *testing.T, e ends) *served {
	t.Helper()
	return serveAt(t, t.TempDir(), e)
}

func serveAt(t *testing.T, dir string, e ends) *served {
	t.Helper()
	s := &served{t: t, dir: dir, done: make(chan error, 1), out: t.TempDir() + "/stderr"}
	messages, err := os.Create(s.out)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	ready := make(chan struct{})
	o := Options{Messages: messages, Ready: func() error { close(ready); return nil }}
	go func() { s.done <- o.open(ctx, e.plan(dir)) }()
	select {
	case <-ready:
	case err := <-s.done:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.end()
		messages.Close()
	})
	return s
}

// background mounts with an anchor that is another process.
func background(t *testing.T, dir string, e ends) *served {
	t.Helper()
	s := &served{t: t, dir: dir, out: dir + "/" + messagesName}
	if err := (&Options{Background: true}).open(t.Context(), e.plan(dir)); err != nil {
		t.Fatal(err)
	}
	s.stop = func() { unmount(context.Background(), dir) }
	t.Cleanup(s.end)
	return s
}

// end ends the mount, and returns when it has ended.
func (s *served) end() {
	s.t.Helper()
	s.stop()
	if s.done == nil {
		return
	}
	if err := s.wait(); err != nil {
		s.t.Error(err)
	}
	s.done = nil
}

// wait returns when the mount has ended.
func (s *served) wait() error {
	s.t.Helper()
	select {
	case err := <-s.done:
		s.done = nil
		return err
	case <-time.After(patience):
		s.t.Fatal("the mount does not end")
		return nil
	}
}

// process returns one of the mount's processes.
func (s *served) process(at int64) *proc.Process {
	s.t.Helper()
	f, err := state.OpenFile(filepath.Join(s.dir, markerName), 0)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	var p *proc.Process
	eventually(s.t, "a process", func() bool {
		p, err = marker{f, s.dir}.process(at)
		return err == nil
	})
	return p
}

// kill kills one of the mount's processes with SIGKILL, and returns when it is
// dead.
func (s *served) kill(at int64) {
	s.t.Helper()
	p := s.process(at)
	defer p.Close()
	if err := p.Signal(syscall.SIGKILL); err != nil {
		s.t.Fatal(err)
	}
	if err := p.Wait(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// messages are what it has told people.
func (s *served) messages() string {
	b, err := os.ReadFile(s.out)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(b)
}

// eventually returns when is is true. What it looks at gives no sign.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !is(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// unread is how many bytes are in a FIFO of the mount.
func (s *served) unread(name string) int {
	f, err := openAgain(filepath.Join(s.dir, name), syscall.O_RDONLY)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	pipe, err := newFifo(f)
	if err != nil {
		s.t.Fatal(err)
	}
	return pipe.unread()
}

// shells are those that a script may be of.
var shells = []string{"bash", "dash"}

// sh starts a script in the directory of the mount.
func (s *served) sh(shell, line string) *script {
	s.t.Helper()
	if _, err := exec.LookPath(shell); err != nil {
		s.t.Skip(err)
	}
	c := &script{t: s.t, Cmd: exec.Command(shell, "-c", line)}
	c.Dir = s.dir
	c.Cmd.Stdout, c.Stderr = &c.text, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { syscall.Kill(-c.Process.Pid, syscall.SIGKILL) })
	return c
}

// run runs a script to its end and returns its output.
func (s *served) run(shell, line string) string {
	s.t.Helper()
	return s.sh(shell, line).output()
}

// A script is a shell at work.
type script struct {
	t *testing.T
	*exec.Cmd
	text bytes.Buffer
}

func (c *script) output() string {
	c.t.Helper()
	timer := deadline(func() { syscall.Kill(-c.Process.Pid, syscall.SIGKILL) })
	defer timer.Stop()
	if err := c.Wait(); err != nil {
		c.t.Fatalf("%v: %v after %q", c.Args, err, c.text.String())
	}
	return c.text.String()
}

// numbered are n lines.
func numbered(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("line %d", i+1))
	}
	return all
}

// text is lines as a program writes them.
func text(lines []string) string { return strings.Join(lines, "\n") + "\n" }
