package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// lockAlone is a command under a lock that nobody else wants.
func lockAlone(l *lab) row {
	r := row{key: "lock", name: "`lock NAME -- true` (ms; floor: without a lock)"}
	return underLock(l, r, []string{"loxctl", "lock", "bench", "--"}, []string{"flock", l.lockFile()}, nil)
}

func lockShared(l *lab) row {
	r := row{key: "lock-shared", name: "`lock -s NAME -- true` (ms; floor: without a lock)"}
	return underLock(l, r, []string{"loxctl", "lock", "-s", "bench", "--"}, []string{"flock", "-s", l.lockFile()}, nil)
}

func lockSlot(l *lab) row {
	r := row{key: "lock-slot", name: "`sem NAME -n4 -- true` (ms; floor: without a lock; flock knows one slot)"}
	return underLock(l, r, []string{"loxctl", "sem", "bench", "-n4", "--"}, []string{"flock", l.lockFile()}, []string{"-j4"})
}

// underLock lets each tool run the same command, each time from its start.
func underLock(l *lab, r row, loxctl, flock, sem []string) row {
	r.jobs, r.milli = 1, true
	one := l.count(1)
	start := func(label string, argv ...string) contender {
		c := l.run(label, one, append(argv, "true")...)
		c.repeat = l.n(100)
		return c
	}
	slow := start("sem", append([]string{"sem", "--will-cite", "--fg", "--id", r.key}, sem...)...)
	slow.repeat = 5
	r.contenders = []contender{
		start("loxctl", loxctl...),
		start("floor", "spawn", "1", "1"),
		start("flock", flock...),
		slow,
	}
	r.targets = []target{{cpu, 2, "flock"}, {wall, 2, "flock"}, {cpu, 1.0 / 30, "sem"}, {wall, 1.0 / 30, "sem"}}
	return r
}

// lockFile is what flock locks.
func (l *lab) lockFile() string { return l.file("lock", func(io.Writer) error { return nil }) }

// lockLines is a lock that a shell holds over some of its lines.
func lockLines(l *lab) row {
	n := l.n(200)
	r := row{key: "lock-lines", name: fmt.Sprintf("a shell acquires and releases descriptor 9 %d times (floor: starts two programs)", n), jobs: n}
	loop := func(label, tool, open, lines string) contender {
		text := open + `; i=0; while [ $((i += 1)) -le "$2" ]; do ` + lines + "; done"
		return l.script(label, text, tool, fmt.Sprint(n), l.lockFile())
	}
	r.contenders = []contender{
		loop("loxctl", "loxctl", `exec 9<>"$("$1" lock path bench)"`,
			`"$1" lock acquire bench --fd 9 >/dev/null || exit; "$1" lock release bench --fd 9 || exit`),
		loop("floor", "sh", ":", truth+"; "+truth),
		loop("flock", "flock", `exec 9<>"$3"`, `"$1" 9 || exit; "$1" -u 9 || exit`),
	}
	r.targets = []target{{cpu, 3.5, "flock"}, {wall, 3.5, "flock"}}
	return r
}

// queued is how many commands stand in line in lockOrder.
const queued = 20

// lockOrder starts commands one after the other while the lock is held. It
// counts, and measures no time: the pause gives each of them, also one that is
// written in Perl, the time to get into the line.
func lockOrder(l *lab) row {
	const script = `gate=$(mktemp -u) && mkfifo "$gate" || exit; "$@" cat "$gate" & sleep 0.3; ` +
		`i=0; while [ $((i += 1)) -le %d ]; do "$@" echo $i & sleep 0.1; done; : >"$gate"; wait; rm "$gate"`
	r := row{key: "lock-order", name: fmt.Sprintf("%d commands queue: pairs that ran in another order than they came, at worst", queued), jobs: queued, judge: inversions}
	line := func(label, tool string, args ...string) contender {
		return l.script(label, fmt.Sprintf(script, queued), tool, args...)
	}
	r.contenders = []contender{
		line("loxctl", "loxctl", "lock", "bench-order", "--"),
		line("flock", "flock", l.lockFile()),
		line("sem", "sem", "--will-cite", "--fg", "--id", "order"),
	}
	r.contenders[2].once = true
	r.targets = []target{{inversions, 0, ""}}
	return r
}

// script is a contender that runs lines of a shell, in which $1 is a tool.
func (l *lab) script(label, text, tool string, args ...string) contender {
	c := l.run(label, "", append([]string{"sh", "-c", text, "sh", l.path(tool)}, args...)...)
	if !l.has(tool) {
		c.missing = tool + " is not installed"
	}
	return c
}

// disorder counts the pairs of the numbers 1 to n that a run has printed in
// the wrong order.
func (l *lab) disorder(n int) (float64, error) {
	text, err := os.ReadFile(l.output())
	if err != nil {
		return 0, err
	}
	var came []int
	wrong := 0
	for word := range strings.FieldsSeq(string(text)) {
		number, err := strconv.Atoi(word)
		if err != nil {
			return 0, err
		}
		for _, before := range came {
			if before > number {
				wrong++
			}
		}
		came = append(came, number)
	}
	if len(came) != n {
		return 0, fmt.Errorf("%d of %d commands have run", len(came), n)
	}
	return float64(wrong), nil
}
