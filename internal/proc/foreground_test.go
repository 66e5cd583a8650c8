//go:build unix

package proc

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// parts are what the test binary plays.
func parts() map[string]func(args []string) {
	return map[string]func([]string){
		"wrapper":  playWrapper,
		"exec":     playExec,
		"detacher": playDetacher,
		"detached": playDetached,
	}
}

// playWrapper runs a command as Foreground does and tells how it ended.
func playWrapper(args []string) {
	var f Foreground
	var death int
	var inherit string
	flags := flag.NewFlagSet("wrapper", flag.ExitOnError)
	flags.IntVar(&death, "death", 0, "")
	flags.StringVar(&inherit, "inherit", "", "")
	flags.DurationVar(&f.MaxHold, "max-hold", 0, "")
	flags.DurationVar(&f.KillAfter, "kill-after", time.Minute, "")
	flags.Parse(args)
	f.Args, f.Death, f.Inherit = flags.Args(), syscall.Signal(death), inherited(inherit)
	exit, err := f.Run()
	fmt.Println("exit", exit.Code, int(exit.Signal), exit.Stopped, err)
	if tty, err := openTerminal(); err == nil {
		fmt.Println("terminal ours:", tty.owner() == syscall.Getpgrp())
	}
}

// playExec becomes another program.
func playExec(args []string) {
	fmt.Println(Exec(args[1:], nil, inherited(args[0])))
}

// inherited opens a file to inherit, and another one that nobody is to have.
func inherited(name string) *os.File {
	if name == "" {
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		panic(err)
	}
	d, err := Duplicate(f.Fd())
	if err != nil {
		panic(err)
	}
	return d
}

// played is a process that plays a part, and its output by lines.
type played struct {
	t   *testing.T
	cmd *exec.Cmd
	out *bufio.Reader
}

func play(t *testing.T, files []*os.File, part string, args ...string) *played {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &played{t: t, cmd: exec.Command(os.Args[0], append([]string{part}, args...)...), out: bufio.NewReader(r)}
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.ExtraFiles = w, os.Stderr, files
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = p.cmd.Start()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		p.cmd.Wait()
		r.Close()
	})
	r.SetReadDeadline(time.Now().Add(20 * time.Second))
	return p
}

// wants reads a line and compares it.
func (p *played) wants(line string) {
	p.t.Helper()
	if got := p.line(); got != line {
		p.t.Fatalf("got %q, want %q", got, line)
	}
}

func (p *played) line() string {
	p.t.Helper()
	line, err := p.out.ReadString('\n')
	if err != nil {
		p.t.Fatalf("got %q, then %v", line, err)
	}
	return strings.TrimRight(line, "\r\n")
}

func (p *played) rest() string {
	b, err := io.ReadAll(p.out)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(b)
}

// echoes is a shell script that says which signals it gets.
const echoes = `for s in HUP INT QUIT USR1 USR2 TERM; do trap "echo $s" $s; done
	trap 'echo TERM; exit 7' TERM
	echo ready; while :; do sleep 0.01; done`

func TestForegroundEnd(t *testing.T) {
	tests := []struct{ line, want string }{
		{"exit 3", "exit 3 0 false <nil>\n"},
		{"kill -KILL $$", "exit -1 9 false <nil>\n"},
		{"cat; echo $0", "sh\nexit 0 0 false <nil>\n"},
	}
	for _, tt := range tests {
		p := play(t, nil, "wrapper", "sh", "-c", tt.line, "sh")
		if got := p.rest(); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.line, got, tt.want)
		}
	}
}

