package main

import "fmt"

// batches is many records, thousands of them a command.
func batches(l *lab) row {
	n := l.n(1_000_000)
	in := l.count(n)
	r := row{key: "batches", name: fmt.Sprintf("%d lines to `/bin/echo`, 4096 a command, in order (xargs on one slot: with two it tears lines)", n), jobs: n}
	r.contenders = []contender{
		l.run("loxctl", in, "loxctl", "scatter", "-j2", "-n4096", "/bin/echo").prints(in),
		l.run("floor", in, "ordered", "2", "4096", "/bin/echo").prints(in),
		l.run("xargs", in, "xargs", "-n4096", "/bin/echo").prints(in),
		l.run("xe", in, "xe", "-N4096", "/bin/echo").prints(in),
		l.run("rush", in, "rush", "-k", "-j2", "-n4096", "-J", " ", "/bin/echo {}"),
		l.parallel(n/10, "-k", "-j2", "-n4096", "/bin/echo"),
	}
	r.targets = []target{{cpu, 1.05, "xargs"}}
	return r
}

// fit is many records, as many a command as fit.
func fit(l *lab) row {
	n := l.n(1_000_000)
	in := l.count(n)
	r := row{key: "fit", name: fmt.Sprintf("%d lines to `/bin/echo`, as many a command as fit, in order (xargs on one slot)", n), jobs: n}
	r.contenders = []contender{
		l.run("loxctl", in, "loxctl", "scatter", "-j2", "-X", "/bin/echo").prints(in),
		l.run("floor", in, "ordered", "2", "100000", "/bin/echo").prints(in),
		l.run("xargs", in, "xargs", "/bin/echo").prints(in),
		l.run("xe", in, "xe", "-N0", "/bin/echo").prints(in),
		l.parallel(n/10, "-k", "-j2", "-X", "/bin/echo"),
	}
	r.targets = []target{{cpu, 1, "xargs"}}
	return r
}

// memory is the peak of a run with many commands, and whether it grows.
func memory(l *lab) row {
	n := l.n(1_000_000)
	in := l.count(n)
	r := row{key: "memory", name: fmt.Sprintf("peak memory: %d lines, 1000 a command; and %d lines", n, n/10), jobs: n, judge: peak}
	r.contenders = []contender{
		l.run("loxctl", in, "loxctl", "scatter", "-j2", "-n1000", "/bin/echo").prints(in),
		l.run(fmt.Sprint("loxctl ", n/10), l.count(n/10), "loxctl", "scatter", "-j2", "-n1000", "/bin/echo"),
		l.run("floor", in, "ordered", "2", "1000", "/bin/echo"),
		l.run("xargs", in, "xargs", "-P2", "-n1000", "/bin/echo"),
		l.run("xe", in, "xe", "-j2", "-N1000", "/bin/echo"),
		l.run("rush", in, "rush", "-k", "-j2", "-n1000", "-J", " ", "/bin/echo {}"),
		l.parallel(n/10, "-k", "-j2", "-n1000", "/bin/echo"),
	}
	r.targets = []target{{peak, 16, ""}}
	return r
}

// fitMemory is the peak of fit.
func fitMemory(l *lab) row {
	r := fit(l)
	r.key, r.judge = "fit-memory", peak
	r.name = fmt.Sprintf("peak memory: %d lines, as many a command as fit", r.jobs)
	r.targets = []target{{peak, 40, ""}}
	return r
}

// waiting is output that nobody may see yet: the first job sleeps, the others
// print.
func waiting(l *lab) row {
	n := l.n(188)
	in := l.count(n)
	const text = "test {} = 1 && sleep 2; head -c 1000000 /dev/zero"
	r := row{key: "waiting", name: fmt.Sprintf("peak memory: in order, the first of %d jobs is slow, the others print 1 MB each", n), jobs: n, judge: peak}
	parallel := l.run("parallel", in, "parallel", "--will-cite", "-k", "-j2", text)
	parallel.once = true
	r.contenders = []contender{
		l.run("loxctl", in, "loxctl", "scatter", "-j2", text),
		l.run("rush", in, "rush", "-k", "-j2", text),
		parallel,
	}
	const spoolMem = 64 // the default of --spool-mem
	r.targets = []target{{peak, spoolMem + 16, ""}}
	return r
}

// stream is one job whose output is large.
func stream(l *lab) row {
	n := l.n(500)
	text := megabytes(l, n)
	in := l.same("text", text, 1)
	r := row{key: "stream", name: fmt.Sprintf("one job writes %d MB to /dev/null through the ordered path", n), jobs: 1}
	r.contenders = []contender{
		l.run("loxctl", in, "loxctl", "scatter", "cat"),
		l.run("floor", "", "relay", "/bin/cat", text),
		l.run("cat | cat", "", "sh", "-c", `cat "$1" | cat`, "sh", text),
		l.run("rush", in, "rush", "cat {}"),
		l.run("parallel --lb", in, "parallel", "--will-cite", "--lb", "cat"),
	}
	r.targets = []target{{cpu, 1.1, "cat | cat"}}
	return r
}

// streamMemory is the peak of stream, and whether it grows.
func streamMemory(l *lab) row {
	n := l.n(500)
	all, tenth := l.same("text", megabytes(l, n), 1), l.same("text-tenth", megabytes(l, n/10), 1)
	r := row{key: "stream-memory", name: fmt.Sprintf("peak memory: the same, and with %d MB", n/10), jobs: 1, judge: peak}
	r.contenders = []contender{
		l.run("loxctl", all, "loxctl", "scatter", "cat"),
		l.run(fmt.Sprintf("loxctl %d MB", n/10), tenth, "loxctl", "scatter", "cat"),
		l.run("rush", all, "rush", "cat {}"),
		l.run("parallel --lb", all, "parallel", "--will-cite", "--lb", "cat"),
	}
	return r
}

// megabytes makes a file of n million bytes in lines of eighty.
func megabytes(l *lab, n int) string {
	const line = "0123456789 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ and so on, on."
	return l.same(fmt.Sprintf("text-%dMB", n), line, n*1_000_000/(len(line)+1))
}
