//go:build unix

package locks

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A relayPlan says what the processes do that hand a lock from one to the
// other.
type relayPlan struct {
	Kind, Home, Track string
	Processes         uint64
	Grants            uint64        // when to stop
	Hold              time.Duration // how long each has it
	Greedy            bool          // gets into line again at once, and not when the next one has the lock
}

// A track is memory that all processes of a relay share. Times are those of
// the monotonic clock, which is the same in all of them.
type track struct {
	ready    atomic.Uint64
	grants   atomic.Uint64
	released atomic.Int64 // when the lock was released last
	longest  atomic.Int64 // wait
	handOffs [1 << 12]atomic.Int64
}

// BenchmarkHandOff has processes that wait for a lock, and measures the time
// from the release of one to the grant of the next one: for a plain wait, for
// one with a context, and for flock(2) on the same file system.
func BenchmarkHandOff(b *testing.B) {
	for _, waiting := range []uint64{2, 8, 64} {
		b.Run(fmt.Sprint(waiting), func(b *testing.B) {
			plan := relayPlan{Processes: waiting + 1, Grants: 300 + 2*waiting, Hold: 300 * time.Microsecond}
			compare(b, "µs", 1e3, []string{"p50", "p99"}, func(kind string) []float64 {
				plan.Kind = kind
				t := plan.run(b)
				var times []float64
				for i := 2 * waiting; i < plan.Grants; i++ { // first they get into line
					times = append(times, float64(t.handOffs[i].Load()))
				}
				slices.Sort(times)
				return []float64{times[len(times)/2], times[len(times)*99/100]}
			})
		})
	}
}

// BenchmarkLongestWait has 64 processes that want a lock again and again and
// keep it for a millisecond.
func BenchmarkLongestWait(b *testing.B) {
	plan := relayPlan{Processes: 64, Grants: 20 * 64, Hold: time.Millisecond, Greedy: true}
	compare(b, "ms", 1e6, []string{"max"}, func(kind string) []float64 {
		plan.Kind = kind
		return []float64{float64(plan.run(b).longest.Load())}
	})
}

// relayKinds are what is compared, flock(2) last.
var relayKinds = []string{"plain", "context", "flock"}

// compare measures the kinds in turns. It reports the medians, and what they
// are divided by flock's.
func compare(b *testing.B, unit string, nanoseconds float64, names []string, measure func(kind string) []float64) {
	samples := make(map[string][][]float64)
	for b.Loop() {
		for range 3 {
			for _, kind := range relayKinds {
				samples[kind] = append(samples[kind], measure(kind))
			}
		}
	}
	for i, name := range names {
		flock := medianOf(samples["flock"], i)
		b.ReportMetric(flock/nanoseconds, "flock-"+name+"-"+unit)
		for _, kind := range relayKinds[:2] {
			got := medianOf(samples[kind], i)
			b.ReportMetric(got/nanoseconds, kind+"-"+name+"-"+unit)
			b.ReportMetric(got/flock, kind+"-"+name+"/flock")
		}
	}
	b.ReportMetric(0, "ns/op") // is nothing
}

// medianOf is the median of the i-th figures.
func medianOf(samples [][]float64, i int) float64 {
	var all []float64
	for _, s := range samples {
		all = append(all, s[i])
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// run starts the processes of a relay and waits for them.
func (p relayPlan) run(b *testing.B) *track {
	dir := b.TempDir()
	p.Home, p.Track = filepath.Join(dir, "state"), filepath.Join(dir, "track")
	t, err := openTrack(p.Track)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { syscall.Munmap(unsafe.Slice((*byte)(unsafe.Pointer(t)), unsafe.Sizeof(*t))) })
	runners := make([]*exec.Cmd, p.Processes)
	for i := range runners {
		runners[i] = play("relay", p)
		runners[i].Stderr = os.Stderr
		if err := runners[i].Start(); err != nil {
			b.Fatal(err)
		}
	}
	for _, r := range runners {
		if err := r.Wait(); err != nil {
			b.Error(err)
		}
	}
	if b.Failed() {
		b.FailNow()
	}
	return t
}

// openTrack maps the track at path, and makes it if it is not there.
func openTrack(path string) (*track, error) { return shared[track](path) }

// relay is one process of a relay.
func relay() error {
	var p relayPlan
	if err := readPlan(&p); err != nil {
		return err
	}
	t, err := openTrack(p.Track)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	acquire, err := p.acquirer(ctx)
	if err != nil {
		return err
	}
	t.ready.Add(1)
	for t.ready.Load() < p.Processes {
		time.Sleep(time.Millisecond)
	}
	for {
		if done, err := p.leg(t, acquire); err != nil || done {
			return err
		}
	}
}

// leg takes the lock once and hands it on.
func (p relayPlan) leg(t *track, acquire func() (func() error, error)) (done bool, err error) {
	asked := monotonic()
	release, err := acquire()
	if err != nil {
		return false, err
	}
	now := monotonic()
	if wait := now - asked; wait > t.longest.Load() { // only the holder writes
		t.longest.Store(wait)
	}
	turn := t.grants.Load()
	if turn >= p.Grants {
		return true, release()
	}
	t.handOffs[turn].Store(now - t.released.Load())
	t.grants.Store(turn + 1)
	time.Sleep(p.Hold)
	t.released.Store(monotonic())
	if err := release(); err != nil || p.Greedy {
		return false, err
	}
	for t.grants.Load() == turn+1 && turn+1 < p.Grants {
		time.Sleep(100 * time.Microsecond)
	}
	return false, nil
}

// acquirer returns what acquires the lock of the relay.
func (p relayPlan) acquirer(ctx context.Context) (func() (func() error, error), error) {
	d, err := Open(p.Home)
	if err != nil {
		return nil, err
	}
	if p.Kind == "flock" {
		return func() (func() error, error) { return flock(p.Track) }, nil
	}
	if p.Kind == "plain" {
		ctx = context.Background()
	}
	l := d.QLock("relay")
	return func() (func() error, error) {
		h, err := l.Acquire(ctx)
		if err != nil {
			return nil, err
		}
		return h.Release, nil
	}, nil
}

// flock takes the lock of flock(2), on a description of its own.
func flock(path string) (release func() error, err error) {
	fd, err := syscall.Open(path, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := flockRetry(fd, syscall.LOCK_EX); err != nil {
		return nil, err
	}
	return func() error {
		if err := syscall.Flock(fd, syscall.LOCK_UN); err != nil {
			return err
		}
		return syscall.Close(fd)
	}, nil
}

// flockRetry waits on when a signal, which the runtime sends, interrupts it.
func flockRetry(fd, how int) error {
	for {
		if err := syscall.Flock(fd, how); err != syscall.EINTR {
			return err
		}
	}
}

// monotonic is the time in nanoseconds.
func monotonic() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		panic(err)
	}
	return t.Nano()
}
