//go:build linux

package pipes

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"
)

// spoil changes a byte of the log, the first one of text in it.
func spoil(t testing.TB, j *Join, text string) {
	t.Helper()
	bases, err := j.log.segs.list()
	noError(t, err)
	for _, base := range bases {
		path := j.log.segs.path(base)
		b, err := os.ReadFile(path)
		noError(t, err)
		if at := bytes.Index(b, []byte(text)); at >= 0 {
			damage(t, path, int64(at))
			return
		}
	}
	t.Fatalf("there is no %q in the log", text)
}

// A set with a value that cannot be read is an error for one getter, and those
// behind it come.
func TestJoinDamagedValue(t *testing.T) {
	d := openTemp(t)
	j := newJoin(t, d, "a,b,c", Settings{})
	for _, job := range []string{"one", "two", "six"} {
		for _, input := range []string{"a", "b", "c"} {
			give(t, j, input, job, job+" of "+input)
		}
	}
	spoil(t, j, "one of b") // a member
	spoil(t, j, "two of c") // completes
	g := getter(t, farJoin(t, d))
	size := segmentHeader + recordSize(partHeader+3*8+3+8)
	for _, want := range []string{ // on the way, and for want of it
		fmt.Sprintf("f: 0000000000000000.log: bad checksum at %d (record 2)", size),
		fmt.Sprintf("f: 0000000000000000.log: bad checksum at %d", size),
		fmt.Sprintf("f: 0000000000000000.log: bad checksum at %d (record 6)", segmentHeader+5*(size-segmentHeader)),
	} {
		_, ok, err := g.TryNext()
		var corrupt *CorruptError
		if !errors.As(err, &corrupt) || ok || corrupt.Error() != want {
			t.Errorf("%v, %v, want %s", ok, err, want)
		}
	}
	s := wantSet(t, g, "six#1 six of a|six of b|six of c")
	if s.Missed != 3 { // a value, its set, and the record that was another set
		t.Errorf("%d missed", s.Missed)
	}
	noError(t, g.Ack(s.Seq))
	wantNoSet(t, g)
	wantNoSet(t, getter(t, j))
	if info, err := j.Info(); err != nil || len(info.Subscribers[0].InFlight) != 0 {
		t.Errorf("%+v, %v", info, err)
	}
}

// A job whose first record cannot be read, neither its name, is the same job
// for the index.
func TestJoinDamagedName(t *testing.T) {
	for _, where := range []string{"a value", "job"} {
		for _, end := range []string{"drop", "expire", "complete"} {
			t.Run(where+"/"+end, func(t *testing.T) {
				d := openTemp(t)
				j := newJoin(t, d, "a,b,c", Settings{Expire: time.Hour, Segment: minSegment})
				give(t, j, "a", "job", "a value")
				give(t, j, "b", "other", "x")
				spoil(t, j, where)
				switch end {
				case "drop":
					noError(t, j.Drop("job"))
					wantJobs(t, j.Pending, "other:-b-")
				case "expire":
					j.log.funnel.clock = func() int64 { return now() + 2*int64(time.Hour) }
					wantJobs(t, j.Pending, "")
				case "complete":
					give(t, j, "b", "job", "b value")
					wantJobs(t, j.Pending, "job:ab- other:-b-")
					give(t, j, "c", "job", "c value")
					wantJobs(t, j.Pending, "other:-b-")
					_, _, err := getter(t, j).TryNext()
					var corrupt *CorruptError
					if !errors.As(err, &corrupt) || corrupt.Seq != 1 {
						t.Errorf("%v", err)
					}
				}
				noError(t, os.Remove(j.log.file("pend"))) // and as others see it, who make it anew
				want := map[string]string{"drop": "other:-b-", "expire": "", "complete": "other:-b-"}[end]
				wantJobs(t, farJoin(t, d).Pending, want)
			})
		}
	}
}

