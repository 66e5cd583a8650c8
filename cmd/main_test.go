package cmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary play loxctl: it is installed under that name
// in a directory of PATH.
func TestMain(m *testing.M) {
	loxctl := func() { os.Exit(Main(os.Args[1:])) }
	testscript.Main(m, map[string]func(){
		"loxctl":        loxctl,
		keeperName:      loxctl,
		backgroundName:  loxctl,
		"loxctl-anchor": loxctl, // of a mount
		"loxctl-pump":   loxctl,
		"end-by-TERM":   func() { exitBy(syscall.SIGTERM).raise() },
		"do-not-raise":  func() { exitJobs.raise() },
	})
}

// subprocess is a command in dir that may play loxctl. It knows nothing of
// whoever runs the tests; GOCOVERDIR is for go test -cover.
func subprocess(t *testing.T, dir, name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = dir
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "GOCOVERDIR=" + t.TempDir()}
	return c
}

// outcome is what a run of loxctl came to.
type outcome struct {
	stdout, stderr string
	status         int
}

// run runs loxctl inside the test, with nothing in its environment but
// environ.
func run(t *testing.T, environ []string, args ...string) outcome {
	t.Helper()
	dir := t.TempDir()
	create := func(name string) *os.File {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	a := &app{stdin: create("in"), stdout: create("out"), stderr: create("err"), environ: environ}
	status := a.run(args).code
	return outcome{stdout: read(t, a.stdout), stderr: read(t, a.stderr), status: status}
}

func read(t *testing.T, f *os.File) string {
	t.Helper()
	content, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
