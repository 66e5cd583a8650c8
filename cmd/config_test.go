package cmd

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// configFile writes a configuration file and returns its path.
func configFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfigShow(t *testing.T) {
	path := configFile(t, "color: never\nscatter: {workdir: 'a b'}\n")
	got := run(t, []string{"LOXCTL_JOBS=3"}, "config", "show", "--origin", "--config", path)
	if got.status != 0 || got.stderr != "" {
		t.Fatalf("status %d: %s", got.status, got.stderr)
	}
	var lines []string
	for line := range strings.Lines(got.stdout) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	for _, want := range []string{
		"scatter.jobs = 3 LOXCTL_JOBS",
		"scatter.color = never " + path + ": color",
		`scatter.workdir = "a b" ` + path + ": scatter.workdir",
		"scatter.tag = false default",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("%q is not in\n%s", want, got.stdout)
		}
	}
	for _, no := range []string{"help", "config"} {
		if strings.Contains(got.stdout, "scatter."+no) {
			t.Errorf("--%s is shown, but cannot be configured", no)
		}
	}
}

func TestConfigShowWithoutOrigin(t *testing.T) {
	got := run(t, []string{"LOXCTL_JOBS=3"}, "config", "show")
	if got.status != 0 || !strings.Contains(got.stdout, "scatter.jobs = 3\n") || strings.Contains(got.stdout, "LOXCTL") {
		t.Errorf("got %+v", got)
	}
}

func TestConfigErrors(t *testing.T) {
	typo := configFile(t, "scatter: {jbos: 3}\n")
	strange := configFile(t, "xyzzy: 3\n")
	value := configFile(t, "jobs: many\n")
	for _, tt := range []struct{ path, what, hint string }{
		{typo, ": scatter.jbos: unknown key\n", "hint: did you mean jobs?\n"},
		{strange, ": xyzzy: unknown key\n", "hint: keys are the long names of flags"},
		{value, `: jobs: "many"`, ""},
	} {
		for _, args := range [][]string{{"scatter", "true"}, {"config", "show"}} {
			got := run(t, []string{"LOXCTL_CONFIG=" + tt.path}, args...)
			if got.status != 125 || got.stdout != "" ||
				!strings.HasPrefix(got.stderr, "loxctl: "+tt.path+tt.what) || !strings.Contains(got.stderr, tt.hint) {
				t.Errorf("%v: status %d: %s", args, got.status, got.stderr)
			}
		}
	}
}

// What helps with a broken configuration must not be broken by it.
func TestBrokenConfigLeavesHelp(t *testing.T) {
	environ := []string{"LOXCTL_CONFIG=" + configFile(t, "xyzzy: 3\n")}
	for _, args := range [][]string{{}, {"help", "config"}, {"version"}, {"completion", "bash"}, {"scatter", "--help"}} {
		if got := run(t, environ, args...); got.status != 0 {
			t.Errorf("loxctl %v: status %d: %s", args, got.status, got.stderr)
		}
	}
}
