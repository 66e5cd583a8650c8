package spool

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
	"testing/synctest"
)

func TestReaderOfAll(t *testing.T) {
	for _, n := range []int{0, 1, firstChunk, chunkSize, chunkSize + 1, 5*chunkSize + 7} {
		s := newStore(t, Options{Mem: 2 * chunkSize})
		b := newBuffer(s)
		text := noise(3, n)
		write(t, b, text)
		if err := iotest.TestReader(b.Reader(), text); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
		again, err := io.ReadAll(b.Reader())
		if err != nil || !bytes.Equal(again, text) {
			t.Errorf("%d bytes, read again: %d of them, %v", n, len(again), err)
		}
		r := b.Reader()
		io.Copy(io.Discard, r)
		if err := r.Err(); err != nil {
			t.Errorf("%d bytes: Err at the end: %v", n, err)
		}
		b.Reset()
		if left, err := io.ReadAll(b.Reader()); len(left) > 0 || err != nil {
			t.Errorf("after Reset: %d bytes, %v", len(left), err)
		}
	}
}

// An output that cannot be read back is no end of the output.
func TestReaderOfAFileThatFails(t *testing.T) {
	s := newStore(t, Options{Mem: firstChunk})
	b := newBuffer(s)
	write(t, b, noise(1, 2*chunkSize))
	r := b.Reader()
	if err := s.disk.file.Close(); err != nil {
		t.Fatal(err)
	}
	s.disk.file = nil // it is closed
	_, err := io.Copy(io.Discard, r)
	if err == nil || !errors.Is(r.Err(), err) {
		t.Errorf("Copy: %v, Err: %v, want one and the same error", err, r.Err())
	}
	if _, again := r.Read(make([]byte, 1)); again != err {
		t.Errorf("read after it: %v, want %v", again, err)
	}
}

func TestAwaitRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, holder := full(t)
		result := make(chan error, 1)
		await := func() { go func() { result <- s.AwaitRoom() }(); synctest.Wait() }
		await()
		s.Wake()
		synctest.Wait()
		if len(result) > 0 {
			t.Fatal("there was no room")
		}
		holder.Reset()
		if err := <-result; err != nil {
			t.Errorf("with room: %v", err)
		}
		write(t, holder, noise(1, 3*chunkSize))
		await()
		s.Fail(errBoom)
		if err := <-result; err != errBoom {
			t.Errorf("failed while it waited: %v, want %v", err, errBoom)
		}
	})
}
