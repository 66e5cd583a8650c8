package state

import (
	"fmt"
	"io/fs"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Shareable returns an error if processes cannot share memory and sleep on it
// here.
func Shareable() error { return nil }

// Shared is the memory of a file that processes have in common. Its words are
// of the machine's byte order.
type Shared struct{ b []byte }

// Share gives the file at least size bytes of its own on the disk, so that no
// access can find the disk full, and maps them.
func (f *File) Share(size int) (*Shared, error) {
	if err := f.allocate(int64(size)); err != nil {
		return nil, err
	}
	b, err := unix.Mmap(f.fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, f.failed("mmap", err)
	}
	return &Shared{b}, nil
}

// allocate is for files that nobody makes shorter.
func (f *File) allocate(size int64) error {
	for {
		err := unix.Fallocate(f.fd, 0, 0, size)
		switch err {
		case nil:
			return nil
		case unix.EINTR:
			continue
		case unix.EOPNOTSUPP:
			return f.fill(size)
		}
		return f.failed("fallocate", err)
	}
}

// fill writes zeros behind the end of the file, where a file system cannot
// allocate.
func (f *File) fill(size int64) error {
	have, err := f.Size()
	if err != nil || have >= size {
		return err
	}
	return f.WriteAt(make([]byte, size-have), have)
}

// Size is how many bytes the memory has.
func (s *Shared) Size() int { return len(s.b) }

// Uint64 is the word at offset at, which must be a multiple of 8.
func (s *Shared) Uint64(at int) *atomic.Uint64 {
	_ = s.b[at+7]
	return (*atomic.Uint64)(unsafe.Pointer(&s.b[at]))
}

// Uint32 is the word at offset at, which must be a multiple of 4.
func (s *Shared) Uint32(at int) *atomic.Uint32 {
	_ = s.b[at+3]
	return (*atomic.Uint32)(unsafe.Pointer(&s.b[at]))
}

// Bytes is the memory from one offset to another.
func (s *Shared) Bytes(from, to int) []byte { return s.b[from:to:to] }

// Unmap gives the memory back. No word of it may be used after that.
func (s *Shared) Unmap() error { return unix.Munmap(s.b) }

// Sleep returns when somebody calls Wake for the word, of any process, when the
// time is over, or at once if the word has another value. It may also return
// for no reason.
func Sleep(word *atomic.Uint32, value uint32, atMost time.Duration) {
	limit := unix.NsecToTimespec(int64(atMost))
	unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWait, uintptr(value),
		uintptr(unsafe.Pointer(&limit)), 0, 0)
}

// Wake ends every Sleep on the word, in all processes.
func Wake(word *atomic.Uint32) {
	const all = 1<<31 - 1
	unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWake, all, 0, 0, 0)
}

// Commands of futex, for words that several processes have mapped.
const (
	futexWait = 0
	futexWake = 1
)

// Size is how long the file is.
func (f *File) Size() (int64, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(f.fd, &stat); err != nil {
		return 0, f.failed("fstat", err)
	}
	return stat.Size, nil
}

// ReadSome reads up to len(b) bytes from offset at: fewer only at the end of
// the file.
func (f *File) ReadSome(b []byte, at int64) (int, error) {
	done := 0
	for done < len(b) {
		n, err := unix.Pread(f.fd, b[done:], at+int64(done))
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return done, f.failed("read", err)
		case n == 0:
			return done, nil
		}
		done += n
	}
	return done, nil
}

// Truncate makes the file size bytes long.
func (f *File) Truncate(size int64) error {
	for {
		err := unix.Ftruncate(f.fd, size)
		if err == nil {
			return nil
		}
		if err != unix.EINTR {
			return f.failed("truncate", err)
		}
	}
}

// Sync returns when what was written is on the disk.
func (f *File) Sync() error {
	if err := unix.Fdatasync(f.fd); err != nil {
		return f.failed("fdatasync", err)
	}
	return nil
}

// SyncDir returns when the names in the directory are on the disk.
func SyncDir(path string) error {
	fd, err := open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err == nil {
		defer unix.Close(fd)
		err = unix.Fsync(fd)
	}
	if err != nil {
		return &fs.PathError{Op: "fsync", Path: path, Err: err}
	}
	return nil
}

// Boot returns what is another number after each start of the machine.
func Boot() (id [16]byte, err error) {
	const path = "/proc/sys/kernel/random/boot_id"
	f, err := OpenReadOnly(path)
	if err != nil {
		return id, err
	}
	defer f.Close()
	text := make([]byte, 36) // 8-4-4-4-12 hexadecimal digits
	if n, err := f.ReadSome(text, 0); err != nil || n < len(text) {
		return id, fmt.Errorf("%s: has no boot id", path)
	}
	digit := 0
	for _, c := range text {
		value := unhex(c)
		if value < 0 || digit == 2*len(id) {
			continue
		}
		id[digit/2] = id[digit/2]<<4 | byte(value)
		digit++
	}
	return id, nil
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c - 'a' + 10)
	}
	return -1
}
