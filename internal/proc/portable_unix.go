//go:build unix

package proc

import (
	"os"
	"runtime"
	"syscall"
	"time"
)

func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func exitDetails(state *os.ProcessState) (sig syscall.Signal, maxRSS int64) {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		sig = ws.Signal()
	}
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		maxRSS = int64(usage.Maxrss)
		if runtime.GOOS != "darwin" { // which counts bytes
			maxRSS <<= 10
		}
	}
	return sig, maxRSS
}

// stopReading makes a blocked and every later Read of a pipe fail.
func stopReading(f *os.File) { f.SetReadDeadline(time.Unix(1, 0)) }

// readRest gives what is in the pipe now to write.
func readRest(f *os.File, buf []byte, write func([]byte) error) {
	f.SetReadDeadline(time.Time{})
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	for n := 1; n > 0; {
		raw.Read(func(fd uintptr) bool {
			n, _ = syscall.Read(int(fd), buf)
			return true
		})
		if n > 0 {
			write(buf[:n])
		}
	}
}
