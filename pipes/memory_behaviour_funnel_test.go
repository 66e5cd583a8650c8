package pipes_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/pipes"
)

var funnelBehaviours = []behaviour{
	{"I75 one input", func(t *trial) {
		f := t.makeFunnel(1)
		t.same("Put", f.Input(0).Put("job_id", "foo"), nil)
		t.gives(f, "job_id", "foo")
		t.same("pending", f.Pending(), 0)
	}},
	{"I76 two inputs", func(t *trial) {
		f := t.makeFunnel(2)
		t.same("Put", f.Input(0).Put("job_id", "foo"), nil)
		t.incomplete(f)
		t.same("pending", f.Pending(), 1)
		t.same("Put", f.Input(1).Put("job_id", "bar"), nil)
		t.gives(f, "job_id", "foo", "bar")
		t.same("pending", f.Pending(), 0)
		t.incomplete(f)
	}},
	{"I77 values in the order of the inputs", func(t *trial) {
		f := t.makeFunnel(3)
		t.fill(f, "x", 2, 0, 1)
		t.fill(f, "y", 1, 2, 0)
		t.gives(f, "x", "xa", "xb", "xc")
		t.gives(f, "y", "ya", "yb", "yc")
	}},
	{"I79 index and number of inputs", func(t *trial) {
		f := t.makeFunnel(0)
		for i := range 3 {
			t.same("inputs", f.Inputs(), i)
			t.same("index", f.Subscribe().Index(), i)
		}
		t.same("inputs", f.Inputs(), 3)
	}},
	{"I80 in the order of completion", func(t *trial) {
		f := t.makeFunnel(2)
		t.fill(f, "1", 0)
		t.fill(f, "2", 0)
		t.fill(f, "3", 1)
		t.fill(f, "2", 1)
		t.fill(f, "3", 0)
		t.fill(f, "1", 1)
		for _, job := range []string{"2", "3", "1"} {
			t.gives(f, job, job+"a", job+"b")
		}
	}},
	{"I80 an empty value is a value", func(t *trial) {
		f := t.makeFunnel(2)
		t.same("Put", f.Input(1).Put("x", ""), nil)
		t.incomplete(f)
		t.same("Put", f.Input(0).Put("x", ""), nil)
		t.gives(f, "x", "", "")
	}},
	{"I80 each set to one of those who wait", func(t *trial) {
		f := t.makeFunnel(1)
		get := func(ctx context.Context) (string, error) { s, err := f.Get(ctx); return s.Job, err }
		first, second, third := t.start(f, 1, get), t.start(f, 2, get), t.start(f, 3, get)
		second.givesUp()
		t.fill(f, "x", 0)
		t.fill(f, "y", 0)
		for _, p := range []*pending{first, third} {
			p.ends(nil)
		}
		jobs := []string{first.value, third.value}
		slices.Sort(jobs)
		t.same("jobs", fmt.Sprint(jobs), "[x y]")
		t.incomplete(f)
	}},
	{"I81 a job may begin anew when it is complete", func(t *trial) {
		f := t.makeFunnel(2)
		t.fill(f, "x", 0, 1)
		t.fill(f, "x", 1)
		t.same("pending", f.Pending(), 1)
		t.gives(f, "x", "xa", "xb")
		t.incomplete(f)
		t.fill(f, "x", 0)
		t.gives(f, "x", "xa", "xb")
	}},
	{"I82 put never waits", func(t *trial) {
		f := t.makeFunnel(1)
		for i := range 1000 {
			t.same("Put", f.Input(0).Put(fmt.Sprint(i), "v"), nil)
		}
		for i := range 1000 {
			t.gives(f, fmt.Sprint(i), "v")
		}
	}},
}

