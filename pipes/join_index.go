package pipes

import (
	"errors"
	"slices"
)

// A joinState is what a funnel's log has open besides that of an announcement.
// Its guard is M.
type joinState struct {
	pend  pend   // not mapped before it is needed
	scan  reader // of all records, one after the other
	lows  map[uint64]uint64
	clock func() int64
}

func (l *log) openFunnel() error {
	l.funnel = joinState{scan: reader{log: l, ahead: readAhead}, clock: now}
	l.claims = append(l.claims, l.claimPending, l.claimSets)
	return l.head.checkInputs(l.name)
}

func (l *log) closeFunnel() {
	l.funnel.scan.forget()
	l.funnel.pend.close()
}

// funnelInfo adds what a funnel has besides an announcement. The caller has M.
func (l *log) funnelInfo(info *Info) error {
	return l.indexed(func() error {
		info.Inputs = l.head.inputs()
		info.Pending = l.funnel.pend.jobs()
		return nil
	})
}

// indexed runs f when the index is that of the log, and jobs that are too old
// are given up. If f returns errIndex it has changed nothing, and is run again
// with a new index. The caller has M.
func (l *log) indexed(f func() error) error {
	try := func() error {
		err := l.catchUp()
		if err == nil {
			err = l.expire()
		}
		if err == nil {
			err = f()
		}
		return err
	}
	err := try()
	if errors.Is(err, errIndex) {
		if err = l.renewIndex(); err == nil {
			err = try()
		}
	}
	return err
}

// catchUp makes the index that of the log: usually it is. The caller has M.
func (l *log) catchUp() error {
	if l.funnel.pend.m == nil {
		if err := l.funnel.pend.open(l.file("pend"), l); err != nil {
			return err
		}
	}
	err := l.index()
	if errors.Is(err, errIndex) {
		if err = l.renewIndex(); err == nil {
			err = l.index()
		}
	}
	return err
}

// renewIndex begins the index anew, from the first record there is.
func (l *log) renewIndex() error { return l.funnel.pend.reset(l, l.head.first().Load()) }

// index applies the records that are not in the index.
func (l *log) index() error {
	p := &l.funnel.pend
	if !p.valid(l) {
		return errIndex
	}
	if err := p.fit(); err != nil {
		return err
	}
	at, end := p.applied(), l.head.end().Load()
	if at > end || at < l.head.first().Load() {
		return errIndex
	}
	if err := l.forgetLost(); err != nil || at == end {
		return err
	}
	p.begin()
	seq := uint64(0)
	for at < end {
		var err error
		if at, seq, err = l.applyAt(at, end, seq); err != nil {
			return err
		}
	}
	p.end(end)
	return nil
}

// applyAt applies the record at off, which is behind the record seq. One that
// cannot be read is passed.
func (l *log) applyAt(off, end, seq uint64) (next, is uint64, err error) {
	r, err := l.funnel.scan.record(off, end)
	if isDamage(err) {
		next, err = l.funnel.scan.resync(off, end, seq)
		return next, seq, err
	}
	if err != nil {
		return 0, 0, err
	}
	p, _, err := r.part()
	if err != nil {
		return r.end, r.seq, nil
	}
	s := jobStep{flags: r.flags, input: p.input, inputs: p.inputs, job: string(p.job), off: off, time: r.time}
	place, _, err := l.findJob(s.job)
	if err == nil {
		err = l.funnel.pend.apply(place, s)
	}
	return r.end, r.seq, err
}

// A jobStep is what a record means for a job.
type jobStep struct {
	flags         uint16
	input, inputs int
	job           string
	off           uint64
	time          int64
}

// apply notes a step of the job at that place; 0 is none yet. The caller has
// begun the change.
func (p *pend) apply(place int, s jobStep) error {
	switch {
	case s.flags&flagPut == 0 || s.flags&flagCompletes != 0:
		if place == 0 {
			return nil // it had one input
		}
		return p.remove(place)
	case place == 0:
		j := pendJob{hash: hashJob(s.job), start: s.off, since: uint64(s.time), refs: make([]uint64, s.inputs)}
		j.refs[s.input] = s.off + 1
		return p.add(j)
	}
	if uint64(s.input) < p.of(place, jobInputs).Load() {
		p.give(place, s.input, s.off)
	}
	return nil
}

// note applies the record that was committed last. Whatever goes wrong, the
// next one who needs the index sees that it is behind the log.
func (l *log) note(place int, j pendJob, s jobStep) {
	p := &l.funnel.pend
	if !p.valid(l) || p.applied() != s.off {
		return
	}
	if place != 0 {
		if is, err := p.get(place); err != nil || is.hash != j.hash || is.start != j.start {
			return
		}
	}
	p.begin()
	if p.apply(place, s) == nil {
		p.end(l.head.end().Load())
	}
}

// hashJob is what the index has of the name of a job.
func hashJob(job string) uint64 { return max(hashID(job), pendHashes) }

