//go:build linux || darwin

package state

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A File is an open file description whose bytes can be locked, each for
// itself, against other descriptions: of this process as well as of others.
// The kernel drops the locks with the last descriptor of the description. The
// bytes need no storage, they may lie far beyond the end of the file.
//
// The locks are those of fcntl's F_OFD_SETLK, not of F_SETLK, which vanish
// when the process closes any descriptor of the file.
type File struct {
	fd   int
	path string // for errors
}

// LockMode is how a byte is locked: many can read-lock it, one write-lock.
type LockMode int16

// The two modes.
const (
	ReadLock  = LockMode(unix.F_RDLCK)
	WriteLock = LockMode(unix.F_WRLCK)
)

// OpenFile opens the file at path, which must not be a symbolic link. With
// mode it is created if it is not there, with exactly that mode.
func OpenFile(path string, mode fs.FileMode) (*File, error) {
	const flags = unix.O_RDWR | unix.O_CLOEXEC | unix.O_NOFOLLOW
	fd, err := open(path, flags, 0)
	if err != unix.ENOENT || mode == 0 {
		return newFile(fd, path, err)
	}
	if fd, err = open(path, flags|unix.O_CREAT, uint32(mode.Perm())); err == nil {
		err = chmod(fd, mode.Perm())
	}
	return newFile(fd, path, err)
}

// OpenReadOnly opens the file at path for looking and waiting: it can be
// read-locked only.
func OpenReadOnly(path string) (*File, error) {
	fd, err := open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	return newFile(fd, path, err)
}

// Borrow makes a File of a descriptor that somebody else closes.
func Borrow(fd uintptr) *File {
	return &File{fd: int(fd), path: "descriptor " + strconv.Itoa(int(fd))}
}

// Again opens the same file once more, as a description of its own.
func (f *File) Again() (*File, error) {
	path := f.reopenPath()
	fd, err := open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err == unix.EACCES || err == unix.EROFS {
		fd, err = open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	}
	return newFile(fd, f.path, err)
}

