package pipes

// room looks whether all subscribers have room for n records. With DropOldest
// it makes room, else it returns who has none. The caller has M, and begins a
// batch after that.
func (l *log) room(when WhenFull, n int) (*FullError, error) {
	last, err := l.last()
	if err != nil {
		return nil, err
	}
	var full *FullError
	err = l.subs.all(func(s slot) error {
		f, err := l.roomOf(s, last, uint64(n))
		if err != nil || f == nil {
			return err
		}
		if when == DropOldest {
			return l.drop(s, last, uint64(n))
		}
		if full != nil {
			f.Full += full.Full
		}
		full = f
		return nil
	})
	return full, err
}

// roomOf returns an error if the subscriber has no room for n more records. One
// that has read everything has room for as many as may come.
func (l *log) roomOf(s slot, last lastRecord, n uint64) (*FullError, error) {
	most := s.maxsize()
	if most == 0 {
		most = l.head.Uint64(setMaxSize).Load()
	}
	fits := func(seq uint64) bool { return last.seq <= seq || last.seq-seq+n <= most }
	if most == 0 || fits(s.seq().Load()) {
		return nil, nil
	}
	seq, err := l.seqAt(&l.walk, s.off().Load(), last.seq)
	if err != nil && !isDamage(err) {
		return nil, err
	}
	if err == nil {
		s.raise(seq - 1) // the reader was killed before it could
		if fits(seq - 1) {
			return nil, nil
		}
	}
	if free, err := l.subs.tidy(s); err != nil || free {
		return nil, err
	}
	unread := last.seq - min(s.seq().Load(), last.seq)
	return &FullError{Full: 1, Subscriber: s.title(), Unread: unread, MaxSize: most}, nil
}

// title is the name of the subscriber for people.
func (s slot) title() string {
	if name := s.name(); name != "" {
		return name
	}
	return "without a name"
}

// drop moves the position of a subscriber that is full, until there is room for
// n records. The subscriber may move it at the same time.
func (l *log) drop(s slot, last lastRecord, n uint64) error {
	end := l.head.end().Load()
	for {
		f, err := l.roomOf(s, last, n)
		if err != nil || f == nil {
			return err
		}
		off := s.off().Load()
		next, seq, err := l.oldest(off, end, s.seq().Load()+1)
		if err != nil {
			return err
		}
		if s.off().CompareAndSwap(off, next) {
			s.dropped().Add(1)
			s.raise(seq)
		}
	}
}

// oldest returns where the record at off ends, and its seq: what cannot be read
// ends where something can be read again.
func (l *log) oldest(off, end, seq uint64) (next, dropped uint64, err error) {
	if first := l.head.first().Load(); off < first {
		off = first
	}
	r, err := l.walk.record(off, end)
	if err == nil {
		return r.end, r.seq, nil
	}
	if !isDamage(err) {
		return 0, 0, err
	}
	next, err = l.walk.resync(off, end, seq-1)
	return next, seq, err
}