var funnelDefects = []behaviour{
	{"X31 a second value is refused", func(t *trial) {
		f := t.makeFunnel(2)
		t.same("Put", f.Input(0).Put("1", "first"), nil)
		t.is("second Put", f.Input(0).Put("1", "second"), pipes.ErrDuplicate)
		t.incomplete(f)
		t.same("Put", f.Input(1).Put("1", "x"), nil)
		t.gives(f, "1", "first", "x")
	}},
	{"X31 a second value replaces if asked to", func(t *trial) {
		f := t.funnel(t.T, 2, pipes.FunnelOptions{Replace: true})
		t.same("Put", f.Input(0).Put("1", "first"), nil)
		t.same("Put", f.Input(0).Put("1", "second"), nil)
		t.incomplete(f)
		t.same("Put", f.Input(1).Put("1", "x"), nil)
		t.gives(f, "1", "second", "x")
	}},
	{"X31 a late input is for later jobs", func(t *trial) {
		f := t.makeFunnel(2)
		t.fill(f, "x", 0)
		late := f.Subscribe()
		t.is("Put", late.Put("x", "no"), pipes.ErrLate)
		t.fill(f, "y", 0, 1)
		t.incomplete(f)
		t.fill(f, "x", 1)
		t.gives(f, "x", "xa", "xb")
		t.same("Put", late.Put("y", "yc"), nil)
		t.gives(f, "y", "ya", "yb", "yc")
		t.same("Put", late.Put("x", "xc"), nil) // anew
		t.fill(f, "x", 0, 1)
		t.gives(f, "x", "xa", "xb", "xc")
	}},
	{"X31 a job that never completes can be dropped", func(t *trial) {
		f := t.makeFunnel(2)
		t.fill(f, "x", 0)
		t.fill(f, "y", 0)
		t.same("Drop", f.Drop("x"), true)
		t.same("Drop", f.Drop("x"), false)
		t.same("pending", f.Pending(), 1)
		t.fill(f, "x", 1)
		t.incomplete(f)
		t.fill(f, "x", 0)
		t.gives(f, "x", "xa", "xb")
	}},
	{"X32 a set is a job and its values, and only inputs put", func(t *trial) { // I78
		f := t.makeFunnel(2)
		t.fill(f, "x", 1, 0)
		s, err := f.Get(t.Context())
		t.same("Get", err, nil)
		t.same("set", reflect.DeepEqual(s, set{Job: "x", Values: []string{"xa", "xb"}}), true)
		_, puts := f.(interface{ Put(job, v string) error })
		t.same("the funnel can put", puts, false)
	}},
	{"X33 close ends those who wait", func(t *trial) {
		f := t.makeFunnel(2)
		t.fill(f, "x", 0)
		p := t.start(f, 1, func(ctx context.Context) (string, error) { _, err := f.Get(ctx); return "", err })
		f.Close()
		f.Close()
		p.ends(pipes.ErrEnd)
		t.is("Put", f.Input(1).Put("x", "late"), pipes.ErrClosed)
		t.same("never completed", f.Pending(), 1)
	}},
	{"X33 complete sets are still to be had after close", func(t *trial) {
		f := t.makeFunnel(1)
		t.fill(f, "x", 0)
		t.fill(f, "y", 0)
		f.Close()
		t.gives(f, "x", "xa")
		t.gives(f, "y", "ya")
		for range 2 {
			_, err := f.Get(t.Context())
			t.is("Get", err, pipes.ErrEnd)
		}
	}},
}

// A nil is a value as any other.
func TestI80NilIsAValue(t *testing.T) {
	f := pipes.NewFunnel[int, error](pipes.FunnelOptions{})
	one, two := f.Subscribe(), f.Subscribe()
	if err := errors.Join(one.Put(1, nil), two.Put(1, nil)); err != nil {
		t.Fatal(err)
	}
	s, err := f.Get(t.Context())
	if err != nil || !reflect.DeepEqual(s.Values, []error{nil, nil}) {
		t.Errorf("Get: %v, %v", s, err)
	}
}

// A job may be anything that can be compared.
func TestI81AnyJob(t *testing.T) {
	f := pipes.NewFunnel[any, int](pipes.FunnelOptions{})
	one, two := f.Subscribe(), f.Subscribe()
	jobs := []any{1, "1", "", 1.0, nil, struct{ a, b int }{1, 2}, [2]string{"x"}}
	for i, job := range jobs {
		if err := errors.Join(one.Put(job, i), two.Put(job, -i)); err != nil {
			t.Fatal(err)
		}
	}
	for i, job := range jobs {
		s, err := f.Get(t.Context())
		if err != nil || s.Job != job || !slices.Equal(s.Values, []int{i, -i}) {
			t.Errorf("Get: %v, %v, want %v", s, err, job)
		}
	}
}

