//go:build linux

package pipes

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// A joinModel is the reference of a named funnel: what was put, in lists.
type joinModel struct {
	replace bool
	inputs  []string
	jobs    []modelPart // in the order in which they began
	sets    []*modelSet // not acknowledged, in the order of completion
	expired []string
	closed  bool
}

type modelPart struct {
	name   string
	values []string // "": not yet
}

type modelSet struct {
	text   string // without the try
	job    string
	tries  int
	holder int // number of the getter that has it in hand, -1: nobody
	seq    uint64
}

func (m *joinModel) find(job string) int {
	return slices.IndexFunc(m.jobs, func(j modelPart) bool { return j.name == job })
}

func (m *joinModel) put(input int, job, value string) error {
	if m.closed {
		return ErrClosed
	}
	i := m.find(job)
	if i < 0 {
		i = len(m.jobs)
		m.jobs = append(m.jobs, modelPart{job, make([]string, len(m.inputs))})
	}
	j := m.jobs[i]
	switch {
	case input >= len(j.values):
		return ErrLate
	case j.values[input] != "" && j.values[input] != value && !m.replace:
		return ErrDuplicate
	}
	j.values[input] = value
	if !slices.Contains(j.values, "") {
		m.jobs = slices.Delete(m.jobs, i, i+1)
		m.sets = append(m.sets, &modelSet{text: strings.Join(j.values, "|"), job: job, holder: -1})
	}
	return nil
}

// giveUp ends the job number i without a set.
func (m *joinModel) giveUp(i int, mark string) {
	m.expired = append(m.expired, m.pending(m.jobs[i])+mark)
	m.jobs = slices.Delete(m.jobs, i, i+1)
}

// pending is the job as texts has it.
func (m *joinModel) pending(j modelPart) string {
	text := j.name + ":"
	for i, v := range j.values {
		if v == "" {
			text += "-"
		} else {
			text += m.inputs[i]
		}
	}
	return text
}

func (m *joinModel) take(getter int) *modelSet {
	for _, s := range m.sets {
		if s.holder < 0 {
			s.holder = getter
			s.tries++
			return s
		}
	}
	return nil
}

// held is a set that somebody has in hand.
func (m *joinModel) held(rng *rand.Rand) *modelSet {
	var held []*modelSet
	for _, s := range m.sets {
		if s.holder >= 0 {
			held = append(held, s)
		}
	}
	if len(held) == 0 {
		return nil
	}
	return held[rng.IntN(len(held))]
}

func (m *joinModel) leave(getter int) {
	for _, s := range m.sets {
		if s.holder == getter || getter < 0 {
			s.holder = -1
		}
	}
}
