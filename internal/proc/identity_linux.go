package proc

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// Self returns the identity of this process.
func Self() (Identity, error) { return identity("self", os.Getpid()) }

// Of returns the identity of a process, or ErrNoProcess. A zombie still is
// one. Without /proc, or where it hides other users' processes, only the
// number is known.
func Of(pid int) (Identity, error) { return identity(strconv.Itoa(pid), pid) }

func identity(name string, pid int) (Identity, error) {
	stat, err := readStat(name, pid)
	if err != nil {
		return Identity{}, err
	}
	var ns syscall.Stat_t
	syscall.Stat("/proc/"+name+"/ns/pid", &ns) // refused for processes of others
	return Identity{PID: pid, Start: stat.start, Namespace: ns.Ino}, nil
}

// Stopped reports whether a process is stopped, by a signal or a debugger.
func Stopped(pid int) bool {
	stat, err := readStat(strconv.Itoa(pid), pid)
	return err == nil && (stat.state == 'T' || stat.state == 't')
}

// procStat is what we need of proc_pid_stat(5).
type procStat struct {
	state byte // 0: not known
	start uint64
}

func readStat(name string, pid int) (procStat, error) {
	fd, err := syscall.Open("/proc/"+name+"/stat", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return hiddenStat(pid, err)
	}
	defer syscall.Close(fd)
	var buf [512]byte // of 52 numbers and a name those that count: 76 bytes, then 19 numbers of at most 20 digits
	n, err := syscall.Read(fd, buf[:])
	if err != nil { // it has ended after the open
		return hiddenStat(pid, err)
	}
	stat, _ := parseProcStat(buf[:n])
	return stat, nil
}

// hiddenStat decides what it means that a stat file cannot be read.
func hiddenStat(pid int, err error) (procStat, error) {
	switch {
	case err != syscall.ENOENT && err != syscall.ESRCH && err != syscall.EACCES:
		return procStat{}, os.NewSyscallError("stat of a process", err)
	case pid <= 0 || syscall.Kill(pid, 0) == syscall.ESRCH:
		return procStat{}, ErrNoProcess
	}
	return procStat{}, nil
}

// parseProcStat takes fields 3 and 22. Field 2, a name in parentheses, may
// hold anything, but no later one a parenthesis.
func parseProcStat(line []byte) (stat procStat, ok bool) {
	rest := line[bytes.LastIndexByte(line, ')')+1:]
	field := 2
	for word := range bytes.FieldsSeq(rest) {
		switch field++; field {
		case 3:
			stat.state = word[0]
		case 22:
			start, err := strconv.ParseUint(string(word), 10, 64)
			return procStat{stat.state, start}, err == nil
		}
	}
	return stat, false
}
