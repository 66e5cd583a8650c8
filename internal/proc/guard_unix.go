//go:build unix

package proc

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// guard is the host's end of its guard.
type guard struct {
	mem     []byte  // shared
	table   []int32 // the same
	alive   *os.File
	process *os.Process
}

// newGuard starts argv as a guard: a session of its own, nothing of ours open
// but a pipe that ends when we do and the shared table.
func newGuard(argv []string) (*guard, error) {
	shared, err := sharedFile(maxSlots * 4)
	if err != nil {
		return nil, err
	}
	defer shared.Close()
	mem, table, err := mapTable(int(shared.Fd()))
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		w.Close()
		return nil, err
	}
	defer null.Close()
	p, err := os.StartProcess(argv[0], argv, &os.ProcAttr{
		Dir: "/", Env: []string{"GOMAXPROCS=1"},
		Files: []*os.File{null, null, null, r, shared},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		w.Close()
		return nil, err
	}
	return &guard{mem: mem, table: table, alive: w, process: p}, nil
}

// close lets the guard go and waits for it.
func (g *guard) close() error {
	if g == nil {
		return nil
	}
	g.alive.Close()
	_, err := g.process.Wait()
	return errors.Join(err, unix.Munmap(g.mem))
}

func mapTable(fd int) ([]byte, []int32, error) {
	mem, err := unix.Mmap(fd, 0, maxSlots*4, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, os.NewSyscallError("mmap", err)
	}
	return mem, unsafe.Slice((*int32)(unsafe.Pointer(&mem[0])), maxSlots), nil
}

// Guard is the whole life of a guard process: it waits for the end of the host
// that started it and kills the groups that still run then. It returns the
// exit status.
func Guard() int {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTSTP)
	setName("lox-guard") // pkill loxctl means the host
	_, table, err := mapTable(4)
	if err != nil {
		return 125
	}
	io.Copy(io.Discard, os.NewFile(3, "host"))
	for _, pgid := range table {
		if pgid > 1 {
			signalGroup(int(pgid), syscall.SIGKILL)
		}
	}
	return 0
}
