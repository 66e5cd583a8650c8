package sink

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"weak"
)

func TestTheHeadOfTheLineIsLive(t *testing.T) {
	o := newOutputs(t)
	g := newGroup(t, o, ample, GroupOptions{})
	jobs := open(g, 3)
	write(t, jobs[1].Stdout, "two ")
	write(t, jobs[0].Stdout, "one")
	check(t, "while the first runs", o.out.take(), "one")
	write(t, jobs[0].Stdout, ", too ")
	check(t, "while the first runs", o.out.take(), ", too ")
	write(t, jobs[0].Stderr, "error ")
	check(t, "stderr", o.err.take(), "error ")
	put(t, g, jobs[0])
	check(t, "what waited", o.out.take(), "two ")
	write(t, jobs[1].Stdout, "too")
	check(t, "while the second runs", o.out.take(), "too")
	put(t, g, jobs[1])
	check(t, "nothing is left", o.out.take()+o.err.take(), "")
	late := &Job{Seq: 4}
	g.Open(late)
	put(t, g, jobs[2])
	write(t, late.Stdout, "four")
	check(t, "the last", o.out.take(), "four")
	put(t, g, late)
	next := &Job{Seq: 5}
	g.Open(next)
	write(t, next.Stdout, "five")
	check(t, "opened when it is its turn", o.out.take(), "five")
}

func TestOrderOfJobsThatAreOver(t *testing.T) {
	for _, whole := range []bool{false, true} {
		o := newOutputs(t)
		g := newGroup(t, o, ample, GroupOptions{Whole: whole})
		jobs := open(g, 4)
		for _, i := range []int{3, 1, 0, 2} {
			write(t, jobs[i].Stdout, string(rune('a'+i)))
			write(t, jobs[i].Stderr, string(rune('A'+i)))
		}
		for _, j := range jobs {
			put(t, g, j)
		}
		check(t, "stdout", o.out.take(), "abcd")
		check(t, "stderr", o.err.take(), "ABCD")
	}
}

func TestWholeShowsTheLastTryOnly(t *testing.T) {
	for _, unordered := range []bool{false, true} {
		o := newOutputs(t)
		g := newGroup(t, o, ample, GroupOptions{Whole: true, Unordered: unordered})
		j := open(g, 1)[0]
		for _, text := range []string{"first", "second", "third!"} {
			g.Try(j)
			write(t, j.Stdout, text)
			write(t, j.Stderr, strings.ToUpper(text))
			check(t, "before it is over", o.out.take()+o.err.take(), "")
			check(t, "Received", j.Received(), int64(len(text)))
		}
		put(t, g, j)
		check(t, "stdout", o.out.take(), "third!")
		check(t, "stderr", o.err.take(), "THIRD!")
	}
}

// A job of a whole group whose turn it is never waits: nobody else makes room.
func TestTheHeadOfAWholeGroupNeedsNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutputs(t)
		g := newGroup(t, o, tiny(t), GroupOptions{Whole: true})
		jobs := open(g, 2)
		text := strings.Repeat("0123456789", 10000)
		second := make(chan bool)
		go func() {
			write(t, jobs[1].Stdout, text)
			close(second)
		}()
		synctest.Wait()
		write(t, jobs[0].Stdout, text)
		check(t, "before it is over", o.out.take(), "")
		put(t, g, jobs[0])
		checkText(t, "the first", o.out.take(), text)
		<-second
		put(t, g, jobs[1])
		checkText(t, "the second", o.out.take(), text)
	})
}

// A run may have millions of jobs: those that are put are let go of.
func TestAJobThatIsPutIsForgotten(t *testing.T) {
	for name, sink := range everySink(t, newOutputs(t), ample, seqTag) {
		jobs := open(sink, 3)
		write(t, jobs[0].Stdout, "text")
		put(t, sink, jobs[0])
		first := weak.Make(jobs[0])
		jobs[0] = nil
		runtime.GC()
		check(t, name+": the job is still there", first.Value() != nil, false)
		put(t, sink, jobs[1])
		put(t, sink, jobs[2])
	}
}

func TestReceived(t *testing.T) {
	for name, sink := range everySink(t, newOutputs(t), ample, seqTag) {
		var j Job
		check(t, name+": Received before Open", j.Received(), 0)
		sink.Open(&j)
		for range 2 {
			sink.Try(&j)
			write(t, j.Stderr, "not this")
			write(t, j.Stdout, "a line\nand more\nand")
		}
		want := int64(19)
		if name == "ordered" || name == "unordered" { // made for one try only
			want *= 2
		}
		check(t, name+": Received", j.Received(), want)
	}
	check(t, "of what does not go through us", (&Job{Stdout: os.Stdout}).Received(), 0)
}

// After the first error nothing more is written, every Put returns it, and no
// Write waits for room that nobody will make.
func TestAnErrorEndsEverything(t *testing.T) {
	for _, opt := range []GroupOptions{{}, {Unordered: true}, {Whole: true}, {Whole: true, Unordered: true}} {
		synctest.Test(t, func(t *testing.T) {
			o := newOutputs(t)
			g := newGroup(t, o, tiny(t), opt)
			jobs := open(g, 4)
			write(t, jobs[1].Stdout, "fits")
			o.out.room = 0
			result := make(chan error)
			go func() {
				_, err := jobs[2].Stdout.Write(make([]byte, 1000)) // does not
				result <- err
			}()
			synctest.Wait()
			first, second := g.Put(jobs[0]), g.Put(jobs[1])
			checkErr(t, "Put", errors.Join(first, second), errBoom)
			checkErr(t, "the Write that waits", <-result, errBoom)
			o.out.room = -1
			checkErr(t, "Put of what waited", g.Put(jobs[2]), errBoom)
			checkErr(t, "Put of a job without output", g.Put(jobs[3]), errBoom)
			check(t, "stdout", o.out.take(), "")
		})
	}
}

// Once stdout is broken, stderr is of no use either: the run ends.
func TestStdoutComesFirst(t *testing.T) {
	o := newOutputs(t)
	g := newGroup(t, o, ample, GroupOptions{Unordered: true})
	j := open(g, 1)[0]
	write(t, j.Stdout, "out")
	write(t, j.Stderr, "err")
	o.out.room = 0
	checkErr(t, "Put", g.Put(j), errBoom)
	check(t, "stderr", o.err.take(), "")
}

func TestAnErrorOfStderr(t *testing.T) {
	o := newOutputs(t)
	o.err.room = 0
	g := newGroup(t, o, ample, GroupOptions{})
	jobs := open(g, 2)
	write(t, jobs[1].Stderr, "err")
	checkErr(t, "Put", g.Put(jobs[0]), errBoom)
}
