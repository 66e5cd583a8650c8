//go:build linux

package pipes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	_ = helper("publisher", playPublisher)
	_ = helper("taker", playTaker)
)

// playPublisher puts lane:n:payload for ever, from n on, and prints n when it
// is put.
func playPublisher(args []string) {
	d, err := Open(args[0])
	must(err)
	topic, err := d.Announcement("news")
	must(err)
	n, err := strconv.Atoi(args[2])
	must(err)
	for ; ; n++ {
		payload := strings.Repeat("x", 20+n*37%9000)
		id := fmt.Sprint(args[1], ":", n)
		_, err := topic.Put(context.Background(), PutOptions{ID: id}, []byte(id+":"+payload))
		must(err)
		fmt.Println(n)
	}
}

// playTaker takes records for a group and prints what it has acknowledged.
func playTaker(args []string) {
	d, err := Open(args[0])
	must(err)
	topic, err := d.Announcement("news")
	must(err)
	c, err := topic.Group(context.Background(), "g", CursorOptions{})
	must(err)
	for {
		r, err := c.Next(context.Background())
		if errors.Is(err, ErrEnd) {
			return
		}
		must(err)
		must(c.Ack(r.Seq))
		fmt.Println(r.Seq)
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

// Two publishers are killed in the middle of everything, again and again, and
// retry what they do not know of. Each record arrives once and whole, in the
// order of its lane.
func TestNamedPublishersKilled(t *testing.T) {
	const lanes, kills = 2, 15
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{Segment: smallSegment})
	c := subscribe(t, topic, "s", CursorOptions{})
	var wg sync.WaitGroup
	for lane := range lanes {
		wg.Go(func() {
			next := 1
			for range kills {
				cmd := play("publisher", d.home.Path, strconv.Itoa(lane), strconv.Itoa(next))
				var out bytes.Buffer
				cmd.Stdout = &out
				if err := cmd.Start(); err != nil {
					t.Error(err)
					return
				}
				time.Sleep(time.Duration(20+next%17) * time.Millisecond) // any instruction will do
				cmd.Process.Kill()
				cmd.Wait()
				lines := strings.Fields(out.String())
				if len(lines) > 0 {
					last, _ := strconv.Atoi(lines[len(lines)-1])
					next = last + 1
				}
			}
			if next == 1 {
				t.Error("nothing was put")
			}
		})
	}
	go func() {
		wg.Wait()
		topic.Close()
	}()
	checkLanes(t, c, lanes)
}

func checkLanes(t *testing.T, c *Cursor, lanes int) {
	last := make([]int, lanes)
	for {
		r, err := c.Next(t.Context())
		if errors.Is(err, ErrEnd) {
			return
		}
		noError(t, err)
		lane, n := 0, 0
		if _, err := fmt.Sscanf(string(r.Data), "%d:%d:", &lane, &n); err != nil || r.Missed != 0 {
			t.Fatalf("%.40q %v, missed %d", r.Data, err, r.Missed)
		}
		want := fmt.Sprintf("%d:%d:%s", lane, n, strings.Repeat("x", 20+n*37%9000))
		if string(r.Data) != want {
			t.Fatalf("torn: %.40q", r.Data)
		}
		if n != last[lane]+1 {
			t.Fatalf("lane %d: %d after %d", lane, n, last[lane])
		}
		last[lane] = n
		noError(t, c.Commit(r.Seq))
	}
}

// Consumers are killed: nothing is lost, and what was acknowledged, and
// printed, does not come again.
func TestGroupConsumersKilled(t *testing.T) {
	const takers, kills = 3, 12
	d := openTemp(t)
	topic := newTopic(t, d, "news", Settings{Segment: smallSegment})
	noError(t, topic.Register("g", CursorOptions{Group: true}))
	var mu sync.Mutex
	acked := make(map[string]int)
	run := func(kill bool) {
		cmd := play("taker", d.home.Path)
		var out bytes.Buffer
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Error(err)
			return
		}
		if kill {
			time.Sleep(15 * time.Millisecond)
			cmd.Process.Kill()
		}
		cmd.Wait()
		mu.Lock()
		defer mu.Unlock()
		for seq := range strings.FieldsSeq(out.String()) {
			acked[seq]++
		}
	}
	var wg, killing sync.WaitGroup
	killing.Add(takers)
	for range takers {
		wg.Go(func() {
			for range kills {
				run(true)
			}
			killing.Done()
			run(false)
		})
	}
	over := make(chan struct{})
	go func() {
		killing.Wait()
		close(over)
	}()
	n := 0
	for done := false; !done; n++ {
		put(t, topic, fat(n))
		select {
		case <-over:
			done = true
		default:
		}
	}
	noError(t, topic.Close())
	wg.Wait()
	for seq, times := range acked {
		if times != 1 {
			t.Errorf("%s was acknowledged %d times", seq, times)
		}
	}
	if lost := n - len(acked); lost > takers*kills { // killed between the ack and the line
		t.Errorf("%d of %d are missing", lost, n)
	}
	info, err := topic.Info()
	noError(t, err)
	if s := info.Subscribers[0]; s.Unread != 0 || len(s.InFlight) != 0 {
		text, _ := json.Marshal(s)
		t.Errorf("left: %s", text)
	}
}
