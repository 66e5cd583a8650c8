package state

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
)

// A FilesystemError is a file system whose locks cannot be trusted.
type FilesystemError struct {
	Path string
	Type string // as NFS
}

func (e *FilesystemError) Error() string {
	return e.Path + ": " + e.Type + " cannot hold these locks safely"
}

// Hint says what to do about it.
func (e *FilesystemError) Hint() string { return "LOXCTL_HOME=<local directory>, or --allow-fs" }

// selfTest finds out whether the locks of one description keep out another.
func selfTest(dir string) error {
	first, err := OpenFile(filepath.Join(dir, ".self-test."+strconv.Itoa(os.Getpid())), 0o600)
	if err != nil {
		return err
	}
	defer first.Close()
	defer os.Remove(first.path)
	const at = 1 << 62
	err = first.Lock(at, WriteLock)
	if err == nil {
		var second *File
		if second, err = OpenFile(first.path, 0); err == nil {
			defer second.Close()
			_, seen, testErr := second.Test(at, at+1, ReadLock)
			if err = testErr; err == nil && !seen {
				err = errors.New("no conflict")
			}
		}
	}
	if err != nil {
		return &FilesystemError{Path: dir, Type: "a file system without byte locks (" + cause(err).Error() + ")"}
	}
	return nil
}
