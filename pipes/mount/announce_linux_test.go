package mount

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/loxctl/loxctl/pipes"
)

// newTopic makes an announcement with everything in its backlog.
func newTopic(t *testing.T, set pipes.Settings) (*pipes.Topic, Options) {
	t.Helper()
	home := t.TempDir() + "/state"
	d, err := pipes.Open(home)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	set.Backlog = pipes.BacklogAll
	topic, err := d.CreateAnnouncement("news", set)
	if err != nil {
		t.Fatal(err)
	}
	return topic, Options{Home: home, Name: "news", Dir: t.TempDir() + "/n"}
}

func put(t *testing.T, topic *pipes.Topic, records ...string) {
	t.Helper()
	for _, r := range records {
		if _, err := topic.Put(t.Context(), pipes.PutOptions{}, []byte(r)); err != nil {
			t.Fatal(err)
		}
	}
}

// read returns the next n records of a subscriber.
func read(t *testing.T, topic *pipes.Topic, sub string, n int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := topic.Subscribe(ctx, sub, pipes.CursorOptions{From: pipes.FromStart})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var got []string
	for len(got) < n {
		r, err := c.Next(ctx)
		if err != nil {
			t.Fatalf("%v after %q", err, got)
		}
		got = append(got, string(r.Data))
		if err := c.Commit(r.Seq); err != nil {
			t.Fatal(err)
		}
	}
	return got
}

// mountTopic mounts in the foreground.
func mountTopic(t *testing.T, o Options) *served {
	t.Helper()
	return serveWith(t, o, Announce)
}

