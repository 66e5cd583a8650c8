//go:build unix

package proc

import (
	"os"
	"runtime"
	"syscall"
)

// Detach starts this program again as a process that has nothing to do with
// us: a session of its own, /dev/null as its standard files, / as its
// directory, files from descriptor 3 on and no others. Args come without the
// name, which ps shows.
//
// Who calls it is to end soon. Until then the process stays a zombie if it
// ends first; and what else is started gets no descriptor any more that was
// inherited from our parent.
func Detach(name string, args []string, files []*os.File, env []string) (pid int, err error) {
	program, err := self()
	if err != nil {
		return 0, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	fds := []uintptr{null.Fd(), null.Fd(), null.Fd()}
	for _, f := range files {
		fds = append(fds, f.Fd())
	}
	closeAllOnExec()
	pid, err = syscall.ForkExec(program, append([]string{name}, args...), &syscall.ProcAttr{
		Dir: "/", Env: env, Files: fds,
		Sys: &syscall.SysProcAttr{Setsid: true},
	})
	runtime.KeepAlive(files)
	return pid, os.NewSyscallError("exec", err)
}

// self is the path of this program.
func self() (string, error) {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe", nil // the same file, also when another one has its name by now
	}
	return os.Executable()
}

// SetName sets what ps and pkill take for this program's name, where that is
// possible (Linux; 15 bytes).
func SetName(name string) { setName(name) }

// mostInherited is beyond what a shell leaves open.
const mostInherited = 1024

func closeEachOnExec() {
	for fd := 3; fd < mostInherited; fd++ {
		syscall.CloseOnExec(fd)
	}
}
