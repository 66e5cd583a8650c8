package source

import (
	"iter"
	"math/rand/v2"
)

// Collect reads everything and returns it again, with its number. If the
// input has an error there is no number and nothing is returned.
func Collect(in iter.Seq2[Record, error]) (iter.Seq2[Record, error], int, error) {
	records, err := collect(in)
	if err != nil {
		return nil, 0, err
	}
	return replay(records), len(records), nil
}

func collect(in iter.Seq2[Record, error]) ([]Record, error) {
	var records []Record
	for r, err := range in {
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

func replay(records []Record) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// shuffle reads everything and returns it in random order.
func shuffle(in iter.Seq2[Record, error], seed *uint64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		records, err := collect(in)
		if err != nil {
			yield(Record{}, err)
			return
		}
		mix := rand.Shuffle
		if seed != nil {
			mix = rand.New(rand.NewPCG(*seed, 0)).Shuffle
		}
		mix(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		replay(records)(yield)
	}
}

// slice leaves out the first records and stops after limit more, if any.
func slice(in iter.Seq2[Record, error], skip, limit int) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		n := 0
		for r, err := range in {
			if n++; err == nil && n <= skip {
				continue
			}
			if !yield(r, err) || n == skip+limit {
				return
			}
		}
	}
}
