//go:build unix

package proc

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// await waits for a command with a group of its own, which must not outlive
// MaxHold.
func (f *Foreground) await(pid int) (Exit, error) {
	host := NewHost(Options{Grace: f.KillAfter})
	defer host.Close()
	p := host.began(0, pid)
	deadline := time.AfterFunc(f.MaxHold, func() { p.stop(syscall.SIGTERM) })
	defer deadline.Stop()
	job := newJob(pid)
	defer job.close()
	var status unix.WaitStatus
	var usage unix.Rusage
	for {
		if err := wait(pid, &status, unix.WUNTRACED, &usage); err != nil {
			return Exit{}, err
		}
		if !status.Stopped() {
			break
		}
		job.stopped(status.StopSignal())
	}
	stopped := p.exited()
	if stopped {
		p.finish()
	}
	return exitStatus(status, &usage, stopped), nil
}

// job is a command in a group of its own while it stands in for ours: it has
// the terminal when we would, and when it is stopped we are.
type job struct {
	pgid      int
	tty       *terminal      // nil: none
	continued chan os.Signal // CONT
}

func newJob(pgid int) *job {
	j := &job{pgid: pgid, continued: make(chan os.Signal, 1)}
	signal.Notify(j.continued, syscall.SIGCONT)
	tty, err := openTerminal()
	if err != nil {
		return j
	}
	j.tty = tty
	signal.Ignore(syscall.SIGTTOU) // what taking the terminal back would stop us by
	j.give()
	return j
}

// give gives the terminal to the job if it is ours. Before, the job may have
// asked for it too early and been stopped for that.
func (j *job) give() {
	if j.tty != nil && j.tty.owner() == syscall.Getpgrp() {
		j.tty.setOwner(j.pgid)
	}
}

// stopped answers a stop by the terminal: we are stopped as well, so that the
// shell sees a stopped job, and go on together. A job that was stopped for
// touching the terminal just before it had it only needs to be told.
func (j *job) stopped(by syscall.Signal) {
	tooEarly := by == syscall.SIGTTIN || by == syscall.SIGTTOU
	if j.tty == nil || by != syscall.SIGTSTP && !tooEarly {
		return // who stopped it is to continue it
	}
	if !tooEarly || !j.has() {
		j.takeBack()
		j.stopUs()
		j.give()
	}
	signalGroup(j.pgid, sigCont)
}

// stopUs returns when our group has been stopped and continued. Where nobody
// could continue it the signal does nothing, and nothing says so.
func (j *job) stopUs() {
	select {
	case <-j.continued: // of some time before
	default:
	}
	syscall.Kill(0, syscall.SIGTSTP)
	select {
	case <-j.continued:
	case <-time.After(stopWithin):
	}
}

// stopWithin is how long a signal takes at most to stop us.
const stopWithin = 100 * time.Millisecond

func (j *job) has() bool { return j.tty != nil && j.tty.owner() == j.pgid }

func (j *job) takeBack() {
	if j.has() {
		j.tty.setOwner(syscall.Getpgrp())
	}
}

func (j *job) close() {
	j.takeBack()
	signal.Stop(j.continued)
	if j.tty != nil {
		j.tty.Close()
		signal.Reset(syscall.SIGTTOU)
	}
}

// terminal is the one that controls this process.
type terminal struct{ *os.File }

func openTerminal() (*terminal, error) {
	fd, err := unix.Open("/dev/tty", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	return &terminal{os.NewFile(uintptr(fd), "/dev/tty")}, nil
}

// owner returns the group that has the terminal, 0 if there is none.
func (t *terminal) owner() int {
	pgid, err := unix.IoctlGetInt(int(t.Fd()), unix.TIOCGPGRP)
	if err != nil {
		return 0
	}
	return pgid
}

// setOwner gives the terminal to a group; one that is gone cannot take it.
func (t *terminal) setOwner(pgid int) { unix.IoctlSetPointerInt(int(t.Fd()), unix.TIOCSPGRP, pgid) }
