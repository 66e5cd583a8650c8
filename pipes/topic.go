package pipes

import (
	"context"
	"errors"
	"fmt"
)

// Topic is a named announcement.
type Topic struct{ log *log }

// CreateAnnouncement returns the announcement of that name, a new one if there
// is none. One that is there must have equal settings, else the error is a
// *MismatchError.
func (d *Dir) CreateAnnouncement(name string, s Settings) (*Topic, error) {
	l, _, err := d.create(KindAnnounce, name, s, nil)
	if err != nil {
		return nil, err
	}
	return &Topic{l}, nil
}

// Announcement returns the announcement of that name, a *NotExistError if there
// is none.
func (d *Dir) Announcement(name string) (*Topic, error) {
	l, err := d.log(KindAnnounce, name)
	if err != nil {
		return nil, err
	}
	return &Topic{l}, nil
}

// Name is the name of the announcement.
func (t *Topic) Name() string { return t.log.name }

// Settings returns the settings at present. After Close of the Dir they are
// zero.
func (t *Topic) Settings() Settings {
	if t.log.enter() != nil {
		return Settings{}
	}
	defer t.log.leave()
	return t.log.head.settings()
}

// Update changes the settings, for what comes after it.
func (t *Topic) Update(s Settings) error { return t.log.update(s) }

func (l *log) update(s Settings) error {
	s = s.complete()
	if err := s.check(l.name); err != nil {
		return err
	}
	return l.exclusively(func() error {
		l.head.setSettings(s)
		l.tell()
		return nil
	})
}

// PutOptions say how to put.
type PutOptions struct {
	ID       string    // a put with the id of an earlier one is that one; for one record
	WhenFull *WhenFull // nil: what the announcement has
	Sync     bool      // the records are on the disk when put returns
}

var (
	errNothing = errors.New("nothing to put")
	errManyIDs = errors.New("an id is for one record")
)

// Put appends records, all of them in one step, and returns the seq of the
// first one. Every subscriber gets them or, with an error, none.
//
// A subscriber has room if its unread records and these are not more than its
// MaxSize, and always if it has read everything. While it waits for room, and
// only then, the end of ctx is an error that is context.Cause of it; that and
// any other error for want of room is a *FullError too.
func (t *Topic) Put(ctx context.Context, o PutOptions, records ...[]byte) (firstSeq uint64, err error) {
	if err := t.log.checkRecords(o, records); err != nil {
		return 0, err
	}
	firstSeq, full, err := t.put(o, records)
	for err == nil && full != nil {
		woken := t.log.space.join()
		if firstSeq, full, err = t.put(o, records); err == nil && full != nil {
			select {
			case <-woken:
			case <-ctx.Done():
				err = &noRoom{t.log.name, full, context.Cause(ctx)}
			}
		}
		t.log.space.leave()
	}
	return firstSeq, err
}

func (l *log) checkRecords(o PutOptions, records [][]byte) error {
	if len(records) == 0 {
		return fmt.Errorf("%s: %w", l.name, errNothing)
	}
	if o.ID != "" && len(records) > 1 {
		return fmt.Errorf("%s: %w", l.name, errManyIDs)
	}
	if err := l.enter(); err != nil {
		return err
	}
	defer l.leave()
	for _, record := range records {
		if err := l.checkSize(len(record)); err != nil {
			return err
		}
	}
	return nil
}

// checkSize returns a *TooLargeError for a record that has too many bytes.
func (l *log) checkSize(n int) error {
	if most := int64(l.head.Uint64(setMaxRecord).Load()); int64(n) > most {
		return &TooLargeError{Name: l.name, Size: int64(n), Max: most}
	}
	return nil
}

// put puts the records if there is room, or need not be. Otherwise it returns
// who has none.
func (t *Topic) put(o PutOptions, records [][]byte) (seq uint64, full *FullError, err error) {
	l := t.log
	if err := l.enter(); err != nil {
		return 0, nil, err
	}
	defer l.leave()
	if err := l.lock(); err != nil {
		return 0, nil, err
	}
	defer l.unlock()
	if l.head.has(logClosed) {
		return 0, nil, fmt.Errorf("%s: %w", l.name, ErrClosed)
	}
	id := hashID(o.ID)
	if seq, ok, err := l.findID(id); ok || err != nil {
		return seq, nil, err
	}
	when := WhenFull(l.head.Uint32(setWhenFull).Load())
	if o.WhenFull != nil {
		when = *o.WhenFull
	}
	full, err = l.room(when, len(records))
	switch {
	case err != nil:
		return 0, nil, err
	case full != nil && when == Fail:
		return 0, nil, &noRoom{l.name, full, nil}
	case full != nil:
		return 0, full, nil
	}
	seq, err = l.append(id, records, o.Sync)
	return seq, nil, err
}

// append appends plain records. The caller has M.
func (l *log) append(id uint64, records [][]byte, sync bool) (first uint64, err error) {
	if err := l.begin(); err != nil {
		return 0, err
	}
	for _, record := range records {
		l.add(flagPut, 0, id, record)
	}
	return l.commit(sync)
}

// Finalize ends the announcement for new subscribers: there are no more of
// them, and no backlog is kept for them. Records can still be put.
func (t *Topic) Finalize() error { return t.log.finish(logFinal) }

// Close ends the announcement for records: there are no more of them.
// Subscribers read what there is, and then meet ErrEnd.
func (t *Topic) Close() error { return t.log.finish(logClosed) }
