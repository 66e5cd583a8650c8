package pipes_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/loxctl/loxctl/pipes"
)

// Many publishers, members and subscribers with real time and real parallelism:
// all see the same sequence, in which nothing is missing and every publisher's
// values are in its order.
func TestOneOrderForAll(t *testing.T) {
	for _, maxSize := range []int{0, 1, 7} {
		t.Run(fmt.Sprint("maxsize ", maxSize), func(t *testing.T) { oneOrder(t, maxSize) })
	}
}

const (
	lanes     = 4
	laneValue = 1000 // a value is lane*laneValue + its number
	laneEnd   = 300
)

func oneOrder(t *testing.T, maxSize int) {
	a := pipes.NewAnnouncement[int](pipes.Options{MaxSize: maxSize})
	got := make([][]int, 5)
	var readers, writers sync.WaitGroup
	for i := range got {
		s, err := a.Subscribe(pipes.SubscribeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		readers.Go(func() {
			for v, err := range s.All(t.Context()) {
				if err != nil {
					t.Error(err)
				}
				got[i] = append(got[i], v)
			}
		})
	}
	for lane := range lanes {
		writers.Go(func() { writeLane(t, a, lane) })
	}
	writers.Wait()
	a.Close()
	readers.Wait()
	for i := range got {
		if !slices.Equal(got[i], got[0]) {
			t.Errorf("subscriber %d saw another sequence", i)
		}
	}
	checkLanes(t, got[0])
}

// writeLane has some puts wait and some try again until there is room.
func writeLane(t *testing.T, a *pipes.Announcement[int], lane int) {
	for n := range laneEnd {
		v := lane*laneValue + n
		if lane%2 == 0 {
			if err := a.Put(t.Context(), v); err != nil {
				t.Error(err)
			}
			continue
		}
		for {
			ctx, cancel := context.WithCancel(t.Context())
			go cancel()
			if a.Put(ctx, v) == nil {
				break
			}
		}
	}
}

func checkLanes(t *testing.T, values []int) {
	t.Helper()
	var next [lanes]int
	for _, v := range values {
		lane, n := v/laneValue, v%laneValue
		if n != next[lane] {
			t.Fatalf("lane %d: %d, want %d", lane, n, next[lane])
		}
		next[lane]++
	}
	for lane, n := range next {
		if n != laneEnd {
			t.Errorf("lane %d ends at %d", lane, n)
		}
	}
}

// Several goroutines that read one subscription share its values.
func TestSharedSubscription(t *testing.T) {
	a := pipes.NewAnnouncement[int](pipes.Options{MaxSize: 3})
	s, _ := a.Subscribe(pipes.SubscribeOptions{})
	var mu sync.Mutex
	var all sync.WaitGroup
	seen := make(map[int]int)
	for range 4 {
		all.Go(func() {
			last := -1
			for v := range s.All(t.Context()) {
				if v <= last {
					t.Errorf("%d after %d", v, last)
				}
				last = v
				mu.Lock()
				seen[v]++
				mu.Unlock()
			}
		})
	}
	for v := range 2000 {
		if err := a.Put(t.Context(), v); err != nil {
			t.Fatal(err)
		}
	}
	a.Close()
	all.Wait()
	for v := range 2000 {
		if seen[v] != 1 {
			t.Fatalf("%d came %d times", v, seen[v])
		}
	}
}

// Subscribers come and go, members answer, and nothing stands still or is left.
func TestComingAndGoing(t *testing.T) {
	a := pipes.NewAnnouncement[int](pipes.Options{Backlog: 3, MaxSize: 2})
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			for range 200 {
				visitAnnouncement(t, a, i)
			}
		})
	}
	all.Wait()
	if n := a.Subscribers(); n != 0 {
		t.Errorf("%d subscribers are left", n)
	}
	if err := a.PutWith(t.Context(), 1, pipes.Fail); err != nil {
		t.Errorf("nobody is there, but %v", err)
	}
}

func visitAnnouncement(t *testing.T, a *pipes.Announcement[int], i int) {
	s, err := a.Subscribe(pipes.SubscribeOptions{})
	if err != nil {
		t.Error(err)
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	var reader sync.WaitGroup
	reader.Go(func() {
		for range s.All(ctx) {
		}
	})
	if err := s.Put(t.Context(), i); err != nil {
		t.Error(err)
	}
	if err := a.Put(t.Context(), i); err != nil {
		t.Error(err)
	}
	if i%2 == 0 {
		cancel() // before, or after: both must end the reader
		reader.Wait()
	}
	if err := s.Unsubscribe(); err != nil {
		t.Error(err)
	}
	reader.Wait()
	cancel()
}

const loadInputs, loadJobs = 4, 500

// Inputs race for every job, getters for every set.
func TestFunnelUnderLoad(t *testing.T) {
	f := pipes.NewFunnel[int, int](pipes.FunnelOptions{})
	var writers, readers sync.WaitGroup
	var inputs [loadInputs]*pipes.Input[int, int]
	var seen [loadJobs]atomic.Int32
	for i := range inputs {
		inputs[i] = f.Subscribe()
	}
	for _, in := range inputs {
		writers.Go(func() { putAllJobs(t, in) })
		readers.Go(func() { getSets(t, f, &seen) })
	}
	writers.Wait()
	f.Close()
	readers.Wait()
	for job := range seen {
		if n := seen[job].Load(); n != 1 {
			t.Errorf("job %d came out %d times", job, n)
		}
	}
}

// putAllJobs puts them in an order that no other input has.
func putAllJobs(t *testing.T, in *pipes.Input[int, int]) {
	for n := range loadJobs {
		job := n ^ in.Index()
		if err := in.Put(job, job*loadInputs+in.Index()); err != nil {
			t.Error(err)
		}
	}
}

func getSets(t *testing.T, f *pipes.Funnel[int, int], seen *[loadJobs]atomic.Int32) {
	for s, err := f.Get(t.Context()); err != pipes.ErrEnd; s, err = f.Get(t.Context()) {
		for i, v := range s.Values {
			if v != s.Job*loadInputs+i {
				t.Errorf("job %d has %v", s.Job, s.Values)
			}
		}
		seen[s.Job].Add(1)
	}
}
