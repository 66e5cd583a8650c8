//go:build unix

package proc

import (
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// forwarded are the signals that a wrapper passes on to its command.
var forwarded = [...]syscall.Signal{
	syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
}

// forwards reports whether sig is passed on. What nohup, or a shell in the
// background, has told us to ignore the command ignores too.
func forwards(sig syscall.Signal) bool { return !signal.Ignored(sig) }

func (f *Foreground) run(c *Cmd) (Exit, error) {
	if f.Death != 0 {
		runtime.LockOSThread() // whose death it is that counts
		defer runtime.UnlockOSThread()
	}
	attr, err := f.attributes()
	if err != nil {
		return Exit{}, notStarted(c.Argv[0], err)
	}
	var forward forwarder
	forward.begin()
	defer forward.end()
	pid, err := startInheriting(c, attr, f.Inherit)
	if err != nil {
		return Exit{}, failed(c, err)
	}
	if f.MaxHold > 0 {
		forward.aim(-pid)
		return f.await(pid)
	}
	forward.aim(pid)
	var status unix.WaitStatus
	var usage unix.Rusage
	err = wait(pid, &status, 0, &usage)
	return exitStatus(status, &usage, false), err
}

// startInheriting starts c with f, which it has besides ours.
func startInheriting(c *Cmd, attr *syscall.ProcAttr, f *os.File) (pid int, err error) {
	err = inheriting(f, func() error {
		pid, err = forkExec(c, attr)
		return err
	})
	return pid, err
}

// forkExec starts c. A script without #! is the shell's, as for execvp(3).
func forkExec(c *Cmd, attr *syscall.ProcAttr) (int, error) {
	attr.Env = c.Env
	pid, err := syscall.ForkExec(c.Path, c.Argv, attr)
	if err == syscall.ENOEXEC {
		pid, err = syscall.ForkExec(shell, shellArgs(c), attr)
	}
	return pid, err
}

const shell = "/bin/sh"

func shellArgs(c *Cmd) []string { return append([]string{shell, c.Path}, c.Argv[1:]...) }

// replace is Exec for a program that has been found.
func replace(c *Cmd, inherit *os.File) error {
	err := inheriting(inherit, func() error {
		err := syscall.Exec(c.Path, c.Argv, c.Env)
		if err == syscall.ENOEXEC {
			err = syscall.Exec(shell, shellArgs(c), c.Env)
		}
		return err
	})
	return failed(c, err)
}

func wait(pid int, status *unix.WaitStatus, options int, usage *unix.Rusage) error {
	for {
		if _, err := unix.Wait4(pid, status, options, usage); err != unix.EINTR {
			return os.NewSyscallError("wait4", err)
		}
	}
}

func exitStatus(status unix.WaitStatus, usage *unix.Rusage, stopped bool) Exit {
	exit := Exit{
		Code: status.ExitStatus(), Stopped: stopped, MaxRSS: int64(usage.Maxrss),
		User: time.Duration(usage.Utime.Nano()), System: time.Duration(usage.Stime.Nano()),
	}
	if runtime.GOOS != "darwin" { // which counts bytes
		exit.MaxRSS <<= 10
	}
	if status.Signaled() {
		exit.Code, exit.Signal = -1, status.Signal()
	}
	return exit
}
