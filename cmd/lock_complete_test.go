package cmd

import (
	"os"
	"strings"
	"testing"

	"github.com/loxctl/loxctl/locks"
)

func TestLockCompletion(t *testing.T) {
	home := t.TempDir()
	if err := os.Chmod(home, 0o700); err != nil {
		t.Fatal(err)
	}
	dir, err := locks.Open(home)
	if err != nil {
		t.Fatal(err)
	}
	hold, err := dir.Locker(locks.Request{Name: "db", Mode: locks.Exclusive, Who: locks.Who{Label: "backup"}}).TryAcquire()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []locks.Locker{dir.QLock("my table"), dir.IndexSemaphore("gpu", 2)} {
		other, err := l.TryAcquire()
		if err != nil {
			t.Fatal(err)
		}
		if err := other.Release(); err != nil {
			t.Fatal(err)
		}
	}
	const actions = "acquire release held check path ls wait break"
	for _, tt := range []struct{ args, want string }{ // _ is a word that is empty
		{"lock _", "db my_table " + actions},
		{"lock d", "db"},
		{"lock a", "acquire"},
		{"sem _", "gpu " + actions + " resize"},
		{"switch acq", "acquire"},
		{"lock acquire _", "db my_table"},
		{"lock -s _", "db my_table " + actions},
		{"lock acquire db _", ""},
		{"lock db --wai", "--wait"},
		{"lock acquire db --fd 9 --pri", "--print"},
		{"lock -s --prefer _", "fair writer"},
		{"lock --pre", "--prefer"},
		{"lock db true --wai", ""},
		{"lock db -- _", ""},
		{"switch hall --over _", ""},
		{"switch --over _", "db my_table"},
		{"ls _", ""},
	} {
		args := strings.Fields("__complete " + tt.args)
		if last := len(args) - 1; args[last] == "_" {
			args[last] = ""
		}
		var got []string
		for line := range strings.Lines(run(t, []string{"LOXCTL_HOME=" + home}, args...).stdout) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			if !strings.HasPrefix(word, ":") {
				got = append(got, strings.ReplaceAll(word, " ", "_"))
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("loxctl %s: %q, want %q", tt.args, got, tt.want)
		}
	}
	got := run(t, []string{"LOXCTL_HOME=" + home}, "__complete", "lock", "d").stdout
	if !strings.HasPrefix(got, "db\theld by pid ") || !strings.Contains(got, " (backup) for ") {
		t.Errorf("got %q", got)
	}
	if err := hold.Release(); err != nil {
		t.Fatal(err)
	}
}
