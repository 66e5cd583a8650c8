package pipes

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"sync/atomic"

	"github.com/loxctl/loxctl/internal/state"
)

// The first file of a log is mapped by everybody who uses it. Each word has
// its guard: M is the byte of the file that writers lock.
const (
	headMagic    = 0   // 8 bytes; then version u32, kind u32. Written with the file
	headEnd      = 16  // behind the last committed record: the one commit word. Guard M
	headWord     = 24  // u32, changes after each commit; then u32: who sleeps on it
	headRoom     = 32  // u32, changes when a reader has made room; then u32: who sleeps on it
	headFlags    = 40  // u32. Guard M
	headSeg      = 48  // base of the segment that is written to. Guard M, before end passes it
	headFirst    = 56  // oldest record there is; then its seq. Guard M
	headLastSeq  = 72  // of the record before lastEnd; then its size, then lastEnd. Guard M
	headSettings = 96  // Guard M
	headBoot     = 160 // boot id of the last writer, 16 bytes. Guard M
	headExpire   = 176 // a setting more. Guard M
	headFinal    = 184 // the last seq when it became final. Guard M
	headName     = 256 // length u16, bytes. Written with the file
	headExtra    = 1024
	headSize     = 4096

	logMagic   = "LOXPIPE\x01"
	logVersion = 1
)

// Flags of a log.
const (
	logFinal   = 1 << iota // no more subscribers
	logClosed              // no more records
	logRemoved             // it has lost its name
)

// byteM is the byte of the head that is locked by whoever writes.
const byteM = 1 << 62

// head is the mapped first file of a log.
type head struct{ *state.Shared }

func (h head) end() *atomic.Uint64         { return h.Uint64(headEnd) }
func (h head) word() *atomic.Uint32        { return h.Uint32(headWord) }
func (h head) waiters() *atomic.Uint32     { return h.Uint32(headWord + 4) }
func (h head) room() *atomic.Uint32        { return h.Uint32(headRoom) }
func (h head) roomWaiters() *atomic.Uint32 { return h.Uint32(headRoom + 4) }
func (h head) flags() *atomic.Uint32       { return h.Uint32(headFlags) }
func (h head) seg() *atomic.Uint64         { return h.Uint64(headSeg) }
func (h head) first() *atomic.Uint64       { return h.Uint64(headFirst) }
func (h head) firstSeq() *atomic.Uint64    { return h.Uint64(headFirst + 8) }
func (h head) lastSeq() *atomic.Uint64     { return h.Uint64(headLastSeq) }
func (h head) lastLen() *atomic.Uint64     { return h.Uint64(headLastSeq + 8) }
func (h head) lastEnd() *atomic.Uint64     { return h.Uint64(headLastSeq + 16) }
func (h head) finalSeq() *atomic.Uint64    { return h.Uint64(headFinal) }

func (h head) has(flag uint32) bool { return h.flags().Load()&flag != 0 }

// boot is the boot id of the last writer, as two words.
func (h head) boot() (id [2]uint64) {
	return [2]uint64{h.Uint64(headBoot).Load(), h.Uint64(headBoot + 8).Load()}
}

func (h head) setBoot(id [2]uint64) {
	h.Uint64(headBoot).Store(id[0])
	h.Uint64(headBoot + 8).Store(id[1])
}

// bootWords makes two words of a boot id.
func bootWords(id [16]byte) [2]uint64 {
	return [2]uint64{binary.LittleEndian.Uint64(id[:]), binary.LittleEndian.Uint64(id[8:])}
}

// extra is what a funnel has in the head for itself. Guard M.
func (h head) extra() []byte { return h.Bytes(headExtra, headSize) }

// initialise makes a new file the head of an empty log.
func (h head) initialise(kind Kind, name string) {
	copy(h.Bytes(headMagic, headMagic+8), logMagic)
	h.Uint32(8).Store(logVersion)
	h.Uint32(12).Store(uint32(kind))
	h.firstSeq().Store(1)
	h.Uint32(headName).Store(uint32(len(name)))
	copy(h.Bytes(headName+4, headSize), name)
}

// name is the name that the log was created with: that of its directory is
// escaped, and may be cut.
func (h head) name() string {
	n := min(int(h.Uint32(headName).Load()), state.MaxName)
	return string(h.Bytes(headName+4, headName+4+n))
}

// check returns a *FormatError for what is no head of this kind and version.
func (h head) check(kind Kind, name, path string) error {
	start := string(h.Bytes(0, 8))
	version, is := h.Uint32(8).Load(), Kind(h.Uint32(12).Load())
	why := ""
	switch {
	case start == logMagic && version != logVersion:
		why = fmt.Sprintf("is of version %d, this loxctl knows version %d", version, logVersion)
	case start != logMagic:
		why = "is no head of a log"
	case is != kind:
		why = "is of another kind than its directory says"
	case h.name() != name:
		why = fmt.Sprintf("is that of %q", h.name())
	default:
		return nil
	}
	return &FormatError{Name: name, Path: filepath.Base(path), Why: why}
}
