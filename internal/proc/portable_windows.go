package proc

import (
	"errors"
	"os"
	"syscall"
)

const sigCont = syscall.Signal(0)

func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// extraFiles are none: processes have handles of their own.
func extraFiles([]*os.File) []*os.File { return nil }

func exitDetails(*os.ProcessState) (syscall.Signal, int64) { return 0, 0 }

// stopReading does nothing: pipes have no deadlines here, so that the output
// ends when the last process that has it does.
func stopReading(*os.File) {}

func readRest(*os.File, []byte, func([]byte) error) {}

// signalGroup ends the process; there is no polite signal and no group.
func signalGroup(pid int, sig syscall.Signal) {
	if sig == sigCont {
		return
	}
	if p, err := os.FindProcess(pid); err == nil {
		p.Kill()
	}
}

// groups are not known here.
type groups struct{}

func (*groups) has(int) bool { return false }

type guard struct{ table []int32 }

func newGuard([]string) (*guard, error) { return nil, errors.ErrUnsupported }

func (g *guard) close() error { return nil }

// Guard is not needed where processes cannot be left behind in groups.
func Guard() int { return 125 }