func newFile(fd int, path string, err error) (*File, error) {
	if err != nil {
		if fd >= 0 {
			unix.Close(fd)
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return &File{fd: fd, path: path}, nil
}

func open(path string, flags int, mode uint32) (int, error) {
	for {
		fd, err := unix.Open(path, flags, mode)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// chmod gives fd the mode that the umask may have taken from it.
func chmod(fd int, mode fs.FileMode) error {
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return err
	}
	if fs.FileMode(stat.Mode).Perm() == mode || int(stat.Uid) != os.Geteuid() {
		return nil // another one created it
	}
	return unix.Fchmod(fd, uint32(mode))
}

// Fd is the descriptor; it belongs to f.
func (f *File) Fd() uintptr { return uintptr(f.fd) }

// Duplicate returns another descriptor of the description, with a high number:
// above what scripts use, and never 3 or 4, which are those of make's job
// server.
func (f *File) Duplicate() (*os.File, error) {
	const high, low = 100, 10 // low where few files may be open
	fd, err := unix.FcntlInt(uintptr(f.fd), unix.F_DUPFD_CLOEXEC, high)
	if err == unix.EINVAL || err == unix.EMFILE {
		fd, err = unix.FcntlInt(uintptr(f.fd), unix.F_DUPFD_CLOEXEC, low)
	}
	if err != nil {
		return nil, f.failed("fcntl(F_DUPFD_CLOEXEC)", err)
	}
	return os.NewFile(uintptr(fd), f.path), nil
}

// Writable reports whether the description can be write-locked.
func (f *File) Writable() bool {
	flags, err := unix.FcntlInt(uintptr(f.fd), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_ACCMODE == unix.O_RDWR
}

// Path is where the file was found.
func (f *File) Path() string { return f.path }

// Close closes the descriptor. The locks go with it, unless another descriptor
// of the description is open somewhere.
func (f *File) Close() error { return unix.Close(f.fd) }

// ID tells files apart.
type ID struct{ Dev, Ino uint64 }

// Stat returns which file it is, and whether it still has a name.
func (f *File) Stat() (id ID, linked bool, err error) {
	var stat unix.Stat_t
	if err := unix.Fstat(f.fd, &stat); err != nil {
		return ID{}, false, f.failed("fstat", err)
	}
	return ID{uint64(stat.Dev), stat.Ino}, stat.Nlink > 0, nil
}

// Unlink removes the file at its path.
func (f *File) Unlink() error { return os.Remove(f.path) }

// Modified is when the file was last written to.
func (f *File) Modified() (time.Time, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(f.fd, &stat); err != nil {
		return time.Time{}, f.failed("fstat", err)
	}
	return time.Unix(stat.Mtim.Unix()), nil
}

// ReadAt fills b from offset at. What lies beyond the end of the file is zero.
func (f *File) ReadAt(b []byte, at int64) error {
	for len(b) > 0 {
		n, err := unix.Pread(f.fd, b, at)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return f.failed("read", err)
		case n == 0:
			clear(b)
			return nil
		}
		b, at = b[n:], at+int64(n)
	}
	return nil
}

// WriteAt writes b at offset at.
func (f *File) WriteAt(b []byte, at int64) error {
	for len(b) > 0 {
		n, err := unix.Pwrite(f.fd, b, at)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return f.failed("write", err)
		}
		b, at = b[n:], at+int64(n)
	}
	return nil
}

// Lock locks the byte at offset at, and waits in the kernel until it can.
func (f *File) Lock(at int64, mode LockMode) error {
	_, err := f.fcntl(ofdSetlkw, unix.Flock_t{Type: int16(mode), Start: at, Len: 1})
	return err
}

// Try locks the byte at offset at unless somebody else's lock is in the way. A
// lock of its own is converted, at once.
func (f *File) Try(at int64, mode LockMode) (bool, error) {
	_, err := f.fcntl(ofdSetlk, unix.Flock_t{Type: int16(mode), Start: at, Len: 1})
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return false, nil
	}
	return err == nil, err
}

// A Range is a number of bytes that somebody has locked.
type Range struct{ Start, End int64 }

// Test looks for a lock of another description in [from, to) that would be in
// the way of a lock of that mode. Which one it finds, if there are several, is
// not defined.
func (f *File) Test(from, to int64, mode LockMode) (Range, bool, error) {
	lock, err := f.fcntl(ofdGetlk, unix.Flock_t{Type: int16(mode), Start: from, Len: to - from})
	if err != nil || lock.Type == unix.F_UNLCK {
		return Range{}, false, err
	}
	found := Range{lock.Start, lock.Start + lock.Len}
	if lock.Len == 0 {
		found.End = to
	}
	return found, true, nil
}

// Unlock unlocks the byte at offset at.
func (f *File) Unlock(at int64) error {
	_, err := f.fcntl(ofdSetlk, unix.Flock_t{Type: unix.F_UNLCK, Start: at, Len: 1})
	return err
}

// UnlockAll unlocks every byte, in one step, also for those who have inherited
// the description.
func (f *File) UnlockAll() error {
	_, err := f.fcntl(ofdSetlk, unix.Flock_t{Type: unix.F_UNLCK})
	return err
}

func (f *File) fcntl(command int, lock unix.Flock_t) (unix.Flock_t, error) {
	for {
		err := unix.FcntlFlock(uintptr(f.fd), command, &lock)
		if err == nil {
			return lock, nil
		}
		if err != unix.EINTR {
			return lock, f.failed("fcntl("+strconv.Itoa(command)+")", err)
		}
	}
}

func (f *File) failed(call string, err error) error {
	return &fs.PathError{Op: call, Path: f.path, Err: err}
}

// Fifo opens the FIFO at path with flags, without waiting for anybody, and
// creates it with that mode if it is not there.
func Fifo(path string, flags int, mode fs.FileMode) (int, error) {
	flags |= unix.O_NONBLOCK | unix.O_CLOEXEC | unix.O_NOFOLLOW
	fd, err := open(path, flags, 0)
	if err == unix.ENOENT {
		if err = unix.Mkfifo(path, uint32(mode.Perm())); err == nil {
			err = unix.Chmod(path, uint32(mode.Perm()))
		}
		if err == nil || err == unix.EEXIST {
			fd, err = open(path, flags, 0)
		}
	}
	if err != nil {
		return -1, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return fd, nil
}

// ours reports whether the user of this process owns the file.
func ours(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(stat.Uid) == os.Geteuid()
}

// WriteFifo writes to what Fifo has opened. A FIFO that is full is no error.
func WriteFifo(fd int, b []byte) error {
	if _, err := unix.Write(fd, b); err != nil && err != unix.EAGAIN {
		return err
	}
	return nil
}

// CloseFifo closes what Fifo has opened.
func CloseFifo(fd int) { unix.Close(fd) }

// QuietFifo makes a File of a FIFO that Fifo has opened, for reading. It
// reports whether a read would wait, for a writer who has it open.
func QuietFifo(fd int) (f *os.File, quiet bool) {
	_, err := unix.Read(fd, make([]byte, 1))
	return os.NewFile(uintptr(fd), "fifo"), err == unix.EAGAIN
}
