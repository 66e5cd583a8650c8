package pipes

import (
	"errors"
	"io/fs"
	"iter"
)

// Info says what there is to know about an announcement or a funnel.
type Info struct {
	Kind              Kind
	Name              string
	FirstSeq, LastSeq uint64 // of the records there are; LastSeq < FirstSeq: there is none
	Bytes             int64  // that they take
	Final, Closed     bool
	Settings          Settings
	Backlog           uint64 // records that a new subscriber would get
	Subscribers       []SubscriberInfo
	Damaged           []string // files with what a recovery could not read

	// Of funnels alone.
	Inputs  []string
	Pending int // jobs that are not complete
}

// SubscriberInfo says what there is to know about a subscriber or a group.
type SubscriberInfo struct {
	Name           string
	Durable, Group bool
	Active         bool       // somebody reads; of a group: has something in hand
	Blocks         bool       // puts wait for it
	Seq            uint64     // of the last record before its position
	Unread         uint64     // records behind it
	Dropped        uint64     // records dropped to make room
	MaxSize        uint64     // unread records it may have; 0: no bound
	InFlight       []InFlight // of a group: taken and not acknowledged
}

// InFlight is a record that a consumer of a group has taken.
type InFlight struct {
	Seq   uint64
	Tries int
	Held  bool // the consumer is alive
}

// Info returns what there is to know at this moment.
func (t *Topic) Info() (Info, error) { return t.log.info() }

// List returns all announcements, then all funnels, in order of their names. An
// error about one of them does not end it.
func (d *Dir) List() iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		for _, kind := range []Kind{KindAnnounce, KindFunnel} {
			names, err := d.Names(kind)
			if err != nil && !yield(Info{Kind: kind}, err) {
				return
			}
			for _, name := range names {
				info, err := d.infoOf(kind, name)
				if errors.Is(err, fs.ErrNotExist) {
					continue // removed meanwhile
				}
				if !yield(info, err) {
					return
				}
			}
		}
	}
}

func (d *Dir) infoOf(kind Kind, name string) (Info, error) {
	l, err := d.log(kind, name)
	if err != nil {
		return Info{Kind: kind, Name: name}, err
	}
	return l.info()
}

func (l *log) info() (info Info, err error) {
	info = Info{Kind: l.kind, Name: l.name}
	err = l.exclusively(func() error {
		last, err := l.last()
		if err != nil {
			return err
		}
		h := l.head
		info.FirstSeq, info.LastSeq = h.firstSeq().Load(), last.seq
		info.Bytes = int64(h.end().Load() - h.first().Load())
		info.Final, info.Closed = h.has(logFinal), h.has(logClosed)
		info.Settings = h.settings()
		info.Backlog = info.backlog()
		if info.Damaged, err = l.segs.names(damagedEnding); err != nil {
			return err
		}
		if err := l.subscribers(&info, last); err != nil || l.kind != KindFunnel {
			return err
		}
		return l.funnelInfo(&info)
	})
	return info, err
}

// backlog is how many records a new subscriber would get.
func (info *Info) backlog() uint64 {
	if info.Final {
		return 0
	}
	there := info.LastSeq + 1 - info.FirstSeq
	if info.Settings.Backlog == BacklogAll {
		return there
	}
	return min(there, uint64(info.Settings.Backlog))
}

func (l *log) subscribers(info *Info, last lastRecord) error {
	return l.subs.all(func(s slot) error {
		if free, err := l.subs.tidy(s); err != nil || free {
			return err
		}
		sub, err := l.subscriber(s, last)
		if err != nil {
			return err
		}
		sub.Blocks = info.Settings.WhenFull == Block && sub.MaxSize > 0 && sub.Unread >= sub.MaxSize
		info.Subscribers = append(info.Subscribers, sub)
		return nil
	})
}

func (l *log) subscriber(s slot, last lastRecord) (sub SubscriberInfo, err error) {
	sub = SubscriberInfo{
		Name: s.name(), Durable: s.is(slotDurable), Group: s.is(slotGroup),
		Seq: s.seq().Load(), Dropped: s.dropped().Load(), MaxSize: s.maxsize(),
	}
	if sub.MaxSize == 0 {
		sub.MaxSize = l.head.Uint64(setMaxSize).Load()
	}
	next, err := l.seqAt(&l.walk, s.off().Load(), last.seq)
	if err != nil && !isDamage(err) {
		return sub, err
	}
	if err == nil {
		sub.Seq = next - 1
	}
	sub.Unread = last.seq - min(sub.Seq, last.seq)
	if sub.Group {
		return sub, l.inHand(s, &sub)
	}
	sub.Active, err = l.subs.locked(s.byteC())
	return sub, err
}

// inHand adds what consumers of a group have taken.
func (l *log) inHand(s slot, sub *SubscriberInfo) error {
	return l.groups.exclusively(s, func(t *flights) (err error) {
		t.each(func(e flight) bool {
			f := InFlight{Seq: e.seq().Load(), Tries: int(e.tries().Load())}
			if ticket := e.ticket().Load(); ticket != 0 {
				f.Held, err = l.subs.locked(byteT + int64(ticket))
			}
			sub.Active = sub.Active || f.Held
			sub.InFlight = append(sub.InFlight, f)
			return err == nil
		})
		return err
	})
}