// The index may be anything: what comes out is the same.
func TestJoinIndexIsNeverTheTruth(t *testing.T) {
	d := openTemp(t)
	j := newJoin(t, d, "a,b,c", Settings{})
	const jobs = 200
	for i := range jobs {
		give(t, j, "a", fmt.Sprint(i), "a")
		if i%2 == 0 {
			give(t, j, "c", fmt.Sprint(i), "c")
		}
	}
	g := getter(t, j)
	path := j.log.file("pend")
	spoils := map[string]func(b []byte) []byte{
		"missing":    func([]byte) []byte { return nil },
		"empty":      func([]byte) []byte { return []byte{} },
		"cut":        func(b []byte) []byte { return b[:len(b)/2] },
		"zeros":      func(b []byte) []byte { return make([]byte, len(b)) },
		"ones":       func(b []byte) []byte { return bytes.Repeat([]byte{255}, len(b)) },
		"dirty":      func(b []byte) []byte { b[pendDirty] = 1; return b },
		"no entries": func(b []byte) []byte { clear(b[pendHeader:]); return b },
		"a bit each": func(b []byte) []byte { // of all entries
			for at := pendHeader; at < len(b); at += 64 {
				b[at+at%64] ^= 1 << (at % 8)
			}
			return b
		},
		"of a file": func(b []byte) []byte { return bytes.Repeat([]byte("text\n"), len(b)/5) },
	}
	job := 0
	for name, spoil := range spoils {
		far := farJoin(t, d)
		wantPending := func(n int) {
			t.Helper()
			if info, err := far.Info(); err != nil || info.Pending != n {
				t.Fatalf("%s: %d pending, %v, want %d", name, info.Pending, err, n)
			}
		}
		wantPending(jobs - job)
		b, err := os.ReadFile(path)
		noError(t, err)
		noError(t, os.Remove(path)) // it is mapped
		if b = spoil(b); b != nil {
			noError(t, os.WriteFile(path, b, 0o600))
		}
		far = farJoin(t, d)
		give(t, far, "b", fmt.Sprint(job), "b")
		c := "c"
		if job%2 == 1 {
			wantPending(jobs - job)
			c = "late"
			give(t, far, "c", fmt.Sprint(job), c)
		}
		wantPending(jobs - job - 1)
		wantSet(t, g, fmt.Sprintf("%d#1 a|b|%s", job, c))
		job++
	}
	// Of two who do not see the same file, each sees all of the log.
	wantJobs(t, func() ([]PendingJob, error) { p, err := j.Pending(); return p[:2], err },
		fmt.Sprintf("%d:a-- %d:a-c", job, job+1))
}

// A process that is killed in the middle of a change of the index leaves what
// nobody believes.
func TestJoinIndexInAChange(t *testing.T) {
	for what, change := range map[string]func(p *pend, place int){
		"nothing": func(*pend, int) {},
		"a value": func(p *pend, place int) { p.give(place, 2, 0) },
		"no list": func(p *pend, place int) { noError(t, p.unlink(place)) },
		"no job":  func(p *pend, place int) { noError(t, p.remove(place)) },
		"a job":   func(p *pend, _ int) { noError(t, p.add(pendJob{hash: 99, start: 1 << 20, refs: make([]uint64, 5)})) },
		"format":  func(p *pend, _ int) { noError(t, p.format(firstPends, 1)) },
	} {
		d := openTemp(t)
		j := newJoin(t, d, "a,b,c", Settings{})
		give(t, j, "a", "x", "a")
		give(t, j, "b", "y", "b")
		noError(t, j.log.exclusively(func() error {
			p := &j.log.funnel.pend
			p.begin()
			change(p, p.oldest())
			return nil
		}))
		for _, j := range []*Join{farJoin(t, d), j} {
			if got := texts(t, j.Pending); got != "x:a-- y:-b-" {
				t.Errorf("%s: %s", what, got)
			}
		}
	}
}
