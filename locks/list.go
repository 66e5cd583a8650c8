package locks

import (
	"errors"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/loxctl/loxctl/internal/proc"
	"github.com/loxctl/loxctl/internal/state"
)

// Info is a holder or waiter of a named lock, as it was at some moment. Without
// a record, which can be for an instant, all from PID on is zero.
type Info struct {
	Kind     Kind
	Name     string
	Held     bool
	Mode     Mode
	Index    int    // of a held slot
	Token    uint64 // of the hold; of a waiter, its place in the order
	Position int    // in line, from 1; 0 for a holder

	Known   bool // the rest is known
	PID     int
	Owner   int  // process that asked for it; 0: none
	FD      bool // held by a descriptor of a script
	Keeper  bool // held by a process for its owner
	Stopped bool // the process is stopped
	Since   time.Time
	Label   string
	Command string
}

// Inspect returns who holds a named lock, and then who waits for it, in order.
func (d *Dir) Inspect(kind Kind, name string) ([]Info, error) {
	f, err := d.openToLook(kind, name)
	if f == nil {
		return nil, err
	}
	defer f.Close()
	seats, err := readSeats(f)
	if err != nil {
		return nil, err
	}
	infos := make([]Info, 0, len(seats))
	waiting := 0
	for _, s := range seats {
		info := s.info(kind, name)
		if !info.Held {
			waiting++
			info.Position = waiting
		}
		if info.Known {
			self := d.self()
			info.Stopped = s.namespace == self.Namespace && proc.Stopped(info.PID)
		}
		infos = append(infos, info)
	}
	return infos, nil
}

// A seat is a ticket that is inside or in line.
type seat struct {
	record
	known  bool
	ticket uint64
	inside bool
	polite bool // in line R
}

// readSeats returns all tickets of a lock: first those inside, then the main
// line, then the polite one, each in order. An exclusive holder keeps its place
// in line, and a waiter has P while it tries to enter: each is one seat. The
// lines are read first, so that nobody is missed who enters meanwhile.
func readSeats(f *state.File) ([]seat, error) {
	queue, err := lockedTickets(f, baseQ, endQ)
	if err != nil {
		return nil, err
	}
	polite, err := lockedTickets(f, baseR, endR)
	if err != nil {
		return nil, err
	}
	inside, err := lockedTickets(f, baseP, endP)
	if err != nil {
		return nil, err
	}
	records, err := allRecords(f)
	if err != nil {
		return nil, err
	}
	var seats []seat
	seated := make(map[uint64]bool)
	add := func(ticket uint64, s seat) {
		r, known := records[ticket]
		if seated[ticket] || s.inside && known && r.state == recordWaits {
			return
		}
		seated[ticket] = true
		s.record, s.known, s.ticket = r.record, known, ticket
		seats = append(seats, s)
	}
	for _, ticket := range inside {
		add(ticket, seat{inside: true})
	}
	for _, ticket := range queue {
		add(ticket, seat{})
	}
	for _, ticket := range polite {
		add(ticket, seat{polite: true})
	}
	return seats, nil
}

func (s *seat) info(kind Kind, name string) Info {
	info := Info{Kind: kind, Name: name, Held: s.inside, Mode: s.guessMode(kind), Token: s.ticket, Known: s.known}
	if !s.known {
		return info
	}
	info.Mode, info.Index, info.PID, info.Owner = s.mode, int(s.index), int(s.pid), int(s.owner)
	info.FD, info.Keeper = s.flags&flagFD != 0, s.flags&flagKeeper != 0
	info.Since, info.Label, info.Command = time.Unix(0, s.since), s.label, s.command
	return info
}

// guessMode is the mode of a ticket without a record.
func (s *seat) guessMode(kind Kind) Mode {
	switch {
	case kind == KindSem:
		return Slot
	case s.polite:
		return Polite
	default:
		return Exclusive
	}
}

// List returns the holders and waiters of all locks, or all semaphores, in the
// order of the names; of each as Inspect does.
func (d *Dir) List(kind Kind) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		names, err := d.Names(kind)
		if err != nil && !yield(Info{}, err) {
			return
		}
		for _, name := range names {
			infos, err := d.Inspect(kind, name)
			if err != nil && !yield(Info{Kind: kind, Name: name}, err) {
				return
			}
			for _, info := range infos {
				if !yield(info, nil) {
					return
				}
			}
		}
	}
}

// Names returns the names of all locks, or all semaphores, that have a file,
// in order. Files that cannot be read are left out, and the error is about
// them.
func (d *Dir) Names(kind Kind) ([]string, error) {
	entries, err := os.ReadDir(d.path(kind.String()))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	var broken []error
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".lk") {
			continue
		}
		name, err := d.nameOf(kind.String() + "/" + entry.Name())
		if err != nil {
			broken = append(broken, err)
		} else if name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, errors.Join(broken...)
}

// nameOf returns the name in a lock file, "" if it has just been created or
// removed.
func (d *Dir) nameOf(rel string) (string, error) {
	f, err := state.OpenReadOnly(d.path(rel))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	_, name, err := readName(f)
	if err == errNewFile {
		err = nil
	}
	return name, err
}