func TestForegroundStartErrors(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"plain": "", "lost": "#!/none\n", "script": "exit 5\n"} {
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	os.Chmod(dir+"/plain", 0o644)
	env := []string{"PATH=/none:" + dir}
	tests := []struct {
		args  []string
		class error
	}{
		{[]string{"none"}, exec.ErrNotFound},
		{[]string{dir + "/none"}, exec.ErrNotFound},
		{[]string{""}, exec.ErrNotFound},
		{nil, exec.ErrNotFound},
		{[]string{"plain"}, fs.ErrPermission},
		{[]string{dir + "/plain"}, fs.ErrPermission},
		{[]string{dir}, fs.ErrPermission},
		{[]string{"lost"}, fs.ErrPermission},
		{[]string{"script", strings.Repeat("x", 16<<20)}, fs.ErrPermission},
	}
	for _, tt := range tests {
		name := strings.Join(tt.args, " ")
		if len(tt.args) > 1 {
			name = tt.args[0] + " with long words"
		}
		if _, err := (&Foreground{Args: tt.args, Env: env}).Run(); !errors.Is(err, tt.class) {
			t.Errorf("run %q: %v", name, err)
		}
		if err := Exec(tt.args, env, nil); !errors.Is(err, tt.class) {
			t.Errorf("exec %q: %v", name, err)
		}
	}
	if exit, err := (&Foreground{Args: []string{"script"}, Env: env}).Run(); exit.Code != 5 || err != nil {
		t.Errorf("a script without #!: %v, %v", exit, err)
	}
}

func TestForegroundPassesSignalsOn(t *testing.T) {
	for name, flags := range map[string][]string{"in our group": nil, "in its own": {"-max-hold", "1m"}} {
		t.Run(name, func(t *testing.T) {
			p := play(t, nil, "wrapper", append(flags, "sh", "-c", echoes)...)
			p.wants("ready")
			for _, sig := range forwarded {
				if sig != syscall.SIGTERM {
					p.cmd.Process.Signal(sig)
					p.wants(strings.TrimPrefix(SignalName(sig), "SIG"))
				}
			}
			p.cmd.Process.Signal(syscall.SIGTERM)
			p.wants("TERM")
			p.wants("exit 7 0 false <nil>")
		})
	}
}

// What nohup has arranged holds for the command.
func TestForegroundKeepsIgnoredSignals(t *testing.T) {
	p := play(t, nil, "exec", "", "sh", "-c", `trap '' HUP INT; exec "$0" wrapper sh -c '
		trap "echo USR1" USR1; echo ready; while :; do sleep 0.01; done'`, os.Args[0])
	p.wants("ready")
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGUSR1} {
		p.cmd.Process.Signal(sig)
	}
	p.wants("USR1")
	p.cmd.Process.Signal(syscall.SIGTERM)
	p.wants("exit -1 15 false <nil>")
}

// After Run a signal is ours again.
func TestForegroundGivesSignalsBack(t *testing.T) {
	if _, err := (&Foreground{Args: []string{"true"}}).Run(); err != nil {
		t.Fatal(err)
	}
	got := make(chan os.Signal, 1)
	notify(t, got, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	<-got
}

func TestForegroundMaxHold(t *testing.T) {
	tests := []struct{ name, killAfter, line, want string }{
		{"in time", "1m", "exit 4", "exit 4 0 false <nil>"},
		{"TERM", "1m", "sleep 60", "exit -1 15 true <nil>"},
		{"TERM is answered", "1m", "trap 'exit 6' TERM; while :; do sleep 0.01; done", "exit 6 0 true <nil>"},
		{"KILL", "50ms", "trap '' TERM; while :; do sleep 0.01; done", "exit -1 9 true <nil>"},
		{"stopped", "1m", "kill -STOP $$; sleep 60", "exit -1 15 true <nil>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hold := "300ms"
			if tt.name == "in time" {
				hold = "1m"
			}
			p := play(t, nil, "wrapper", "-max-hold", hold, "-kill-after", tt.killAfter, "sh", "-c", "sleep 61 & echo $!\n"+tt.line)
			pid, err := strconv.Atoi(p.line())
			if err != nil {
				t.Fatal(err)
			}
			p.wants(tt.want)
			if tt.name == "in time" {
				syscall.Kill(pid, syscall.SIGKILL) // what the command left behind in time is left alone
			} else {
				gone(t, pid)
			}
		})
	}
}

