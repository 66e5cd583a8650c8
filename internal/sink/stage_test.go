package sink

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
)

// ofStage returns job n of a stage whose stdout has that use, read by others.
func ofStage(s Sink, n int, output Output, readers int) *Job {
	j := &Job{Seq: n, Stage: &Stage{Number: 1, Output: output}}
	j.Share(readers)
	s.Open(j)
	return j
}

func passed(t testing.TB, j *Job) string {
	t.Helper()
	text, err := io.ReadAll(j.Passed())
	checkErr(t, "Passed", err, nil)
	return string(text)
}

func TestLabel(t *testing.T) {
	check(t, "without a name", (&Stage{Number: 3}).Label(), "3")
	check(t, "with one", (&Stage{Number: 3, Name: "resize"}).Label(), "resize")
}

func TestWhatBecomesOfStdout(t *testing.T) {
	for _, test := range []struct {
		output       Output
		show, passes bool
	}{
		{Shown, true, false},
		{Passed, false, true},
		{PassedAndShown, true, true},
		{Dropped, false, false},
	} {
		for _, name := range []string{"ordered", "in turn", "unordered", "whole", "lines"} {
			o := newOutputs(t)
			sinks := everySink(t, o, ample, nil)
			sinks["in turn"] = newGroup(t, o, ample, GroupOptions{Turns: true})
			s := sinks[name]
			readers := 0
			if test.passes {
				readers = 1
			}
			j := ofStage(s, 1, test.output, readers)
			s.Try(j)
			write(t, j.Stdout, "text\n")
			write(t, j.Stderr, "error\n")
			check(t, name+": Received", j.Received(), 5)
			put(t, s, j)
			check(t, name+": is it shown", o.out.take() == "text\n", test.show)
			check(t, name+": stderr", o.err.take(), "error\n")
			if test.passes {
				check(t, name+": passed", passed(t, j), "text\n")
				j.Free()
				check(t, name+": left when all are done", passed(t, j), "")
			}
		}
	}
}

// A stage that others read has its output as values there, not as lines of
// JSON here.
func TestJSONOfAStage(t *testing.T) {
	o := newOutputs(t)
	s := newJSON(t, o, ample, GroupOptions{})
	first, last := ofStage(s, 1, Passed, 1), ofStage(s, 1, Shown, 0)
	first.Stage.Name = "fetch"
	for _, j := range []*Job{first, last} {
		write(t, j.Stdout, "text")
		put(t, s, j)
	}
	text := o.out.take()
	check(t, "objects", strings.Count(text, "\n"), 1)
	check(t, "passed", passed(t, first), "text")
}

// Whoever is done first, the others still have all of it.
func TestTheLastOneFrees(t *testing.T) {
	o := newOutputs(t)
	s := newGroup(t, o, ample, GroupOptions{Turns: true})
	j := ofStage(s, 1, PassedAndShown, 2)
	write(t, j.Stdout, "text")
	j.Free()
	check(t, "for the second", passed(t, j), "text")
	j.Free()
	put(t, s, j)
	check(t, "for the sink", o.out.take(), "text")
	check(t, "for nobody", passed(t, j), "")
}

// A job that is over while another one has the streams is shown later: until
// then the others being done with it frees nothing.
func TestAJobBehindTheLeaderStays(t *testing.T) {
	for _, output := range []Output{Shown, PassedAndShown} {
		synctest.Test(t, func(t *testing.T) {
			o := newOutputs(t)
			bounds := tiny(t)
			bounds.Mem = 256
			s := newGroup(t, o, bounds, GroupOptions{Unordered: true})
			leader, behind := ofStage(s, 1, Shown, 0), ofStage(s, 2, output, 1)
			write(t, leader.Stdout, strings.Repeat("leader ", 10))
			write(t, behind.Stdout, "behind")
			<-writeLater(t, leader, strings.Repeat("leader ", 20))
			o.out.take()
			put(t, s, behind)
			behind.Free()
			check(t, "while another is let through", o.out.take(), "")
			put(t, s, leader)
			check(t, "after it", o.out.take(), "behind")
		})
	}
}

// What is passed on is freed by jobs that begin when it is complete, so it does
// not wait for room.
func TestWhatIsPassedOnNeedsNoRoom(t *testing.T) {
	o := newOutputs(t)
	s := newGroup(t, o, tiny(t), GroupOptions{Turns: true})
	j := ofStage(s, 1, Passed, 1)
	text := strings.Repeat("text", 1000)
	write(t, j.Stdout, text)
	put(t, s, j)
	check(t, "passed", passed(t, j), text)
	j.Free()
}

// In turns, who has its turn writes through, whatever was opened before it.
func TestTurnsAreNamed(t *testing.T) {
	o := newOutputs(t)
	s := newGroup(t, o, ample, GroupOptions{Turns: true})
	turner := s.(Turner)
	jobs := open(s, 3)
	for _, i := range []int{2, 0, 1} {
		j := jobs[i]
		write(t, j.Stdout, "collected ")
		check(t, "before its turn", o.out.take(), "")
		checkErr(t, "Turn", turner.Turn(j), nil)
		check(t, "when it comes", o.out.take(), "collected ")
		write(t, j.Stdout, "live")
		check(t, "then", o.out.take(), "live")
		put(t, s, j)
	}
	check(t, "left", o.out.take(), "")
}
