package spool

import (
	"io"
	"testing"
)

// BenchmarkSmall is the output of a job that prints a line: collected, then
// shown.
func BenchmarkSmall(b *testing.B) {
	s := newStore(b, Options{Mem: 64 << 20})
	line := []byte("a line of some words\n")
	b.ReportAllocs()
	for b.Loop() {
		var buffer Buffer
		buffer.Init(s)
		buffer.Write(line)
		buffer.Drain(io.Discard)
	}
}

// BenchmarkLive is the same for the job whose turn it is.
func BenchmarkLive(b *testing.B) {
	s := newStore(b, Options{Mem: 64 << 20})
	line := []byte("a line of some words\n")
	b.ReportAllocs()
	for b.Loop() {
		var buffer Buffer
		buffer.Init(s)
		buffer.Flow(io.Discard)
		buffer.Write(line)
	}
}

// BenchmarkBulk is 16 MiB that wait and are shown, in Writes of 64 KiB.
func BenchmarkBulk(b *testing.B) {
	const total = 16 << 20
	for name, mem := range map[string]int64{"memory": 64 << 20, "file": 0} {
		b.Run(name, func(b *testing.B) {
			s := newStore(b, Options{Mem: mem, Disk: 1 << 30})
			p := make([]byte, 64<<10)
			b.SetBytes(total)
			b.ReportAllocs()
			for b.Loop() {
				var buffer Buffer
				buffer.Init(s)
				for range total / len(p) {
					buffer.Write(p)
				}
				buffer.Drain(io.Discard)
			}
		})
	}
}
