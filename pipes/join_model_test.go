//go:build linux

package pipes

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// A joinDuel does the same to a funnel, as several processes have it, and to its
// model.
type joinDuel struct {
	t       *testing.T
	rng     *rand.Rand
	model   joinModel
	dirs    []*Dir
	joins   []*Join // of the dirs
	getters []*Getter
	steps   []string // what was done, for people
	puts    []modelID
	taken   int // sets
	value   int
}

// A modelID is a put that had an id.
type modelID struct {
	key string
	seq uint64
}

func newJoinDuel(t *testing.T, rng *rand.Rand) *joinDuel {
	d := openTemp(t)
	s := Settings{Segment: 8 << 10, Expire: time.Hour, Replace: rng.IntN(2) == 0}
	j := newJoin(t, d, "a,b", s)
	duel := &joinDuel{t: t, rng: rng, dirs: []*Dir{d}, joins: []*Join{j}, model: joinModel{replace: s.Replace, inputs: []string{"a", "b"}}}
	for range 2 {
		duel.dirs = append(duel.dirs, again(t, d))
		duel.joins = append(duel.joins, nil)
	}
	for i := range duel.joins {
		duel.open(i)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(strings.Join(duel.steps, "\n"))
		}
	})
	return duel
}

// open has the funnel and a getter of the Dir number i.
func (d *joinDuel) open(i int) {
	j, err := d.dirs[i].Funnel("f")
	noError(d.t, err)
	d.joins[i] = j
	g, err := j.Getter(d.t.Context())
	noError(d.t, err)
	if i == len(d.getters) {
		d.getters = append(d.getters, g)
	}
	d.getters[i] = g
}

func (d *joinDuel) say(format string, args ...any) {
	d.steps = append(d.steps, fmt.Sprintf(format, args...))
}

func (d *joinDuel) step() {
	who := d.rng.IntN(len(d.joins))
	j := d.joins[who]
	switch op := d.rng.IntN(100); {
	case op < 50:
		d.put(j)
	case op < 68:
		d.get(who)
	case op < 80:
		d.settle(who)
	case op == 80 && len(d.model.inputs) < 5:
		d.addInput(j)
	case op < 84:
		d.drop(j)
	case op == 84 && len(d.model.jobs) > 0 && !d.model.closed:
		n := 1 + d.rng.IntN(len(d.model.jobs))
		d.say("expire %d", n)
		grow(d.t, j, n)
		for range n {
			d.model.giveUp(0, "")
		}
	case op < 88:
		d.say("getter %d closes", who)
		noError(d.t, d.getters[who].Close())
		d.model.leave(who)
		d.open(who)
	case op < 91:
		d.say("%d opens anew", who)
		noError(d.t, d.dirs[who].Close())
		d.model.leave(who)
		d.dirs[who] = d.process()
		d.open(who)
	case op == 91:
		d.boot()
	case op < 94:
		d.say("gc")
		_, err := d.dirs[who].GC()
		noError(d.t, err)
	case op == 94 && d.rng.IntN(10) == 0:
		d.say("close")
		noError(d.t, j.Close())
		d.model.closed = true
	default:
		d.put(j)
	}
	d.compare(who)
}

func (d *joinDuel) put(j *Join) {
	input, job := d.part()
	d.value++
	value := fmt.Sprint("v", d.value)
	if d.rng.IntN(3) == 0 {
		value += strings.Repeat("+", d.rng.IntN(3000))
	}
	if i := d.model.find(job); i >= 0 && input < len(d.model.jobs[i].values) && d.rng.IntN(2) == 0 {
		if has := d.model.jobs[i].values[input]; has != "" {
			value = has // a retry
		}
	}
	o, again := PutOptions{}, modelID{}
	switch d.rng.IntN(6) {
	case 0:
		o.ID = fmt.Sprint("id", d.value)
	case 1:
		if len(d.puts) > 0 && !d.model.closed {
			again = d.puts[d.rng.IntN(len(d.puts))]
			o.ID = again.key
		}
	}
	last := d.last()
	seq, err := j.Put(d.t.Context(), o, d.model.inputs[input], job, []byte(value))
	d.say("put %s %s %.9s id %q: %d %v", d.model.inputs[input], job, value, o.ID, seq, err)
	if again.key != "" {
		if seq != again.seq || err != nil {
			d.t.Fatalf("put again: %d, %v, want %d", seq, err, again.seq)
		}
		return
	}
	sets := len(d.model.sets)
	if want := d.model.put(input, job, value); !errors.Is(err, want) || err != nil && want == nil {
		d.t.Fatalf("put: %v, want %v", err, want)
	}
	if len(d.model.sets) > sets {
		d.model.sets[sets].seq = seq
	}
	if o.ID != "" && err == nil && seq > last { // a retry has no id of its own
		d.puts = append(d.puts, modelID{o.ID, seq})
	}
}

// part returns an input and a job: mostly what makes one complete.
func (d *joinDuel) part() (input int, job string) {
	input, job = d.rng.IntN(len(d.model.inputs)), fmt.Sprint("j", d.rng.IntN(12))
	if len(d.model.jobs) > 0 && d.rng.IntN(2) == 0 {
		j := d.model.jobs[d.rng.IntN(len(d.model.jobs))]
		return slices.Index(j.values, ""), j.name
	}
	return input, job
}

