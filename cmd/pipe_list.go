package cmd

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/loxctl/loxctl/internal/hold"
	"github.com/loxctl/loxctl/internal/term"
	"github.com/loxctl/loxctl/pipes"
)

// pipeList lists announcements or funnels with their subscribers, or the jobs
// of a funnel.
func (a *app) pipeList(o *pipeOptions) error {
	if o.other.pending || o.other.expired {
		return a.listJobs(o)
	}
	return a.lookAtPipes(&o.place, func(dir *pipes.Dir) error {
		if dir == nil {
			return nil
		}
		if o.name == "" {
			return a.listPipes(o.read.json, pipesOf(dir, func(kind pipes.Kind) bool { return kind == o.kind() }))
		}
		info, err := pipeInfo(dir, o.kind(), o.name)
		if err != nil {
			return err
		}
		return a.listPipes(o.read.json, func(put func(*pipes.Info)) error { put(&info); return nil })
	})
}

// lookAtPipes opens the directory of named things for whoever only looks: nil
// if there is none. A single name that is not there is found missing by it.
func (a *app) lookAtPipes(place *hold.Place, do func(*pipes.Dir) error) error {
	path, err := place.Path(a.environ)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return do(nil)
	}
	return a.withPipes(place, do)
}

// pipesOf passes on what is in dir; nil: nothing.
func pipesOf(dir *pipes.Dir, ok func(pipes.Kind) bool) func(put func(*pipes.Info)) error {
	return func(put func(*pipes.Info)) (err error) {
		if dir == nil {
			return nil
		}
		for info, infoErr := range dir.List() {
			if infoErr != nil {
				err = errors.Join(err, infoErr)
			} else if ok(info.Kind) {
				put(&info)
			}
		}
		return err
	}
}

// listPipes prints what each puts: a line for each and each of its
// subscribers, aligned and with headings for people, or an object.
func (a *app) listPipes(asJSON bool, each func(put func(*pipes.Info)) error) error {
	var text []byte
	rows := 0
	err := each(func(info *pipes.Info) {
		rows++
		if asJSON {
			text = appendLine(text, pipeJSON(info))
		} else {
			text = append(text, pipeLines(info)...)
		}
	})
	if rows > 0 && !asJSON {
		text = a.aligned("KIND\tNAME\tSUBSCRIBER\tSEQ\tUNREAD\tDETAIL", text)
	}
	return errors.Join(a.print(string(text)), err)
}

// aligned sets the columns of text under their headings, for people.
func (a *app) aligned(heading string, text []byte) []byte {
	if !term.IsTerminal(a.stdout) {
		return text
	}
	b := new(strings.Builder)
	columns := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	io.WriteString(columns, a.style(a.stdout).Bold(heading)+"\n")
	columns.Write(text)
	columns.Flush() // into memory
	return []byte(b.String())
}

// appendLine appends an object and a newline.
func appendLine(to []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers can be written
	}
	return append(append(to, text...), '\n')
}

// pipeLines are the lines about an announcement or a funnel.
func pipeLines(info *pipes.Info) string {
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	line := func(column ...string) string {
		return info.Kind.String() + "\t" + info.Name + "\t" + strings.Join(column, "\t") + "\n"
	}
	text := line("-", number(info.LastSeq), number(info.Backlog), pipeDetail(info))
	for i := range info.Subscribers {
		s := &info.Subscribers[i]
		text += line(fold(s.Name), number(s.Seq), number(s.Unread), subscriberDetail(s))
	}
	return text
}

// pipeDetail says of an announcement or funnel what is not as it usually is.
func pipeDetail(info *pipes.Info) string {
	var words []string
	s := &info.Settings
	if info.Kind == pipes.KindFunnel {
		words = append(words, "inputs "+strings.Join(info.Inputs, ","))
		if info.Pending > 0 {
			words = append(words, strconv.Itoa(info.Pending)+" pending")
		}
		if s.Expire > 0 {
			words = append(words, "expire "+s.Expire.String())
		}
	} else {
		words = append(words, "backlog "+pipes.BacklogText(s.Backlog))
		if s.MaxSize > 0 {
			words = append(words, "maxsize "+strconv.FormatUint(s.MaxSize, 10)+" "+s.WhenFull.String())
		}
	}
	for _, state := range []struct {
		is   bool
		word string
	}{{info.Final, "final"}, {info.Closed, "closed"}, {len(info.Damaged) > 0, "damaged"}} {
		if state.is {
			words = append(words, state.word)
		}
	}
	return strings.Join(words, ", ")
}

// subscriberDetail says what sort of a subscriber it is, and what it does.
func subscriberDetail(s *pipes.SubscriberInfo) string {
	words := []string{"until it ends"}
	switch {
	case s.Group:
		words[0] = "group"
	case s.Durable:
		words[0] = "durable"
	}
	if s.Active && (s.Durable || s.Group) {
		words = append(words, "reading")
	}
	if n := len(s.InFlight); n > 0 {
		words = append(words, strconv.Itoa(n)+" in flight")
	}
	if s.Blocks {
		words = append(words, "full")
	}
	if s.Dropped > 0 {
		words = append(words, strconv.FormatUint(s.Dropped, 10)+" dropped")
	}
	return strings.Join(words, ", ")
}

