//go:build linux

package pipes

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A joinStep is one record of a funnel of the inputs a and b.
type joinStep struct {
	what, job string // input, or "drop" or "expire"
}

// joinHistory is what a funnel is after so many of its steps.
type joinHistory []joinStep

// play does the steps. The value of an input is the job's name in its own words.
func (h joinHistory) play(t testing.TB, j *Join) {
	t.Helper()
	for _, s := range h {
		switch s.what {
		case "drop":
			noError(t, j.Drop(s.job))
		case "expire":
			grow(t, j, 1)
		default:
			give(t, j, s.what, s.job, s.job+" of "+s.what)
		}
	}
}

// after returns the jobs that are complete after n steps, and what is pending.
func (h joinHistory) after(n int) (sets []string, pending string) {
	var m joinModel
	m.inputs = []string{"a", "b"}
	for _, s := range h[:n] {
		if i := m.find(s.job); s.what == "drop" || s.what == "expire" {
			m.giveUp(i, "")
		} else {
			m.put(slices.Index(m.inputs, s.what), s.job, s.job+" of "+s.what)
		}
	}
	for _, s := range m.sets {
		sets = append(sets, s.job+" "+s.text)
	}
	words := make([]string, len(m.jobs))
	for i, j := range m.jobs {
		words[i] = m.pending(j)
	}
	return sets, strings.Join(words, " ")
}

// An image is the files of a funnel as they are on the disk, by name.
type image map[string][]byte

func imageOf(t testing.TB, dir string) image {
	t.Helper()
	entries, err := os.ReadDir(dir)
	noError(t, err)
	m := make(image)
	for _, entry := range entries {
		m[entry.Name()], err = os.ReadFile(filepath.Join(dir, entry.Name()))
		noError(t, err)
	}
	return m
}

// restore makes a directory what the image is.
func (m image) restore(t testing.TB, dir string) {
	t.Helper()
	for name, b := range m {
		noError(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	entries, err := os.ReadDir(dir)
	noError(t, err)
	for _, entry := range entries {
		if _, ok := m[entry.Name()]; !ok {
			noError(t, os.Remove(filepath.Join(dir, entry.Name())))
		}
	}
}

// The end of a log is cut, or changed, at every byte of its last two records:
// after the next start of the machine all sets are whole, those of the records
// that are left, and the funnel goes on.
func TestJoinRecoveryAtEveryByte(t *testing.T) {
	start := joinHistory{{"a", "one"}, {"b", "two"}, {"b", "one"}, {"a", "old"}}
	for name, end := range map[string]joinHistory{
		"two sets":     {{"a", "two"}, {"b", "old"}},
		"an expiry":    {{"b", "old"}, {"expire", "two"}},
		"begins anew":  {{"a", "two"}, {"a", "two"}},
		"dropped anew": {{"drop", "old"}, {"b", "old"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := openTemp(t)
			j := newJoin(t, d, "a,b", Settings{Expire: time.Hour})
			h := append(slices.Clone(start), end...)
			var ends []int64 // of the records, in the file
			for i := range h {
				h[i:i+1].play(t, j)
				ends = append(ends, int64(segmentHeader+j.log.head.end().Load()))
			}
			for g := getter(t, j); ; { // all is in hand when the machine ends
				if _, ok, err := g.TryNext(); !ok {
					noError(t, err)
					break
				}
			}
			noError(t, d.Close())
			files := imageOf(t, d.path(KindFunnel, "f"))
			log := files[segmentName(0)][:ends[len(ends)-1]]
			for at := ends[len(ends)-3]; at < int64(len(log)); at++ {
				left := slices.IndexFunc(ends, func(end int64) bool { return end > at })
				files[segmentName(0)] = log[:at]
				recovered(t, d, files, h, left)
				r, err := parseHead(log[ends[left-1]:])
				noError(t, err)
				if at-ends[left-1] >= recordHeader+int64(r.length) {
					left = len(h) // padding has no meaning
				}
				changed := bytes.Clone(log)
				changed[at] ^= 1 << (at % 8)
				files[segmentName(0)] = changed
				recovered(t, d, files, h, left)
			}
		})
	}
}

// recovered opens a funnel of these files after the start of the machine. So many
// steps of the history must be left.
func recovered(t *testing.T, d *Dir, files image, h joinHistory, left int) {
	t.Helper()
	files.restore(t, d.path(KindFunnel, "f"))
	d, err := HomeOptions{}.open(d.home.Path, [16]byte{7})
	noError(t, err)
	defer d.Close()
	j, err := d.Funnel("f")
	noError(t, err)
	info, err := j.Info()
	noError(t, err)
	if n := int(info.LastSeq); n != left {
		t.Fatalf("%d records, want %d", n, left)
	}
	if damage := j.Damage(); (damage != nil) != (left < len(h)) || damage != nil && int(damage.Seq) != left+1 {
		t.Fatalf("%d records are left, reported: %v", left, damage)
	}
	sets, pending := h.after(left)
	wantJobs(t, j.Pending, pending)
	h[left:].play(t, j) // who has lost something does it again
	all, pending := h.after(len(h))
	wantJobs(t, j.Pending, pending)
	g, err := j.Getter(t.Context())
	noError(t, err)
	defer g.Close()
	for i, want := range all {
		s, ok, err := g.TryNext()
		got := s.Job + " " + strings.Join(textsOf(s.Values), "|")
		if err != nil || !ok || got != want || s.Missed != 0 {
			t.Fatalf("set %d of %d: %s, %v, %v, want %s", i, len(sets), got, ok, err, want)
		}
	}
	wantNoSet(t, g)
}

func textsOf(values [][]byte) (texts []string) {
	for _, v := range values {
		texts = append(texts, string(v))
	}
	return texts
}
