package sink

import (
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

func TestUnorderedIsTheOrderOfPut(t *testing.T) {
	for _, whole := range []bool{false, true} {
		o := newOutputs(t)
		g := newGroup(t, o, ample, GroupOptions{Unordered: true, Whole: whole})
		jobs := open(g, 3)
		for range 2 { // in turns
			for i, j := range jobs {
				write(t, j.Stdout, strings.Repeat(string(rune('a'+i)), 3))
				write(t, j.Stderr, strings.Repeat(string(rune('A'+i)), 2))
			}
		}
		check(t, "before any is over", o.out.take(), "")
		put(t, g, jobs[1])
		check(t, "the first to end", o.out.take()+o.err.take(), "bbbbbbBBBB")
		put(t, g, jobs[2])
		check(t, "the second to end", o.out.take()+o.err.take(), "ccccccCCCC")
		put(t, g, jobs[0])
		check(t, "the last to end", o.out.take()+o.err.take(), "aaaaaaAAAA")
	}
}

// writeLater writes text and tells when that is done.
func writeLater(t *testing.T, j *Job, text string) (done chan bool) {
	done = make(chan bool)
	go func() {
		write(t, j.Stdout, text)
		close(done)
	}()
	synctest.Wait()
	return done
}

// When the store is full, the largest job has stdout to itself until it ends;
// others that end meanwhile are shown after it, whole.
func TestTheLargestJobMakesRoom(t *testing.T) {
	for range 8 { // jobs are looked at in random order
		synctest.Test(t, testTheLargestJob)
	}
}

func testTheLargestJob(t *testing.T) {
	o := newOutputs(t)
	bounds := tiny(t)
	bounds.Mem = 256
	g := newGroup(t, o, bounds, GroupOptions{Unordered: true})
	jobs := open(g, 5) // the last one does not begin
	write(t, jobs[0].Stdout, "small ")
	write(t, jobs[1].Stderr, "too large ")
	write(t, jobs[1].Stdout, strings.Repeat("large ", 12))
	check(t, "while there is room", o.out.take(), "")
	waits := writeLater(t, jobs[2], strings.Repeat("third ", 30))
	check(t, "the largest", o.out.take()+o.err.take(), strings.Repeat("large ", 12)+"too large ")
	write(t, jobs[1].Stdout, "goes on ")
	check(t, "what the largest writes", o.out.take(), "goes on ")
	put(t, g, jobs[0])
	check(t, "one that ends meanwhile", o.out.take(), "")
	write(t, jobs[1].Stdout, "and ends ")
	put(t, g, jobs[1])
	check(t, "the end of the largest", o.out.take(), "and ends small ")
	<-waits
	put(t, g, jobs[2])
	check(t, "the one that waited", o.out.take(), strings.Repeat("third ", 30))
	write(t, jobs[3].Stdout, "not let through")
	check(t, "with room again", o.out.take(), "")
	put(t, g, jobs[3])
	put(t, g, jobs[4])
	check(t, "the last", o.out.take(), "not let through")
}

func TestNobodyIsLetThroughWhileAJobIsShown(t *testing.T) {
	u := newGroup(t, newOutputs(t), ample, GroupOptions{Unordered: true}).(*unordered)
	jobs := open(u, 2)
	write(t, jobs[1].Stdout, "text")
	check(t, "the first has its turn", u.turn(jobs[0]), true)
	check(t, "somebody leads", u.elect() != nil, false)
	check(t, "somebody is next", u.next(jobs[0]) != nil, false)
	check(t, "now the second leads", u.elect() == jobs[1], true)
}

// A leader that ends while what it had collected is still being written is
// not shown, nor is anybody behind it, before that is done.
func TestALeaderEndsWhileItIsLetThrough(t *testing.T) {
	o := newOutputs(t)
	u := newGroup(t, o, ample, GroupOptions{Unordered: true}).(*unordered)
	jobs := open(u, 2)
	write(t, jobs[0].Stdout, "the leader ")
	write(t, jobs[1].Stdout, "behind")
	begun, goOn := make(chan bool), make(chan bool)
	u.to.Out = writerFunc(func(p []byte) (int, error) {
		if string(p) == "the leader " {
			close(begun)
			<-goOn
		}
		return o.out.Write(p)
	})
	var wg sync.WaitGroup
	wg.Go(u.makeRoom)
	<-begun
	put(t, u, jobs[1])
	wg.Go(func() { put(t, u, jobs[0]) })
	for range 1000 { // what is wrong would happen now
		runtime.Gosched()
	}
	check(t, "before it is let through", o.out.take(), "")
	close(goOn)
	wg.Wait()
	check(t, "all of it", o.out.take(), "the leader behind")
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// When the lead ends and there is still no room, somebody must lead next: the
// Writes that were turned away meanwhile ask again.
func TestTheLeadIsPassedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutputs(t)
		g := newGroup(t, o, tiny(t), GroupOptions{Unordered: true})
		jobs := open(g, 4)
		var done []chan bool
		for i, j := range jobs {
			done = append(done, writeLater(t, j, strings.Repeat(string(rune('a'+i)), 1000)))
		}
		for range jobs {
			i := o.out.take()[0] - 'a'
			synctest.Wait()
			<-done[i]
			put(t, g, jobs[i])
			synctest.Wait()
		}
	})
}

