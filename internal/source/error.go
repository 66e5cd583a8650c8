package source

import (
	"errors"
	"fmt"
	"io/fs"
)

// ErrTooLong is in the chain of the errors about a record longer than
// Cut.MaxRecord and about one that no command line can hold.
var ErrTooLong = errors.New("too long")

// ErrLeftover is in the chain of the error about a value that has no partner
// in the source it is linked to.
var ErrLeftover = errors.New("left over")

// Error is an input that cannot be used: where, and why.
type Error struct {
	File   string // a path, "stdin", or "" for an argument
	Source int    // which source it is, from 1; 0 if unknown
	Record int    // record in the source, from 1; 0 if it is about the whole
	Err    error

	unit unit
}

// Error gives place and cause: "records.txt: line 12: too long: …".
func (e *Error) Error() string {
	where := e.File
	if where == "" && e.Source > 0 {
		where = fmt.Sprintf("source %d", e.Source)
	}
	return join(where, position(e.unit, e.Record), e.Err.Error())
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Where names the record's place for people: "records.txt: line 12".
func (r Record) Where() string { return join(r.File, position(r.unit, r.Line)) }

// Fail returns the error that this record has caused, with its place.
func (r Record) Fail(cause error) *Error {
	return &Error{File: r.File, Record: r.Line, Err: cause, unit: r.unit}
}

// unit is what a source is made of, for messages.
type unit uint8

const (
	unitRecord unit = iota
	unitLine
	unitValue
)

func (u unit) String() string { return [...]string{"record", "line", "value"}[u] }

func position(u unit, n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%s %d", u, n)
}

// join puts a colon between the parts that are not empty.
func join(parts ...string) string {
	text := ""
	for _, p := range parts {
		if text != "" && p != "" {
			text += ": "
		}
		text += p
	}
	return text
}

// cause takes the path off an error of package os: ours says it already.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
