//go:build unix

package sink

import (
	"errors"
	"os"
	"syscall"
	"testing"
)

func TestRawFindsAStdoutThatNobodyReads(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	raw := Raw{Out: w}
	died := &Job{Signal: syscall.SIGPIPE}
	if err := raw.Put(died); err != nil {
		t.Errorf("with a reader: %v", err)
	}
	r.Close()
	if err := raw.Put(&Job{}); err != nil {
		t.Errorf("a job that ended well: %v", err)
	}
	if err := raw.Put(died); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("without a reader: %v", err)
	}
}
