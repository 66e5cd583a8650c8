//go:build linux

package pipes

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// The peers are tee(1), which copies to a FIFO for each reader, and streams of
// Redis on loopback. What cannot be had is left out, and says so.

// BenchmarkFlow has a process that puts messages of 100 bytes, and others that
// each read all of them: so many a commit. Time is from the first message to
// the last one at the last reader, CPU that of all who take part.
func BenchmarkFlow(b *testing.B) {
	for _, batch := range []int{100, 1} {
		for _, readers := range []int{1, 2, 4, 8} {
			b.Run(fmt.Sprintf("batch=%d/readers=%d", batch, readers), func(b *testing.B) {
				plan := flowPlan{Readers: readers, Batch: batch, Messages: 1_200_000 / (readers + 2)}
				if batch == 1 {
					plan.Messages /= 10
				}
				compare(b, plan, []string{"µs/msg", "cpu-µs/msg"}, func(p flowPlan, f *flow) []float64 {
					n := 1e3 * float64(p.Messages)
					return []float64{float64(f.ended.Load()-f.began.Load()) / n, float64(f.cpu.Load()) / n}
				})
			})
		}
	}
}

// BenchmarkWake has a process that puts a message every other millisecond, and
// measures when each of the readers, which sleep until then, has it.
func BenchmarkWake(b *testing.B) {
	for _, readers := range []int{1, 8, 64} {
		b.Run(fmt.Sprint("readers=", readers), func(b *testing.B) {
			plan := flowPlan{Readers: readers, Batch: 1, Messages: flowLatencies, Every: 2 * time.Millisecond}
			compare(b, plan, []string{"p50-µs"}, func(p flowPlan, f *flow) []float64 {
				var all []int64
				for r := range p.Readers {
					for i := range p.Messages {
						all = append(all, f.latencies[r][i].Load())
					}
				}
				slices.Sort(all)
				return []float64{float64(all[len(all)/2]) / 1e3}
			})
		})
	}
}

// compare runs a plan with all kinds in turns. It reports the medians of what
// is measured, and what ours are divided by theirs.
func compare(b *testing.B, plan flowPlan, names []string, measure func(flowPlan, *flow) []float64) {
	samples := make(map[string][][]float64)
	kinds := flowKinds(b)
	for b.Loop() {
		for range 3 {
			for _, kind := range kinds {
				p := plan
				p.Kind = kind
				if kind == "redis" { // which is slow
					p.Messages = max(min(p.Messages, flowLatencies), p.Messages/8)
				}
				samples[kind] = append(samples[kind], measure(p, p.run(b)))
			}
		}
	}
	for i, name := range names {
		ours := middle(samples[kinds[0]], i)
		b.ReportMetric(ours, kinds[0]+"-"+name)
		for _, kind := range kinds[1:] {
			theirs := middle(samples[kind], i)
			b.ReportMetric(theirs, kind+"-"+name)
			b.ReportMetric(ours/theirs, name+"/"+kind)
		}
	}
	b.ReportMetric(0, "ns/op") // is nothing
}

// middle is the median of the i-th figures.
func middle(samples [][]float64, i int) float64 {
	var all []float64
	for _, s := range samples {
		all = append(all, s[i])
	}
	slices.Sort(all)
	return all[len(all)/2]
}
