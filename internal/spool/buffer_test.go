package spool

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strconv"
	"testing"
	"weak"
)

var errBoom = errors.New("boom")

func TestCollectAndRead(t *testing.T) {
	for _, size := range []int{0, 1, 3, 64, 65, 1000, chunkSize - 1, chunkSize, chunkSize + 1, 5*chunkSize + 7} {
		for _, mem := range []int64{0, 100, chunkSize, 1 << 20} {
			t.Run(strconv.Itoa(size)+" in "+strconv.Itoa(int(mem)), func(t *testing.T) {
				testCollectAndRead(t, noise(1, size), newStore(t, Options{Mem: mem, Disk: 1 << 30}))
			})
		}
	}
}

func testCollectAndRead(t *testing.T, text []byte, s *Store) {
	b := newBuffer(s)
	for rest := text; len(rest) > 0; {
		n := min(len(rest), 1+len(rest)/3)
		write(t, b, rest[:n])
		rest = rest[n:]
		checkBounds(t, s)
	}
	check(t, "Size", b.Size(), int64(len(text)))
	var got bytes.Buffer
	for range 2 { // it is kept
		got.Reset()
		n, err := b.WriteTo(&got)
		checkErr(t, "WriteTo", err, nil, "")
		check(t, "WriteTo", n, int64(len(text)))
		checkBytes(t, "WriteTo", got.Bytes(), text)
	}
	got.Reset()
	checkErr(t, "Drain", b.Drain(&got), nil, "")
	checkBytes(t, "Drain", got.Bytes(), text)
	check(t, "pieces after Drain", len(b.chunks), 0)
	checkEmpty(t, s)
	write(t, b, []byte("more"))
	check(t, "Size with what is delivered", b.Size(), int64(len(text)+4))
	got.Reset()
	checkErr(t, "Flow", b.Flow(&got), nil, "")
	write(t, b, text)
	checkBytes(t, "Flow and Write", got.Bytes(), append([]byte("more"), text...))
	checkEmpty(t, s)
}

func TestReset(t *testing.T) {
	s := newStore(t, Options{Mem: 100, Disk: 1 << 20})
	b := newBuffer(s)
	write(t, b, noise(1, 3*chunkSize))
	b.Reset()
	check(t, "Size", b.Size(), 0)
	checkEmpty(t, s)
	write(t, b, []byte("again"))
	check(t, "Size", b.Size(), 5)
	var got bytes.Buffer
	checkErr(t, "Flow", b.Flow(&got), nil, "")
	check(t, "after Reset", got.String(), "again")
}

// Thousands of small outputs may wait at once: each must cost little.
func TestSmallStreamsReserveLittle(t *testing.T) {
	s := newStore(t, Options{Mem: 1 << 20})
	for range 1000 {
		write(t, newBuffer(s), []byte("ok\n"))
	}
	if s.memory.used > 64*1000 {
		t.Errorf("1000 streams of 3 bytes reserve %d bytes", s.memory.used)
	}
	check(t, "needs a file", s.disk.file != nil, false)
}

// What a stream reserves is at most about twice what it holds, however small
// its writes are.
func TestReservationGrowsWithTheStream(t *testing.T) {
	s := newStore(t, Options{Mem: 1 << 20})
	b := newBuffer(s)
	for b.Size() < 4*chunkSize {
		write(t, b, []byte("a line of some words\n"))
		if s.memory.used > 2*b.Size()+firstChunk {
			t.Fatalf("%d bytes reserve %d", b.Size(), s.memory.used)
		}
	}
	if n := len(b.chunks); n > 16 {
		t.Errorf("%d bytes are in %d pieces", b.Size(), n)
	}
}

// Memory counted as free must be free: a Flow that is at its end has let go of
// the pieces that it wrote, apart from those that the store will use again.
func TestFlowLetsGoOfMemory(t *testing.T) {
	s := newStore(t, Options{Mem: 1 << 20})
	b := newBuffer(s)
	for range 9 {
		write(t, b, noise(1, 1000)) // pieces too small to be kept
	}
	first := weak.Make(&b.chunks[0].mem[0])
	checkErr(t, "Flow", b.Flow(writerFunc(func(p []byte) (int, error) {
		if len(b.chunks) == 0 && s.memory.used == int64(cap(p)) { // the last one
			runtime.GC()
			check(t, "the first piece is still there", first.Value() != nil, false)
			first = weak.Make(&p[0])
		}
		return len(p), nil
	})), nil, "")
	runtime.GC()
	check(t, "the last piece is still there", first.Value() != nil, false)
}

