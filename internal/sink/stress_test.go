package sink

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loxctl/loxctl/internal/spool"
)

// work is a job and what it writes.
type work struct {
	Job
	out, err string
	fails    bool // one of its Writes failed
	over     chan struct{}
}

// newWork makes n jobs with outputs of very different sizes. An output stands
// in brackets, so that it is seen to be whole, and has lines, each with the
// job's number.
func newWork(r *rand.Rand, n int) []*work {
	list := make([]*work, n)
	for i := range list {
		w := &work{over: make(chan struct{})}
		w.Seq, w.Attempt = i+1, 1
		w.out, w.err = words(r, i+1), words(r, i+1)
		list[i] = w
	}
	return list
}

func words(r *rand.Rand, seq int) string {
	if r.IntN(5) == 0 {
		return ""
	}
	line := fmt.Sprintf("%d %s", seq, strings.Repeat("word ", r.IntN(1<<r.IntN(7))))
	return "<" + strings.Repeat(line+"\n", r.IntN(1<<r.IntN(9))) + line + ">\n"
}

// run writes both streams in turns and in pieces.
func (w *work) run(s Sink, r *rand.Rand) {
	s.Try(&w.Job)
	for out, err := w.out, w.err; len(out)+len(err) > 0; {
		rest, to := &out, w.Stdout
		if len(out) == 0 || len(err) > 0 && r.IntN(2) == 0 {
			rest, to = &err, w.Stderr
		}
		n := min(len(*rest), 1+r.IntN(1<<r.IntN(14)))
		if _, err := to.Write([]byte((*rest)[:n])); err != nil {
			w.fails = true
			return
		}
		*rest = (*rest)[n:]
		if r.IntN(3) == 0 {
			time.Sleep(time.Duration(r.IntN(100)))
		}
	}
}

// runAll is what the pool and its reader do: jobs are opened, run in slots
// and put, in their order or as they end. It returns what Put said.
func runAll(s Sink, jobs []*work, r *rand.Rand, unordered bool) (errs []error) {
	waiting, ended := make(chan *work, 4), make(chan *work, len(jobs))
	go func() {
		defer close(waiting)
		for _, w := range jobs {
			s.Open(&w.Job)
			waiting <- w
		}
	}()
	for range 1 + r.IntN(6) {
		seed := r.Uint64()
		go func() {
			r := rand.New(rand.NewPCG(seed, 1))
			for w := range waiting {
				w.run(s, r)
				close(w.over)
				ended <- w
			}
		}()
	}
	for _, w := range jobs {
		if unordered {
			w = <-ended
		} else {
			<-w.over
		}
		errs = append(errs, s.Put(&w.Job))
	}
	return errs
}

// stress runs jobs through a Sink of each kind with bounds that are far too
// small. In its bubble a Write that waits for ever is found at once.
func stress(t *testing.T, test func(t *testing.T, name string, s Sink, o outputs, jobs []*work, r *rand.Rand)) {
	rounds := 25
	if testing.Short() {
		rounds = 4
	}
	for seed := range uint64(rounds) {
		for _, name := range []string{"ordered", "unordered", "whole", "whole unordered", "json", "json unordered", "lines"} {
			t.Run(fmt.Sprintf("%s %d", name, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := rand.New(rand.NewPCG(seed, 0))
					bounds := spool.Options{Mem: 64 << r.IntN(12), Disk: 1 + int64(r.IntN(2))*64<<10, Dir: t.TempDir()}
					o := newOutputs(t)
					o.out.slow, o.err.slow = r.IntN(3), r.IntN(3)
					s := everySink(t, o, bounds, seqTag)[name]
					test(t, name, s, o, newWork(r, 2+r.IntN(30)), r)
				})
			})
		}
	}
}

