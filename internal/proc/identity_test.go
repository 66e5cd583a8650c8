//go:build unix

package proc

import (
	"encoding/binary"
	"hash/fnv"
	"os"
	"runtime"
	"syscall"
	"testing"
)

func TestIdentity(t *testing.T) {
	me, err := Self()
	if err != nil || me.PID != os.Getpid() {
		t.Fatal(me, err)
	}
	if again, err := Of(os.Getpid()); again != me || err != nil {
		t.Errorf("%v and %v, %v", me, again, err)
	}
	if runtime.GOOS == "linux" && (me.Start == 0 || me.Namespace == 0) {
		t.Errorf("not known: %v", me)
	}
	cmd := sleeper(t)
	child, err := Of(cmd.Process.Pid)
	if err != nil || child.PID != cmd.Process.Pid || child.Namespace != me.Namespace || child.Start < me.Start {
		t.Errorf("%v beside %v, %v", child, me, err)
	}
	if child.Key() == me.Key() {
		t.Error("two processes, one key")
	}
	cmd.Process.Kill()
	cmd.Wait()
	for _, pid := range []int{cmd.Process.Pid, 0, -1} {
		if _, err := Of(pid); err != ErrNoProcess {
			t.Errorf("process %d: %v", pid, err)
		}
	}
}

func TestStopped(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("not known here")
	}
	cmd := sleeper(t)
	if Stopped(cmd.Process.Pid) || Stopped(-1) {
		t.Error("not yet")
	}
	var status syscall.WaitStatus
	syscall.Kill(cmd.Process.Pid, syscall.SIGSTOP)
	if _, err := syscall.Wait4(cmd.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatal(status, err)
	}
	if !Stopped(cmd.Process.Pid) {
		t.Error("it is stopped")
	}
}

func TestKey(t *testing.T) {
	for _, id := range []Identity{{}, {1, 2, 3}, {3, 2, 1}, {1 << 20, 1 << 40, 1 << 60}} {
		h := fnv.New64a()
		for _, n := range []uint64{uint64(id.PID), id.Start, id.Namespace} {
			binary.Write(h, binary.LittleEndian, n)
		}
		if got := id.Key(); got != h.Sum64() || got == 0 {
			t.Errorf("%v: %x, want %x", id, got, h.Sum64())
		}
	}
}
