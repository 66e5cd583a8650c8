package mount

import (
	"os"
	"strings"
	"testing"

	"github.com/loxctl/loxctl/pipes"
)

// newJoin makes a funnel with two inputs.
func newJoin(t *testing.T) (*pipes.Join, Options) {
	t.Helper()
	home := t.TempDir() + "/state"
	d, err := pipes.Open(home)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	j, err := d.CreateFunnel("f", []string{"left", "right"}, pipes.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	return j, Options{Home: home, Name: "f", Dir: t.TempDir() + "/m"}
}

func TestFunnel(t *testing.T) {
	for _, shell := range shells {
		_, o := newJoin(t)
		m := serveWith(t, o, Funnel)
		m.wantFiles(".mount", "in.left", "in.right", "out")
		m.run(shell, `printf '7\tR\n8\tr r\n' >in.right`)
		eventually(t, "the right ones stored", func() bool { return m.unread("in.right") == 0 })
		m.run(shell, `printf '8\tl\n9\t\n7\tL\n' >in.left`)
		if got := m.run(shell, "head -n2 <out"); got != "8\tl\tr r\n7\tL\tR\n" {
			t.Errorf("%s: got %q", shell, got)
		}
		m.run(shell, `printf '9\t\n' >in.right`)
		if got := m.run(shell, "IFS= read -r l <out; echo \"$l\""); got != "9\t\t\n" {
			t.Errorf("%s: got %q", shell, got)
		}
		m.end()
		m.wantFiles()
	}
}

// What the funnel refuses is kept, and the rest goes on.
func TestFunnelRejects(t *testing.T) {
	_, o := newJoin(t)
	m := serveWith(t, o, Funnel)
	m.run("bash", `printf '7\tL\nno tab\n7\tother\n7\tL\n' >in.left`)
	eventually(t, "the left ones stored", func() bool { return m.unread("in.left") == 0 && strings.Contains(m.messages(), "another") })
	m.run("bash", `printf '7\tR\n' >in.right`)
	if got := m.run("dash", "head -n1 out"); got != "7\tL\tR\n" {
		t.Errorf("got %q", got)
	}
	m.end()
	if kept, err := os.ReadFile(o.Dir + "/rejected"); string(kept) != "no tab\n7\tother\n" {
		t.Errorf("kept %q, %v", kept, err)
	}
	for _, want := range []string{"loxctl: funnel: f: left: a line without a TAB: kept in ", "left already gave another value"} {
		if !strings.Contains(m.messages(), want) {
			t.Errorf("told %q, not %q", m.messages(), want)
		}
	}
}

// A set that cannot be a line goes to another getter.
func TestFunnelTab(t *testing.T) {
	j, o := newJoin(t)
	for input, value := range map[string]string{"left": "a\tb", "right": "c"} {
		if _, err := j.Put(t.Context(), pipes.PutOptions{}, input, "7", []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	m := serveWith(t, o, Funnel)
	eventually(t, "a message", func() bool { return strings.Contains(m.messages(), "holds a TAB") })
	g, err := j.Getter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	set, err := g.Next(t.Context())
	if err != nil || set.Job != "7" {
		t.Fatalf("got %v, %v", set, err)
	}
	if err := g.Ack(set.Seq); err != nil {
		t.Error(err)
	}
	m.run("bash", `printf '8\tx\n' >in.left; printf '8\ty\n' >in.right`)
	if got := m.run("bash", "head -n1 out"); got != "8\tx\ty\n" {
		t.Errorf("got %q", got)
	}
}
