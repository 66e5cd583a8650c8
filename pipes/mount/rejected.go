package mount

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// rejected is the file of the lines that could not be stored, as those who
// wrote them to a FIFO have gone and cannot be told.
type rejected struct {
	dir  string
	tell func(error)
	mu   sync.Mutex
}

// add keeps the lines of r and tells people.
func (f *rejected) add(r refusal) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	path := filepath.Join(f.dir, rejectedName)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(r.lines)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	f.tell(&refusedError{path: path, why: r.why})
	return nil
}

// refusedError tells about lines that were refused.
type refusedError struct {
	path string
	why  error
}

func (e *refusedError) Error() string { return fmt.Sprintf("%v: kept in %s", e.why, e.path) }

func (e *refusedError) Unwrap() error { return e.why }

// missedError tells about records that are lost to a bound.
type missedError struct{ n uint64 }

func (e *missedError) Error() string { return fmt.Sprintf("missed %d records", e.n) }

func errTooLong(limit int) error { return fmt.Errorf("a line of more than %d bytes", limit) }
