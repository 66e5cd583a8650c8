//go:build linux

package pipes

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/loxctl/loxctl/internal/state"
)

// FuzzPart is the header of a funnel's record, with or without refs: what was
// written is read.
func FuzzPart(f *testing.F) {
	f.Add(uint16(0), uint16(1), []byte{}, "job", []byte("value"))
	f.Add(uint16(2), uint16(3), bytes.Repeat([]byte{255}, 24), "ö\x00", []byte{})
	f.Add(uint16(7), uint16(1531), []byte("12345678"), strings.Repeat("j", maxJob), []byte("v"))
	f.Fuzz(func(t *testing.T, input, inputs uint16, offsets []byte, job string, value []byte) {
		inputs = max(inputs%1532, 1)
		input %= inputs
		job = job[:min(len(job), maxJob)]
		var refs []uint64
		if len(offsets) > 0 {
			refs = make([]uint64, inputs)
			for i := range refs {
				refs[i] = binary.LittleEndian.Uint64(append(offsets[i%len(offsets):len(offsets):len(offsets)], make([]byte, 8)...))
			}
		}
		header := appendPart(nil, int(input), int(inputs), refs, job)
		if len(header) > math.MaxUint16 {
			t.Fatalf("a header of %d bytes", len(header))
		}
		r := record{recordHead: recordHead{hlen: uint16(len(header))}, payload: append(header, value...)}
		p, v, err := r.part()
		if err != nil || p.input != int(input) || p.inputs != int(inputs) || string(p.job) != job || !bytes.Equal(v, value) {
			t.Fatalf("%+v %q %v", p, v, err)
		}
		for i := range p.inputs {
			if want := append(refs, make([]uint64, inputs)...)[i]; p.ref(i) != want {
				t.Fatalf("ref %d: %d, want %d", i, p.ref(i), want)
			}
		}
	})
}

// FuzzPartParse is the same of any bytes: damage, or a header that is written
// the same.
func FuzzPartParse(f *testing.F) {
	f.Add(appendPart(nil, 1, 2, []uint64{8, noRef}, "job"))
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{255}, 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parsePart(b[:len(b):len(b)])
		if err != nil {
			if !isDamage(err) {
				t.Fatal(err)
			}
			return
		}
		refs := make([]uint64, p.inputs)
		for i := range refs {
			refs[i] = p.ref(i)
		}
		again := appendPart(nil, p.input, p.inputs, refs, string(p.job))
		copy(again[6:8], b[6:8]) // which mean nothing
		if !bytes.Equal(again, b) {
			t.Fatalf("%x became %x", b, again)
		}
	})
}

// scratchHead is a head in memory that no log has.
func scratchHead(tb testing.TB) head {
	file, err := state.OpenFile(filepath.Join(tb.TempDir(), "head"), 0o600)
	noError(tb, err)
	tb.Cleanup(func() { file.Close() })
	m, err := file.Share(headSize)
	noError(tb, err)
	tb.Cleanup(func() { m.Unmap() })
	return head{m}
}

// FuzzInputs is the table of inputs: names that were added are there, in order,
// and whatever else is in the table, reading and adding end.
func FuzzInputs(f *testing.F) {
	h := scratchHead(f)
	f.Add([]byte{}, "a\nb\na\nlong name")
	f.Add([]byte{3, 0, 0, 0, 0, 0, 0, 0, 1, 'a', 200, 'b'}, "x")
	f.Add(bytes.Repeat([]byte{255}, headSize-headExtra), "x")
	f.Add([]byte{255, 255, 255, 255}, strings.Repeat("name\nother\n", 300))
	f.Fuzz(func(t *testing.T, garbage []byte, lines string) {
		clear(h.extra())
		copy(h.extra(), garbage)
		is := h.inputs()
		if err := h.checkInputs("f"); err == nil && int(h.inputCount().Load()) != len(is) {
			t.Fatalf("%d inputs of %d are no error", len(is), h.inputCount().Load())
		}
		if len(garbage) > 0 {
			h.addInput("more")
			h.inputs()
			clear(h.extra())
			is = nil
		}
		for name := range strings.SplitSeq(lines, "\n") {
			if checkInputs("f", []string{name}) != nil {
				continue
			}
			bad := checkInputs("f", append(slices.Clone(is), name))
			switch err := h.addInput(name); {
			case err == nil && !slices.Contains(is, name):
				is = append(is, name)
				if bad != nil {
					t.Fatal(bad)
				}
			case err != nil && bad == nil:
				t.Fatal(err)
			}
			if got := h.inputs(); !slices.Equal(got, is) {
				t.Fatalf("%q, want %q", got, is)
			}
		}
		if err := h.checkInputs("f"); err != nil {
			t.Fatal(err)
		}
	})
}

