package command

import (
	"errors"
	"os/exec"
	"sync"

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
	return e.Err == proc.ErrNotFound || e.Err == proc.ErrPermission || e.Err == proc.ErrInterpreter
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

// pathCache remembers where commands were found, for one PATH.
type pathCache struct {
	mu    sync.Mutex
	path  string
	found map[string]string
}

// look finds the program of a command as execvp(3) does, by the PATH in env.
func (c *pathCache) look(name string, env []string) (string, error) {
	if proc.HasDir(name) {
		return name, nil
	}
	path := proc.Getenv(env, "PATH")
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.path != path || c.found == nil {
		c.path, c.found = path, make(map[string]string)
	}
	if at, ok := c.found[name]; ok {
		return at, nil
	}
	at, err := proc.Look(name, path)
	if err != nil {
		return "", &StartError{Name: name, Err: err}
	}
	c.found[name] = at
	return at, nil
}
