package pipes

import (
	"errors"
	"fmt"
	"math/bits"
	"sync/atomic"

	"github.com/loxctl/loxctl/internal/state"
)

// A funnel has a mapped index of its jobs that are not complete: the file pend,
// a header and an open-addressing table, whose entries are a list as well, in
// the order in which the jobs began. Its guard is M.
//
// It is never the truth, that is the log: whoever finds it missing, in the
// middle of a change, of another boot, or with a word that nobody has written,
// makes it anew. So header and entries have a check each, the free ones too.
const (
	pendCheck   = 8  // of the words behind dirty
	pendDirty   = 16 // a change has begun; whoever sees it under M knows that it never ended
	pendApplied = 24 // the log is in the index up to this offset
	pendBoot    = 32 // two words
	pendSlots   = 48 // entries of the table, a power of two
	pendWidth   = 56 // inputs that an entry has room for
	pendJobs    = 64 // entries in use
	pendUsed    = 72 // and those that were
	pendOldest  = 80 // place of the first job of the list, 0: there is none
	pendNewest  = 88
	pendHeader  = 128

	pendMagic  = "LOXPEND\x01"
	firstPends = 64
	maxPends   = 1 << 28
	maxWidth   = 1 << 14
)

// The words of an entry. Places are numbers of entries, from 1.
const (
	jobCheck  = iota
	jobHash   // pendFree, pendGone, or that of the job's name
	jobStart  // offset of its first record
	jobSince  // and its time
	jobInputs // how many it needs
	jobPrev   // place of the job before it in the list
	jobNext
	jobRefs // for each input the offset of its record + 1, 0: it has given nothing
)

// What else the hash of an entry can be.
const (
	pendFree = iota
	pendGone // there was a job, so a search goes on behind it
	pendHashes
)

// errIndex says that the index is not what was written.
var errIndex = errors.New("the index of jobs is damaged")

var errManyJobs = errors.New("too many jobs are not complete")

// pend is the index, as it is mapped by this process.
type pend struct {
	name string // of the funnel
	file *state.File
	m    *state.Shared
}

// A pendJob is what the index knows of a job.
type pendJob struct {
	hash, start, since uint64
	refs               []uint64 // + 1, for each input
}

// have reports whether an input has given a value.
func (j *pendJob) have(i int) bool { return j.refs[i] != 0 }

// open maps the file at path. What is in it may be anything.
func (p *pend) open(path string, l *log) (err error) {
	p.name = l.name
	if p.file, err = state.OpenFile(path, l.mode); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	if err = p.share(pendHeader); err != nil {
		p.close()
	}
	return err
}

// close may be called when it is not open.
func (p *pend) close() {
	if p.m != nil {
		p.m.Unmap()
	}
	if p.file != nil {
		p.file.Close()
	}
	*p = pend{}
}

// share maps that many bytes, if they are more than before.
func (p *pend) share(size int) error {
	if p.m != nil && size <= p.m.Size() {
		return nil
	}
	m, err := p.file.Share(size)
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	if p.m != nil {
		p.m.Unmap()
	}
	p.m = m
	return nil
}

// fit maps the entries that another process has added.
func (p *pend) fit() error { return p.share(pendSize(p.slots(), p.width())) }

func pendSize(slots, width int) int { return pendHeader + slots*8*(jobRefs+width) }

func (p *pend) word(at int) *atomic.Uint64     { return p.m.Uint64(at) }
func (p *pend) applied() uint64                { return p.word(pendApplied).Load() }
func (p *pend) jobs() int                      { return int(p.word(pendJobs).Load()) }
func (p *pend) slots() int                     { return int(p.word(pendSlots).Load()) }
func (p *pend) width() int                     { return int(p.word(pendWidth).Load()) }
func (p *pend) oldest() int                    { return int(p.word(pendOldest).Load()) }
func (p *pend) of(place, k int) *atomic.Uint64 { return p.word(p.offset(place) + 8*k) }

func (p *pend) offset(place int) int { return pendSize(place-1, p.width()) }

// valid reports whether the header is whole, and of this boot.
func (p *pend) valid(l *log) bool {
	return string(p.m.Bytes(0, 8)) == pendMagic && p.word(pendDirty).Load() == 0 &&
		p.word(pendCheck).Load() == p.sum() &&
		p.word(pendBoot).Load() == l.boot[0] && p.word(pendBoot+8).Load() == l.boot[1]
}

// begin begins a change. Without end the index is not valid.
func (p *pend) begin() { p.word(pendDirty).Store(1) }

// end ends it: the log is in the index up to the offset applied.
func (p *pend) end(applied uint64) {
	p.word(pendApplied).Store(applied)
	p.word(pendCheck).Store(p.sum())
	p.word(pendDirty).Store(0)
}

// sum is the check of the header.
func (p *pend) sum() uint64 {
	sum := uint64(1)
	for at := pendApplied; at < pendHeader; at += 8 {
		sum = mix(sum, p.word(at).Load())
	}
	return sum
}

// sumOf is the check of an entry.
func (p *pend) sumOf(place int) uint64 {
	at := p.offset(place)
	sum := uint64(place)
	for k := jobHash; k < jobRefs+p.width(); k++ {
		sum = mix(sum, p.word(at+8*k).Load())
	}
	return sum
}

// mix adds a word to a check.
func mix(sum, word uint64) uint64 {
	hi, lo := bits.Mul64(sum^0x9e3779b97f4a7c15, word^0xd6e8feb86659fd93)
	return bits.RotateLeft64(sum, 17) ^ hi ^ lo + word
}

// good returns errIndex for a place that is none, or whose entry is not what
// was written.
func (p *pend) good(place int) error {
	if place < 1 || place > p.slots() || p.of(place, jobCheck).Load() != p.sumOf(place) {
		return errIndex
	}
	return nil
}

// seal writes the check of an entry that was changed.
func (p *pend) seal(place int) { p.of(place, jobCheck).Store(p.sumOf(place)) }

// reset makes the index empty, up to the offset applied. It ends the change.
func (p *pend) reset(l *log, applied uint64) error {
	if err := p.share(pendSize(firstPends, 1)); err != nil {
		return err
	}
	p.begin()
	copy(p.m.Bytes(0, 8), pendMagic)
	p.word(pendBoot).Store(l.boot[0])
	p.word(pendBoot + 8).Store(l.boot[1])
	for at := pendBoot + 16; at < pendHeader; at += 8 {
		p.word(at).Store(0)
	}
	if err := p.format(firstPends, 1); err != nil {
		return err
	}
	p.end(applied)
	return nil
}

// format makes an empty table.
func (p *pend) format(slots, width int) error {
	if slots > maxPends || width > maxWidth {
		return fmt.Errorf("%s: %w", p.name, errManyJobs)
	}
	if err := p.share(pendSize(slots, width)); err != nil {
		return err
	}
	p.word(pendSlots).Store(uint64(slots))
	p.word(pendWidth).Store(uint64(width))
	for _, at := range []int{pendJobs, pendUsed, pendOldest, pendNewest} {
		p.word(at).Store(0)
	}
	clear(p.m.Bytes(pendHeader, pendSize(slots, width)))
	for place := 1; place <= slots; place++ {
		p.seal(place)
	}
	return nil
}