func TestStress(t *testing.T) {
	stress(t, func(t *testing.T, name string, s Sink, o outputs, jobs []*work, r *rand.Rand) {
		unordered := strings.HasSuffix(name, "unordered")
		for _, err := range runAll(s, jobs, r, unordered) {
			checkErr(t, "Put", err, nil)
		}
		outs, errs := make([]string, len(jobs)), make([]string, len(jobs))
		for i, w := range jobs {
			check(t, "a Write failed", w.fails, false)
			outs[i] = tagEach(w.out, string(seqTag(&w.Job)))
			errs[i] = tagEach(w.err, string(seqTag(&w.Job)))
		}
		switch {
		case name == "lines":
			checkLines(t, "stdout", o.out.take(), outs)
			checkLines(t, "stderr", o.err.take(), errs)
		case strings.HasPrefix(name, "json"):
			checkObjects(t, o.out.take(), jobs, unordered)
		case unordered:
			checkWhole(t, "stdout", o.out.take(), outs)
			checkWhole(t, "stderr", o.err.take(), errs)
		default:
			checkText(t, "stdout", o.out.take(), strings.Join(outs, ""))
			checkText(t, "stderr", o.err.take(), strings.Join(errs, ""))
		}
	})
}

// checkWhole wants got to be the wanted texts in any order, each in one piece.
func checkWhole(t *testing.T, what, got string, want []string) {
	t.Helper()
	texts := strings.SplitAfter(got, ">\n")
	slices.Sort(texts)
	want = slices.Sorted(slices.Values(append(want, "")))
	checkText(t, what, strings.Join(slices.Compact(texts), "|"), strings.Join(slices.Compact(want), "|"))
}

// checkLines wants got to be made of whole lines, those of each text in their
// order.
func checkLines(t *testing.T, what, got string, want []string) {
	t.Helper()
	byTag := make(map[string]string)
	for line := range strings.Lines(got) {
		tag, _, _ := strings.Cut(line, ":")
		byTag[tag] += line
	}
	for i, text := range want {
		tag := strings.Repeat("+", i+1)
		checkText(t, what, byTag[tag], text)
		delete(byTag, tag)
	}
	check(t, what+": lines of nobody", len(byTag), 0)
}

func checkObjects(t *testing.T, got string, jobs []*work, unordered bool) {
	t.Helper()
	seen := make(map[int]bool)
	d := json.NewDecoder(strings.NewReader(got))
	for i := 0; d.More(); i++ {
		var j shown
		if err := d.Decode(&j); err != nil || j.Seq < 1 || j.Seq > len(jobs) || seen[j.Seq] {
			t.Fatalf("object %d: %v, seq %d", i+1, err, j.Seq)
		}
		seen[j.Seq] = true
		if !unordered {
			check(t, "seq", j.Seq, i+1)
		}
		checkDecoded(t, "stdout", j.Stdout, jobs[j.Seq-1].out)
		checkDecoded(t, "stderr", j.Stderr, jobs[j.Seq-1].err)
	}
	check(t, "objects", len(seen), len(jobs))
}

// TestStressWithAnError lets stdout fail at some time: nobody waits for ever,
// and what got out is a beginning.
func TestStressWithAnError(t *testing.T) {
	stress(t, func(t *testing.T, name string, s Sink, o outputs, jobs []*work, r *rand.Rand) {
		var all strings.Builder
		for _, w := range jobs {
			all.WriteString(tagEach(w.out, string(seqTag(&w.Job))))
		}
		o.out.room = r.IntN(all.Len() + 1)
		failed := false
		for _, err := range runAll(s, jobs, r, strings.HasSuffix(name, "unordered")) {
			if err != nil {
				checkErr(t, "Put", err, errBoom)
			}
			if failed && err == nil && !strings.HasSuffix(name, "unordered") { // there a job may have been put behind another
				t.Error("a Put after one that failed did not")
			}
			failed = failed || err != nil
		}
		if got := o.out.take(); (name == "ordered" || name == "whole") && !strings.HasPrefix(all.String(), got) {
			t.Errorf("%d bytes got out that are no beginning", len(got))
		}
	})
}