func serveWith(t *testing.T, o Options, mount func(context.Context, Options) error) *served {
	t.Helper()
	s := &served{t: t, dir: o.Dir, done: make(chan error, 1), out: t.TempDir() + "/stderr"}
	messages, err := os.Create(s.out)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	ready := make(chan struct{})
	o.Messages, o.Ready = messages, func() error { close(ready); return nil }
	go func() { s.done <- mount(ctx, o) }()
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

func TestAnnounce(t *testing.T) {
	topic, o := newTopic(t, pipes.Settings{})
	o.Out = []string{"alice", "bob"}
	o.Background = true
	if err := Announce(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	m := &served{t: t, dir: o.Dir}
	m.run("bash", `echo hello >in; printf '%s\n' a b >in`)
	for _, shell := range shells {
		sub := map[string]string{"bash": "alice", "dash": "bob"}[shell]
		if got := m.run(shell, `read -r l <out.`+sub+`; echo "$l"; head -n1 out.`+sub); got != "hello\na\n" {
			t.Errorf("%s got %q", sub, got)
		}
	}
	if err := Unmount(t.Context(), o.Dir); err != nil {
		t.Error(err)
	}
	m.wantFiles()
	if got := read(t, topic, "alice", 1); got[0] != "b" {
		t.Errorf("alice's position is before %q", got)
	}
}

// The end of the announcement is the end of the mount, once everything is read.
func TestAnnounceEnd(t *testing.T) {
	topic, o := newTopic(t, pipes.Settings{})
	o.Out = []string{"alice"}
	m := mountTopic(t, o)
	m.run("bash", "echo a >in")
	if got := m.run("bash", "head -n1 out.alice"); got != "a\n" {
		t.Errorf("got %q", got)
	}
	reader, err := os.Open(m.dir + "/out.alice")
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := topic.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(reader); len(got) > 0 || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if err := m.wait(); err != nil {
		t.Error(err)
	}
	m.wantFiles()
}

// A record that cannot be a line can be taken by other means, and then the
// FIFO goes on.
func TestAnnounceNewline(t *testing.T) {
	topic, o := newTopic(t, pipes.Settings{})
	put(t, topic, "a\nb", "c")
	o.Out = []string{"alice"}
	m := mountTopic(t, o)
	eventually(t, "a message", func() bool { return m.messages() != "" })
	if got := read(t, topic, "alice", 1); got[0] != "a\nb" {
		t.Errorf("got %q", got)
	}
	if got := m.run("bash", "head -n1 out.alice"); got != "c\n" {
		t.Errorf("got %q", got)
	}
}

// A subscriber that is full makes writers wait, also where a put would fail.
func TestAnnounceFull(t *testing.T) {
	for _, when := range []pipes.WhenFull{pipes.Block, pipes.Fail} {
		topic, o := newTopic(t, pipes.Settings{MaxSize: 2, WhenFull: when})
		o.Out = []string{"alice"}
		m := mountTopic(t, o)
		lines := numbered(20)
		for _, line := range lines {
			m.run("dash", "echo "+line+" >in")
		}
		if got := m.run("bash", "head -n20 <out.alice"); got != text(lines) {
			t.Errorf("%v: got %q", when, got)
		}
		if got := m.messages(); got != "" {
			t.Errorf("%v: told %q", when, got)
		}
		put(t, topic, "still open")
	}
}

// What has no room at the end is kept, and only that.
func TestAnnounceFullAtTheEnd(t *testing.T) {
	topic, o := newTopic(t, pipes.Settings{MaxSize: 3})
	if err := topic.Register("slow", pipes.CursorOptions{}); err != nil {
		t.Fatal(err)
	}
	put(t, topic, "0")
	m := mountTopic(t, o)
	m.run("dash", `printf '%s\n' 1 2 3 4 >in`)
	m.end()
	if got := read(t, topic, "slow", 3); strings.Join(got, " ") != "0 1 2" {
		t.Errorf("stored %q", got)
	}
	if kept, err := os.ReadFile(o.Dir + "/rejected"); string(kept) != "3\n4\n" {
		t.Errorf("kept %q, %v", kept, err)
	}
	if got := m.messages(); strings.Count(got, "loxctl: announce: news: full: ") != 1 {
		t.Errorf("told %q", got)
	}
}

func TestAnnounceErrors(t *testing.T) {
	topic, o := newTopic(t, pipes.Settings{})
	none := o
	none.Name = "nwes"
	if err := Announce(t.Context(), none); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such announcement: %v", err)
	}
	if err := topic.Finalize(); err != nil {
		t.Fatal(err)
	}
	o.Out = []string{"late"}
	if err := Announce(t.Context(), o); !errors.Is(err, pipes.ErrFinal) {
		t.Errorf("a subscriber too late: %v", err)
	}
	if _, err := os.Stat(o.Dir); err == nil {
		t.Error("it has made the directory")
	}
}

// chaosKills is how many pumps are killed. `make chaos` sets more.
func chaosKills(t *testing.T) int {
	text := os.Getenv("LOXCTL_CHAOS_KILLS")
	if text == "" {
		return 20
	}
	kills, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return kills
}

// Pumps are killed at any instruction while shells write and read. What is
// written is stored, what is stored is read once, and nothing is torn.
func TestChaos(t *testing.T) {
	topic, o := newTopic(t, pipes.Settings{Segment: 64 << 10})
	o.Out = []string{"alice", "bob"}
	m := mountTopic(t, o)
	var writers []*script
	for i, shell := range shells {
		writers = append(writers, m.sh(shell, fmt.Sprintf(
			`i=0; while [ -e in ] && [ ! -e stop ]; do i=$((i+1)); printf '%d %%d %%0*d\n' $i $((i*67 %% 4000+1)) 7 >in; done; echo $i`, i)))
	}
	alice := m.sh("bash", `while read -r l; do case $l in *last) break; esac; printf '%s\n' "$l"; done <out.alice`)
	bob := m.sh("dash", `while l=$(head -n1 out.bob); do case $l in *last) break; esac; printf '%s\n' "$l"; done`)
	for range chaosKills(t) {
		pause(t.Context(), time.Duration(rand.Int64N(int64(20*time.Millisecond)))) // at any instruction
		m.kill(pumpAt)
	}
	if err := os.WriteFile(o.Dir+"/stop", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var written []int
	for _, w := range writers {
		n, err := strconv.Atoi(strings.TrimSpace(w.output()))
		if err != nil {
			t.Fatal(err)
		}
		written = append(written, n)
	}
	m.run("bash", "echo last >in; rm stop")
	got := alice.output()
	if b := bob.output(); b != got {
		t.Errorf("alice and bob have read different things%s", difference(got, b))
	}
	records := strings.Count(got, "\n")
	if all := read(t, topic, "oracle", records+1); text(all[:records]) != got || all[records] != "last" {
		t.Error("what was stored is not what was read")
	}
	doubled := checkWritten(t, got, written)
	t.Logf("%v written, %d of them stored again", written, doubled)
}

// difference shows where two texts begin to be different.
func difference(a, b string) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return fmt.Sprintf(" from byte %d of %d and %d on: %.80q, %.80q", i, len(a), len(b), a[i:], b[i:])
}

// checkWritten checks that each writer's lines are there, whole and in order,
// but that some follow again, and returns how many.
func checkWritten(t *testing.T, got string, written []int) (doubled int) {
	t.Helper()
	last := make([]int, len(written))
	for line := range strings.Lines(got) {
		var writer, i int
		var pad string
		if _, err := fmt.Sscan(line, &writer, &i, &pad); err != nil || writer >= len(last) || len(pad) != i*67%4000+1 {
			t.Fatalf("torn: %.60q (%d)", line, len(line))
		}
		switch {
		case i == last[writer]+1:
			last[writer] = i
		case i <= last[writer]:
			doubled++
		default:
			t.Fatalf("writer %d: %d follows %d", writer, i, last[writer])
		}
	}
	for i, n := range written {
		if last[i] != n {
			t.Errorf("writer %d has written %d lines, %d arrived", i, n, last[i])
		}
	}
	return doubled
}
