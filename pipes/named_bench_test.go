//go:build linux

package pipes

import (
	"bytes"
	"fmt"
	"testing"
)

// BenchmarkNamedPut is 100-byte records, so many a commit, put and read.
func BenchmarkNamedPut(b *testing.B) {
	for _, batch := range []int{1, 100} {
		for _, readers := range []int{0, 1} {
			b.Run(fmt.Sprintf("batch=%d/readers=%d", batch, readers), func(b *testing.B) { benchPut(b, batch, readers) })
		}
	}
}

func benchPut(b *testing.B, batch, readers int) {
	d := openTemp(b)
	topic := newTopic(b, d, "news", Settings{})
	done := make(chan struct{})
	for range readers {
		c := subscribe(b, newTopic(b, again(b, d), "news", Settings{}), "", CursorOptions{})
		go func() {
			defer close(done)
			for seq := uint64(0); seq < uint64(b.N); {
				r, err := c.Next(b.Context())
				if err != nil {
					b.Error(err)
					return
				}
				seq = r.Seq
				if err := c.Commit(seq); err != nil {
					b.Error(err)
				}
			}
		}()
	}
	records := make([][]byte, batch)
	for i := range records {
		records[i] = bytes.Repeat([]byte("x"), 100)
	}
	b.SetBytes(100)
	b.ReportAllocs()
	for n := b.N; n > 0; n -= batch {
		if _, err := topic.Put(b.Context(), PutOptions{}, records[:min(n, batch)]...); err != nil {
			b.Fatal(err)
		}
	}
	if readers > 0 {
		<-done
	}
}

// BenchmarkNamedRead is 100-byte records that are there already.
func BenchmarkNamedRead(b *testing.B) {
	d := openTemp(b)
	topic := newTopic(b, d, "news", Settings{})
	c := subscribe(b, topic, "s", CursorOptions{})
	record := bytes.Repeat([]byte("x"), 100)
	batch := make([][]byte, 1000)
	for i := range batch {
		batch[i] = record
	}
	for n := 0; n < b.N; n += len(batch) {
		if _, err := topic.Put(b.Context(), PutOptions{}, batch...); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(100)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if r, ok, err := c.TryNext(); !ok || err != nil || len(r.Data) != 100 {
			b.Fatal(ok, err)
		}
	}
}

// BenchmarkNamedGroup is to put, take and acknowledge a record.
func BenchmarkNamedGroup(b *testing.B) {
	topic := newTopic(b, openTemp(b), "jobs", Settings{})
	c := consumer(b, topic, CursorOptions{})
	b.ReportAllocs()
	for b.Loop() {
		seq := put(b, topic, "job")
		wantTake(b, c, seq, 1)
		noError(b, c.Ack(seq))
	}
}

// BenchmarkNamedWake is a record to a sleeping reader of another Dir and one
// back.
func BenchmarkNamedWake(b *testing.B) {
	d := openTemp(b)
	near, far := newTopic(b, d, "ping", Settings{}), newTopic(b, again(b, d), "ping", Settings{})
	back, forth := newTopic(b, again(b, d), "pong", Settings{}), newTopic(b, d, "pong", Settings{})
	ping, pong := subscribe(b, far, "", CursorOptions{}), subscribe(b, forth, "", CursorOptions{})
	go func() {
		for {
			if _, err := ping.Next(b.Context()); err != nil {
				return
			}
			if _, err := back.Put(b.Context(), PutOptions{}, nil); err != nil {
				return
			}
		}
	}()
	for b.Loop() {
		put(b, near, "")
		if _, err := pong.Next(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
