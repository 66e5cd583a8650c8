package spool

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

// newStore returns a store that is closed with the test.
func newStore(t testing.TB, opt Options) *Store {
	t.Helper()
	if opt.Dir == "" {
		opt.Dir = t.TempDir()
	}
	s := NewStore(opt, nil)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func newBuffer(s *Store) *Buffer {
	b := new(Buffer)
	b.Init(s)
	return b
}

// write is a Write that succeeds.
func write(t testing.TB, b *Buffer, p []byte) {
	t.Helper()
	if n, err := b.Write(p); n != len(p) || err != nil {
		t.Fatalf("Write of %d bytes: %d, %v", len(p), n, err)
	}
}

// noise is n bytes that are the same for the same seed only.
func noise(seed uint64, n int) []byte {
	p := make([]byte, n)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

func checkBytes(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	t.Errorf("%s: got %d bytes, want %d; they differ at %d", what, len(got), len(want), at)
}

func check[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// checkErr wants err to wrap want, and to say text.
func checkErr(t testing.TB, what string, err, want error, text string) {
	t.Helper()
	if !errors.Is(err, want) || want != nil && !strings.Contains(err.Error(), text) {
		t.Errorf("%s: got error %v, want %v with %q", what, err, want, text)
	}
}

// checkBounds wants the store to hold no more than it may.
func checkBounds(t testing.TB, s *Store) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	m := &s.memory
	if m.used < 0 || m.used+int64(len(m.spare))*chunkSize > m.most {
		t.Errorf("memory: %d bytes used and %d pieces spare of %d bytes", m.used, len(m.spare), m.most)
	}
	if s.disk.file != nil && s.disk.size > s.disk.limit {
		t.Errorf("file: %d bytes of %d", s.disk.size, s.disk.limit)
	}
}

// checkEmpty wants all room of the store to be free.
func checkEmpty(t testing.TB, s *Store) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	check(t, "memory in use", s.memory.used, 0)
	check(t, "free places in the file", int64(len(s.disk.holes)), s.disk.size/chunkSize)
	check(t, "Writes that wait", s.waiting, 0)
	places := make(map[int64]bool)
	for _, at := range s.disk.holes {
		places[at] = true
	}
	check(t, "distinct free places", len(places), len(s.disk.holes))
}

// failing is a writer that takes some bytes and then fails.
type failing struct {
	room int
	err  error
}

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return 0, f.err
	}
	f.room -= len(p)
	return len(p), nil
}
