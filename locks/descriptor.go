package locks

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/loxctl/loxctl/internal/proc"
	"github.com/loxctl/loxctl/internal/state"
)

// A hold is in an open file description, and not in a process. So it can be
// had by whatever has a descriptor of that: a shell between two lines of its
// script, a command that has inherited it, a process that keeps it.

// ErrNotHeld says that there is no such hold.
var ErrNotHeld = errors.New("not held")

// A FileError is a descriptor that cannot hold a lock.
type FileError struct {
	Name       string // of the lock
	Descriptor int
	Why        string
	hint       string
}

func (e *FileError) Error() string {
	return fmt.Sprintf("%s: descriptor %d %s", e.Name, e.Descriptor, e.Why)
}

// Hint says what to do about it.
func (e *FileError) Hint() string { return e.hint }

// File returns a duplicate of the descriptor of a named hold, to hand to a
// process that shall have the hold too: it is over when it is released by
// anybody who has it, or when the last of them has ended. The caller closes
// the duplicate. A hold in memory has no file: the result is nil.
func File(h *Hold) *os.File {
	p, ok := h.of.(*participant)
	if !ok {
		return nil
	}
	f, err := p.body.Duplicate()
	if err != nil {
		return nil
	}
	return f
}

// Files returns duplicates of all that a process needs to keep the hold, for
// Adopt.
func Files(h *Hold) []*os.File {
	files := []*os.File{File(h)}
	if p := h.of.(*participant); p.fifo >= 0 {
		if f, err := state.Borrow(uintptr(p.fifo)).Duplicate(); err == nil {
			files = append(files, f)
		}
	}
	return files
}

// Entrust records that the process pid, which has the Files of h, is the one
// to release it. The caller ends then, and must not release h.
func Entrust(h *Hold, pid int) error {
	p := h.of.(*participant)
	id, err := proc.Of(pid)
	if err != nil {
		return err
	}
	p.record.pid, p.record.start, p.record.namespace = uint32(pid), id.Start, id.Namespace
	return p.note(recordHolds)
}

// Adopt returns the hold that Files was called for. The files belong to it.
func Adopt(files []*os.File) (*Hold, error) {
	d := &Dir{waits: newRegistry()}
	p := &participant{body: state.Borrow(files[0].Fd()), fifo: -1}
	if len(files) > 1 {
		p.fifo = int(files[1].Fd())
	}
	line, err := p.body.Again()
	if err != nil {
		return nil, err
	}
	defer line.Close()
	kind, name, err := readName(line)
	if err != nil {
		return nil, err
	}
	p.named = &named{dir: d, Request: Request{Kind: kind, Name: name}}
	p.reg = &d.waits
	r, err := owned(line, p.body)
	if err != nil {
		return nil, err
	}
	return p.adopt(r, files)
}

// adopt makes p the participant that r is about.
func (p *participant) adopt(r *numbered, keep any) (*Hold, error) {
	if r == nil || r.state != recordHolds {
		return nil, ErrNotHeld
	}
	p.record, p.slot, p.ticket = r.record, r.slot, r.ticket
	p.Mode, p.index = r.mode, int(r.index)
	return &Hold{of: p, index: p.index, token: p.ticket, keep: keep}, nil
}

// Find returns the hold that the description of file has of the named lock.
// Without one it returns ErrNotHeld, and a *FileError if the file is not the
// lock's.
func (d *Dir) Find(kind Kind, name string, file *os.File) (*Hold, error) {
	l := d.Locker(Request{Kind: kind, Name: name, File: file}).(*named)
	if l.err != nil {
		return nil, l.err
	}
	line, err := l.open()
	if err != nil {
		return nil, err
	}
	defer line.Close()
	if _, err := readHeader(line, kind); err == errNewFile {
		return nil, ErrNotHeld
	} else if err != nil {
		return nil, err
	}
	p := &participant{named: l, body: state.Borrow(file.Fd()), fifo: -1}
	p.reg = &d.waits
	r, err := owned(line, p.body)
	if err != nil {
		return nil, err
	}
	return p.adopt(r, file)
}

// owned returns the record of the ticket that body is inside with, or on its
// way in.
func owned(line, body *state.File) (*numbered, error) {
	records, err := allRecords(line)
	if err != nil {
		return nil, err
	}
	var onItsWay *numbered
	for _, r := range records {
		own, err := owns(line, body, baseP+int64(r.ticket))
		if err != nil {
			return nil, err
		}
		if own && r.state == recordHolds {
			return &r, nil
		}
		if own {
			onItsWay = &r
		}
	}
	return onItsWay, nil
}

// owns reports whether body has locked the byte: it is locked as line sees it,
// which is another description, and free as body does. It may have been freed
// in between, so line has to see it twice.
func owns(line, body *state.File, at int64) (bool, error) {
	seen, err := isLocked(line, at)
	if err != nil || !seen {
		return false, err
	}
	if other, err := isLocked(body, at); err != nil || other {
		return false, err
	}
	return isLocked(line, at)
}

// clearDescriptor makes sure that the description which is to hold the lock
// does not hold it yet, and takes from it what an acquire has left there that
// was killed on its way in. The caller has M, so nobody enters at once.
func (p *participant) clearDescriptor() error {
	r, err := owned(p.file, p.body)
	if err != nil || r == nil {
		return err
	}
	alive, err := inLine(p.file, r.ticket)
	if err != nil || alive && r.state == recordWaits {
		return err // that one is on its way in, and will be found there
	}
	if err := p.checkDescriptor(); err != nil { // it may have come in meanwhile
		return err
	}
	return p.body.UnlockAll()
}

// checkDescriptor returns an error if the description which is to hold the lock
// holds it already.
func (p *participant) checkDescriptor() error {
	r, err := owned(p.file, p.body)
	if err != nil || r == nil || r.state != recordHolds {
		return err
	}
	return &FileError{Name: p.Name, Descriptor: int(p.File.Fd()), Why: "holds it already",
		hint: "loxctl " + p.Kind.String() + " release " + p.Name + " --fd " + strconv.Itoa(int(p.File.Fd()))}
}

// inLine reports whether the ticket is in one of the lines.
func inLine(f *state.File, ticket uint64) (bool, error) {
	queued, err := isLocked(f, baseQ+int64(ticket))
	if err != nil || queued {
		return queued, err
	}
	return isLocked(f, baseR+int64(ticket))
}

// reopen opens another description of the lock file that a script has opened.
func (l *named) reopen() (*state.File, error) {
	fd := int(l.File.Fd())
	wrong := func(why string) error {
		return &FileError{Name: l.Name, Descriptor: fd, Why: why,
			hint: fmt.Sprintf(`exec %d<>"$(loxctl %s path %s)"`, fd, l.Kind, l.Name)}
	}
	body := state.Borrow(l.File.Fd())
	id, linked, err := body.Stat()
	switch {
	case err != nil:
		return nil, wrong("is not open")
	case !linked:
		return nil, wrong("is a file that was removed since it was opened")
	}
	lock, err := l.dir.openLock(l.path, l.Kind)
	if err != nil {
		return nil, err
	}
	at, _, err := lock.Stat()
	lock.Close()
	if err != nil {
		return nil, err
	}
	if at != id {
		return nil, wrong("is " + body.Name() + ", not the lock's file")
	}
	if !body.Writable() {
		return nil, wrong("is open for reading only")
	}
	return body.Again()
}
