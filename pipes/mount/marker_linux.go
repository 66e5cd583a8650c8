package mount

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/loxctl/loxctl/internal/proc"
	"github.com/loxctl/loxctl/internal/state"
)

// The marker file of a mount: byte 0 is locked as long as one of its processes
// lives, as they share the description. It tells who they are, and of each out
// how far its record is in the pipe.
//
//	 0 anchor · 24 pump: process number, start, namespace of the number
//	64 marks, one a FIFO: seq, from, to, staged
const (
	markerLock = 0
	anchorAt   = 0
	pumpAt     = 24
	marksAt    = 64
	markSize   = 32
)

// A marker is the marker file of a mount.
type marker struct {
	*state.File
	dir string
}

// lockMarker makes the mount of dir ours, or returns a *MountedError.
func lockMarker(dir string) (marker, error) {
	for {
		f, err := state.OpenFile(filepath.Join(dir, markerName), 0o600)
		if err != nil {
			return marker{}, err
		}
		locked, err := f.Try(markerLock, state.WriteLock)
		if err == nil && !locked {
			err = &MountedError{Dir: dir}
		}
		if err == nil {
			var linked bool
			if _, linked, err = f.Stat(); linked {
				return marker{f, dir}, nil
			} // else the mount before us has just ended
		}
		f.Close()
		if err != nil {
			return marker{}, err
		}
	}
}

// introduce notes this process in a place of the marker.
func (m marker) introduce(at int64) error {
	id, err := proc.Self()
	if err != nil {
		return err
	}
	b := binary.LittleEndian.AppendUint64(nil, uint64(id.PID))
	b = binary.LittleEndian.AppendUint64(b, id.Start)
	return m.WriteAt(binary.LittleEndian.AppendUint64(b, id.Namespace), at)
}

// process returns the one that has noted itself there, or proc.ErrNoProcess.
func (m marker) process(at int64) (*proc.Process, error) {
	var b [24]byte
	if err := m.ReadAt(b[:], at); err != nil {
		return nil, err
	}
	id := proc.Identity{
		PID:       int(binary.LittleEndian.Uint64(b[:])),
		Start:     binary.LittleEndian.Uint64(b[8:]),
		Namespace: binary.LittleEndian.Uint64(b[16:]),
	}
	p, err := proc.OpenProcess(id.PID)
	if err != nil {
		return nil, err
	}
	if now, err := proc.Of(id.PID); err != nil || now != id {
		p.Close()
		return nil, errors.Join(proc.ErrNoProcess, err)
	}
	return p, nil
}

// tell sends sig to the processes of the mount and returns those that got it.
func (m marker) tell(sig syscall.Signal) ([]*proc.Process, error) {
	var told []*proc.Process
	for _, at := range [...]int64{anchorAt, pumpAt} {
		p, err := m.process(at)
		if err == nil {
			if err = p.Signal(sig); err == nil {
				told = append(told, p)
				continue
			}
			p.Close()
		}
		if !errors.Is(err, proc.ErrNoProcess) {
			return told, err
		}
	}
	return told, nil
}

// remove takes the marker's name away: the mount has come to its end.
func (m marker) remove() error {
	if err := os.Remove(filepath.Join(m.dir, markerName)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// A mark says which piece of a record is on its way into a pipe: it is put on
// the stage, that is noted, and then it is moved from there. So there is no
// doubt where it is, whenever the pump was killed.
type mark struct {
	seq      uint64
	from, to uint64 // the piece
	staged   uint64 // 1: it was put on the stage
}

func (m marker) mark(i int) (mark, error) {
	var b [markSize]byte
	err := m.ReadAt(b[:], marksAt+markSize*int64(i))
	return mark{
		seq:    binary.LittleEndian.Uint64(b[:]),
		from:   binary.LittleEndian.Uint64(b[8:]),
		to:     binary.LittleEndian.Uint64(b[16:]),
		staged: binary.LittleEndian.Uint64(b[24:]),
	}, err
}

func (m marker) setMark(i int, to mark) error {
	b := make([]byte, 0, markSize)
	for _, word := range [...]uint64{to.seq, to.from, to.to, to.staged} {
		b = binary.LittleEndian.AppendUint64(b, word)
	}
	return m.WriteAt(b, marksAt+markSize*int64(i))
}
