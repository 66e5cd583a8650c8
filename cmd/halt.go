package cmd

import (
	"fmt"
	"strconv"
	"strings"
)

// halt is a flag value: when to stop the run because of how jobs ended.
type halt struct {
	now     bool // end the running jobs too
	on      haltEvent
	count   int     // this many; 0: percent
	percent float64 // of all jobs
	text    string
}

type haltEvent int

const (
	haltNever haltEvent = iota
	haltFail
	haltSuccess
	haltDone
)

var haltEvents = map[string]haltEvent{"fail": haltFail, "success": haltSuccess, "done": haltDone}

func (h *halt) String() string { return h.text }
func (h *halt) Type() string   { return "WHEN" }

// Set parses GNU parallel's grammar: never, or now or soon with what and how
// many; 0, 1, 2 and N% are its old short forms.
func (h *halt) Set(s string) error {
	long := s
	switch {
	case s == "0" || s == "never" || s == "":
		*h = halt{text: s}
		return nil
	case s == "1":
		long = "soon,fail=1"
	case s == "2":
		long = "now,fail=1"
	case !strings.Contains(s, "=") && strings.HasSuffix(s, "%"):
		long = "soon,fail=" + s
	}
	when, what, _ := strings.Cut(long, ",")
	event, number, _ := strings.Cut(what, "=")
	v := halt{now: when == "now", on: haltEvents[event], text: s}
	ok := (when == "now" || when == "soon") && v.on != haltNever
	var err error
	if percent, isPercent := strings.CutSuffix(number, "%"); isPercent {
		v.percent, err = strconv.ParseFloat(percent, 64)
		ok = ok && v.percent > 0 && v.percent <= 100
	} else {
		v.count, err = strconv.Atoi(number)
		ok = ok && v.count > 0
	}
	if !ok || err != nil {
		return fmt.Errorf("%q is none of never, now|soon,fail|success|done=N, =N%%, 0, 1, 2, N%%", s)
	}
	*h = v
	return nil
}

// reached decides after a job has ended, from the counts of all that have and
// the number of all jobs, which only a percentage needs.
func (h *halt) reached(ok, failed, total int) bool {
	var n int
	switch h.on {
	case haltNever:
		return false
	case haltFail:
		n = failed
	case haltSuccess:
		n = ok
	case haltDone:
		n = ok + failed
	}
	if h.count > 0 {
		return n >= h.count
	}
	return float64(n)*100 >= h.percent*float64(total)
}
