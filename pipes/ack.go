package pipes

// Ack acknowledges a record, from any process. Of a group: it leaves what the
// group has in hand. Of a subscriber: the position moves behind it.
func (t *Topic) Ack(name string, seq uint64) error { return t.log.ack(name, seq) }

// Nack gives back a record that a consumer of the group has taken, from any
// process. Of a subscriber: the record is still to come, so nothing changes.
func (t *Topic) Nack(name string, seq uint64) error { return t.log.nack(name, seq) }

func (l *log) ack(name string, seq uint64) error {
	return l.exclusively(func() error {
		s, err := l.known(name)
		if err != nil {
			return err
		}
		if s.is(slotGroup) {
			return l.ackFlight(s, seq)
		}
		return l.ackPosition(s, seq)
	})
}

func (l *log) nack(name string, seq uint64) error {
	return l.exclusively(func() error {
		s, err := l.known(name)
		if err != nil {
			return err
		}
		if s.is(slotGroup) {
			return l.nackFlight(s, seq)
		}
		if seq <= s.seq().Load() {
			return &SeqError{Name: l.name, Seq: seq, Why: "was acknowledged"}
		}
		return nil
	})
}

// ackPosition moves the position of a subscriber behind seq. The caller has M.
func (l *log) ackPosition(s slot, seq uint64) error {
	last, err := l.last()
	if err != nil {
		return err
	}
	if seq > last.seq {
		return &SeqError{Name: l.name, Seq: seq, Why: "does not exist"}
	}
	at, err := l.locate(position{l.head.end().Load(), last.seq + 1}, last, seq+1)
	if err == nil && at.off > s.off().Load() {
		s.place(at)
		l.tell()
	}
	return err
}

// ackFlight removes the entry of seq. To acknowledge twice is no mistake: the
// record may have been taken twice.
func (l *log) ackFlight(s slot, seq uint64) error {
	return l.groups.exclusively(s, func(t *flights) error {
		e, ok := t.find(seq)
		switch {
		case ok:
			e.free()
		case seq == 0 || seq > s.seq().Load():
			return &SeqError{Name: l.name, Seq: seq, Why: "was not taken"}
		}
		if l.head.has(logClosed) {
			l.news.wakeAny() // others may be at the end now
		}
		return nil
	})
}

// nackFlight gives the entry of seq back.
func (l *log) nackFlight(s slot, seq uint64) error {
	return l.groups.exclusively(s, func(t *flights) error {
		e, ok := t.find(seq)
		switch {
		case ok:
			e.ticket().Store(0)
			l.news.wakeAny()
		case seq == 0 || seq > s.seq().Load():
			return &SeqError{Name: l.name, Seq: seq, Why: "was not taken"}
		default:
			return &SeqError{Name: l.name, Seq: seq, Why: "was acknowledged"}
		}
		return nil
	})
}
