package sink

import (
	"os"
	"strings"
	"testing"

	"github.com/loxctl/loxctl/internal/spool"
)

func TestWholeLinesOnly(t *testing.T) {
	o := newOutputs(t)
	l := newLines(t, o, ample, nil)
	jobs := open(l, 2)
	write(t, jobs[0].Stdout, "one")
	check(t, "an unfinished line", o.out.take(), "")
	write(t, jobs[1].Stdout, "two\nthree\nfo")
	check(t, "lines", o.out.take(), "two\nthree\n")
	write(t, jobs[0].Stderr, "error\n")
	check(t, "stderr", o.err.take(), "error\n")
	write(t, jobs[0].Stdout, ", still one\n")
	check(t, "the line is complete", o.out.take(), "one, still one\n")
	write(t, jobs[1].Stdout, "ur")
	put(t, l, jobs[1])
	check(t, "a last line without a newline", o.out.take(), "four")
	put(t, l, jobs[0])
	check(t, "nothing is left", o.out.take()+o.err.take(), "")
}

func TestLinesGetTags(t *testing.T) {
	o := newOutputs(t)
	l := newLines(t, o, ample, seqTag)
	jobs := open(l, 2)
	write(t, jobs[1].Stdout, "a\nb")
	write(t, jobs[0].Stdout, "x\n\ny\nz")
	write(t, jobs[1].Stdout, "c\n")
	write(t, jobs[1].Stderr, "error")
	for _, j := range jobs {
		put(t, l, j)
	}
	check(t, "stdout", o.out.take(), "++:a\n+:x\n+:\n+:y\n++:bc\n+:z")
	check(t, "stderr", o.err.take(), "++:error")
}

func TestATryShowsTheLastLineOfTheOneBefore(t *testing.T) {
	o := newOutputs(t)
	l := newLines(t, o, ample, nil)
	j := open(l, 1)[0]
	l.Try(j)
	write(t, j.Stdout, "failed")
	check(t, "before", o.out.take(), "")
	l.Try(j)
	check(t, "after", o.out.take(), "failed")
}

// A line larger than the memory goes to the file, also beyond its bound: only
// its own end can free it.
func TestALineLargerThanTheMemory(t *testing.T) {
	o := newOutputs(t)
	bounds := spool.Options{Mem: 1000, Disk: 64 << 10, Dir: t.TempDir()}
	l := newLines(t, o, bounds, nil)
	jobs := open(l, 2)
	piece := strings.Repeat("long ", 2000)
	for range 100 {
		for _, j := range jobs {
			write(t, j.Stdout, piece)
		}
	}
	check(t, "before its end", o.out.take(), "")
	write(t, jobs[1].Stdout, "end\nmore")
	checkText(t, "the line", o.out.take(), strings.Repeat(piece, 100)+"end\n")
	put(t, l, jobs[0])
	checkText(t, "the line of the other job", o.out.take(), strings.Repeat(piece, 100))
}

func TestLinesFail(t *testing.T) {
	o := newOutputs(t)
	l := newLines(t, o, ample, nil)
	jobs := open(l, 3)
	write(t, jobs[1].Stdout, "unfinished")
	o.out.room = 0
	n, err := jobs[0].Stdout.Write([]byte("a\nb"))
	check(t, "written", n, 0)
	checkErr(t, "Write", err, errBoom)
	o.out.room = -1
	checkErr(t, "Put", l.Put(jobs[1]), errBoom)
	_, err = jobs[2].Stderr.Write([]byte("line\n"))
	checkErr(t, "Write of another job", err, errBoom)
	check(t, "shown", o.out.take()+o.err.take(), "")
}

// What Try cannot show is not forgotten: Put says so.
func TestLinesFailInTry(t *testing.T) {
	o := newOutputs(t)
	l := newLines(t, o, ample, nil)
	j := open(l, 1)[0]
	write(t, j.Stdout, "unfinished")
	o.out.room = 0
	l.Try(j)
	o.out.room = -1
	checkErr(t, "Put", l.Put(j), errBoom)
}

func TestRawIsTheRunsOwn(t *testing.T) {
	var j Job
	r := Raw{Out: os.Stdout, Err: os.Stderr}
	r.Open(&j)
	r.Try(&j)
	checkErr(t, "Put", r.Put(&j), nil)
	check(t, "descriptors", j.Stdout == os.Stdout && j.Stderr == os.Stderr, true)
}
