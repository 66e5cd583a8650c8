package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"github.com/loxctl/loxctl/internal/proc"
)

// StartError says why a command was not started. It is exec.ErrNotFound
// (status 127) or, when the file is there, fs.ErrPermission (126), in the
// sense of errors.Is; a directory that cannot be entered is neither (125).
type StartError struct {
	Name string // of the command
	Err  error
}

func (e *StartError) Error() string { return e.Name + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *StartError) Unwrap() error { return e.Err }

// Missing reports whether the program itself is missing or cannot be executed
// at all, whatever its arguments.
func (e *StartError) Missing() bool {
	return e.Err == errNotFound || e.Err == errPermission || e.Err == errInterpreter
}

// Status is what a shell would say: 125 for the directory, 126, 127.
func (e *StartError) Status() int {
	var dir *proc.DirError
	switch {
	case errors.As(e.Err, &dir):
		return 125
	case errors.Is(e.Err, exec.ErrNotFound):
		return 127
	}
	return 126
}

// errExec is a reason with the class that errors.Is finds.
type errExec struct {
	text  string
	class error
}

func (e *errExec) Error() string { return e.text }
func (e *errExec) Unwrap() error { return e.class }

var (
	errNotFound    = &errExec{"command not found", exec.ErrNotFound}
	errPermission  = &errExec{"cannot be executed: permission denied", fs.ErrPermission}
	errInterpreter = &errExec{"cannot be executed: the interpreter in its first line was not found", fs.ErrPermission}
)

// newStartError explains what exec said.
func newStartError(cmd *proc.Cmd, errno syscall.Errno) error {
	var err error
	switch {
	case errors.Is(errno, fs.ErrNotExist):
		err = errNotFound
		if exists(cmd) {
			err = errInterpreter
		}
	case errors.Is(errno, fs.ErrPermission):
		err = errPermission
	case errno == syscall.E2BIG:
		err = &errExec{tooLong(cmd), fs.ErrPermission}
	default:
		err = &errExec{"cannot be executed: " + errno.Error(), fs.ErrPermission}
	}
	return &StartError{Name: cmd.Argv[0], Err: err}
}

func exists(cmd *proc.Cmd) bool {
	path := cmd.Path
	if !filepath.IsAbs(path) {
		path = filepath.Join(cmd.Dir, path)
	}
	_, err := os.Stat(path)
	return err == nil
}

func tooLong(cmd *proc.Cmd) string {
	size := func(words []string) (n int) {
		for _, w := range words {
			n += len(w) + 1
		}
		return n
	}
	return fmt.Sprintf("argument list too long: %d bytes in %d words, beside %d bytes of environment",
		size(cmd.Argv), len(cmd.Argv), size(cmd.Env))
}

// pathCache remembers where commands were found, for one PATH.
type pathCache struct {
	mu    sync.Mutex
	path  string
	found map[string]string
}

// look finds the program of a command as execvp(3) does, by the PATH in env.
func (c *pathCache) look(name string, env []string) (string, error) {
	if strings.ContainsRune(name, '/') || runtime.GOOS == "windows" && strings.ContainsRune(name, '\\') {
		return name, nil
	}
	path := lookup(env, "PATH")
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.path != path || c.found == nil {
		c.path, c.found = path, make(map[string]string)
	}
	if at, ok := c.found[name]; ok {
		return at, nil
	}
	at, err := search(name, path)
	if err != nil {
		return "", &StartError{Name: name, Err: err}
	}
	c.found[name] = at
	return at, nil
}

func search(name, path string) (string, error) {
	if runtime.GOOS == "windows" {
		return exec.LookPath(name)
	}
	err := error(errNotFound)
	for _, dir := range filepath.SplitList(path) {
		if dir == "" {
			dir = "."
		}
		at := dir + "/" + name
		info, statErr := os.Stat(at)
		switch {
		case statErr != nil || info.IsDir() || name == "":
		case info.Mode()&0o111 != 0:
			return at, nil
		default:
			err = errPermission
		}
	}
	return "", err
}
