package pipes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Join is a named funnel. It collects what several inputs say of a job, and
// gives it away once all of them have said it. A set comes out complete or not
// at all.
//
// A job begins with its first value, and its set needs the inputs that there
// were at that moment. When it is complete, dropped or expired, the same job may
// begin anew.
type Join struct{ log *log }

// getters is the group of all who get sets.
const getters = "get"

// CreateFunnel returns the funnel of that name, a new one if there is none. One
// that is there must have the same inputs and equal settings, else the error is
// a *MismatchError.
func (d *Dir) CreateFunnel(name string, inputs []string, s Settings) (*Join, error) {
	if err := s.checkFunnel(name); err != nil {
		return nil, err
	}
	if err := checkInputs(name, inputs); err != nil {
		return nil, err
	}
	l, made, err := d.create(KindFunnel, name, s, func(h head) {
		for _, input := range inputs {
			h.addInput(input) // there is room, see checkInputs
		}
	})
	if err != nil {
		return nil, err
	}
	err = l.exclusively(func() error {
		_, err := l.register(getters, CursorOptions{Group: true, From: FromStart})
		return err
	})
	if err != nil {
		return nil, err
	}
	j := &Join{l}
	if has := j.Inputs(); !made && !slices.Equal(has, inputs) {
		return nil, &MismatchError{Name: name, Setting: "inputs", Has: strings.Join(has, ","), Want: strings.Join(inputs, ",")}
	}
	return j, nil
}

// Funnel returns the funnel of that name, a *NotExistError if there is none.
func (d *Dir) Funnel(name string) (*Join, error) {
	l, err := d.log(KindFunnel, name)
	if err != nil {
		return nil, err
	}
	return &Join{l}, nil
}

var errAnnounceOnly = errors.New("backlog, maxsize and when-full are settings of announcements")

// checkFunnel returns an error for settings that only announcements have.
func (s *Settings) checkFunnel(name string) error {
	if s.Backlog != 0 || s.MaxSize != 0 || s.WhenFull != Block {
		return fmt.Errorf("%s: %w", name, errAnnounceOnly)
	}
	return nil
}

// Name is the name of the funnel.
func (j *Join) Name() string { return j.log.name }

// Settings returns the settings at present. After Close of the Dir they are
// zero.
func (j *Join) Settings() Settings { return (&Topic{j.log}).Settings() }

// Update changes the settings, for what comes after it.
func (j *Join) Update(s Settings) error {
	if err := s.checkFunnel(j.log.name); err != nil {
		return err
	}
	return j.log.update(s)
}

// Info returns what there is to know at this moment.
func (j *Join) Info() (Info, error) { return j.log.info() }

// Damage is like that of Topic.
func (j *Join) Damage() *CorruptError { return j.log.damage }

// Close ends the funnel: its inputs give no more values, and getters meet ErrEnd
// once no set is left. Jobs that are not complete will never be; Info and
// Pending tell of them, and they expire no more.
func (j *Join) Close() error { return j.log.finish(logClosed) }

// Put gives the value of an input for a job, and returns the seq of its record.
// It never waits for room, so WhenFull means nothing here. To give the same
// value again is no mistake, and does nothing.
//
// The error is a *DuplicateError if the input has given another value, unless
// Settings.Replace; a *LateError if it is younger than the job; an *InputError
// if there is no such input; ErrClosed after Close.
func (j *Join) Put(_ context.Context, o PutOptions, input, job string, value []byte) (seq uint64, err error) {
	l := j.log
	if err := checkJob(l.name, job); err != nil {
		return 0, err
	}
	err = l.exclusively(func() error {
		seq, err = l.putPart(o, input, job, value)
		return err
	})
	return seq, err
}

