package pipes

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Settings of a named announcement or funnel. The zero value is what `create`
// has without options.
type Settings struct {
	Backlog  int64    // how many of the records before it a new subscriber gets
	MaxSize  uint64   // unread records a subscriber may have; 0: no bound
	WhenFull WhenFull // what a put does when one has as many

	// Hard bounds of what is kept, also for subscribers who have not read it. 0:
	// none. What nobody has a claim to is deleted anyway. Whole segments are.
	RetainBytes uint64
	RetainAge   time.Duration

	Segment   int64 // bytes of a file of the log; 0: 64 MiB
	MaxRecord int64 // bytes that a record may have; 0: 16 MiB
	Sync      bool  // records are on the disk when put returns

	// Of funnels alone.
	Replace bool          // a second value for a job replaces the first one
	Expire  time.Duration // so long after its first value a job is given up; 0: never
}

const (
	defaultSegment   = 64 << 20
	defaultMaxRecord = 16 << 20
	minSegment       = 4 << 10
)

// complete returns the settings with the defaults in place.
func (s Settings) complete() Settings {
	if s.Segment == 0 {
		s.Segment = defaultSegment
	}
	if s.MaxRecord == 0 {
		s.MaxRecord = defaultMaxRecord
	}
	return s
}

// check returns an error for settings that nothing can have.
func (s *Settings) check(name string) error {
	what := ""
	switch {
	case s.Backlog < BacklogAll:
		what = "backlog is none, a number, or all"
	case s.MaxSize > math.MaxUint32:
		what = "maxsize is at most " + strconv.FormatUint(math.MaxUint32, 10)
	case s.WhenFull < Block || s.WhenFull > DropOldest:
		what = "when-full is block, fail or drop"
	case s.Segment < minSegment:
		what = fmt.Sprintf("a segment has at least %d bytes", minSegment)
	case s.MaxRecord < 1 || s.MaxRecord > maxRecord:
		what = fmt.Sprintf("a record has 1 to %d bytes", maxRecord)
	case s.RetainAge < 0 || s.Expire < 0:
		what = "a duration is not negative"
	default:
		return nil
	}
	return fmt.Errorf("%s: %s", name, what)
}

// The words of the settings in the head.
const (
	setBacklog     = headSettings
	setMaxSize     = headSettings + 8
	setWhenFull    = headSettings + 16 // u32
	setSync        = headSettings + 20 // u32
	setRetainBytes = headSettings + 24
	setRetainAge   = headSettings + 32
	setSegment     = headSettings + 40
	setMaxRecord   = headSettings + 48
	setReplace     = headSettings + 56 // u32
)

func (h head) settings() Settings {
	word := func(at int) int64 { return int64(h.Uint64(at).Load()) }
	return Settings{
		Backlog: word(setBacklog), MaxSize: uint64(word(setMaxSize)),
		WhenFull: WhenFull(h.Uint32(setWhenFull).Load()), Sync: h.Uint32(setSync).Load() != 0,
		RetainBytes: uint64(word(setRetainBytes)), RetainAge: time.Duration(word(setRetainAge)),
		Segment: word(setSegment), MaxRecord: word(setMaxRecord),
		Replace: h.Uint32(setReplace).Load() != 0, Expire: time.Duration(word(headExpire)),
	}
}

// setSettings writes complete settings. The caller has M.
func (h head) setSettings(s Settings) {
	put := func(at int, v int64) { h.Uint64(at).Store(uint64(v)) }
	put(setBacklog, s.Backlog)
	put(setMaxSize, int64(s.MaxSize))
	h.Uint32(setWhenFull).Store(uint32(s.WhenFull))
	h.Uint32(setSync).Store(flagWord(s.Sync))
	put(setRetainBytes, int64(s.RetainBytes))
	put(setRetainAge, int64(s.RetainAge))
	put(setSegment, s.Segment)
	put(setMaxRecord, s.MaxRecord)
	h.Uint32(setReplace).Store(flagWord(s.Replace))
	put(headExpire, int64(s.Expire))
}

func flagWord(on bool) uint32 {
	if on {
		return 1
	}
	return 0
}

// mismatch returns a *MismatchError for the first setting that differs.
func (s Settings) mismatch(name string, want Settings) error {
	rows := []struct{ setting, has, want string }{
		{"backlog", BacklogText(s.Backlog), BacklogText(want.Backlog)},
		{"maxsize", strconv.FormatUint(s.MaxSize, 10), strconv.FormatUint(want.MaxSize, 10)},
		{"when-full", s.WhenFull.String(), want.WhenFull.String()},
		{"retain", retainText(s), retainText(want)},
		{"segment", strconv.FormatInt(s.Segment, 10), strconv.FormatInt(want.Segment, 10)},
		{"max-record", strconv.FormatInt(s.MaxRecord, 10), strconv.FormatInt(want.MaxRecord, 10)},
		{"sync", onOff(s.Sync), onOff(want.Sync)},
		{"duplicate", duplicateText(s.Replace), duplicateText(want.Replace)},
		{"expire", durationText(s.Expire), durationText(want.Expire)},
	}
	for _, row := range rows {
		if row.has != row.want {
			return &MismatchError{Name: name, Setting: row.setting, Has: row.has, Want: row.want}
		}
	}
	return nil
}

// BacklogText is how a backlog is written: none, 10, all.
func BacklogText(n int64) string {
	switch n {
	case BacklogNone:
		return "none"
	case BacklogAll:
		return "all"
	}
	return strconv.FormatInt(n, 10)
}

func retainText(s Settings) string {
	switch {
	case s.RetainBytes == 0:
		return durationText(s.RetainAge)
	case s.RetainAge == 0:
		return strconv.FormatUint(s.RetainBytes, 10)
	}
	return strconv.FormatUint(s.RetainBytes, 10) + " and " + s.RetainAge.String()
}

func durationText(d time.Duration) string {
	if d == 0 {
		return "off"
	}
	return d.String()
}

func duplicateText(replace bool) string {
	if replace {
		return "replace"
	}
	return "refuse"
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// String is how the command line has it: block, fail or drop.
func (w WhenFull) String() string {
	switch w {
	case Fail:
		return "fail"
	case DropOldest:
		return "drop"
	}
	return "block"
}
