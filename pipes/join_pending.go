package pipes

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// PendingJob is a job that is not complete, or was not when it was given up.
type PendingJob struct {
	Job     string
	Inputs  []string  // that it needs
	Have    []bool    // which of them have given a value
	Since   time.Time // its first value
	Until   time.Time // when it was given up; zero while it is pending
	Dropped bool      // by Drop, not because it was too old
}

// giveUpAtOnce is how many jobs are given up in one commit.
const giveUpAtOnce = 256

// expire gives up jobs that are too old. The caller has M.
func (l *log) expire() error {
	age := int64(l.head.Uint64(headExpire).Load())
	if age == 0 || l.head.has(logClosed) {
		return nil
	}
	p, due := &l.funnel.pend, l.funnel.clock()-age
	for {
		var old []int
		for place := p.oldest(); place != 0 && len(old) < giveUpAtOnce; place = p.next(place) {
			j, err := p.get(place)
			if err != nil {
				return err
			}
			if int64(j.since) > due {
				break
			}
			old = append(old, place)
		}
		if len(old) == 0 {
			return nil
		}
		if err := l.giveUp(flagExpired, old); err != nil {
			return err
		}
	}
}

// giveUp ends the jobs at those places without a set: a record for each of them
// tells what there was.
func (l *log) giveUp(flag uint16, places []int) error {
	if err := l.begin(); err != nil {
		return err
	}
	p := &l.funnel.pend
	var unreadable []int
	for _, place := range places {
		j, err := p.get(place)
		if err != nil {
			return err
		}
		name, err := l.nameOf(&l.walk, j)
		if err != nil {
			return err
		}
		if name == "" { // nor could the index be made with it
			unreadable = append(unreadable, place)
			continue
		}
		for i := range j.refs {
			j.refs[i]-- // noRef where there is none
		}
		header := appendPart(nil, 0, len(j.refs), j.refs, name)
		l.add(flag, uint16(len(header)), 0, header, binary.LittleEndian.AppendUint64(nil, j.since))
	}
	if err := l.forget(unreadable); err != nil || len(l.batch.b) == 0 {
		return err
	}
	if _, err := l.commit(false); err != nil {
		return err
	}
	return l.catchUp()
}

// forget removes jobs from the index.
func (l *log) forget(places []int) error {
	p := &l.funnel.pend
	for _, place := range places {
		p.begin()
		if err := p.remove(place); err != nil {
			return err
		}
		p.end(p.applied())
	}
	return nil
}

// Drop gives up a job that is not complete: the next value for it begins it
// anew. Without such a job the error is a *JobError.
func (j *Join) Drop(job string) error {
	l := j.log
	if err := checkJob(l.name, job); err != nil {
		return err
	}
	return l.exclusively(func() error {
		if l.head.has(logClosed) {
			return fmt.Errorf("%s: %w", l.name, ErrClosed)
		}
		return l.indexed(func() error {
			place, _, err := l.findJob(job)
			if err == nil && place == 0 {
				err = &JobError{Name: l.name, Job: job, Why: "is not pending"}
			}
			if err != nil {
				return err
			}
			return l.giveUp(flagDropped, []int{place})
		})
	})
}

// Pending returns the jobs that are not complete, in the order in which they
// began.
func (j *Join) Pending() ([]PendingJob, error) {
	l := j.log
	if err := l.enter(); err != nil {
		return nil, err
	}
	defer l.leave()
	jobs, err := l.pendingJobs()
	if err != nil {
		return nil, err
	}
	r := reader{log: l, ahead: walkAhead}
	defer r.forget()
	pending := make([]PendingJob, 0, len(jobs))
	for _, job := range jobs {
		name, err := l.nameOf(&r, job)
		if err == errGone || err == nil && name == "" {
			continue // it is complete by now, or cannot be read
		}
		if err != nil {
			return nil, err
		}
		p := PendingJob{Job: name, Inputs: l.inputsOf(len(job.refs)), Since: time.Unix(0, int64(job.since))}
		for i := range job.refs {
			p.Have = append(p.Have, job.have(i))
		}
		pending = append(pending, p)
	}
	return pending, nil
}

func (l *log) pendingJobs() (jobs []pendJob, err error) {
	if err := l.lock(); err != nil {
		return nil, err
	}
	defer l.unlock()
	err = l.indexed(func() error {
		jobs, err = l.funnel.pend.all()
		return err
	})
	return jobs, err
}

// Expired returns the jobs that were given up, because they were too old or
// were dropped, as far back as records are retained.
func (j *Join) Expired() ([]PendingJob, error) {
	l := j.log
	err := l.exclusively(func() error { return l.indexed(func() error { return nil }) })
	if err != nil {
		return nil, err
	}
	if err := l.enter(); err != nil {
		return nil, err
	}
	defer l.leave()
	r := reader{log: l, ahead: readAhead}
	defer r.forget()
	var jobs []PendingJob
	end, seq := l.head.end().Load(), uint64(0)
	for off := l.head.first().Load(); off < end; {
		rec, err := r.record(off, end)
		switch {
		case errors.Is(err, errGone):
			off = max(off, l.head.first().Load())
		case isDamage(err):
			off, err = r.resync(off, end, seq)
		case err == nil:
			off, seq = rec.end, rec.seq
			jobs = l.appendExpired(jobs, &rec)
		}
		if err != nil && err != errGone {
			return nil, err
		}
	}
	return jobs, nil
}

// appendExpired appends the job that the record tells of, if it is such a
// record.
func (l *log) appendExpired(jobs []PendingJob, r *record) []PendingJob {
	p, value, err := r.part()
	if err != nil || r.flags&(flagExpired|flagDropped) == 0 || len(value) != 8 {
		return jobs
	}
	job := PendingJob{
		Job: string(p.job), Inputs: l.inputsOf(p.inputs), Dropped: r.flags&flagDropped != 0,
		Since: time.Unix(0, int64(binary.LittleEndian.Uint64(value))), Until: time.Unix(0, r.time),
	}
	for i := range p.inputs {
		job.Have = append(job.Have, p.ref(i) != noRef)
	}
	return append(jobs, job)
}
