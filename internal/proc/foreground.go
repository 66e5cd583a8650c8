package proc

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// Foreground is one command that this program stands in for: it has our stdin,
// stdout and stderr, and what is sent to us is meant for it. Everything here
// costs microseconds beside the start of a process, as a wrapper is used for
// commands that take a millisecond.
type Foreground struct {
	Args []string // the command; the first is looked up in the PATH of Env
	Env  []string // nil: our own
	// Inherit is a file, made by Duplicate, that the command has at the same
	// number; nil: none. It stays open here too. Not on Windows.
	Inherit *os.File
	Death   syscall.Signal // what the command gets when we die; 0: nothing. Only on Linux, elsewhere errors.ErrUnsupported
	// MaxHold is how long the command may run; 0: for ever. Then its group is
	// sent TERM, and KILL when KillAfter is over too.
	MaxHold, KillAfter time.Duration
}

// Run runs the command and returns when it has ended. Until then TERM, HUP,
// INT, QUIT, USR1 and USR2 do not end this process but are passed on, except
// those that the terminal has sent to the command as well, and those that were
// ignored when we started. One Run at a time: signals belong to the whole
// process.
//
// The command stays in our process group, unless MaxHold is set: it then leads
// a group of its own, which has the terminal for as long as ours would.
// Exit.Stopped says that MaxHold was over.
//
// A command that cannot be executed is an exec.ErrNotFound or fs.ErrPermission.
func (f *Foreground) Run() (Exit, error) {
	c, err := program(f.Args, f.Env)
	if err != nil {
		return Exit{}, err
	}
	return f.run(c)
}

// Exec replaces this program by a command, which keeps our process number,
// standard files and terminal, and inherit as in Foreground. It returns only
// if that fails, with errors as those of Run.
func Exec(args, env []string, inherit *os.File) error {
	c, err := program(args, env)
	if err != nil {
		return err
	}
	return replace(c, inherit)
}

// program looks up a command.
func program(args, env []string) (*Cmd, error) {
	if len(args) == 0 {
		return nil, notStarted("command", ErrNotFound)
	}
	if env == nil {
		env = os.Environ()
	}
	path, err := Look(args[0], Getenv(env, "PATH"))
	if err != nil {
		return nil, notStarted(args[0], err)
	}
	return &Cmd{Path: path, Argv: args, Env: env}, nil
}

func notStarted(name string, err error) error { return fmt.Errorf("%s: %w", name, err) }

// failed explains why the program was not executed.
func failed(c *Cmd, err error) error {
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		err = Reason(c, errno)
	}
	return notStarted(c.Argv[0], err)
}
