package proc

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

// A forwarder passes the signals sent to this process on to another one, from
// begin to end. Those that come before aim are kept for it.
//
// The kernel calls our handler and the handler calls kill(2), nothing else: to
// be told by os/signal costs two threads, which is a seventh of the whole life
// of a short command. Signals that the terminal sends are not passed on to a
// process of our own group, which has them too: the kernel says of each who
// sent it. There is one forwarder at a time, as there is one set of handlers.
type forwarder struct {
	old [len(forwarded)]sigaction
	set [len(forwarded)]bool
}

// What the handler looks at. forwardTarget is the process, the negated number
// of a group, or 0 as long as there is none.
var (
	forwardTarget  int32
	forwardPending uint32

	forwardHandlerAddr, forwardRestorerAddr uintptr // set by the linker
)

// sigaction is the kernel's.
type sigaction struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

const (
	saSiginfo  = 0x4
	saRestorer = 0x4000000
	saOnStack  = 0x8000000
	saRestart  = 0x10000000
)

func (f *forwarder) begin() {
	atomic.StoreUint32(&forwardPending, 0)
	ours := sigaction{
		handler: forwardHandlerAddr, restorer: forwardRestorerAddr,
		flags: saSiginfo | saRestorer | saOnStack | saRestart, mask: ^uint64(0),
	}
	for i, sig := range forwarded {
		if f.set[i] = forwards(sig); f.set[i] {
			setSigaction(sig, &ours, &f.old[i])
		}
	}
}

// aim tells where signals go.
func (f *forwarder) aim(target int) {
	atomic.StoreInt32(&forwardTarget, int32(target))
	pending := atomic.SwapUint32(&forwardPending, 0)
	for _, sig := range forwarded {
		if pending&(1<<sig) != 0 {
			syscall.Kill(target, sig)
		}
	}
}

// end passes nothing on any more.
func (f *forwarder) end() {
	atomic.StoreInt32(&forwardTarget, 0)
	for i, sig := range forwarded {
		if f.set[i] {
			setSigaction(sig, &f.old[i], nil)
		}
	}
}

func setSigaction(sig syscall.Signal, to, old *sigaction) {
	syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(to)),
		uintptr(unsafe.Pointer(old)), unsafe.Sizeof(to.mask), 0, 0)
}
