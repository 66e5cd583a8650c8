package pipes_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/pipes"
)

// A funnelModel is the reference of a funnel: what was put, in a list.
type funnelModel struct {
	pipes.FunnelOptions
	inputs   int
	jobs     []modelJob // in the order in which they began
	ready    []string
	getters  []int // calls
	closed   bool
	outcomes map[int]string
	expired  []string
}

type modelJob struct {
	name   byte
	since  time.Time
	values []int // 0: not yet
}

func (m *funnelModel) find(name byte) int {
	return slices.IndexFunc(m.jobs, func(j modelJob) bool { return j.name == name })
}

func (m *funnelModel) put(input int, name byte, value int) error {
	if m.closed {
		return pipes.ErrClosed
	}
	i := m.find(name)
	if i < 0 {
		i = len(m.jobs)
		m.jobs = append(m.jobs, modelJob{name, time.Now(), make([]int, m.inputs)})
	}
	j := m.jobs[i]
	if input >= len(j.values) {
		return pipes.ErrLate
	}
	if j.values[input] != 0 && !m.Replace {
		return pipes.ErrDuplicate
	}
	j.values[input] = value
	if !slices.Contains(j.values, 0) {
		m.jobs = slices.Delete(m.jobs, i, i+1)
		m.emit(fmt.Sprint(pipes.Set[byte, int]{Job: name, Values: j.values}))
	}
	return nil
}

func (m *funnelModel) emit(s string) {
	if len(m.getters) == 0 {
		m.ready = append(m.ready, s)
		return
	}
	m.outcomes[m.getters[0]] = s
	m.getters = m.getters[1:]
}

func (m *funnelModel) get(call int) {
	switch {
	case len(m.ready) > 0:
		m.outcomes[call] = m.ready[0]
		m.ready = m.ready[1:]
	case m.closed:
		m.outcomes[call] = pipes.ErrEnd.Error()
	default:
		m.getters = append(m.getters, call)
	}
}

func (m *funnelModel) close() {
	m.closed = true
	for _, call := range m.getters {
		m.outcomes[call] = pipes.ErrEnd.Error()
	}
	m.getters = nil
}

// expire is called whenever time has passed.
func (m *funnelModel) expire() {
	if m.closed || m.Expire == 0 {
		return
	}
	m.jobs = slices.DeleteFunc(m.jobs, func(j modelJob) bool {
		old := time.Since(j.since) >= m.Expire
		if old {
			have := make([]bool, len(j.values))
			for i, v := range j.values {
				have[i] = v != 0
			}
			m.expired = append(m.expired, fmt.Sprint(j.name, have))
		}
		return old
	})
}

// A funnelDuel does the same to a funnel and to its model.
type funnelDuel struct {
	t       *testing.T
	model   funnelModel
	real    *pipes.Funnel[byte, int]
	inputs  []*pipes.Input[byte, int]
	expired chan string
	calls
}

func newFunnelDuel(t *testing.T, o pipes.FunnelOptions) *funnelDuel {
	d := &funnelDuel{t: t, expired: make(chan string, 1000), calls: newCalls()}
	o.OnExpire = func(job any, have []bool) { d.expired <- fmt.Sprint(job, have) }
	d.real = pipes.NewFunnel[byte, int](o)
	d.model = funnelModel{FunnelOptions: o, outcomes: make(map[int]string)}
	d.subscribe()
	return d
}

func (d *funnelDuel) subscribe() {
	d.inputs = append(d.inputs, d.real.Subscribe())
	d.model.inputs++
}

func (d *funnelDuel) step(op, arg byte, value int) {
	job, input := arg%5, int(arg/5)%len(d.inputs)
	switch op %= 20; {
	case op == 0 && len(d.inputs) < 5:
		d.subscribe()
	case op <= 10:
		if got, want := d.inputs[input].Put(job, value), d.model.put(input, job, value); got != want {
			d.t.Fatalf("Put %d by %d: %v, want %v", job, input, got, want)
		}
	case op <= 13:
		d.model.get(d.start(d.t.Context(), func(ctx context.Context) (any, error) { return d.real.Get(ctx) }))
	case op <= 15 && len(d.cancels) > 0:
		d.cancel(len(d.cancels) - 1 - int(arg)%min(8, len(d.cancels)))
	case op == 16:
		d.drop(job)
	case op <= 18:
		time.Sleep(time.Duration(arg) * time.Second)
		d.model.expire()
	case op == 19 && arg%32 == 0:
		d.real.Close()
		d.model.close()
	}
	d.compare()
}

func (d *funnelDuel) cancel(call int) {
	d.cancels[call](errGaveUp)
	if i := slices.Index(d.model.getters, call); i >= 0 {
		d.model.getters = slices.Delete(d.model.getters, i, i+1)
		d.model.outcomes[call] = errGaveUp.Error()
	}
}

func (d *funnelDuel) drop(job byte) {
	i := d.model.find(job)
	if i >= 0 {
		d.model.jobs = slices.Delete(d.model.jobs, i, i+1)
	}
	if got := d.real.Drop(job); got != (i >= 0) {
		d.t.Fatalf("Drop %d: %v", job, got)
	}
}

func (d *funnelDuel) compare() {
	d.t.Helper()
	d.over(d.t, d.model.outcomes)
	if n := d.real.Pending(); n != len(d.model.jobs) {
		d.t.Fatalf("%d pending, want %d", n, len(d.model.jobs))
	}
	var expired []string
	for len(d.expired) > 0 {
		expired = append(expired, <-d.expired)
	}
	slices.Sort(expired) // several at once have no order
	slices.Sort(d.model.expired)
	if !slices.Equal(expired, d.model.expired) {
		d.t.Fatalf("expired: %v, want %v", expired, d.model.expired)
	}
	d.model.expired = nil
}

// fightFunnel plays a script: a byte of options, two for each step.
func fightFunnel(t *testing.T, script []byte) {
	if len(script) < 1 || len(script) > 1000 {
		return
	}
	synctest.Test(t, func(t *testing.T) {
		d := newFunnelDuel(t, pipes.FunnelOptions{
			Replace: script[0]%2 == 0,
			Expire:  time.Duration(script[0]/2%3) * 5 * time.Minute,
		})
		value := 1
		for script = script[1:]; len(script) >= 2; script = script[2:] {
			d.step(script[0], script[1], value)
			value++
		}
		d.real.Close() // its timers would go on after the end
	})
}

func TestFunnelAgainstModel(t *testing.T) {
	for seed := range uint64(300) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { fightFunnel(t, randomScript(rand.New(rand.NewPCG(seed, 3)), 400)) })
	}
}

func FuzzFunnel(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(randomScript(rand.New(rand.NewPCG(seed, 4)), 100))
	}
	f.Fuzz(fightFunnel)
}