// putPart puts a value. The caller has M.
func (l *log) putPart(o PutOptions, input, job string, value []byte) (seq uint64, err error) {
	if l.head.has(logClosed) {
		return 0, fmt.Errorf("%s: %w", l.name, ErrClosed)
	}
	id := hashID(o.ID)
	if seq, ok, err := l.findID(id); ok || err != nil {
		return seq, err
	}
	inputs := l.head.inputs()
	s := jobStep{flags: flagPut, input: slices.Index(inputs, input), inputs: len(inputs), job: job}
	if s.input < 0 {
		return 0, &InputError{Name: l.name, Input: input, Inputs: inputs}
	}
	err = l.indexed(func() error {
		place, j, err := l.findJob(job)
		if err != nil {
			return err
		}
		if place != 0 {
			s.inputs = len(j.refs)
		}
		seq, err = l.given(place, j, s, input, value)
		if seq == 0 && err == nil {
			seq, err = l.appendPart(place, j, s, id, value, o.Sync)
		}
		return err
	})
	return seq, err
}

// given returns the seq of the record with the same value, 0 if the value is to
// be put.
func (l *log) given(place int, j pendJob, s jobStep, input string, value []byte) (seq uint64, err error) {
	switch {
	case s.input >= s.inputs:
		return 0, &LateError{Name: l.name, Input: input, Job: s.job}
	case place == 0 || !j.have(s.input):
		return 0, nil
	}
	r, err := l.walk.record(j.refs[s.input]-1, l.head.end().Load())
	if err != nil && !isDamage(err) {
		return 0, err
	}
	if err == nil && bytes.Equal(r.payload[r.hlen:], value) {
		return r.seq, nil
	}
	if l.head.Uint32(setReplace).Load() == 0 {
		return 0, &DuplicateError{Name: l.name, Input: input, Job: s.job}
	}
	return 0, nil
}

// appendPart appends the record of a value. That of the last one names all
// others: completion is one record, seen or not.
func (l *log) appendPart(place int, j pendJob, s jobStep, id uint64, value []byte, sync bool) (seq uint64, err error) {
	s.off = l.head.end().Load()
	refs := l.refsWith(place, j, &s)
	if mutant == "refs in a second record" && refs != nil && place != 0 {
		return l.completeLater(place, j, s, refs, value)
	}
	header := appendPart(nil, s.input, s.inputs, refs, s.job)
	if err := l.checkSize(len(header) + len(value)); err != nil {
		return 0, err
	}
	if err := l.begin(); err != nil {
		return 0, err
	}
	s.time = l.batch.next.time
	l.add(s.flags, uint16(len(header)), id, header, value)
	if seq, err = l.commit(sync); err == nil {
		l.note(place, j, s)
	}
	return seq, err
}

// refsWith returns the offsets of all values if the job is complete with the
// step, which is marked then; else nil.
func (l *log) refsWith(place int, j pendJob, s *jobStep) []uint64 {
	if place == 0 {
		j.refs = make([]uint64, s.inputs)
	}
	refs := slices.Clone(j.refs)
	refs[s.input] = s.off + 1
	if slices.Contains(refs, 0) {
		return nil
	}
	for i := range refs {
		refs[i]--
	}
	s.flags |= flagCompletes
	return refs
}

// completeLater is what must not be: a set in two steps.
func (l *log) completeLater(place int, j pendJob, s jobStep, refs []uint64, value []byte) (uint64, error) {
	for _, s.flags = range []uint16{flagPut, flagPut | flagCompletes} {
		given := refs
		if s.flags == flagPut {
			given = nil
		}
		header := appendPart(nil, s.input, s.inputs, given, s.job)
		if err := l.begin(); err != nil {
			return 0, err
		}
		s.off, s.time = l.head.end().Load(), l.batch.next.time
		l.add(s.flags, uint16(len(header)), 0, header, value)
		if seq, err := l.commit(false); err != nil || given != nil {
			return seq, err
		}
		time.Sleep(time.Millisecond) // long enough to be killed
	}
	return 0, nil
}
