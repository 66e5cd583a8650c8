//go:build unix

package command_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/loxctl/loxctl/engine"
	"github.com/loxctl/loxctl/engine/command"
)

type pool = engine.Pool[engine.Call, engine.Output]

// open returns a pool of commands that is closed with the test.
func open(t *testing.T, opt command.Options, workers int) *pool {
	t.Helper()
	stage, err := command.Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	p := engine.New(context.WithoutCancel(t.Context()), stage, engine.Options{Workers: workers})
	t.Cleanup(func() {
		if err := errors.Join(p.Close(), stage.Close()); err != nil {
			t.Error(err)
		}
	})
	return p
}

func sh(line string) engine.Call { return engine.Call{Argv: []string{"sh", "-c", line}} }

func call(t *testing.T, p *pool, c engine.Call) (string, error) {
	t.Helper()
	out, err := p.Call(t.Context(), c)
	return string(out.Stdout), err
}

func TestScatterCommands(t *testing.T) {
	p := open(t, command.Options{}, 3)
	for i := range 20 {
		p.Scatter(sh(fmt.Sprintf("echo %d; echo err >&2", i)))
	}
	results, err := p.Gather(t.Context())
	if err != nil || len(results) != 20 {
		t.Fatal(len(results), err)
	}
	for i, out := range results {
		if string(out.Stdout) != fmt.Sprintf("%d\n", i) || string(out.Stderr) != "err\n" || out.Usage.MaxRSS == 0 {
			t.Errorf("job %d: %+v", i, out)
		}
	}
}

func TestFailures(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	lost := filepath.Join(dir, "lost")
	for name, content := range map[string]string{plain: "x", lost: "#!/none/interpreter\n"} {
		mode := os.FileMode(0o644)
		if name == lost {
			mode = 0o755
		}
		if err := os.WriteFile(name, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name   string
		call   engine.Call
		status int
		is     error
		text   string
	}{
		{"exit", sh("exit 3"), 3, nil, "exit status 3"},
		{"signal", sh("kill -TERM $$"), 143, nil, "terminated"},
		{"not found", engine.Call{Argv: []string{"loxctl-no-such-command"}}, 127, exec.ErrNotFound, "command not found"},
		{"no file", engine.Call{Argv: []string{dir + "/none"}}, 127, exec.ErrNotFound, "command not found"},
		{"not executable", engine.Call{Argv: []string{plain}}, 126, fs.ErrPermission, "permission denied"},
		{"not executable on PATH", engine.Call{Argv: []string{"plain"}, Env: []string{"PATH=" + dir}}, 126, fs.ErrPermission, "permission denied"},
		{"no interpreter", engine.Call{Argv: []string{lost}}, 126, fs.ErrPermission, "interpreter"},
		{"no words", engine.Call{}, 127, exec.ErrNotFound, "command not found"},
		{"empty name", engine.Call{Argv: []string{""}}, 127, exec.ErrNotFound, "command not found"},
		{"no directory", engine.Call{Argv: []string{"true"}, Dir: dir + "/none"}, 125, fs.ErrNotExist, "working directory"},
		{"too long", engine.Call{Argv: []string{"true", strings.Repeat("x", 131072)}}, 126, nil, "argument list too long: 131078 bytes in 2 words"},
	}
	p := open(t, command.Options{}, 1)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := call(t, p, tt.call)
			if got := engine.Status(err); got != tt.status {
				t.Errorf("status %d, want %d (%v)", got, tt.status, err)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("%v is not %v", err, tt.is)
			}
			if err == nil || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%v does not say %q", err, tt.text)
			}
		})
	}
}

