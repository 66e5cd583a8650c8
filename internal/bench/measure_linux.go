package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// tooLong is when a run is given up.
const tooLong = 3 * time.Minute

// measure runs c once. Only when peak memory is asked for is somebody looking
// on, because looking takes time from the tool. Output goes to a file or to
// nowhere.
func (l *lab) measure(ctx context.Context, c contender, watched, printed bool) (figure, error) {
	// What outlives its parent becomes our child, so that its time is counted.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return figure{}, fmt.Errorf("become a subreaper: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, tooLong)
	defer cancel()
	cmd := exec.CommandContext(ctx, l.tools[c.argv[0]], c.argv[1:]...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + l.dir, "TMPDIR=" + l.dir, "LC_ALL=C", "LOXCTL_HOME=" + l.dir + "/state"}
	done, err := l.connect(cmd, c, printed)
	if err != nil {
		return figure{}, err
	}
	f, err := timed(cmd, watched)
	if err := errors.Join(err, done()); err != nil {
		said, _ := os.ReadFile(l.complaints()) // only makes the error better
		return figure{}, fmt.Errorf("%w %s", err, bytes.TrimSpace(said[:min(len(said), 500)]))
	}
	return f, l.check(c)
}

// timed starts cmd and waits for it and all that it leaves behind.
func timed(cmd *exec.Cmd, watched bool) (f figure, err error) {
	before, err := childrenCPU()
	if err != nil {
		return f, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return f, err
	}
	ended, high := make(chan struct{}), make(chan float64, 1)
	if watched {
		go func() { high <- watch(cmd.Process.Pid, ended) }()
	} else {
		high <- 0
	}
	err = cmd.Wait()
	f[wall] = time.Since(start).Seconds()
	close(ended)
	f[peak] = <-high
	if err := errors.Join(err, reap()); err != nil {
		return f, err
	}
	after, err := childrenCPU()
	f[cpu] = (after - before).Seconds()
	return f, err
}

// connect gives cmd its files; done closes ours. They are real files and no
// pipes, so that nothing of what is measured happens here.
func (l *lab) connect(cmd *exec.Cmd, c contender, printed bool) (done func() error, err error) {
	var opened []*os.File
	done = func() error {
		var errs []error
		for _, f := range opened {
			errs = append(errs, f.Close())
		}
		return errors.Join(errs...)
	}
	open := func(name string, flags int) *os.File {
		f, e := os.OpenFile(name, flags, 0o600)
		if e != nil {
			err = errors.Join(err, e)
			return nil
		}
		opened = append(opened, f)
		return f
	}
	const create = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	stdin, stdout := os.DevNull, os.DevNull
	if c.stdin != "" {
		stdin = c.stdin
	}
	if printed {
		stdout = l.output()
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = open(stdin, os.O_RDONLY), open(stdout, create), open(l.complaints(), create)
	if err != nil {
		return nil, errors.Join(err, done())
	}
	return done, nil
}

// check compares what c has printed with what it should have, word by word.
func (l *lab) check(c contender) error {
	if c.want == "" {
		return nil
	}
	got, err := os.ReadFile(l.output())
	if err != nil {
		return err
	}
	want, err := os.ReadFile(c.want)
	if err != nil {
		return err
	}
	for _, text := range [][]byte{got, want} {
		for i, b := range text {
			if b == '\n' {
				text[i] = ' '
			}
		}
	}
	if !bytes.Equal(got, want) {
		return errors.New("the output is wrong")
	}
	return nil
}

// childrenCPU is the time that all our ended and awaited descendants took.
func childrenCPU() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(unix.RUSAGE_CHILDREN, &u); err != nil {
		return 0, fmt.Errorf("getrusage: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

// reap waits for what the command has left behind. Nothing may stay for long.
func reap() error {
	for end := time.Now().Add(2 * time.Second); ; {
		pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
		switch {
		case errors.Is(err, unix.ECHILD):
			return nil
		case err != nil && !errors.Is(err, unix.EINTR):
			return fmt.Errorf("wait: %w", err)
		case pid == 0 && time.Now().After(end):
			return errors.New("processes are left running")
		case pid == 0:
			time.Sleep(time.Millisecond)
		}
	}
}

// watch returns the peak memory of a process in MiB.
func watch(pid int, ended <-chan struct{}) float64 {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	var high float64
	for {
		high = max(high, resident(pid)+memfds(pid))
		select {
		case <-ended:
			return high
		case <-tick.C:
		}
	}
}

// resident is the largest resident set that a process has had, in MiB; 0 when
// it has ended. ru_maxrss would not do: it begins with the size that the
// parent had when it forked, and ours is larger than some of the tools.
func resident(pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for name, value := range fields(status) {
		if name == "VmHWM" {
			kib, _ := strconv.ParseFloat(strings.TrimSuffix(value, " kB"), 64)
			return kib / 1024
		}
	}
	return 0
}

// memfds is the memory in the anonymous files that a process has open, in MiB.
func memfds(pid int) float64 {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	blocks := make(map[uint64]int64) // by inode: one file may be open twice
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		var st unix.Stat_t
		if to, err := os.Readlink(name); err == nil && strings.HasPrefix(to, "/memfd:") && unix.Stat(name, &st) == nil {
			blocks[st.Ino] = st.Blocks
		}
	}
	var sum int64
	for _, b := range blocks {
		sum += b
	}
	return float64(sum) * 512 / (1 << 20)
}
