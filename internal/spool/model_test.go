package spool

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// model is what a Buffer must be equal to: two strings.
type model struct {
	*Buffer
	held []byte       // collected
	live bool         // passed on from now on
	want []byte       // that must have come through
	got  bytes.Buffer // that has
	size int
}

// step does one operation on m. The store has room for all of it.
func (m *model) step(t *testing.T, op byte, p []byte) {
	t.Helper()
	var err error
	switch op % 8 {
	case 0:
		err = m.Flow(&m.got)
		m.deliver()
		m.live = true
	case 1:
		err = m.Drain(&m.got)
		m.deliver()
	case 2:
		m.Reset()
		m.held, m.size = nil, 0
	case 3:
		var kept bytes.Buffer
		_, err = m.WriteTo(&kept)
		checkBytes(t, "WriteTo", kept.Bytes(), m.held)
	default:
		write(t, m.Buffer, p)
		m.held = append(m.held, p...)
		m.size += len(p)
		if m.live {
			m.deliver()
		}
	}
	checkErr(t, "operation", err, nil, "")
	check(t, "Size", m.Size(), int64(m.size))
	checkBytes(t, "what came through", m.got.Bytes(), m.want)
}

func (m *model) deliver() {
	m.want = append(m.want, m.held...)
	m.held = nil
}

// FuzzOperations does operations on three Buffers of one store and compares
// each with its model. Of every two bytes the first one is the operation and
// the Buffer, the second one how much is written.
func FuzzOperations(f *testing.F) {
	f.Add([]byte("\x04\x01\x05\xff\x06\x40\x00\x00\x04\x01"), uint32(100))
	f.Add([]byte("\x0c\xff\x14\xff\x0c\xff\x0a\x00\x14\xff\x09\x00\x11\x00"), uint32(3*chunkSize))
	f.Add([]byte("\x04\xff\x04\xff\x02\x00\x04\x80\x03\x00\x01\x00\x04\x20\x00\x00\x04\xff"), uint32(0))
	text := noise(1, 255*255*3)
	f.Fuzz(func(t *testing.T, ops []byte, mem uint32) {
		s := newStore(t, Options{Mem: int64(mem % (1 << 20)), Disk: 1 << 40})
		var models [3]model
		for i := range models {
			models[i].Buffer = newBuffer(s)
		}
		for ; len(ops) > 1; ops = ops[2:] {
			m := &models[ops[0]/8%3]
			n := int(ops[1]) * int(ops[1]) * (1 + int(ops[0]/8%3)) // 0 to 3 pieces
			m.step(t, ops[0], text[m.size%1000:][:min(n, len(text)-1000)])
			checkBounds(t, s)
		}
		for i := range models {
			models[i].Reset()
		}
		checkEmpty(t, s)
	})
}

// TestManyStreams lets many goroutines write through a store that is far too
// small, while readers take the streams over at random times. In its bubble a
// Write that waits for ever is found at once.
func TestManyStreams(t *testing.T) {
	rounds := 30
	if testing.Short() {
		rounds = 5
	}
	for seed := range uint64(rounds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testManyStreams(t, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

func testManyStreams(t *testing.T, r *rand.Rand) {
	s := newStore(t, Options{Mem: 64 << r.IntN(12), Disk: chunkSize * int64(1+r.IntN(3))})
	var wg sync.WaitGroup
	for i := range 2 + r.IntN(20) {
		b := newBuffer(s)
		text := noise(r.Uint64(), r.IntN(1<<r.IntN(20)))
		cut, begin := r.Uint64(), time.Duration(r.IntN(1000))
		wg.Go(func() { writeInParts(t, b, text, rand.New(rand.NewPCG(cut, 2))) })
		wg.Go(func() {
			time.Sleep(begin)
			var got bytes.Buffer
			written := make(chan struct{})
			checkErr(t, "Flow", b.Flow(writerFunc(func(p []byte) (int, error) {
				checkBounds(t, s)
				if n, _ := got.Write(p); got.Len() < len(text) {
					return n, nil
				}
				close(written)
				return len(p), nil
			})), nil, "")
			if len(text) > 0 {
				<-written
			}
			checkBytes(t, fmt.Sprint("stream ", i), got.Bytes(), text)
		})
	}
	wg.Wait()
	checkEmpty(t, s)
	checkBounds(t, s)
}

// writeInParts writes text in Writes of very different sizes, with pauses.
func writeInParts(t *testing.T, b *Buffer, text []byte, r *rand.Rand) {
	for len(text) > 0 {
		n := min(len(text), 1+r.IntN(1<<r.IntN(18)))
		write(t, b, text[:n])
		text = text[n:]
		if r.IntN(4) == 0 {
			time.Sleep(time.Duration(r.IntN(100)))
		}
	}
}