func TestOutputOfAFailedCommandIsKept(t *testing.T) {
	p := open(t, command.Options{}, 1)
	got, err := call(t, p, sh("echo before; exit 1"))
	var exit *engine.ExitError
	if got != "before\n" || !errors.As(err, &exit) || exit.Code != 1 {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestEnvironment(t *testing.T) {
	p := open(t, command.Options{Env: []string{"PATH=" + os.Getenv("PATH"), "A=1", "B=1", "A=2", "LOXCTL_SEQ=99"}}, 1)
	p.Scatter(sh("true"))
	p.Scatter(engine.Call{Argv: []string{"env"}, Env: []string{"B=3", "C=4"}})
	results, err := p.Gather(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(string(results[1].Stdout))
	for _, want := range []string{"A=2", "B=3", "C=4", "LOXCTL_SEQ=2", "LOXCTL_SLOT=1", "LOXCTL_ATTEMPT=1", "PARALLEL_SEQ=2", "PARALLEL_JOBSLOT=1"} {
		name, _, _ := strings.Cut(want, "=")
		same := func(kv string) bool { return strings.HasPrefix(kv, name+"=") }
		if i := slices.IndexFunc(got, same); i < 0 || got[i] != want || slices.IndexFunc(got[i+1:], same) >= 0 {
			t.Errorf("want %s, once, in %q", want, got)
		}
	}
}

func TestDirectory(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir+"/sub", 0o755); err != nil {
		t.Fatal(err)
	}
	p := open(t, command.Options{Dir: dir}, 1)
	if got, err := call(t, p, sh("pwd; echo $PWD")); err != nil || got != dir+"\n"+dir+"\n" {
		t.Errorf("of the stage: %q, %v", got, err)
	}
	c := sh("pwd")
	c.Dir = dir + "/sub"
	if got, err := call(t, p, c); err != nil || got != dir+"/sub\n" {
		t.Errorf("of the call: %q, %v", got, err)
	}
}

func TestTimeoutStopsTheCommand(t *testing.T) {
	stage, err := command.Open(t.Context(), command.Options{Grace: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer stage.Close()
	spawn := func(ctx context.Context, slot int) (engine.Runner[engine.Call, engine.Output], error) {
		r, err := stage.Spawn(ctx, slot)
		return engine.Timeout(r, 50*time.Millisecond), err
	}
	p := engine.New(t.Context(), engine.SpawnFunc[engine.Call, engine.Output](spawn), engine.Options{Workers: 2})
	defer p.Close()
	for _, tt := range []struct {
		line   string
		signal syscall.Signal
	}{
		{"echo out; sleep 60", syscall.SIGTERM},
		{"trap '' TERM; echo out; sleep 60; sleep 60", syscall.SIGKILL},
		{"trap 'exit 0' TERM; echo out; while :; do sleep 0.01; done", 0}, // success does not hide it
	} {
		out, err := p.Call(t.Context(), sh(tt.line))
		if engine.Status(err) != 124 || !errors.Is(err, engine.ErrTimeout) || string(out.Stdout) != "out\n" {
			t.Errorf("%s: %v, %q", tt.line, err, out.Stdout)
		}
		var exit *engine.ExitError
		if tt.signal != 0 && (!errors.As(err, &exit) || exit.Signal != tt.signal) {
			t.Errorf("%s: %v, want %v", tt.line, err, tt.signal)
		}
	}
}

func TestRetryStartsAnew(t *testing.T) {
	stage, err := command.Open(t.Context(), command.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer stage.Close()
	spawn := func(ctx context.Context, slot int) (engine.Runner[engine.Call, engine.Output], error) {
		r, err := stage.Spawn(ctx, slot)
		return engine.Retry(r, 2, nil), err
	}
	p := engine.New(t.Context(), engine.SpawnFunc[engine.Call, engine.Output](spawn), engine.Options{Workers: 1})
	defer p.Close()
	out, err := p.Call(t.Context(), sh("echo $LOXCTL_ATTEMPT; test $LOXCTL_ATTEMPT = 3"))
	if err != nil || string(out.Stdout) != "3\n" {
		t.Errorf("got %q, %v", out.Stdout, err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestOutputThatCannotBeWritten(t *testing.T) {
	p := open(t, command.Options{}, 1)
	c := sh("while :; do echo y; done")
	c.Stdout = broken{}
	_, err := p.Call(t.Context(), c)
	var out *command.OutputError
	if !errors.As(err, &out) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
}

func TestSignalReachesRunningCommands(t *testing.T) {
	stage, err := command.Open(t.Context(), command.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer stage.Close()
	p := engine.New[engine.Call, engine.Output](t.Context(), stage, engine.Options{Workers: 2})
	defer p.Close()
	ready := make(chan struct{}, 2)
	for range 2 {
		c := sh("trap 'exit 5' USR1; echo ready; while :; do sleep 0.01; done")
		c.Stdout = tell(ready)
		p.Scatter(c)
	}
	<-ready
	<-ready
	stage.Signal(syscall.SIGUSR1)
	for result := range p.Results() {
		if engine.Status(result.Err) != 5 {
			t.Error(result.Err)
		}
		if result.Seq == 2 {
			break
		}
	}
}

type tell chan struct{}

func (c tell) Write(p []byte) (int, error) {
	c <- struct{}{}
	return len(p), nil
}

func TestNoCommandAfterTheContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stage, err := command.Open(ctx, command.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer stage.Close()
	r, err := stage.Spawn(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("over")
	cancel(cause)
	if _, err := r.Run(ctx, engine.Job[engine.Call]{Args: sh("touch " + t.TempDir() + "/x")}); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}

func Example() {
	ctx := context.Background()
	stage, err := command.Open(ctx, command.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stage.Close()
	pool := engine.New[engine.Call, engine.Output](ctx, stage, engine.Options{Workers: 4})
	defer pool.Close()
	for _, name := range []string{"one", "two", "three"} {
		pool.Scatter(engine.Call{Argv: []string{"printf", "%s, ", name}})
	}
	results, err := pool.Gather(ctx)
	for _, out := range results {
		fmt.Printf("%s", out.Stdout)
	}
	fmt.Println(err)
	// Output: one, two, three, <nil>
}

func BenchmarkTrue(b *testing.B) {
	stage, err := command.Open(b.Context(), command.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer stage.Close()
	p := engine.New[engine.Call, engine.Output](b.Context(), stage, engine.Options{Workers: 2, Window: 100})
	defer p.Close()
	b.ReportAllocs()
	go func() {
		for range b.N {
			p.Scatter(engine.Call{Argv: []string{"true"}})
		}
		p.Seal()
	}()
	for r := range p.Results() {
		if r.Err != nil {
			b.Fatal(r.Err)
		}
	}
}
