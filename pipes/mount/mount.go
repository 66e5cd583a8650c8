// Package mount makes named pipes of an announcement or a funnel, for programs
// that know nothing but "echo >" and "read <".
//
// A mount is two processes. The pump copies: from the FIFO "in" to the
// announcement, and from each subscriber's position to its FIFO. The anchor
// keeps every FIFO open, so that nothing in them is lost while there is no
// pump, and starts another pump when one was killed. Both are this program,
// started again with Verb.
//
// What goes through a FIFO has no number and no acknowledgement. All that can
// be made of it is at least once: see Announce.
package mount

import (
	"context"
	"fmt"
	"os"
)

// Verb is the first argument of the processes of a mount: a program that calls
// Announce or Funnel passes the others on to Run.
const Verb = "__mount"

// Options says what is mounted, and where.
type Options struct {
	Home    string   // the state home
	AllowFS bool     // also on file systems whose locks are not safe
	Name    string   // of the announcement or funnel, which must exist
	Dir     string   // where the FIFOs are to be; created if it is not there
	Out     []string // the subscribers that get a FIFO, registered if they are new; not for funnels

	// Background lets Announce and Funnel return when the FIFOs are ready.
	Background bool
	// Messages is where to tell people what goes wrong meanwhile. A mount in
	// the background writes to the file "messages" in Dir instead.
	Messages *os.File
	// Ready is called once, when the FIFOs are ready. Nil: nothing.
	Ready func() error
}

// Announce mounts an announcement: what is written to the FIFO "in" is put,
// line by line, and the FIFO "out.SUB" gives the records of the subscriber SUB.
// The mount ends when ctx is done, which is no error, or when the announcement
// is closed and everything is read. Lines that have been written to "in" by
// then are stored.
//
// A line of up to 4096 bytes that is written at once arrives whole, and is lost
// only if both processes of the mount are killed before it is stored. Lines
// that are stored when the pump is killed may be stored twice. While there is
// no room for more, also if the announcement says that a put shall fail then,
// writers wait as soon as 64 KiB lie in the pipe. Lines that cannot be stored,
// as nobody could be told, are kept in the file "rejected".
//
// Of a subscriber there is one record in its FIFO at a time. The position moves
// when it has been taken wholly. After the end of the mount a record that has
// not been comes again. At a record that holds a newline the subscriber stops,
// with a message, until its position has been moved by other means.
//
// Only on Linux; elsewhere the error is errors.ErrUnsupported.
func Announce(ctx context.Context, o Options) error { return announce(ctx, o) }

// Funnel mounts a funnel: lines "JOB TAB VALUE" that are written to the FIFO
// "in.INPUT" are values of that input, and the FIFO "out" gives complete sets
// as lines "JOB TAB VALUE TAB VALUE…". The rest is as of Announce. A line
// without a TAB, or with another value than the input has given before, is kept
// in the file "rejected".
func Funnel(ctx context.Context, o Options) error { return funnel(ctx, o) }

// Unmount ends the mount of dir and returns when it has ended. The error is a
// *NotMountedError if there is none.
func Unmount(ctx context.Context, dir string) error { return unmount(ctx, dir) }

// The files in Dir, besides those of the FIFOs.
const (
	markerName   = ".mount"   // locked while a process of the mount lives
	rejectedName = "rejected" // lines that could not be stored
	messagesName = "messages" // of a mount in the background
)

// MountedError says that something is mounted there already.
type MountedError struct{ Dir string }

func (e *MountedError) Error() string { return e.Dir + ": something is mounted here already" }

// Hint says what to do about it.
func (e *MountedError) Hint() string { return "unmount it first, or take another directory" }

// NotMountedError says that there is nothing to unmount.
type NotMountedError struct{ Dir string }

func (e *NotMountedError) Error() string { return e.Dir + ": nothing is mounted here" }

// A FileError is something in Dir that is in the way of a FIFO.
type FileError struct{ Path string }

func (e *FileError) Error() string { return e.Path + ": is not a FIFO" }

// Hint says how that comes about.
func (e *FileError) Hint() string {
	return "a redirection to a FIFO that was not there yet makes a file: look what is in it, then remove it"
}

// A RecordError is a record that cannot be a line.
type RecordError struct {
	Seq  uint64
	What string // it holds
}

func (e *RecordError) Error() string { return fmt.Sprintf("record %d holds a %s", e.Seq, e.What) }

// Hint says what to do about it.
func (e *RecordError) Hint() string {
	return "get -0 or --json takes it, and reading goes on behind it"
}
