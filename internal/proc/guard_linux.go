package proc

import (
	"os"

	"golang.org/x/sys/unix"
)

func sharedFile(size int64) (*os.File, error) {
	fd, err := unix.MemfdCreate("loxctl-groups", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "loxctl-groups")
	if err := f.Truncate(size); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// setName sets what ps and pkill take for the program's name.
func setName(name string) { os.WriteFile("/proc/self/comm", []byte(name), 0) }
