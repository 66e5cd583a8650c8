package sink

import (
	"io"
	"strings"
	"testing"

	"github.com/loxctl/loxctl/internal/spool"
)

// BenchmarkSmallJobs is the way of a job that prints a line, in every Sink.
func BenchmarkSmallJobs(b *testing.B) {
	to := Streams{Out: io.Discard, Err: io.Discard}
	bounds := spool.Options{Mem: 64 << 20}
	line := []byte("a line of some words\n")
	for name, sink := range map[string]func() (Sink, *spool.Store){
		"ordered":   func() (Sink, *spool.Store) { return NewGroup(to, bounds, GroupOptions{}) },
		"tagged":    func() (Sink, *spool.Store) { return NewGroup(to, bounds, GroupOptions{Tag: seqTag}) },
		"unordered": func() (Sink, *spool.Store) { return NewGroup(to, bounds, GroupOptions{Unordered: true}) },
		"json":      func() (Sink, *spool.Store) { return NewJSON(to, bounds, GroupOptions{}) },
		"lines":     func() (Sink, *spool.Store) { return NewLines(to, bounds, nil) },
	} {
		b.Run(name, func(b *testing.B) {
			s, store := sink()
			defer store.Close()
			b.ReportAllocs()
			for b.Loop() {
				j := &Job{Seq: 1, Attempt: 1}
				s.Open(j)
				s.Try(j)
				j.Stdout.Write(line)
				s.Put(j)
			}
		})
	}
}

// BenchmarkBulk is a job that prints much, in Writes of 64 KiB.
func BenchmarkBulk(b *testing.B) {
	p := []byte(strings.Repeat("a line of some words\n", 64<<10/21))
	for name, sink := range map[string]func(to Streams, bounds spool.Options) (Sink, *spool.Store){
		"live": func(to Streams, o spool.Options) (Sink, *spool.Store) { return NewGroup(to, o, GroupOptions{}) },
		"tagged": func(to Streams, o spool.Options) (Sink, *spool.Store) {
			return NewGroup(to, o, GroupOptions{Tag: seqTag})
		},
		"json":  func(to Streams, o spool.Options) (Sink, *spool.Store) { return NewJSON(to, o, GroupOptions{}) },
		"lines": func(to Streams, o spool.Options) (Sink, *spool.Store) { return NewLines(to, o, nil) },
	} {
		b.Run(name, func(b *testing.B) {
			s, store := sink(Streams{Out: io.Discard, Err: io.Discard}, spool.Options{Mem: 64 << 20})
			defer store.Close()
			const writes = 64
			b.SetBytes(int64(writes * len(p)))
			b.ReportAllocs()
			for b.Loop() {
				j := &Job{Seq: 1, Attempt: 1}
				s.Open(j)
				for range writes {
					j.Stdout.Write(p)
				}
				s.Put(j)
			}
		})
	}
}
