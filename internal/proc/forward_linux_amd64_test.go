package proc

import (
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
)

// A signal that comes while the command is being started is not lost.
func TestForwarderKeepsEarlySignals(t *testing.T) {
	var f forwarder
	f.begin()
	defer f.end()
	syscall.Kill(os.Getpid(), syscall.SIGTERM)
	for atomic.LoadUint32(&forwardPending) != 1<<syscall.SIGTERM {
		runtime.Gosched()
	}
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f.aim(cmd.Process.Pid)
	cmd.Wait()
	if sig := cmd.ProcessState.Sys().(syscall.WaitStatus).Signal(); sig != syscall.SIGTERM {
		t.Errorf("ended by %v", sig)
	}
	if atomic.LoadUint32(&forwardPending) != 0 {
		t.Error("it would be sent once more")
	}
}

// What a person sends to the wrapper is passed on also while the terminal's
// own signals are not.
func TestForwarderKnowsWhoSent(t *testing.T) {
	s := newSession(t, os.Args[0], "wrapper", "sh", "-c", counts)
	s.until("ready")
	s.cmd.Process.Signal(syscall.SIGINT)
	s.until("INT 1")
	s.press(ctrlC)
	s.until("INT 2")
	s.cmd.Process.Signal(syscall.SIGTERM)
	s.until("exit 5 0 false <nil>")
}
