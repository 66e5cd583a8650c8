package term

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUseColor(t *testing.T) {
	for _, tt := range []struct {
		when     When
		environ  string
		terminal bool
		want     bool
	}{
		{Auto, "", true, true},
		{Auto, "", false, false},
		{Always, "NO_COLOR=1 CLICOLOR=0 TERM=dumb", false, true},
		{Never, "FORCE_COLOR=1 CLICOLOR_FORCE=1", true, false},
		{Auto, "NO_COLOR=1 FORCE_COLOR=1 CLICOLOR_FORCE=1", true, false},
		{Auto, "NO_COLOR=0", true, false},
		{Auto, "NO_COLOR=", true, true},
		{Auto, "FORCE_COLOR=1 CLICOLOR=0 TERM=dumb", false, true},
		{Auto, "CLICOLOR_FORCE=1 CLICOLOR=0", false, true},
		{Auto, "FORCE_COLOR=0", false, false},
		{Auto, "FORCE_COLOR=false CLICOLOR_FORCE=0", true, true},
		{Auto, "CLICOLOR=0", true, false},
		{Auto, "CLICOLOR=1", false, false},
		{Auto, "TERM=dumb", true, false},
		{Auto, "TERM=xterm", true, true},
	} {
		env := make(map[string]string)
		for _, entry := range strings.Fields(tt.environ) {
			name, value, _ := strings.Cut(entry, "=")
			env[name] = value
		}
		getenv := func(name string) string { return env[name] }
		if got := useColor(tt.when, getenv, func() bool { return tt.terminal }); got != tt.want {
			t.Errorf("--color=%v %s, terminal %v: %v", tt.when, tt.environ, tt.terminal, got)
		}
	}
}

// Each stream is decided for itself: the library's own switch, which knows
// only stdout, must not matter.
func TestStyle(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	t.Setenv("NO_COLOR", "1")
	getenv := func(string) string { return "" }

	plain, colored := StyleFor(f, Auto, getenv), StyleFor(f, Always, getenv)
	for _, tt := range []struct {
		paint func(Style, string) string
		begin string
	}{
		{Style.Bold, "\x1b[1m"},
		{Style.Bad, "\x1b[31;1m"},
		{Style.Faint, "\x1b[2m"},
	} {
		if got := tt.paint(plain, "x"); got != "x" {
			t.Errorf("plain style gives %q", got)
		}
		got := tt.paint(colored, "x")
		if !strings.HasPrefix(got, tt.begin+"x\x1b[") || !strings.HasSuffix(got, "m") {
			t.Errorf("got %q, want x after %q and a reset", got, tt.begin)
		}
	}
}

func TestWhen(t *testing.T) {
	for i, word := range When.Choices(Auto) {
		var w When
		if err := w.Set(word); err != nil || w != When(i) || w.String() != word {
			t.Errorf("Set(%q) gives %v (%v)", word, w, err)
		}
	}
	w := Never
	err := w.Set("sometimes")
	if err == nil || err.Error() != `"sometimes" is none of auto, always, never` || w != Never {
		t.Errorf("got %v, %v", w, err)
	}
}

func TestFileIsNoTerminal(t *testing.T) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if IsTerminal(f) || Width(f) != 80 {
		t.Errorf("terminal %v, width %d", IsTerminal(f), Width(f))
	}
}
