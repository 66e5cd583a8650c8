//go:build linux

package pipes

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// flowLatencies is how many messages of a BenchmarkWake are measured.
const flowLatencies = 300

// A flowPlan says what the processes of a flow do.
type flowPlan struct {
	Kind, Dir       string
	Readers, Reader int
	Messages, Batch int
	Every           time.Duration // between commits; 0: none
	Address         string        // of Redis
}

// A flow is memory that all its processes share. Times are those of the
// monotonic clock, which is the same in all of them.
type flow struct {
	ready     atomic.Int64
	began     atomic.Int64
	ended     atomic.Int64
	cpu       atomic.Int64
	latencies [64][flowLatencies]atomic.Int64
}

// flowSize is how long a message is, with the newline that tee's readers need.
const flowSize = 100

var (
	_ = helper("flow reader", func(args []string) { playFlow(args, playFlowReader) })
	_ = helper("flow writer", func(args []string) { playFlow(args, playFlowWriter) })
)

// flowKinds are ours and the peers that are there.
func flowKinds(b *testing.B) []string {
	kinds := []string{"named"}
	for kind, program := range map[string]string{"tee": "tee", "redis": "redis-server"} {
		if _, err := exec.LookPath(program); err != nil {
			b.Log("left out: ", err)
			continue
		}
		kinds = append(kinds, kind)
	}
	return kinds
}

// openFlow maps the memory of the flow in dir, and makes it if it is not there.
func openFlow(dir string) (*flow, error) { return shared[flow](filepath.Join(dir, "flow")) }

// run starts the processes of a flow and waits for them.
func (p flowPlan) run(b *testing.B) *flow {
	p.Dir = b.TempDir()
	f, err := openFlow(p.Dir)
	noError(b, err)
	b.Cleanup(func() { unshare(f) })
	end := p.prepare(b)
	parts := []*exec.Cmd{p.start(b, "flow writer")}
	for p.Reader = range p.Readers {
		parts = append(parts, p.start(b, "flow reader"))
	}
	for _, cmd := range parts {
		noError(b, cmd.Wait())
	}
	f.cpu.Add(int64(end()))
	return f
}

func (p flowPlan) start(b *testing.B, part string) *exec.Cmd {
	text, err := json.Marshal(p)
	noError(b, err)
	cmd := play(part, string(text))
	noError(b, cmd.Start())
	return cmd
}

// prepare makes what the processes meet at. end takes it away, and returns the
// CPU that it took.
func (p *flowPlan) prepare(b *testing.B) (end func() time.Duration) {
	switch p.Kind {
	case "tee":
		return p.startTee(b)
	case "redis":
		return p.startRedis(b)
	}
	d, err := Open(p.Dir)
	noError(b, err)
	defer d.Close()
	newTopic(b, d, "flow", Settings{})
	return func() time.Duration { return 0 }
}

// fifo is that of a reader, or of tee's own input.
func (p *flowPlan) fifo(reader int) string { return filepath.Join(p.Dir, "fifo"+strconv.Itoa(reader)) }

func (p *flowPlan) startTee(b *testing.B) (end func() time.Duration) {
	args := []string{"-c", `exec tee "$@" <"$0" >/dev/null`, p.fifo(-1)}
	for r := -1; r < p.Readers; r++ {
		noError(b, unix.Mkfifo(p.fifo(r), 0o600))
		if r >= 0 {
			args = append(args, p.fifo(r))
		}
	}
	tee := exec.Command("sh", args...)
	tee.Stderr = os.Stderr
	noError(b, tee.Start())
	return func() time.Duration {
		noError(b, tee.Wait())
		return tee.ProcessState.UserTime() + tee.ProcessState.SystemTime()
	}
}

// playFlow is one process of a flow, from the moment that all are ready.
func playFlow(args []string, play func(p *flowPlan, f *flow, begin func()) error) {
	var p flowPlan
	err := json.Unmarshal([]byte(args[0]), &p)
	var f *flow
	if err == nil {
		f, err = openFlow(p.Dir)
	}
	var before time.Duration
	if err == nil {
		err = play(&p, f, func() {
			f.ready.Add(1)
			for f.ready.Load() <= int64(p.Readers) {
				time.Sleep(time.Millisecond)
			}
			before = ownCPU()
		})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, p.Kind, p.Reader, err)
		os.Exit(1)
	}
	f.cpu.Add(int64(ownCPU() - before))
}

func playFlowReader(p *flowPlan, f *flow, begin func()) error {
	next, err := p.openReader()
	if err != nil {
		return err
	}
	begin()
	for i := range p.Messages {
		message, err := next()
		if err != nil {
			return err
		}
		if len(message) < flowSize-1 {
			return fmt.Errorf("message %d is %q", i, message)
		}
		if p.Every > 0 {
			sent, err := strconv.ParseInt(string(message[:20]), 10, 64)
			if err != nil {
				return err
			}
			f.latencies[p.Reader][i].Store(monotonic() - sent)
		}
	}
	f.ended.Store(max(monotonic(), f.ended.Load())) // they end within microseconds of each other
	return nil
}

func playFlowWriter(p *flowPlan, f *flow, begin func()) error {
	put, err := p.openWriter()
	if err != nil {
		return err
	}
	begin()
	time.Sleep(20 * time.Millisecond) // all readers sleep
	f.began.Store(monotonic())
	for sent := 0; sent < p.Messages; sent += p.Batch {
		if err := put(monotonic(), min(p.Batch, p.Messages-sent)); err != nil {
			return err
		}
		time.Sleep(p.Every)
	}
	return nil
}

// ownCPU is the time that this process took.
func ownCPU() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// monotonic is the time in nanoseconds.
func monotonic() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		panic(err)
	}
	return t.Nano()
}
