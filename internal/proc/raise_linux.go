package proc

import (
	"syscall"
	"unsafe"
)

// byDefault makes the kernel do by default what the signal does. signal.Reset
// would leave those that Go answers with a dump of all goroutines.
func byDefault(sig syscall.Signal) bool {
	if sig == syscall.SIGKILL { // which nothing can change
		return true
	}
	syscall.Setrlimit(syscall.RLIMIT_CORE, new(syscall.Rlimit)) // a core of us would help nobody
	var fallback [8]uint64                                      // a sigaction of zeros: SIG_DFL, no flags, no mask
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig),
		uintptr(unsafe.Pointer(&fallback)), 0, unsafe.Sizeof(fallback[0]), 0, 0)
	return errno == 0
}
