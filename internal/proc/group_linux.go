package proc

import (
	"bytes"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// groups tells which process groups are alive. A group of zombies still takes
// signals, for as long as their new parent does not collect them, so /proc is
// asked too: once for everybody who asks within a few milliseconds.
type groups struct {
	mu    sync.Mutex
	asked time.Time
	alive map[int]bool
}

const groupsAge = 5 * time.Millisecond

// has reports whether the group has a member that is no zombie.
func (g *groups) has(pgid int) bool {
	if syscall.Kill(-pgid, 0) != nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := time.Now(); now.Sub(g.asked) > groupsAge {
		alive, err := liveGroups()
		if err != nil {
			return true // no /proc: what took the signal is there
		}
		g.alive, g.asked = alive, now
	}
	return g.alive[pgid]
}

// liveGroups reads the group of every process that is no zombie.
func liveGroups() (map[int]bool, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	alive := make(map[int]bool)
	for _, name := range names {
		if name[0] < '0' || name[0] > '9' {
			continue
		}
		stat, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue // it has ended
		}
		if pgid, ok := parseStat(stat); ok {
			alive[pgid] = true
		}
	}
	return alive, nil
}

// parseStat returns the group in a line of proc_pid_stat(5), false for a
// zombie. The second field, a name in parentheses, may hold anything.
func parseStat(stat []byte) (pgid int, ok bool) {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 3 || fields[0][0] == 'Z' || fields[0][0] == 'X' {
		return 0, false
	}
	pgid, err := strconv.Atoi(string(fields[2]))
	return pgid, err == nil
}