// A job that cannot be hashed is the mistake of who puts it, and of nobody else.
func TestX30JobThatCannotBeHashed(t *testing.T) {
	inMemory(t, func(t *trial) {
		f := pipes.NewFunnel[any, int](pipes.FunnelOptions{})
		in := f.Subscribe()
		for _, call := range []func(){func() { in.Put([]int{1}, 1) }, func() { f.Drop([]int{1}) }} {
			func() {
				defer func() {
					if recover() == nil {
						t.Error("no panic")
					}
				}()
				call()
			}()
			done := make(chan error)
			go func() { done <- in.Put(1, 1) }()
			synctest.Wait() // a mutex that is still held is a deadlock here
			select {
			case err := <-done:
				t.same("Put", err, nil)
			default:
				t.Fatal("the others hang")
			}
		}
		t.same("pending", f.Pending(), 0)
	})
}

// An expiry is what OnExpire was told, and when.
type expiry struct {
	job  any
	have string
	at   string
}

// expiring returns a funnel of two inputs whose jobs expire after a minute, and
// the list of those that have.
func expiring() (f *pipes.Funnel[string, int], one, two *pipes.Input[string, int], expired func() []expiry) {
	began := time.Now()
	told := make(chan expiry, 99)
	f = pipes.NewFunnel[string, int](pipes.FunnelOptions{
		Expire: time.Minute,
		OnExpire: func(job any, have []bool) {
			f.Pending() // it is called without the mutex
			told <- expiry{job, fmt.Sprint(have), time.Since(began).String()}
		},
	})
	return f, f.Subscribe(), f.Subscribe(), func() (all []expiry) {
		synctest.Wait()
		for len(told) > 0 {
			all = append(all, <-told)
		}
		return all
	}
}

func TestX31JobsExpire(t *testing.T) {
	inMemory(t, func(t *trial) {
		f, one, two, expired := expiring()
		one.Put("early", 1)
		time.Sleep(20 * time.Second)
		two.Put("late", 2)
		time.Sleep(time.Minute - 20*time.Second - time.Nanosecond)
		t.same("expired", len(expired()), 0)
		t.same("pending", f.Pending(), 2)
		time.Sleep(time.Nanosecond)
		t.same("expired", fmt.Sprint(expired()), "[{early [true false] 1m0s}]")
		t.same("pending", f.Pending(), 1)
		t.same("Put", two.Put("early", 3), nil) // it begins anew, so it is not complete
		t.same("pending", f.Pending(), 2)
		time.Sleep(20 * time.Second)
		t.same("expired", fmt.Sprint(expired()), "[{late [false true] 1m20s}]")
		time.Sleep(40 * time.Second)
		t.same("expired", fmt.Sprint(expired()), "[{early [false true] 2m0s}]")
		t.same("pending", f.Pending(), 0)
	})
}

// What has been completed, dropped or given up with the funnel does not expire,
// and a second job of that name lives its own minute.
func TestX31JobsThatDoNotExpire(t *testing.T) {
	inMemory(t, func(t *trial) {
		f, one, two, expired := expiring()
		one.Put("complete", 1)
		one.Put("dropped", 1)
		time.Sleep(40 * time.Second)
		two.Put("complete", 2)
		f.Drop("dropped")
		one.Put("complete", 3)
		one.Put("dropped", 3)
		time.Sleep(40 * time.Second)
		t.same("expired", len(expired()), 0)
		t.same("pending", f.Pending(), 2)
		two.Put("complete", 4)
		f.Close()
		time.Sleep(time.Hour)
		t.same("expired", len(expired()), 0)
		t.same("pending", f.Pending(), 1)
		for _, want := range [][]int{{1, 2}, {3, 4}} {
			s, err := f.Get(t.Context())
			t.same("set", fmt.Sprint(s, err), fmt.Sprintf("{complete %v} <nil>", want))
		}
	})
}
