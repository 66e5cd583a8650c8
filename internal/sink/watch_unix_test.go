//go:build unix

package sink

import (
	"os"
	"syscall"
	"testing"
)

func TestWatchTellsThatTheReaderIsGone(t *testing.T) {
	r, w, err := os.Pipe()
	checkErr(t, "Pipe", err, nil)
	defer w.Close()
	r.Close()
	checkTold(t, w, syscall.EPIPE, "stdout: broken pipe")
}

func TestWatchTellsThatTheDiskIsFull(t *testing.T) {
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("no full disk here: %v", err)
	}
	defer f.Close()
	checkTold(t, f, syscall.ENOSPC, "stdout: no space left on device")
}