func TestLargePiecesAreUsedAgain(t *testing.T) {
	s := newStore(t, Options{Mem: 4 * chunkSize})
	b := newBuffer(s)
	text := noise(1, 4*chunkSize)
	round := func() {
		b.Reset()
		write(t, b, text)
		checkBounds(t, s)
	}
	round()
	if n := testing.AllocsPerRun(10, round); n > 3 { // of b.chunks
		t.Errorf("%v allocations to fill the memory again", n)
	}
	b.Reset()
	check(t, "spare pieces", len(s.memory.spare), 4)
	var small []*Buffer
	for range 4 * chunkSize / firstChunk { // small ones take their room
		b := newBuffer(s)
		write(t, b, []byte("small"))
		small = append(small, b)
		checkBounds(t, s)
	}
	check(t, "spare pieces", len(s.memory.spare), 0)
	for _, b := range small {
		b.Reset()
	}
	checkEmpty(t, s)
}

func TestTheBoundOfMemoryIsExact(t *testing.T) {
	for mem, inMemory := range map[int64]int64{127: 64, 128: 128, 191: 128} {
		s := newStore(t, Options{Mem: mem})
		for range 3 {
			write(t, newBuffer(s), []byte("abc"))
		}
		check(t, "memory in use", s.memory.used, inMemory)
	}
}

func TestFlowFails(t *testing.T) {
	s := newStore(t, Options{Mem: 2 * chunkSize, Disk: 4 * chunkSize})
	b := newBuffer(s)
	write(t, b, noise(1, 5*chunkSize))
	broken := &failing{room: chunkSize, err: errBoom}
	checkErr(t, "Flow", b.Flow(broken), errBoom, "")
	checkEmpty(t, s)
	n, err := b.Write([]byte("more"))
	check(t, "Write", n, 0)
	checkErr(t, "Write", err, errBoom, "")
	broken.room = 1 << 20
	checkErr(t, "second Flow", b.Flow(broken), errBoom, "")
}

func TestReadersFail(t *testing.T) {
	for name, mem := range map[string]int64{"memory": 1 << 20, "file": 0} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t, Options{Mem: mem, Disk: 4 * chunkSize})
			b := newBuffer(s)
			write(t, b, noise(1, 2*chunkSize+100))
			n, err := b.WriteTo(&failing{room: chunkSize, err: errBoom})
			checkErr(t, "WriteTo", err, errBoom, "")
			if n > chunkSize {
				t.Errorf("WriteTo: %d bytes to a writer that takes %d", n, chunkSize)
			}
			checkErr(t, "Drain", b.Drain(&failing{err: errBoom}), errBoom, "")
			checkEmpty(t, s)
		})
	}
}

func TestWriteFailsWithWhatItGoesTo(t *testing.T) {
	b := newBuffer(newStore(t, Options{}))
	checkErr(t, "Flow", b.Flow(&failing{room: 3, err: errBoom}), nil, "")
	write(t, b, []byte("abc"))
	n, err := b.Write([]byte("d"))
	check(t, "Write", n, 0)
	checkErr(t, "Write", err, errBoom, "")
	check(t, "Size", b.Size(), 3)
}

func TestAClosedStoreRefusesWrites(t *testing.T) {
	for name, mem := range map[string]int64{"memory": 1 << 20, "file": 0} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t, Options{Mem: mem, Disk: 1 << 20})
			b, live := newBuffer(s), newBuffer(s)
			write(t, b, noise(1, firstChunk+chunkSize))
			checkErr(t, "Flow", live.Flow(io.Discard), nil, "")
			checkErr(t, "Err", s.Err(), nil, "")
			checkErr(t, "Close", s.Close(), nil, "")
			checkErr(t, "second Close", s.Close(), nil, "")
			_, err := b.Write(make([]byte, chunkSize))
			checkErr(t, "Write", err, ErrClosed, "")
			checkErr(t, "Err", s.Err(), ErrClosed, "")
			write(t, live, []byte("what goes through needs no store"))
		})
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