// last is the seq of the last record.
func (d *joinDuel) last() uint64 {
	info, err := d.joins[0].Info()
	noError(d.t, err)
	return info.LastSeq
}

func (d *joinDuel) get(who int) {
	s, ok, err := d.getters[who].TryNext()
	want := d.model.take(who)
	d.say("get %d: %.40s %v %v", who, s.text(), ok, err)
	switch {
	case want != nil:
		d.taken++
		text := fmt.Sprintf("%s#%d %s", want.job, want.tries, want.text)
		if err != nil || !ok || s.text() != text || s.Seq != want.seq || s.Missed != 0 {
			d.t.Fatalf("get: %s, %d, %v, %v, want %s", s.text(), s.Seq, ok, err, text)
		}
	case d.model.closed && !slices.ContainsFunc(d.model.sets, func(s *modelSet) bool { return s.holder != who }):
		if err != ErrEnd {
			d.t.Fatalf("get: %s, %v, want the end", s.text(), err)
		}
	case ok || err != nil:
		d.t.Fatalf("get: %s, %v, want nothing", s.text(), err)
	}
}

// settle acknowledges a set that is in hand, or gives it back, by its getter or
// by another process.
func (d *joinDuel) settle(who int) {
	s := d.model.held(d.rng)
	if s == nil {
		return
	}
	ack, nack := d.joins[who].Ack, d.joins[who].Nack
	if d.rng.IntN(2) == 0 {
		ack, nack = d.getters[s.holder].Ack, d.getters[s.holder].Nack
	}
	if d.rng.IntN(3) == 0 {
		d.say("nack %d", s.seq)
		noError(d.t, nack(s.seq))
		s.holder = -1
		return
	}
	d.say("ack %d", s.seq)
	noError(d.t, ack(s.seq))
	d.model.sets = slices.DeleteFunc(d.model.sets, func(is *modelSet) bool { return is == s })
}

func (d *joinDuel) addInput(j *Join) {
	name := string(rune('a' + len(d.model.inputs)))
	err := j.AddInput(name)
	d.say("input %s: %v", name, err)
	if d.model.closed {
		if !errors.Is(err, ErrClosed) {
			d.t.Fatal(err)
		}
		return
	}
	noError(d.t, err)
	d.model.inputs = append(d.model.inputs, name)
}

func (d *joinDuel) drop(j *Join) {
	job := fmt.Sprint("j", d.rng.IntN(12))
	err := j.Drop(job)
	d.say("drop %s: %v", job, err)
	i := d.model.find(job)
	switch unknown := (*JobError)(nil); {
	case d.model.closed:
		if !errors.Is(err, ErrClosed) {
			d.t.Fatal(err)
		}
	case i < 0:
		if !errors.As(err, &unknown) {
			d.t.Fatal(err)
		}
	default:
		noError(d.t, err)
		d.model.giveUp(i, "!")
	}
}

// process is another process of the same boot.
func (d *joinDuel) process() *Dir {
	dir := again(d.t, d.dirs[0])
	dir.boot = d.dirs[0].boot
	return dir
}

// boot ends all processes and the machine.
func (d *joinDuel) boot() {
	d.say("boot")
	for _, dir := range d.dirs[1:] {
		noError(d.t, dir.Close())
	}
	d.dirs[0] = reboot(d.t, d.dirs[0])
	for i := 1; i < len(d.dirs); i++ {
		d.dirs[i] = d.process()
	}
	d.model.leave(-1)
	for i := range d.dirs {
		d.open(i)
	}
}

func (d *joinDuel) compare(who int) {
	j := d.joins[who]
	want := make([]string, len(d.model.jobs))
	for i, job := range d.model.jobs {
		want[i] = d.model.pending(job)
	}
	wantJobs(d.t, j.Pending, strings.Join(want, " "))
	if got := j.Inputs(); !slices.Equal(got, d.model.inputs) {
		d.t.Fatalf("inputs %q, want %q", got, d.model.inputs)
	}
	expired, all := texts(d.t, j.Expired), strings.Join(d.model.expired, " ")
	if !strings.HasSuffix(all, expired) { // older ones are no longer retained
		d.t.Fatalf("expired %q, want %q", expired, all)
	}
}

// end takes everything that there is.
func (d *joinDuel) end() {
	for _, s := range d.model.sets {
		if s.holder >= 0 {
			noError(d.t, d.joins[0].Nack(s.seq))
			s.holder = -1
		}
	}
	for n := len(d.model.sets); n >= 0; n-- {
		d.get(0)
	}
}

func fightJoin(t *testing.T, seed uint64, steps int) {
	d := newJoinDuel(t, rand.New(rand.NewPCG(seed, 5)))
	for range steps {
		d.step()
	}
	d.end()
	if d.taken == 0 {
		t.Error("no set was taken")
	}
}

// Random operations of three processes: each one sees what the model says, in
// the same order.
func TestJoinAgainstModel(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { fightJoin(t, seed, 400) })
	}
}
