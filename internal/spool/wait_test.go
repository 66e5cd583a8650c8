package spool

import (
	"bytes"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// full has no room left: a stream of its own holds all of it.
func full(t *testing.T) (s *Store, holder *Buffer) {
	s = newStore(t, Options{Mem: chunkSize, Disk: 2 * chunkSize})
	holder = newBuffer(s)
	write(t, holder, noise(1, 3*chunkSize))
	return s, holder
}

// later writes to b and returns what tells how that ended.
func later(b *Buffer, p []byte) (result func() (int, error), done func() bool) {
	var n int
	var err error
	over := make(chan struct{})
	go func() {
		defer close(over)
		n, err = b.Write(p)
	}()
	return func() (int, error) {
			<-over
			return n, err
		}, func() bool {
			synctest.Wait()
			select {
			case <-over:
				return true
			default:
				return false
			}
		}
}

func TestWriteWaitsUntilThereIsRoom(t *testing.T) {
	frees := map[string]func(s *Store, holder, waiter *Buffer){
		"Flow of another":  func(_ *Store, holder, _ *Buffer) { holder.Flow(io.Discard) },
		"Drain of another": func(_ *Store, holder, _ *Buffer) { holder.Drain(io.Discard) },
		"Reset of another": func(_ *Store, holder, _ *Buffer) { holder.Reset() },
		"its own Flow":     func(_ *Store, _, waiter *Buffer) { waiter.Flow(io.Discard) },
		"Urgent":           func(_ *Store, _, waiter *Buffer) { waiter.Urgent() },
	}
	for name, free := range frees {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, holder := full(t)
				waiter := newBuffer(s)
				result, done := later(waiter, []byte("abc"))
				check(t, "done before there is room", done(), false)
				check(t, "Writes that wait", s.waiting, 1)
				free(s, holder, waiter)
				n, err := result()
				check(t, "Write", n, 3)
				checkErr(t, "Write", err, nil, "")
				check(t, "Writes that wait", s.waiting, 0)
				check(t, "Size", waiter.Size(), 3)
			})
		})
	}
}

func TestWakeAloneGivesNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := full(t)
		result, done := later(newBuffer(s), []byte("abc"))
		for range 3 {
			check(t, "done", done(), false)
			s.Wake()
		}
		s.Close()
		_, err := result()
		checkErr(t, "Write", err, ErrClosed, "")
	})
}

// A Write that found room for its first part only goes on where it stopped,
// be it in a piece or in what it is passed on to.
func TestWriteGoesOnInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, Options{Mem: chunkSize, Disk: 2 * chunkSize})
		b := newBuffer(s)
		text := noise(1, 10*chunkSize+123)
		result, done := later(b, text)
		check(t, "done", done(), false)
		checkBounds(t, s)
		check(t, "Size of the first part", b.Size(), 3*chunkSize)
		var got bytes.Buffer
		checkErr(t, "Drain", b.Drain(&got), nil, "")
		check(t, "done", done(), false)
		check(t, "Size of two parts", b.Size(), 6*chunkSize)
		checkErr(t, "Flow", b.Flow(&got), nil, "")
		n, err := result()
		check(t, "Write", n, len(text))
		checkErr(t, "Write", err, nil, "")
		checkBytes(t, "what came through", got.Bytes(), text)
	})
}

// However fast the writer is, a Flow comes to its end.
func TestWriteWaitsForAFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, Options{Mem: 1 << 20})
		b := newBuffer(s)
		write(t, b, []byte("first "))
		r, w := io.Pipe()
		flow := make(chan error)
		go func() { flow <- b.Flow(w) }()
		synctest.Wait() // it stands in w
		result, done := later(b, []byte("second"))
		check(t, "done before the Flow", done(), false)
		got := make([]byte, 12)
		_, err := io.ReadFull(r, got[:6])
		checkErr(t, "read", err, nil, "")
		checkErr(t, "Flow", <-flow, nil, "")
		check(t, "done before it is read", done(), false)
		check(t, "Writes that wait for room", s.waiting, 0)
		_, err = io.ReadFull(r, got[6:])
		checkErr(t, "read", err, nil, "")
		_, err = result()
		checkErr(t, "Write", err, nil, "")
		check(t, "what came through", string(got), "first second")
	})
}

func TestAFailedFlowFailsTheWriteThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBuffer(newStore(t, Options{Mem: chunkSize, Disk: 1}))
		result, done := later(b, noise(1, 2*chunkSize))
		check(t, "done", done(), false)
		checkErr(t, "Flow", b.Flow(&failing{err: errBoom}), errBoom, "")
		n, err := result()
		check(t, "Write", n, chunkSize)
		checkErr(t, "Write", err, errBoom, "")
	})
}

func TestTheEndOfTheStoreWakesAll(t *testing.T) {
	ends := map[error]func(s *Store){
		ErrClosed: func(s *Store) { s.Close() },
		errBoom: func(s *Store) {
			s.Fail(errBoom)
			s.Fail(ErrClosed) // the first stays
		},
	}
	for want, end := range ends {
		t.Run(want.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, _ := full(t)
				var results []func() (int, error)
				for range 20 {
					result, done := later(newBuffer(s), []byte("abc"))
					check(t, "done", done(), false)
					results = append(results, result)
				}
				end(s)
				for _, result := range results {
					_, err := result()
					checkErr(t, "Write", err, want, "")
				}
				check(t, "Writes that wait", s.waiting, 0)
				_, err := newBuffer(s).Write([]byte("abc"))
				checkErr(t, "later Write", err, want, "")
			})
		})
	}
}

// stuck is told of every wait, with no lock held: it may read and free.
func TestStuckMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var holder Buffer
		var calls int
		s := NewStore(Options{Mem: chunkSize, Disk: 1, Dir: t.TempDir()}, func() {
			calls++
			checkErr(t, "Flow", holder.Flow(io.Discard), nil, "")
		})
		defer s.Close()
		holder.Init(s)
		write(t, &holder, noise(1, chunkSize))
		check(t, "calls while there is room", calls, 0)
		write(t, newBuffer(s), noise(1, chunkSize))
		check(t, "calls", calls, 1)
	})
}

// A stuck that comes too early to help is called again after a Wake.
func TestStuckIsCalledAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		s := NewStore(Options{Dir: t.TempDir(), Disk: 1}, func() { calls++ })
		write(t, newBuffer(s), noise(1, firstChunk))
		result, done := later(newBuffer(s), []byte("abc"))
		for want := 1; want <= 3; want++ {
			check(t, "done", done(), false)
			check(t, "calls", calls, want)
			s.Wake()
		}
		synctest.Wait()
		s.Close()
		_, err := result()
		checkErr(t, "Write", err, ErrClosed, "")
	})
}

// Whoever waits for news that are old does not: there may be room.
func TestStuckIsNotCalledForOldNews(t *testing.T) {
	s := NewStore(Options{}, func() { t.Error("stuck was called") })
	seen := s.news.Load()
	s.Wake()
	s.await(seen)
}

// Room that comes between a Write's look and its wait is not missed: whoever
// waits is let go on by the very last release.
func TestNoWakeUpIsLost(t *testing.T) {
	rounds := 3000
	if testing.Short() {
		rounds = 300
	}
	s := newStore(t, Options{Mem: firstChunk, Disk: 1})
	for range rounds {
		holder := newBuffer(s)
		write(t, holder, noise(1, firstChunk))
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				b := newBuffer(s)
				write(t, b, []byte("abc"))
				b.Reset()
			})
		}
		wg.Go(holder.Reset)
		finished := make(chan struct{})
		go func() { wg.Wait(); close(finished) }()
		select {
		case <-finished:
		case <-time.After(30 * time.Second):
			t.Fatal("a Write waits for ever")
		}
	}
	checkEmpty(t, s)
}