// An input that has a bad name, or none, is the mistake of the file.
func TestInputsAreDamaged(t *testing.T) {
	for name, garbage := range map[string][]byte{
		"too many":     {9, 0, 0, 0, 0, 0, 0, 0, 1, 'a'},
		"twice":        {2, 0, 0, 0, 0, 0, 0, 0, 1, 'a', 1, 'a'},
		"bad name":     {1, 0, 0, 0, 0, 0, 0, 0, 1, '\n'},
		"out of table": append(bytes.Repeat([]byte{1, 0, 0, 0}, 2), 255),
	} {
		d := openTemp(t)
		j := newJoin(t, d, "a,b", Settings{})
		clear(j.log.head.extra())
		copy(j.log.head.extra(), garbage)
		_, err := again(t, d).Funnel("f")
		if err == nil || err.Error() != "f: head: has a damaged list of inputs" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// scratchPend is an index that no funnel has.
func scratchPend(tb testing.TB) (*pend, *log) {
	l := &log{mode: 0o600, boot: [2]uint64{1, 2}}
	p := &l.funnel.pend
	noError(tb, p.open(filepath.Join(tb.TempDir(), "pend"), l))
	tb.Cleanup(p.close)
	noError(tb, p.reset(l, 0))
	return p, l
}

// A pendModel is what an index should be: jobs in the order of their starts.
type pendModel []pendJob

func (m pendModel) find(hash uint64) int {
	return slices.IndexFunc(m, func(j pendJob) bool { return j.hash == hash })
}

func (j pendJob) equal(o pendJob) bool {
	return j.hash == o.hash && j.start == o.start && j.since == o.since && slices.Equal(j.refs, o.refs)
}

// FuzzPendTable does the same to the table of an index and to a list: add a job
// of so many inputs, give, remove. Hashes are few, so that they are near each
// other and come again.
func FuzzPendTable(f *testing.F) {
	p, l := scratchPend(f)
	f.Add([]byte{0, 1, 4, 1, 8, 1})
	f.Add(bytes.Repeat([]byte{0, 1, 2, 3, 5, 7, 9, 11, 13}, 60))
	var many []byte
	for i := range 250 {
		many = append(many, 0, byte(i), byte(4+i%8), byte(i/2))
	}
	f.Add(many)
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 1000 {
			return
		}
		noError(t, p.reset(l, 0))
		var m pendModel
		for off := uint64(8); len(script) >= 2; off += 8 {
			op, hash := script[0], pendHashes+uint64(script[1])*63
			script = script[2:]
			i := m.find(hash)
			place, j, err := p.find(hash, func(pendJob) (bool, error) { return true, nil })
			if err != nil || (place != 0) != (i >= 0) {
				t.Fatalf("found %x at %d, %v", hash, place, err)
			}
			p.begin()
			switch {
			case i < 0:
				n := 1 + int(op)%7
				j = pendJob{hash: hash, start: off, since: off * 3, refs: make([]uint64, n)}
				j.refs[int(op/7)%n] = off + 1
				m, err = append(m, j), p.add(j)
			case op%4 == 0:
				m, err = slices.Delete(m, i, i+1), p.remove(place)
			default:
				input := int(op/4) % len(j.refs)
				p.give(place, input, off)
				m[i].refs[input] = off + 1
			}
			noError(t, err)
			p.end(off)
			all, err := p.all()
			if err != nil || !slices.EqualFunc(all, m, pendJob.equal) || p.jobs() != len(m) || !p.valid(l) {
				t.Fatalf("%v, %v\nwant %v", all, err, m)
			}
		}
	})
}

// FuzzPendGarbage writes anything to anywhere in an index: whoever opens it sees
// what the log says.
func FuzzPendGarbage(f *testing.F) {
	d := openTemp(f)
	j := newJoin(f, d, "a,b,c", Settings{})
	for i := range 100 {
		give(f, j, "b", fmt.Sprint(i), "b")
	}
	want := texts(f, j.Pending)
	path := j.log.file("pend")
	good, err := os.ReadFile(path)
	noError(f, err)
	f.Add(uint32(0), []byte("x"), uint32(1<<31))
	f.Add(uint32(pendSlots), []byte{0, 0, 0, 0, 1}, uint32(1<<31))
	f.Add(uint32(pendWidth), []byte{9}, uint32(pendWidth+1))
	f.Add(uint32(pendHeader+3*64), bytes.Repeat([]byte{1}, 64), uint32(pendHeader))
	f.Fuzz(func(t *testing.T, at uint32, garbage []byte, size uint32) {
		b := slices.Clone(good)
		copy(b[int(at)%len(b):], garbage)
		b = b[:min(len(b), int(size))]
		noError(t, j.log.exclusively(func() error {
			j.log.funnel.pend.close() // as it is opened by another process
			return os.WriteFile(path, b, 0o600)
		}))
		wantJobs(t, j.Pending, want)
		give(t, j, "b", "99", "b") // which has to look it up
		if info, err := j.Info(); err != nil || info.LastSeq != 100 || info.Pending != 100 {
			t.Fatalf("%d records, %d pending, %v", info.LastSeq, info.Pending, err)
		}
	})
}

// One job that comes and goes does not fill the table.
func TestPendTableIsReused(t *testing.T) {
	p, _ := scratchPend(t)
	for range 1000 {
		noError(t, p.add(pendJob{hash: 77, refs: make([]uint64, 1)}))
		place, _, err := p.find(77, func(pendJob) (bool, error) { return true, nil })
		noError(t, err)
		noError(t, p.remove(place))
		if used := p.word(pendUsed).Load(); used != 1 {
			t.Fatalf("%d entries are used", used)
		}
	}
}
