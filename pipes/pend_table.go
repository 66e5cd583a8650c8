package pipes

// get returns what the entry at a place says.
func (p *pend) get(place int) (pendJob, error) {
	if err := p.good(place); err != nil {
		return pendJob{}, err
	}
	inputs := int(p.of(place, jobInputs).Load())
	if p.of(place, jobHash).Load() < pendHashes || inputs > p.width() {
		return pendJob{}, errIndex
	}
	j := pendJob{
		hash: p.of(place, jobHash).Load(), start: p.of(place, jobStart).Load(),
		since: p.of(place, jobSince).Load(), refs: make([]uint64, inputs),
	}
	for i := range j.refs {
		j.refs[i] = p.of(place, jobRefs+i).Load()
	}
	return j, nil
}

// find returns the place of the job with that hash which is the one, 0 if there
// is none.
func (p *pend) find(hash uint64, is func(pendJob) (bool, error)) (place int, j pendJob, err error) {
	slots := p.slots()
	for i := range slots {
		place = int(hash+uint64(i))&(slots-1) + 1
		if err := p.good(place); err != nil {
			return 0, j, err
		}
		switch p.of(place, jobHash).Load() {
		case pendFree:
			return 0, j, nil
		case hash:
			if j, err = p.get(place); err != nil {
				return 0, j, err
			}
			if ok, err := is(j); ok || err != nil {
				return place, j, err
			}
		}
	}
	return 0, j, errIndex // there is always a free one
}

// give notes what an input has given. The caller has begun the change.
func (p *pend) give(place, input int, off uint64) {
	p.of(place, jobRefs+input).Store(off + 1)
	p.seal(place)
}

// add adds a job. The caller has begun the change.
func (p *pend) add(j pendJob) error {
	slots, width := p.slots(), p.width()
	if 4*(p.word(pendUsed).Load()+1) > 3*uint64(slots) || len(j.refs) > width {
		if err := p.rehash(max(width, len(j.refs))); err != nil {
			return err
		}
	}
	return p.insert(j)
}

// rehash makes the table anew, larger if most of it is in use.
func (p *pend) rehash(width int) error {
	jobs, err := p.all()
	if err != nil {
		return err
	}
	slots := p.slots()
	for 2*(len(jobs)+1) > slots {
		slots *= 2
	}
	if err := p.format(slots, width); err != nil {
		return err
	}
	for _, j := range jobs {
		if err := p.insert(j); err != nil {
			return err
		}
	}
	return nil
}

// insert writes a job to the first entry that is not in use: one that was keeps
// the way to it short where the same job comes and goes.
func (p *pend) insert(j pendJob) error {
	slots := p.slots()
	place := 0
	for i := range slots {
		place = int(j.hash+uint64(i))&(slots-1) + 1
		if err := p.good(place); err != nil {
			return err
		}
		if p.of(place, jobHash).Load() < pendHashes {
			break
		}
	}
	if p.of(place, jobHash).Load() == pendFree {
		p.word(pendUsed).Add(1)
	}
	p.of(place, jobHash).Store(j.hash)
	p.of(place, jobStart).Store(j.start)
	p.of(place, jobSince).Store(j.since)
	p.of(place, jobInputs).Store(uint64(len(j.refs)))
	for i, ref := range j.refs {
		p.of(place, jobRefs+i).Store(ref)
	}
	p.word(pendJobs).Add(1)
	prev, err := p.before(j.start)
	if err != nil {
		return err
	}
	next := p.oldest()
	if prev != 0 {
		next = p.next(prev)
	}
	return p.link(place, prev, next)
}

// before returns the last place of the list whose job began before start. That
// is the newest one, unless the older records of a job are no longer retained.
func (p *pend) before(start uint64) (place int, err error) {
	place = int(p.word(pendNewest).Load())
	for place != 0 {
		if err := p.good(place); err != nil || p.of(place, jobStart).Load() < start {
			return place, err
		}
		place = int(p.of(place, jobPrev).Load())
	}
	return 0, nil
}

// link puts an entry into the list, between two others.
func (p *pend) link(place, prev, next int) error {
	p.of(place, jobPrev).Store(uint64(prev))
	p.of(place, jobNext).Store(uint64(next))
	p.seal(place)
	return p.join(prev, next, place, place)
}

// join makes after the next of prev and before the one before next. No entry is
// the end of the list.
func (p *pend) join(prev, next, after, before int) error {
	if prev == 0 {
		p.word(pendOldest).Store(uint64(after))
	} else if err := p.set(prev, jobNext, after); err != nil {
		return err
	}
	if next == 0 {
		p.word(pendNewest).Store(uint64(before))
		return nil
	}
	return p.set(next, jobPrev, before)
}

// set changes a word of an entry that is good.
func (p *pend) set(place, word, value int) error {
	if err := p.good(place); err != nil {
		return err
	}
	p.of(place, word).Store(uint64(value))
	p.seal(place)
	return nil
}

// remove removes a job. The caller has begun the change.
func (p *pend) remove(place int) error {
	if err := p.unlink(place); err != nil {
		return err
	}
	p.of(place, jobHash).Store(pendGone)
	p.seal(place)
	p.word(pendJobs).Add(^uint64(0))
	return nil
}

// unlink takes an entry out of the list.
func (p *pend) unlink(place int) error {
	if err := p.good(place); err != nil {
		return err
	}
	prev, next := int(p.of(place, jobPrev).Load()), int(p.of(place, jobNext).Load())
	return p.join(prev, next, next, prev)
}

// next returns the place of the job behind that one in the list, 0 behind the
// last one.
func (p *pend) next(place int) int { return int(p.of(place, jobNext).Load()) }

// all returns all jobs, in the order in which they began.
func (p *pend) all() ([]pendJob, error) {
	jobs := make([]pendJob, 0, min(p.jobs(), p.slots()))
	for place := p.oldest(); place != 0; place = p.next(place) {
		j, err := p.get(place)
		if err == nil && len(jobs) == p.slots() {
			err = errIndex
		}
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}