// listJobs lists the jobs of a funnel that are not complete, or were given up:
// since when, who has given a value and who has not.
func (a *app) listJobs(o *pipeOptions) error {
	if o.name == "" {
		return o.usage("ls", "NAME is missing: of which funnel")
	}
	return a.withJoin(o, func(join *pipes.Join) error {
		jobs, err := join.Pending()
		if o.other.expired {
			jobs, err = join.Expired()
		}
		if err != nil {
			return err
		}
		var text []byte
		for i := range jobs {
			j := newJobJSON(o.name, &jobs[i])
			if o.read.json {
				text = appendLine(text, j)
				continue
			}
			columns := []string{fold(j.JID), j.Since, fold(strings.Join(j.Have, ",")), fold(strings.Join(j.Missing, ","))}
			text = append(text, strings.Join(columns, "\t")+"\n"...)
		}
		if len(jobs) > 0 && !o.read.json {
			text = a.aligned("JID\tSINCE\tHAVE\tMISSING", text)
		}
		return a.print(string(text))
	})
}

// jobJSON is a job of a funnel for programs.
type jobJSON struct {
	Name    string   `json:"name"`
	JID     string   `json:"jid"`
	Since   string   `json:"since"`
	Have    []string `json:"have"`
	Missing []string `json:"missing"`
}

func newJobJSON(name string, job *pipes.PendingJob) *jobJSON {
	j := &jobJSON{Name: name, JID: job.Job, Since: stamp(job.Since), Have: []string{}, Missing: []string{}}
	for i, input := range job.Inputs {
		if job.Have[i] {
			j.Have = append(j.Have, input)
		} else {
			j.Missing = append(j.Missing, input)
		}
	}
	return j
}

// pipeInfoJSON is an announcement or a funnel for programs.
type pipeInfoJSON struct {
	Kind        string           `json:"kind"`
	Name        string           `json:"name"`
	FirstSeq    uint64           `json:"first_seq"`
	Seq         uint64           `json:"seq"`
	Unread      uint64           `json:"unread"`
	Bytes       int64            `json:"bytes"`
	Final       bool             `json:"final"`
	Closed      bool             `json:"closed"`
	Damaged     []string         `json:"damaged,omitempty"`
	Settings    settingsJSON     `json:"settings"`
	Inputs      []string         `json:"inputs,omitempty"`
	Pending     int              `json:"pending,omitempty"`
	Subscribers []subscriberJSON `json:"subscribers"`
}

type settingsJSON struct {
	Backlog     string `json:"backlog"`
	MaxSize     uint64 `json:"maxsize"`
	WhenFull    string `json:"when_full"`
	RetainBytes uint64 `json:"retain_bytes"`
	RetainMS    int64  `json:"retain_ms"`
	Segment     int64  `json:"segment"`
	MaxRecord   int64  `json:"max_record"`
	Sync        bool   `json:"sync"`
	Replace     bool   `json:"replace"`
	ExpireMS    int64  `json:"expire_ms"`
}

type subscriberJSON struct {
	Name     *string        `json:"name"` // null: it lives as long as a process
	Durable  bool           `json:"durable"`
	Group    bool           `json:"group"`
	Active   bool           `json:"active"`
	Blocks   bool           `json:"blocks"`
	Seq      uint64         `json:"seq"`
	Unread   uint64         `json:"unread"`
	Dropped  uint64         `json:"dropped"`
	MaxSize  uint64         `json:"maxsize"`
	InFlight []inFlightJSON `json:"in_flight"`
}

type inFlightJSON struct {
	Seq   uint64 `json:"seq"`
	Tries int    `json:"tries"`
	Held  bool   `json:"held"`
}

func pipeJSON(info *pipes.Info) *pipeInfoJSON {
	s := &info.Settings
	j := &pipeInfoJSON{
		Kind: info.Kind.String(), Name: info.Name, FirstSeq: info.FirstSeq, Seq: info.LastSeq, Unread: info.Backlog,
		Bytes: info.Bytes, Final: info.Final, Closed: info.Closed, Damaged: info.Damaged,
		Inputs: info.Inputs, Pending: info.Pending, Subscribers: []subscriberJSON{},
		Settings: settingsJSON{
			Backlog: pipes.BacklogText(s.Backlog), MaxSize: s.MaxSize, WhenFull: s.WhenFull.String(),
			RetainBytes: s.RetainBytes, RetainMS: s.RetainAge.Milliseconds(), Segment: s.Segment,
			MaxRecord: s.MaxRecord, Sync: s.Sync, Replace: s.Replace, ExpireMS: s.Expire.Milliseconds(),
		},
	}
	for i := range info.Subscribers {
		j.Subscribers = append(j.Subscribers, newSubscriberJSON(&info.Subscribers[i]))
	}
	return j
}

func newSubscriberJSON(s *pipes.SubscriberInfo) subscriberJSON {
	j := subscriberJSON{
		Durable: s.Durable, Group: s.Group, Active: s.Active, Blocks: s.Blocks, Seq: s.Seq,
		Unread: s.Unread, Dropped: s.Dropped, MaxSize: s.MaxSize, InFlight: []inFlightJSON{},
	}
	if s.Name != "" {
		j.Name = &s.Name
	}
	for _, m := range s.InFlight {
		j.InFlight = append(j.InFlight, inFlightJSON(m))
	}
	return j
}