// A leader that fails is answered for by the next Put, whoever's that is.
func TestTheErrorOfALeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutputs(t)
		o.out.room = 0
		g := newGroup(t, o, tiny(t), GroupOptions{Unordered: true})
		jobs := open(g, 2)
		write(t, jobs[0].Stdout, "abc")
		_, err := jobs[1].Stdout.Write(make([]byte, 100))
		checkErr(t, "the Write that asked for room", err, errBoom)
		_, err = jobs[0].Stdout.Write([]byte("def"))
		checkErr(t, "a Write of the leader", err, errBoom)
		o.out.room = -1
		checkErr(t, "Put", g.Put(jobs[0]), errBoom)
		checkErr(t, "Put", g.Put(jobs[1]), errBoom)
		check(t, "stdout", o.out.take(), "")
	})
}

// Where outputs are whole, one job at a time may exceed the bound of the file,
// and the others are shown as they end.
func TestOneWholeJobAtATimeNeedsNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutputs(t)
		g := newGroup(t, o, tiny(t), GroupOptions{Unordered: true, Whole: true})
		jobs := open(g, 3)
		texts := []string{"a", strings.Repeat("b", 1000), strings.Repeat("c", 1000)}
		write(t, jobs[0].Stdout, texts[0])
		second, third := writeLater(t, jobs[1], texts[1]), writeLater(t, jobs[2], texts[2])
		write(t, jobs[0].Stdout, strings.Repeat("a", 100000)) // the leader
		check(t, "before any is over", o.out.take(), "")
		put(t, g, jobs[0])
		checkText(t, "the leader", o.out.take(), strings.Repeat("a", 100001))
		synctest.Wait()
		next := 1
		select {
		case <-second:
		case <-third:
			next = 2
		default:
			t.Fatal("nobody leads now")
		}
		put(t, g, jobs[next])
		check(t, "the next leader", o.out.take(), texts[next])
		synctest.Wait()
		put(t, g, jobs[3-next])
		check(t, "the last", o.out.take(), texts[3-next])
	})
}

func TestAWholeJobIsShownWhileAnotherLeads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutputs(t)
		bounds := tiny(t)
		bounds.Mem = 128
		g := newGroup(t, o, bounds, GroupOptions{Unordered: true, Whole: true})
		jobs := open(g, 3)
		write(t, jobs[0].Stdout, "leader")
		write(t, jobs[1].Stdout, "over")
		waits := writeLater(t, jobs[2], "waits")
		put(t, g, jobs[1])
		check(t, "the job that is over", o.out.take(), "over")
		check(t, "the first still leads", g.(*unordered).leader == jobs[0], true)
		<-waits
		put(t, g, jobs[2])
		put(t, g, jobs[0])
		check(t, "the others", o.out.take(), "waitsleader")
	})
}