func TestInheritance(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no /proc to look at")
	}
	other, err := os.Open("/") // as make's job server: at 3, from our parent
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	name := t.TempDir() + "/lock"
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	list := fmt.Sprintf("for f in 0 1 2 %s; do [ -e /proc/$$/fd/$f ] && printf '%%s ' $f; done; echo; readlink /proc/$$/fd/100", numbers(3, 130))
	for part, args := range map[string][]string{
		"wrapper": {"-inherit", name, "sh", "-c", list},
		"exec":    {name, "sh", "-c", list},
	} {
		p := play(t, []*os.File{other}, part, args...)
		p.wants("0 1 2 3 100 ")
		p.wants(name)
	}
	p := play(t, nil, "wrapper", "sh", "-c", list)
	p.wants("0 1 2 ")
}

func numbers(from, to int) string {
	var b strings.Builder
	for n := from; n <= to; n++ {
		fmt.Fprint(&b, n, " ")
	}
	return b.String()
}

func TestSlotInheritance(t *testing.T) {
	f, err := os.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var files []*os.File
	var want []string
	for range 2 {
		d, err := Duplicate(f.Fd())
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		files, want = append(files, d), append(want, strconv.Itoa(int(d.Fd())))
	}
	slices.Reverse(files)
	eachHost(t, func(t *testing.T, s *Slot) {
		list := "for f in " + numbers(3, 130) + "; do [ -e /dev/fd/$f ] && echo $f; done; exit 0"
		c := sh(list)
		c.Inherit = files
		got, _, _ := run(t, t.Context(), s, c)
		for _, n := range want {
			if !slices.Contains(strings.Fields(got), n) {
				t.Errorf("%s is missing from %q", n, got)
			}
		}
		if without, _, _ := run(t, t.Context(), s, sh(list)); len(strings.Fields(without)) > len(strings.Fields(got))-2 {
			t.Errorf("%q with files, %q without", got, without)
		}
	})
}

func TestDuplicate(t *testing.T) {
	if _, err := Duplicate(9999); !errors.Is(err, syscall.EBADF) {
		t.Errorf("of nothing: %v", err)
	}
	p := play(t, nil, "exec", "", "sh", "-c", `ulimit -n 60; exec "$0" wrapper -inherit / sh -c '
		for f in 3 4 5 6 7 8 9 10 11; do [ -e /dev/fd/$f ] && echo $f; done; exit 0'`, os.Args[0])
	if runtime.GOOS == "linux" {
		p.wants("10")
	}
	p.wants("exit 0 0 false <nil>")
}

func TestForegroundDeath(t *testing.T) {
	if runtime.GOOS != "linux" {
		_, err := (&Foreground{Args: []string{"true"}, Death: syscall.SIGTERM}).Run()
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Error(err)
		}
		return
	}
	p := play(t, nil, "wrapper", "-death", strconv.Itoa(int(syscall.SIGUSR1)), "sh", "-c", echoes)
	p.wants("ready")
	p.cmd.Process.Kill()
	p.wants("USR1")
	q := play(t, nil, "wrapper", "sh", "-c", "echo $$; read line; echo alive")
	pid, _ := strconv.Atoi(q.line())
	q.cmd.Process.Kill()
	q.wants("alive") // its stdin ends, not it
	gone(t, pid)
}

func TestExecKeepsTheProcess(t *testing.T) {
	p := play(t, nil, "exec", "", "sh", "-c", "echo $$; grep -E 'Sig(Blk|Ign)' /proc/self/status || true")
	p.wants(strconv.Itoa(p.cmd.Process.Pid))
	for _, line := range strings.Split(strings.TrimSpace(p.rest()), "\n") {
		name, set, _ := strings.Cut(line, "\t")
		signals, _ := strconv.ParseUint(set, 16, 64)
		if signals&(1<<31-1) != 0 { // those from 32 on may come from who started the test
			t.Errorf("left to the program: %s %s", name, set)
		}
	}
}
