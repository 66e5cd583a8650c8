package pipes

import (
	"fmt"
	"io/fs"

	"github.com/loxctl/loxctl/internal/state"
)

// NameError is a name that nothing can have: names are 1 to 200 bytes of UTF-8
// without control characters, do not begin with a dot or a dash, and are none
// of the words that stand after a verb of the command line.
type NameError = state.NameError

// FilesystemError is a directory whose file system is no good: one on the
// network.
type FilesystemError = state.FilesystemError

// A NotExistError is a name that nothing has. It is fs.ErrNotExist.
type NotExistError struct {
	Kind string // "announcement" or "funnel"
	Name string
}

func (e *NotExistError) Error() string { return e.Name + ": no such " + e.Kind }

// Is makes it fs.ErrNotExist.
func (e *NotExistError) Is(target error) bool { return target == fs.ErrNotExist }

// Hint says what to do about it.
func (e *NotExistError) Hint() string {
	if e.Kind == "funnel" {
		return "loxctl funnel create " + e.Name + " --inputs a,b"
	}
	return "loxctl announce create " + e.Name
}

// A MismatchError is what exists with other settings than were asked for.
type MismatchError struct {
	Name      string
	Setting   string // as on the command line: backlog
	Has, Want string
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("%s: %s is %s, not %s", e.Name, e.Setting, e.Has, e.Want)
}

// Hint says what to do about it.
func (e *MismatchError) Hint() string { return "--update changes it" }

// A CorruptError is a record that cannot be read: somebody, or the disk, has
// changed the file. The records behind it can be read.
type CorruptError struct {
	Name   string
	File   string // without its directory
	Offset int64  // in the file
	Seq    uint64 // of the record that should be there; 0: not known
	Why    string // as "bad checksum"
}

func (e *CorruptError) Error() string {
	text := fmt.Sprintf("%s: %s: %s at %d", e.Name, e.File, e.Why, e.Offset)
	if e.Seq == 0 {
		return text
	}
	return fmt.Sprintf("%s (record %d)", text, e.Seq)
}

// A FormatError is a file that cannot be part of an announcement or a funnel,
// or is one of another version.
type FormatError struct {
	Name string
	Path string
	Why  string
}

func (e *FormatError) Error() string { return e.Name + ": " + e.Path + ": " + e.Why }

// A TooLargeError is a record with more bytes than one may have.
type TooLargeError struct {
	Name      string
	Size, Max int64
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s: a record of %d bytes, %d are allowed", e.Name, e.Size, e.Max)
}

// Hint says what to do about it.
func (e *TooLargeError) Hint() string { return "create --update --max-record SIZE" }

// A SubscriberError is a subscriber, or a group, that does not exist, or is
// not what it is taken for.
type SubscriberError struct {
	Name, Subscriber string
	Why              string
	hint             string
}

func (e *SubscriberError) Error() string { return e.Name + ": " + e.Subscriber + ": " + e.Why }

// Hint says what to do about it.
func (e *SubscriberError) Hint() string { return e.hint }

// A GapError is a subscriber that must not miss a record, and has: they were
// deleted, or dropped to make room. Its position has not moved.
type GapError struct {
	Name   string
	Missed uint64
	Seq    uint64 // the first one there is
}

func (e *GapError) Error() string {
	return fmt.Sprintf("%s: missed %d records before %d", e.Name, e.Missed, e.Seq)
}

// A FinalError is a subscriber that comes too late. It is ErrFinal.
type FinalError struct {
	Name  string
	Since uint64 // the last record before it became final
}

func (e *FinalError) Error() string {
	return fmt.Sprintf("%s: final since seq %d, no new subscribers", e.Name, e.Since)
}

func (e *FinalError) Unwrap() error { return ErrFinal }

// noRoom is a put that found no room, or waited for it in vain.
type noRoom struct {
	name  string
	full  *FullError
	cause error // why it does not wait any longer, or nil
}

func (e *noRoom) Error() string { return e.name + ": " + e.full.Error() }

func (e *noRoom) Unwrap() []error {
	if e.cause == nil {
		return []error{e.full}
	}
	return []error{e.full, e.cause}
}

// Hint says what to do about it.
func (e *noRoom) Hint() string {
	if e.full.Subscriber == "" {
		return "--when-full drop"
	}
	return "--when-full drop, or loxctl announce unsubscribe " + e.name + " --as " + e.full.Subscriber
}

// A SeqError is a record that cannot be acknowledged, or given back.
type SeqError struct {
	Name string
	Seq  uint64
	Why  string
}

func (e *SeqError) Error() string { return fmt.Sprintf("%s: record %d %s", e.Name, e.Seq, e.Why) }

// A FileError is a descriptor that cannot keep a consumer alive.
type FileError struct {
	Name       string
	Descriptor int
	Why        string
	hint       string
}

func (e *FileError) Error() string {
	return fmt.Sprintf("%s: descriptor %d %s", e.Name, e.Descriptor, e.Why)
}

// Hint says what to do about it.
func (e *FileError) Hint() string { return e.hint }
