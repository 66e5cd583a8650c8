package locks

import "github.com/loxctl/loxctl/internal/state"

// A member of a light switch that has to queue keeps its place in line, and
// watches its mate: the nearest one of its group before it. When that one gets
// in the light is on, so this one can follow, and the next follows it.

// findMate returns the ticket of the participant's mate, 0 if there is none.
// The records of all who came before are complete, since each was written
// under M.
func (p *participant) findMate() (uint64, error) {
	if mutant == "mates are ignored" {
		return 0, nil
	}
	records, err := allRecords(p.file)
	if err != nil {
		return 0, err
	}
	best := uint64(0)
	for _, r := range records {
		if r.mode != Member || r.group != p.group || r.state != recordWaits || r.ticket >= p.ticket || r.ticket < best {
			continue
		}
		queued, err := isLocked(p.file, baseQ+int64(r.ticket))
		if err != nil {
			return 0, err
		}
		if queued {
			best = r.ticket
		}
	}
	return best, nil
}

// nextMate looks for another mate if the one there was has left the line.
func (p *participant) nextMate() error {
	if p.mate == 0 {
		return nil
	}
	queued, err := isLocked(p.file, baseQ+int64(p.mate))
	if err != nil || queued {
		return err
	}
	p.mate, err = p.findMate()
	return err
}

// isLocked reports whether somebody else has write-locked the byte.
func isLocked(f *state.File, at int64) (bool, error) {
	_, ok, err := test(f, at, at+1)
	return ok, err
}
