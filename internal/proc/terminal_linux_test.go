package proc

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// session is a process that leads a session with a terminal of its own, and
// our end of that.
type session struct {
	played
	keys *os.File
}

func newSession(t *testing.T, program string, args ...string) *session {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	n, err := unix.IoctlGetInt(int(keys.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(keys.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Skip(err)
	}
	tty, err := os.OpenFile("/dev/pts/"+strings.TrimSpace(numbers(n, n)), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer tty.Close()
	s := &session{keys: keys, played: played{t: t, cmd: exec.Command(program, args...), out: bufio.NewReader(keys)}}
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = tty, tty, tty
	s.cmd.Env = append(os.Environ(), "PS1=", "TERM=dumb")
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// A read of a terminal cannot be given up: end what writes to it instead.
	watchdog := time.AfterFunc(20*time.Second, func() { s.cmd.Process.Kill() })
	t.Cleanup(func() {
		watchdog.Stop()
		s.cmd.Process.Kill()
		s.cmd.Wait()
		keys.Close()
	})
	return s
}

func (s *session) press(keys string) {
	s.t.Helper()
	if _, err := s.keys.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// until reads lines up to one that ends this way.
func (s *session) until(end string) {
	s.t.Helper()
	for !strings.HasSuffix(s.line(), end) {
	}
}

const (
	ctrlC = "\x03"
	ctrlZ = "\x1a"
)

// counts says how often it got INT. It does not start processes meanwhile: one
// that is stopped between vfork and exec holds up the shell.
const counts = `n=0; trap 'n=$((n+1)); echo "INT $n"' INT; trap 'echo "USR1 after $n"' USR1; trap 'kill $!; exit 5' TERM
	sleep 60 & echo ready; while :; do wait; done`

func TestTerminalSignalsComeOnce(t *testing.T) {
	s := newSession(t, os.Args[0], "wrapper", "sh", "-c", counts)
	s.until("ready")
	s.press(ctrlC)
	s.until("INT 1")
	s.cmd.Process.Signal(syscall.SIGUSR1)
	s.until("USR1 after 1")
	s.cmd.Process.Signal(syscall.SIGTERM)
	s.until("exit 5 0 false <nil>")
}

func TestMaxHoldGivesTheTerminal(t *testing.T) {
	s := newSession(t, os.Args[0], "wrapper", "-max-hold", "1m", "sh", "-c", "read line; echo got $line; "+counts)
	s.press("word\n") // read by a group that has the terminal
	s.until("got word")
	s.until("ready")
	s.press(ctrlC)
	s.until("INT 1")
	s.press(ctrlZ) // nobody could continue it: so it goes on
	s.press(ctrlC)
	s.until("INT 2")
	s.cmd.Process.Signal(syscall.SIGTERM)
	s.until("exit 5 0 false <nil>")
	s.until("terminal ours: true")
}

func TestMaxHoldInAShellWithJobs(t *testing.T) {
	if os.Getenv("LOXCTL_TEST_JOBS") == "" {
		t.Skip("^Z and fg of a shell with --max-hold: one of ten times the job does not go on; LOXCTL_TEST_JOBS=1 runs it")
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	s := newSession(t, bash, "--norc", "--noediting", "-i")
	s.press(os.Args[0] + " wrapper -max-hold 1m sh -c 'echo read''y; read line; echo got $line; exit 3'\n")
	s.until("ready")
	s.press(ctrlZ)
	s.until("exit 3'") // bash names the job that is stopped
	s.press("fg\n")
	s.until("exit 3'") // and the one that goes on
	s.press("word\n")
	s.until("got word")
	s.until("exit 3 0 false <nil>")
	s.until("terminal ours: true")
}