// findJob returns the place of a job that is not complete, 0 for none.
func (l *log) findJob(job string) (place int, j pendJob, err error) {
	end := l.head.end().Load()
	return l.funnel.pend.find(hashJob(job), func(j pendJob) (bool, error) {
		p, err := l.walk.partAt(j.start, end)
		if isDamage(err) || err == nil && !j.is(p) {
			return true, nil // the hash is as good as the name
		}
		return string(p.job) == job, err
	})
}

// is reports whether the header, whose checksum nobody has seen, can be one of
// the job's.
func (j *pendJob) is(p part) bool { return hashJob(string(p.job)) == j.hash }

// nameOf returns the name of a job that is not complete: "" if none of its
// records can be read.
func (l *log) nameOf(r *reader, j pendJob) (string, error) {
	end := l.head.end().Load()
	for _, ref := range j.refs {
		if ref == 0 {
			continue
		}
		p, err := r.partAt(ref-1, end)
		if err == nil && j.is(p) {
			return string(p.job), nil
		}
		if err != nil && !isDamage(err) {
			return "", err
		}
	}
	return "", nil
}

// forgetLost takes back what inputs have given whose records are no longer
// retained: there was a hard bound. The index is then what it would be if it was
// made anew.
func (l *log) forgetLost() error {
	p, first := &l.funnel.pend, l.head.first().Load()
	for place := p.oldest(); place != 0; place = p.oldest() {
		j, err := p.get(place)
		if err != nil || j.start >= first {
			return err
		}
		p.begin()
		if err := p.remove(place); err != nil {
			return err
		}
		if err := l.beginLater(j, first); err != nil {
			return err
		}
		p.end(p.applied())
	}
	return nil
}

// beginLater adds a job again with what is left of it.
func (l *log) beginLater(j pendJob, first uint64) error {
	j.start = noRef
	for i, ref := range j.refs {
		if ref <= first {
			j.refs[i] = 0
		} else {
			j.start = min(j.start, ref-1)
		}
	}
	if j.start == noRef {
		return nil
	}
	h, err := l.walk.headAt(j.start, l.head.end().Load())
	if err == nil {
		j.since = uint64(h.time)
	}
	if isDamage(err) {
		err = nil
	}
	return errors.Join(err, l.funnel.pend.add(j))
}

// claimPending claims the records of jobs that are not complete.
func (l *log) claimPending() (uint64, error) {
	if err := l.catchUp(); err != nil {
		return 0, err
	}
	p := &l.funnel.pend
	if p.oldest() == 0 {
		return noRef, nil
	}
	j, err := p.get(p.oldest())
	return j.start, err
}

// claimSets claims the records of sets that are not acknowledged.
func (l *log) claimSets() (uint64, error) {
	from, err := l.unconsumed()
	if err != nil {
		return 0, err
	}
	bases, err := l.segs.list()
	if err != nil || len(bases) < 2 || from < bases[1] {
		return from, err // that alone keeps everything
	}
	low, lows := from, make(map[uint64]uint64)
	for i := len(bases) - 1; i >= 0 && err == nil; i-- {
		if i+1 < len(bases) && bases[i+1] <= from {
			break
		}
		var ref uint64
		ref, err = l.lowestRef(bases[i])
		low, lows[bases[i]] = min(low, ref), ref
	}
	delete(lows, l.head.seg().Load()) // more comes
	l.funnel.lows = lows
	return low, err
}

// unconsumed returns where the first set is that is not acknowledged, or may
// be.
func (l *log) unconsumed() (uint64, error) {
	s, ok := l.subs.find(getters)
	if !ok {
		return l.head.first().Load(), nil
	}
	from := s.off().Load()
	held, err := l.groups.lowest(s) // after the position, see take
	return min(from, held), err
}

// lowestRef returns the lowest offset that the sets have which were completed in
// the segment at base.
func (l *log) lowestRef(base uint64) (uint64, error) {
	if low, ok := l.funnel.lows[base]; ok {
		return low, nil
	}
	r := reader{log: l, ahead: readAhead}
	defer r.forget()
	stop, err := r.stop(base, l.head.end().Load())
	low, seq := uint64(noRef), uint64(0)
	for off := base; off < stop && err == nil; {
		var rec record
		if rec, err = r.record(off, stop); isDamage(err) {
			off, err = r.resync(off, stop, seq)
			continue
		}
		if rec.flags&flagCompletes != 0 {
			low = min(low, slices.Min(rec.refs()))
		}
		off, seq = rec.end, rec.seq
	}
	return low, err
}

// refs returns the offsets in the header of a record: at least noRef.
func (r *record) refs() []uint64 {
	refs := []uint64{noRef}
	if p, _, err := r.part(); err == nil {
		for i := range p.inputs {
			refs = append(refs, p.ref(i))
		}
	}
	return refs
}
