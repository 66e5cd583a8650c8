package main

import "fmt"

// chained is records through three stages, beside the same jobs in three runs.
func chained(l *lab) row {
	n := l.n(10000)
	in := l.count(n)
	r := row{key: "chain", name: fmt.Sprintf("%d lines through three stages of `/bin/echo`, captured, in order (three runs: in a pipe)", n), jobs: n}
	single := `"$0" scatter -j2 /bin/echo <"$1" | "$0" scatter -j2 /bin/echo | "$0" scatter -j2 /bin/echo`
	r.contenders = []contender{
		l.run("loxctl", in, "loxctl", "scatter", "-j2", "/bin/echo", "--then", "-j2", "/bin/echo", "--then", "-j2", "/bin/echo").prints(in),
		l.run("loxctl three runs", "", "sh", "-c", single, l.path("loxctl"), in).prints(in),
		l.run("loxctl once", in, "loxctl", "scatter", "-j2", "/bin/echo").prints(in),
		l.run("xargs three runs", in, "sh", "-c", `xargs -P2 -n1 /bin/echo | xargs -P2 -n1 /bin/echo | xargs -P2 -n1 /bin/echo`),
	}
	r.targets = []target{{cpu, 1.1, "loxctl three runs"}}
	return r
}

// chainMemory is the peak of chained, and whether it grows.
func chainMemory(l *lab) row {
	n := l.n(10000)
	r := row{key: "chain-memory", name: fmt.Sprintf("peak memory: %d lines through three stages; and %d", n, n/10), jobs: n, judge: peak}
	run := func(label string, n int) contender {
		return l.run(label, l.count(n), "loxctl", "scatter", "-j2", "/bin/echo", "--then", "-j2", "/bin/echo", "--then", "-j2", "/bin/echo")
	}
	r.contenders = []contender{run("loxctl", n), run(fmt.Sprint("loxctl ", n/10), n/10)}
	r.targets = []target{{peak, 24, ""}}
	return r
}
