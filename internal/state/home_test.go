//go:build unix

package state

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestHome(t *testing.T) {
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ given, loxctl, xdg, home, want, wrong string }{
		"given":             {given: "/g", loxctl: "/l", xdg: "/x", home: "/h", want: "/g"},
		"given, relative":   {given: "g", home: "/h", want: filepath.Join(wd, "g")},
		"LOXCTL_HOME":       {loxctl: "/l/", xdg: "/x", home: "/h", want: "/l"},
		"it is relative":    {loxctl: "l", home: "/h", wrong: "LOXCTL_HOME=l: is not an absolute path"},
		"XDG_STATE_HOME":    {xdg: "/x", home: "/h", want: "/x/loxctl"},
		"that, relative":    {xdg: "x", home: "/h", want: "/h/.local/state/loxctl"},
		"HOME":              {home: "/h", want: "/h/.local/state/loxctl"},
		"no HOME":           {wrong: "HOME is not set"},
		"HOME is relative":  {home: "h", wrong: "HOME=h: is not an absolute path"},
		"XDG without HOME":  {xdg: "/x", want: "/x/loxctl"},
		"LOXCTL_HOME alone": {loxctl: "/l", want: "/l"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{"LOXCTL_HOME": tt.loxctl, "XDG_STATE_HOME": tt.xdg, "HOME": tt.home}
			got, err := Home(tt.given, func(key string) string { return env[key] })
			if tt.wrong == "" {
				if got != tt.want || err != nil {
					t.Errorf("%q, %v", got, err)
				}
				return
			}
			var bad *HomeError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), tt.wrong) || bad.Hint() == "" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestOpenTrust(t *testing.T) {
	tests := map[string]struct {
		mode   fs.FileMode
		shared bool
		wrong  string
	}{
		"own":             {mode: 0o700},
		"readable":        {mode: 0o755},
		"shared":          {mode: 0o770 | fs.ModeSetgid, shared: true},
		"group":           {mode: 0o770, wrong: "group may write"},
		"others":          {mode: 0o707, wrong: "everybody may write"},
		"shared with all": {mode: 0o777 | fs.ModeSetgid, wrong: "everybody may write"},
		"sticky":          {mode: 0o777 | fs.ModeSticky, wrong: "everybody may write"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			if err := os.Chmod(path, tt.mode); err != nil {
				t.Fatal(err)
			}
			d, err := Options{}.Open(path)
			if tt.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wrong) {
					t.Fatalf("%v", err)
				}
				if _, err := (Options{ReadOnly: true}).Open(path); err != nil {
					t.Errorf("even to look: %v", err)
				}
				return
			}
			if err != nil || d.Shared != tt.shared {
				t.Fatalf("%+v, %v", d, err)
			}
			checkModes(t, d)
		})
	}
}

// checkModes checks what is created in a home, whatever the umask.
func checkModes(t *testing.T, d *Dir) {
	t.Helper()
	defer syscall.Umask(syscall.Umask(0o077))
	if err := d.Make("lock/sub"); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFile(filepath.Join(d.Path, "lock", "f"), d.Mode())
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	fifo, err := Fifo(filepath.Join(d.Path, "lock", "fifo"), os.O_RDWR, d.Mode())
	if err != nil {
		t.Fatal(err)
	}
	CloseFifo(fifo)
	want := map[string]fs.FileMode{"lock": 0o700, "lock/sub": 0o700, "lock/f": 0o600, "lock/fifo": 0o600}
	if d.Shared {
		want = map[string]fs.FileMode{"lock": 0o770 | fs.ModeSetgid, "lock/sub": 0o770 | fs.ModeSetgid, "lock/f": 0o660, "lock/fifo": 0o660}
	}
	for name, mode := range want {
		info, err := os.Lstat(filepath.Join(d.Path, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode() & (fs.ModePerm | fs.ModeSetgid); got != mode {
			t.Errorf("%s: %v, not %v", name, got, mode)
		}
	}
}

func TestOpenCreates(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	path := filepath.Join(t.TempDir(), "a", "b")
	if _, err := (Options{ReadOnly: true}).Open(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("only to look: %v", err)
	}
	if _, err := (Options{}).Open(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	left, err := os.ReadDir(path)
	if err != nil || len(left) > 0 {
		t.Errorf("the self-test has left %v, %v", left, err)
	}
}

func TestOpenRefusesFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Options{}.Open(path)
	var bad *HomeError
	if !errors.As(err, &bad) || !strings.Contains(err.Error(), "not a directory") {
		t.Error(err)
	}
}
