//go:build unix

package locks

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkNamed is an acquire and a release of a named lock that nobody else
// wants, in turns with open, LOCK_EX, LOCK_UN and close on a file beside it.
func BenchmarkNamed(b *testing.B) {
	dir := openTemp(b)
	tests := []struct {
		name string
		of   Locker
	}{
		{"lock", dir.QLock("lock")},
		{"shared", dir.RWLock("shared").Reader()},
		{"switch", dir.LightSwitch("switch", "room")},
		{"sem4", dir.IndexSemaphore("sem", 4)},
	}
	file := filepath.Join(b.TempDir(), "flock")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		b.Fatal(err)
	}
	for _, test := range tests {
		b.Run(test.name, func(b *testing.B) {
			ours := func() (func() error, error) {
				h, err := test.of.Acquire(context.Background())
				if err != nil {
					return nil, err
				}
				return h.Release, nil
			}
			var rounds [][]float64
			for b.Loop() {
				rounds = append(rounds, []float64{
					pairs(b, ours),
					pairs(b, func() (func() error, error) { return flock(file) }),
				})
			}
			lock, bare := medianOf(rounds, 0), medianOf(rounds, 1)
			b.ReportMetric(lock, "named-µs")
			b.ReportMetric(bare, "flock-µs")
			b.ReportMetric(lock/bare, "named/flock")
			b.ReportMetric(0, "ns/op") // is both
		})
	}
}

// pairs returns how many microseconds an acquire and a release take.
func pairs(b *testing.B, acquire func() (func() error, error)) float64 {
	const n = 200
	start := time.Now()
	for range n {
		release, err := acquire()
		if err == nil {
			err = release()
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start).Seconds() * 1e6 / n
}
