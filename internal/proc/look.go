package proc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// Why a program cannot be executed at all, whatever its arguments. Each is
// exec.ErrNotFound (status 127) or, when the file is there, fs.ErrPermission
// (126), in the sense of errors.Is.
var (
	ErrNotFound    error = &reason{"command not found", exec.ErrNotFound}
	ErrPermission  error = &reason{"cannot be executed: permission denied", fs.ErrPermission}
	ErrInterpreter error = &reason{"cannot be executed: the interpreter in its first line was not found", fs.ErrPermission}
)

// reason is a text with the class that errors.Is finds.
type reason struct {
	text  string
	class error
}

func (e *reason) Error() string { return e.text }
func (e *reason) Unwrap() error { return e.class }

// Reason explains what the system said when it was to execute c.
func Reason(c *Cmd, errno syscall.Errno) error {
	switch {
	case errors.Is(errno, fs.ErrNotExist):
		if exists(c) {
			return ErrInterpreter
		}
		return ErrNotFound
	case errors.Is(errno, fs.ErrPermission):
		return ErrPermission
	case errno == syscall.E2BIG:
		return &reason{tooLong(c), fs.ErrPermission}
	default:
		return &reason{"cannot be executed: " + errno.Error(), fs.ErrPermission}
	}
}

func exists(c *Cmd) bool {
	path := c.Path
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.Dir, path)
	}
	_, err := os.Stat(path)
	return err == nil
}

func tooLong(c *Cmd) string {
	size := func(words []string) (n int) {
		for _, w := range words {
			n += len(w) + 1
		}
		return n
	}
	return fmt.Sprintf("argument list too long: %d bytes in %d words, beside %d bytes of environment",
		size(c.Argv), len(c.Argv), size(c.Env))
}

// HasDir reports whether the name of a command is a path, which is not looked
// up.
func HasDir(name string) bool {
	return strings.ContainsRune(name, '/') || runtime.GOOS == "windows" && strings.ContainsRune(name, '\\')
}

// Look finds the program of a command in the directories of path, as execvp(3)
// does. The error is ErrNotFound or ErrPermission.
func Look(name, path string) (string, error) {
	if HasDir(name) {
		return name, nil
	}
	if runtime.GOOS == "windows" {
		return exec.LookPath(name)
	}
	err := ErrNotFound
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
			err = ErrPermission
		}
	}
	return "", err
}

// Getenv returns the value of a variable in env, "" if it is not there.
func Getenv(env []string, key string) string {
	for _, kv := range env {
		if len(kv) > len(key) && kv[len(key)] == '=' && kv[:len(key)] == key {
			return kv[len(key)+1:]
		}
	}
	return ""
}
