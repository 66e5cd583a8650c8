package proc

import (
	"os"
	"syscall"
)

const noFile = ^uintptr(0)

// inheritFiles adds files to the descriptors that a process is started with,
// for which others may be started meanwhile: so close-on-exec stays as it is
// here, and the list goes up to the highest number. Those between that we
// inherited ourselves, which nothing closes on exec, are passed on as ever.
func inheritFiles(fds []uintptr, files []*os.File) []uintptr {
	if len(files) == 0 {
		return fds
	}
	last := 0
	for _, f := range files {
		last = max(last, int(f.Fd()))
	}
	all := append(make([]uintptr, 0, last+1), fds...)
	for fd := uintptr(len(fds)); int(fd) <= last; fd++ {
		flags, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, fd, syscall.F_GETFD, 0)
		if errno != 0 || flags&syscall.FD_CLOEXEC != 0 {
			all = append(all, noFile)
		} else {
			all = append(all, fd)
		}
	}
	for _, f := range files {
		all[f.Fd()] = f.Fd()
	}
	return all
}
