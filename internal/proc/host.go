package proc

import (
	"context"
	"os"
	"sync"
	"syscall"
	"time"
)

// maxSlots is how many groups a guard can watch.
const maxSlots = 10240

// guardAfter is how long a host runs without a guard: long enough that short
// runs do not pay for one.
const guardAfter = 50 * time.Millisecond

// Options of a Host.
type Options struct {
	Grace time.Duration // between the polite signal and KILL
	// Guard is the command that runs Guard, started when processes have run
	// for a moment; empty: none, and what children of a process have started
	// outlives a host that is killed.
	Guard []string
	// Portable makes a host use what every system has. For tests.
	Portable bool
}

// Host starts processes and signals them.
type Host struct {
	opt    Options
	groups groups

	mu    sync.Mutex
	live  []int32 // by slot: the group that runs, or 0
	null  *os.File
	guard *guard
	timer *time.Timer // starts the guard
	ended bool
	nice  *nice // nil: as the host
}

// NewHost returns a host without processes.
func NewHost(opt Options) *Host {
	if !native() {
		opt.Portable = true
	}
	return &Host{opt: opt}
}

// Close ends the guard. No process may run.
func (h *Host) Close() error {
	h.mu.Lock()
	h.ended = true
	if h.timer != nil {
		h.timer.Stop()
	}
	h.nice.close()
	g, null := h.guard, h.null
	h.guard, h.null = nil, nil
	if g != nil {
		h.live = append([]int32(nil), h.live...)
	}
	h.mu.Unlock()
	if null != nil {
		null.Close()
	}
	return g.close()
}

// Signal sends sig to the group of every process that runs.
func (h *Host) Signal(sig syscall.Signal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, pid := range h.live {
		if pid != 0 {
			signalGroup(int(pid), sig)
		}
	}
}

// devNull returns the open /dev/null that processes share.
func (h *Host) devNull() (*os.File, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.null == nil {
		f, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		h.null = f
	}
	return h.null, nil
}

// process is one process while it runs.
type process struct {
	host    *Host
	slot    int // index in live
	pid     int
	over    bool        // nothing is signalled any more; under host.mu
	stopped bool        // the ladder has begun; under host.mu
	kill    *time.Timer // the ladder's second rung
	end     time.Time   // when that is
}

// began enters a started process into the table.
func (h *Host) began(slot, pid int) *process {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.live) <= slot {
		h.live = append(h.live, 0)
	}
	h.live[slot] = int32(pid)
	if h.timer == nil && len(h.opt.Guard) > 0 && !h.ended {
		h.timer = time.AfterFunc(guardAfter, h.startGuard)
	}
	return &process{host: h, slot: slot, pid: pid}
}

// startGuard moves the table into memory that a guard reads. Without one the
// parent-death signal is all there is.
func (h *Host) startGuard() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return
	}
	g, err := newGuard(h.opt.Guard)
	if err != nil {
		return
	}
	copy(g.table, h.live)
	h.guard, h.live = g, g.table
}

// stop begins the ladder: sig, and KILL after the grace.
func (p *process) stop(sig syscall.Signal) {
	p.host.mu.Lock()
	defer p.host.mu.Unlock()
	if p.over || p.stopped {
		return
	}
	p.stopped = true
	p.end = time.Now().Add(p.host.opt.Grace)
	signalGroup(p.pid, sig)
	signalGroup(p.pid, sigCont) // a stopped process hears nothing
	p.kill = time.AfterFunc(p.host.opt.Grace, func() {
		p.host.mu.Lock()
		defer p.host.mu.Unlock()
		if !p.over {
			signalGroup(p.pid, syscall.SIGKILL)
		}
	})
}

// exited says that the process has ended but is not reaped. If it was told to
// stop its group stays in the table for finish; otherwise nothing is signalled
// any more, as the number may be another group's soon.
func (p *process) exited() (stopped bool) {
	p.host.mu.Lock()
	defer p.host.mu.Unlock()
	if !p.stopped {
		p.leave()
	}
	return p.stopped
}

func (p *process) leave() {
	p.over = true
	p.host.live[p.slot] = 0
}

// finish waits until the rest of a stopped group is gone, at most until the
// ladder's end, and kills what is left then. It looks again and again, because
// no system tells when a group has become empty.
func (p *process) finish() {
	for pause := time.Millisecond; p.host.groups.has(p.pid); pause = min(2*pause, 20*time.Millisecond) {
		if time.Now().After(p.end) {
			signalGroup(p.pid, syscall.SIGKILL)
			break
		}
		time.Sleep(pause)
	}
	p.kill.Stop()
	p.host.mu.Lock()
	defer p.host.mu.Unlock()
	p.leave()
}

// watch stops the process when ctx ends; the returned function ends that.
func (p *process) watch(ctx context.Context) func() bool {
	if ctx.Done() == nil {
		return func() bool { return true }
	}
	return context.AfterFunc(ctx, func() { p.stop(stopSignal(ctx)) })
}
