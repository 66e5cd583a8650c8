//go:build linux

package pipes

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func segmentsOfJoin(t testing.TB, d *Dir, j *Join) int {
	t.Helper()
	_, err := d.GC()
	noError(t, err)
	bases, err := j.log.segs.list()
	noError(t, err)
	return len(bases)
}

// passJobs puts n jobs through the funnel, a kilobyte each.
func passJobs(t testing.TB, j *Join, g *Getter, n int) {
	t.Helper()
	for i := range n {
		give(t, j, "b", "passes", fat(i))
		give(t, j, "a", "passes", "x")
		s := wantSet(t, g, "passes#1 x|"+fat(i))
		noError(t, g.Ack(s.Seq))
	}
}

// Members of jobs that are not complete are kept, and of sets that are not
// acknowledged; and nothing else.
func TestJoinRetention(t *testing.T) {
	for _, by := range []string{"set", "drop", "expire"} {
		t.Run(by, func(t *testing.T) {
			d := openTemp(t)
			j := newJoin(t, d, "a,b", Settings{Segment: smallSegment, Expire: time.Hour})
			g := getter(t, j)
			passJobs(t, j, g, 100)
			if n := segmentsOfJoin(t, d, j); n != 1 {
				t.Errorf("%d segments of what is acknowledged", n)
			}
			give(t, j, "a", "waits", "first of all")
			passJobs(t, j, g, 300)
			n := segmentsOfJoin(t, d, j)
			if n < 5 {
				t.Errorf("%d segments while a job is pending", n)
			}
			switch by {
			case "set":
				give(t, j, "b", "waits", "last of all")
				if s := wantSet(t, g, "waits#1 first of all|last of all"); segmentsOfJoin(t, d, j) != n {
					t.Errorf("%d segments of %d while a set is in hand", segmentsOfJoin(t, d, j), n)
				} else {
					noError(t, farJoin(t, d).Nack(s.Seq))
				}
				passJobs2(t, j, 100)
				if is := segmentsOfJoin(t, d, j); is < n {
					t.Errorf("%d segments of %d while a set was given back", is, n)
				}
				s := wantSet(t, g, "waits#2 first of all|last of all")
				noError(t, g.Ack(s.Seq))
				for i := range 100 {
					s := wantSet(t, g, "passes#1 x|"+fat(i))
					noError(t, g.Ack(s.Seq))
				}
			case "drop":
				noError(t, farJoin(t, d).Drop("waits"))
			case "expire":
				grow(t, j, 1)
			}
			wantNoSet(t, g) // which moves the position
			if n := segmentsOfJoin(t, d, j); n != 1 {
				t.Errorf("%d segments at the end", n)
			}
		})
	}
}

// passJobs2 is passJobs of what nobody gets.
func passJobs2(t testing.TB, j *Join, n int) {
	t.Helper()
	for i := range n {
		give(t, j, "b", "passes", fat(i))
		give(t, j, "a", "passes", "x")
	}
}

// A hard bound goes over jobs that are not complete: what is left of them can
// be completed, and getters are told of the sets that they miss.
func TestJoinBoundOfRetention(t *testing.T) {
	d := openTemp(t)
	j := newJoin(t, d, "a,b,c", Settings{Segment: smallSegment, RetainBytes: 2 * smallSegment})
	far := farJoin(t, d)
	give(t, j, "a", "lost", "a")
	give(t, j, "a", "job", "a of old")
	give(t, j, "a", "set", "a")
	give(t, j, "b", "set", "b")
	strict, err := far.GetterWith(t.Context(), GetterOptions{NoGap: true})
	noError(t, err)
	defer strict.Close()
	fill := func(from, to int) {
		for i := from; i < to; i++ {
			give(t, j, "a", fmt.Sprint("n", i), fat(i))
		}
	}
	fill(0, 80)
	give(t, far, "b", "job", "b")
	give(t, far, "c", "set", "c")
	fill(80, 140)
	if n := segmentsOfJoin(t, d, j); n != 2 {
		t.Fatalf("%d segments", n)
	}
	pending, err := far.Pending()
	noError(t, err)
	for i, p := range pending { // in the order in which they are known to have begun
		if p.Job == "job" && (p.text() != "job -b-" || i == 0 || i == len(pending)-1) || p.Job == "lost" || p.Job == "set" {
			t.Errorf("%d: %s", i, p.text())
		}
	}
	if s, _, err := strict.TryNext(); !errors.As(err, new(*GapError)) {
		t.Errorf("%s, %v", s.text(), err)
	}
	give(t, j, "c", "job", "c")
	give(t, j, "a", "job", "a anew")
	s, ok, err := getter(t, j).TryNext()
	if err != nil || !ok || s.text() != "job#1 a anew|b|c" || s.Missed == 0 {
		t.Errorf("%s, %v, %v, missed %d", s.text(), ok, err, s.Missed)
	}
}
