//go:build unix

package proc

import (
	"os"
	"os/signal"
	"testing"
)

// notify takes a signal until the test ends.
func notify(t *testing.T, to chan<- os.Signal, sig os.Signal) {
	signal.Notify(to, sig)
	t.Cleanup(func() { signal.Stop(to) })
}
