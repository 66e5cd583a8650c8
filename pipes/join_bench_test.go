//go:build linux

package pipes

import (
	"fmt"
	"testing"
)

// BenchmarkJoin is to put a set of three and to get it, while so many other jobs
// are not complete.
func BenchmarkJoin(b *testing.B) {
	for _, pending := range []int{10, 10000} {
		b.Run(fmt.Sprintf("pending=%d", pending), func(b *testing.B) {
			j := newJoin(b, openTemp(b), "a,b,c", Settings{})
			for i := range pending {
				give(b, j, "a", fmt.Sprint("pending", i), "a value")
				give(b, j, "b", fmt.Sprint("pending", i), "a value")
			}
			g := getter(b, j)
			names := make([]string, 1<<12)
			for i := range names {
				names[i] = fmt.Sprint("job", i)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				for _, input := range []string{"c", "a", "b"} {
					give(b, j, input, names[i%len(names)], "a value")
				}
				s, ok, err := g.TryNext()
				if !ok || err != nil || len(s.Values) != 3 {
					b.Fatal(ok, err)
				}
				noError(b, g.Ack(s.Seq))
			}
		})
	}
}

// BenchmarkJoinSameJob is the same of one job again and again.
func BenchmarkJoinSameJob(b *testing.B) {
	for _, pending := range []int{10, 10000} {
		b.Run(fmt.Sprintf("pending=%d", pending), func(b *testing.B) {
			j := newJoin(b, openTemp(b), "a,b", Settings{})
			for i := range pending {
				give(b, j, "a", fmt.Sprint("pending", i), "a value")
			}
			for b.Loop() {
				give(b, j, "a", "job", "a value")
				give(b, j, "b", "job", "a value")
			}
		})
	}
}
