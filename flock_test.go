//go:build unix

package main

import (
	"os/exec"
	"strings"
	"testing"
)

// A flockCase is a shell script in which FREE, HELD and SHARED stand for a lock
// that is free, that somebody holds and that somebody shares, and $lock for
// flock or loxctl lock: where their flags have the same names, they do the
// same.
type flockCase struct{ name, script string }

var flockCases = []flockCase{
	{"free", `$lock FREE echo in`},
	{"status", `$lock FREE sh -c 'exit 7'; echo $?`},
	{"killed", `$lock FREE sh -c 'kill -9 $$'; echo $?`},
	{"line", `$lock FREE -c 'echo a; exit 3'; echo $?`},
	{"stdin", `echo a | $lock FREE cat`},
	{"words", `$lock FREE printf '<%s>' 'a  b' '$x' ''`},
	{"flags of the command", `$lock FREE echo -s -w`},
	{"shared", `$lock -s FREE echo in`},
	{"exclusive", `$lock -x FREE echo in`},
	{"with readers", `$lock -s SHARED echo in`},
	{"a writer beside readers", `$lock -w 0.05 -x SHARED echo in; echo status`},
	{"wait that is enough", `$lock -w 5 FREE echo in; echo $?`},
	{"wait in vain", `$lock -w 0.05 -E 9 HELD echo in; echo $?`},
	{"wait without a unit", `$lock -E 0 -w 0.01 HELD echo in; echo $?`},
	{"shared wait in vain", `$lock -s -w 0.05 -E 9 HELD echo in; echo $?`},
	{"long names", `$lock --shared --wait 0.05 --conflict-exit-code 9 HELD echo in; echo $?`},
	{"try in vain", `$lock $try -E 9 HELD echo in; echo $?`},
	{"try shared", `$lock -s $try -E 9 SHARED echo in; echo $?`},
	{"try exclusive", `$lock -x $try -E 9 SHARED echo in; echo $?`},
	{"no command", `$lock FREE no-such-command 2>/dev/null; test $? = 0 && echo ran`},
	{"closed", `$lock --close FREE sh -c 'sleep 100 >/dev/null 2>&1 & echo $! >pid'; $lock $try FREE echo free; kill $(cat pid)`},
	{"again after a signal", `$lock FREE sh -c 'kill -TERM $$' 2>/dev/null; $lock $try FREE echo free`},
}

// holding has two locks held while the rest of a script runs.
const holding = `
mkfifo up1 up2 gate1 gate2
$lock HELD -c 'echo >up1; read x <gate1' &
read x <up1
$lock -s SHARED -c 'echo >up2; read x <gate2' &
read x <up2
`

const letting = `
status=$?
echo >gate1; echo >gate2
wait
exit $status
`

func TestLikeFlock(t *testing.T) {
	if _, err := exec.LookPath("flock"); err != nil {
		t.Skip("no flock here to compare with")
	}
	for _, c := range flockCases {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			script := func(start string) []string {
				whole := start + c.script
				if strings.Contains(c.script, "HELD") || strings.Contains(c.script, "SHARED") {
					whole = start + holding + c.script + letting
				}
				return []string{"sh", "-c", whole}
			}
			ours := outcomeOf(t, "", script("lock='loxctl lock' try=--try\n"))
			peer := outcomeOf(t, "", script("lock=flock try=-n\n"))
			if ours.printed != peer.printed || ours.code != peer.code {
				t.Errorf("%s\nloxctl lock: %d %q\n%s\nflock: %d %q\n%s", c.script,
					ours.code, ours.printed, ours.complaint, peer.code, peer.printed, peer.complaint)
			}
		})
	}
}
