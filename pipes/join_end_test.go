//go:build linux

package pipes

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"testing"
	"time"
)

// Many jobs expire in several commits, and before they can be completed.
func TestJoinManyExpire(t *testing.T) {
	j := newJoin(t, openTemp(t), "a,b", Settings{Expire: time.Hour})
	const n = 2*giveUpAtOnce + 10
	for i := range n {
		give(t, j, "a", fmt.Sprint(i), "x")
	}
	j.log.funnel.clock = func() int64 { return math.MaxInt64 }
	give(t, j, "b", "7", "late")
	j.log.funnel.clock = now
	wantJobs(t, j.Pending, "7:-b")
	gone, err := j.Expired()
	if err != nil || len(gone) != n || gone[0].Job != "0" || gone[n-1].Job != fmt.Sprint(n-1) {
		t.Errorf("%d expired, %v", len(gone), err)
	}
	wantNoSet(t, getter(t, j))
}

func TestJoinClosed(t *testing.T) {
	d := openTemp(t)
	j := newJoin(t, d, "a,b", Settings{Expire: time.Hour})
	far, g := farJoin(t, d), getter(t, j)
	other := getter(t, far)
	give(t, j, "a", "x", "1")
	give(t, j, "a", "y", "2")
	give(t, j, "b", "x", "3")
	noError(t, far.Close())
	noError(t, j.Close())
	_, err := j.Put(t.Context(), PutOptions{}, "b", "y", nil)
	wantError(t, err, ErrClosed, "f: "+ErrClosed.Error())
	wantError(t, far.AddInput("c"), ErrClosed, "f: "+ErrClosed.Error())
	wantError(t, j.Drop("y"), ErrClosed, "f: "+ErrClosed.Error())
	j.log.funnel.clock = func() int64 { return math.MaxInt64 }
	s := wantSet(t, g, "x#1 1|3")
	wantNoSet(t, other) // it may come back
	noError(t, g.Nack(s.Seq))
	s = wantSet(t, other, "x#2 1|3")
	noError(t, j.Ack(s.Seq))
	for _, g := range []*Getter{g, other} {
		if s, err := g.Next(t.Context()); err != ErrEnd {
			t.Errorf("%s, %v", s.text(), err)
		}
	}
	wantJobs(t, j.Pending, "y:a-") // they expire no more
	if info, err := far.Info(); err != nil || info.Pending != 1 || !info.Closed {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestJoinRemoved(t *testing.T) {
	d := openTemp(t)
	j := newJoin(t, d, "a,b", Settings{})
	far, g := farJoin(t, d), getter(t, j)
	give(t, j, "a", "x", "1")
	noError(t, d.Remove(KindFunnel, "f"))
	_, put := far.Put(t.Context(), PutOptions{}, "b", "x", nil)
	_, _, get := g.TryNext()
	_, pending := far.Pending()
	for what, err := range map[string]error{"put": put, "get": get, "pending": pending, "drop": far.Drop("x")} {
		var gone *NotExistError
		if !errors.As(err, &gone) || err.Error() != "f: no such funnel" {
			t.Errorf("%s: %v", what, err)
		}
	}
	j = newJoin(t, d, "b", Settings{})
	give(t, j, "b", "x", "2")
	wantSet(t, getter(t, j), "x#1 2")
	noError(t, d.Close())
	if _, err := j.Put(t.Context(), PutOptions{}, "b", "x", nil); !errors.Is(err, os.ErrClosed) {
		t.Errorf("%v", err)
	}
}

// What a getter leaves behind goes to the next one, in order.
func TestJoinGettersShare(t *testing.T) {
	d := openTemp(t)
	j := newJoin(t, d, "a,b", Settings{})
	far := farJoin(t, d)
	one, two := getter(t, j), getter(t, far)
	for _, job := range []string{"1", "2", "3", "4"} {
		give(t, j, "a", job, "x")
		give(t, far, "b", job, job)
	}
	first := wantSet(t, one, "1#1 x|1")
	second := wantSet(t, two, "2#1 x|2")
	wantSet(t, one, "3#1 x|3")
	noError(t, far.Ack(first.Seq))
	noError(t, j.Nack(second.Seq))
	wantSet(t, two, "2#2 x|2")
	die(j.log, one.file)
	wantSet(t, two, "3#2 x|3")
	wantSet(t, two, "4#1 x|4")
	wantNoSet(t, two)
	info, err := far.Info()
	noError(t, err)
	if hand := info.Subscribers[0].InFlight; len(info.Subscribers) != 1 || len(hand) != 3 {
		t.Errorf("%+v", info.Subscribers)
	}
	one.file = nil // it is closed already
}

// Nobody does anything but a getter that waits, and jobs expire.
func TestJoinExpiresWhileItWaits(t *testing.T) {
	j := newJoin(t, openTemp(t), "a,b", Settings{Expire: time.Nanosecond})
	give(t, j, "a", "x", "1")
	end := j.log.head.end().Load()
	ended := make(chan error)
	go func() {
		g := getter(t, j)
		_, err := g.Next(t.Context())
		ended <- err
	}()
	for giveUp := time.Now().Add(10 * time.Second); j.log.head.end().Load() == end; time.Sleep(time.Millisecond) {
		if time.Now().After(giveUp) {
			t.Fatal("it does not expire")
		}
	}
	noError(t, j.Close())
	if err := <-ended; err != ErrEnd {
		t.Error(err)
	}
	wantJobs(t, j.Expired, "x:a-")
}

// Many put at the same time, by one handle and by several, and many get: each
// job is complete once, with its own values.
func TestJoinAtOnce(t *testing.T) {
	const jobs, getters = 400, 3
	d := openTemp(t)
	j := newJoin(t, d, "a,b,c", Settings{Segment: 16 << 10})
	var puts, gets sync.WaitGroup
	for input, step := range map[string]int{"a": 1, "b": 3, "c": 7} { // each in another order
		for half := range 2 {
			own := j
			if step > 1 {
				own = farJoin(t, d)
			}
			puts.Go(func() {
				for n := half; n < jobs; n += 2 {
					job := fmt.Sprint(n * step % jobs)
					if _, err := own.Put(t.Context(), PutOptions{}, input, job, []byte(job+input)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	sets := make(chan string, jobs+1)
	for range getters {
		g := getter(t, farJoin(t, d))
		gets.Go(func() {
			for {
				s, err := g.Next(t.Context())
				if err != nil {
					if err != ErrEnd {
						t.Error(err)
					}
					return
				}
				want := fmt.Sprintf("%[1]s#1 %[1]sa|%[1]sb|%[1]sc", s.Job)
				if s.text() != want {
					t.Errorf("%s, want %s", s.text(), want)
				}
				sets <- s.Job
				if err := g.Ack(s.Seq); err != nil {
					t.Error(err)
				}
			}
		})
	}
	puts.Wait()
	noError(t, j.Close())
	gets.Wait()
	close(sets)
	seen := make(map[string]bool)
	for job := range sets {
		if seen[job] {
			t.Errorf("%s came twice", job)
		}
		seen[job] = true
	}
	if len(seen) != jobs {
		t.Errorf("%d jobs of %d", len(seen), jobs)
	}
}
