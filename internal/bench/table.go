package main

import "fmt"

// table is what is measured, in the order in which it is printed.
var table = []func(*lab) row{
	startUp,
	unordered, ungrouped,
	static,
	echo,
	shellLines, pipelines,
	batches, fit,
	memory, fitMemory, waiting,
	stream, streamMemory,
	sleepers,
	growth,
	chained, chainMemory,
	lockAlone, lockShared, lockSlot,
	lockLines, lockOrder,
}

func startUp(l *lab) row {
	one := l.count(1)
	r := row{key: "start-up", name: "start-up: one `/bin/true` (ms)", jobs: 1, milli: true}
	r.contenders = []contender{
		l.run("loxctl", one, "loxctl", "scatter", "-j2", truth),
		l.run("floor", one, "spawn", "2", "1", truth),
		l.run("xargs", one, "xargs", "-P2", "-n1", truth),
		l.run("xe", one, "xe", "-j2", truth),
		l.run("rush", one, "rush", "-j2", truth+" {}"),
	}
	for i := range r.contenders {
		r.contenders[i].repeat = l.n(100)
	}
	parallel := l.parallel(1, "-j2", truth)
	parallel.repeat = 5
	r.contenders = append(r.contenders, parallel)
	r.targets = []target{{cpu, 2.5, "xargs"}, {cpu, 1.0 / 20, "parallel"}}
	return r
}

// truth is the cheapest job that every system has.
const truth = "/bin/true"

func unordered(l *lab) row {
	n := l.n(3000)
	r := row{key: "true", name: fmt.Sprintf("%d × `/bin/true`, 2 slots, `--unordered`", n), jobs: n}
	r.contenders = perJob(l, n, truth)
	r.targets = []target{{cpu, 1.2, "floor"}, {cpu, 1, "xargs"}, {wall, 0.6, "xargs"}}
	return r
}

// ungrouped is unordered without capture; the peers have shown what they can.
func ungrouped(l *lab) row {
	r := unordered(l)
	r.key, r.name = "true-u", fmt.Sprintf("%d × `/bin/true`, 2 slots, `-u`", r.jobs)
	in := l.count(r.jobs)
	r.contenders = []contender{
		l.run("loxctl", in, "loxctl", "scatter", "-j2", "-u", truth),
		l.run("floor", in, "spawn", "2", "1", truth),
		l.run("xargs", in, "xargs", "-P2", "-n1", truth),
	}
	return r
}

func static(l *lab) row {
	n := l.n(3000)
	r := row{key: "static", name: fmt.Sprintf("%d × an empty static program, 2 slots, `--unordered`", n), jobs: n}
	r.contenders = perJob(l, n, l.path("empty"))
	r.targets = []target{{cpu, 1.15, "floor"}, {cpu, 0.7, "xargs"}}
	return r.needs(l, "empty")
}

// perJob runs one program n times on two slots.
func perJob(l *lab, n int, program string) []contender {
	in := l.count(n)
	return []contender{
		l.run("loxctl", in, "loxctl", "scatter", "-j2", "--unordered", program),
		l.run("floor", in, "spawn", "2", "1", program),
		l.run("xargs", in, "xargs", "-P2", "-n1", program),
		l.run("xe", in, "xe", "-j2", program),
		l.run("rush", in, "rush", "-j2", program+" {}"),
		l.parallel(min(n, l.n(enough)), "-j2", program),
	}
}

func echo(l *lab) row {
	n := l.n(3000)
	in := l.count(n)
	r := row{key: "echo", name: fmt.Sprintf("%d × `/bin/echo`, captured, in order (xargs and xe do neither)", n), jobs: n}
	r.contenders = []contender{
		l.run("loxctl", in, "loxctl", "scatter", "-j2", "/bin/echo").prints(in),
		l.run("floor", in, "ordered", "2", "1", "/bin/echo").prints(in),
		l.run("xargs", in, "xargs", "-P2", "-n1", "/bin/echo"),
		l.run("xe", in, "xe", "-j2", "/bin/echo"),
		l.run("rush", in, "rush", "-k", "-j2", "/bin/echo {}"),
		l.parallel(min(n, l.n(enough)), "-k", "-j2", "/bin/echo"),
	}
	r.targets = []target{{cpu, 1.2, "floor"}, {cpu, 1.05, "xargs"}}
	return r
}

func shellLines(l *lab) row {
	n := l.n(1000)
	r := row{key: "shell", name: fmt.Sprintf("%d shell lines `echo {}`, in order (floor: one shell, a subshell each)", n), jobs: n}
	r.contenders = inShell(l, n, "echo {}", `echo "$1"`, `while read -r x; do (echo "$x"); done`, l.count(n))
	r.targets = []target{{cpu, 0.35, "xargs"}}
	return r
}

func pipelines(l *lab) row {
	n := l.n(1000)
	r := row{key: "pipeline", name: fmt.Sprintf("%d shell pipelines `echo {} | tr 0-9 a-j`, in order (floor: one shell)", n), jobs: n}
	r.contenders = inShell(l, n, "echo {} | tr 0-9 a-j", `echo "$1" | tr 0-9 a-j`, `while read -r x; do echo "$x" | tr 0-9 a-j; done`, l.letters(n))
	r.targets = []target{{cpu, 1.25, "floor"}, {cpu, 0.8, "xargs"}}
	return r
}

// inShell runs a shell line for n records, and what comes closest to it: for
// xargs a line with $1, for the floor a loop in one shell.
func inShell(l *lab, n int, text, dollar, loop, want string) []contender {
	in := l.count(n)
	return []contender{
		l.run("loxctl", in, "loxctl", "scatter", "-j2", "--shell", text).prints(want),
		l.run("floor", in, "sh", "-c", loop).prints(want),
		l.run("xargs", in, "xargs", "-P2", "-n1", "sh", "-c", dollar, "sh"),
		l.run("xe", in, "xe", "-j2", "-s", dollar),
		l.run("rush", in, "rush", "-k", "-j2", text),
		l.parallel(min(n, l.n(enough)), "-k", "-j2", text),
	}
}

func sleepers(l *lab) row {
	n := l.n(2000)
	slots := fmt.Sprint(n / 4)
	in := l.same("naps", "0.2", n)
	r := row{key: "sleep", name: fmt.Sprintf("%d × `sleep 0.2` on %s slots", n, slots), jobs: n, judge: wall}
	parallel := l.run("parallel", in, "parallel", "--will-cite", "-j"+slots, "/bin/sleep")
	parallel.once = true
	r.contenders = []contender{
		l.run("loxctl", in, "loxctl", "scatter", "-j"+slots, "/bin/sleep"),
		l.run("floor", in, "spawn", slots, "1", "/bin/sleep"),
		l.run("xargs", in, "xargs", "-P"+slots, "-n1", "/bin/sleep"),
		l.run("xe", in, "xe", "-j"+slots, "/bin/sleep"),
		l.run("rush", in, "rush", "-j"+slots, "/bin/sleep {}"),
		parallel,
	}
	r.targets = []target{{wall, 1.1, "floor"}, {wall, 1.1, "xe"}}
	return r
}

// growth asks whether a job costs more when there are more of them.
func growth(l *lab) row {
	few, some, many := l.n(1000), l.n(3000), l.n(10000)
	r := row{key: "growth", name: fmt.Sprintf("growth: a job (µs) of an empty static program, captured, when there are %d, %d, %d", few, some, many), jobs: 1000, milli: true}
	with := func(label string, n int, argv ...string) contender {
		c := l.run(label, l.count(n), append(argv, l.path("empty"))...)
		c.jobs = n
		return c
	}
	r.contenders = []contender{
		with(fmt.Sprint("loxctl ", few), few, "loxctl", "scatter", "-j2"),
		with(fmt.Sprint("loxctl ", some), some, "loxctl", "scatter", "-j2"),
		with("loxctl", many, "loxctl", "scatter", "-j2"),
		with("xargs", some, "xargs", "-P2", "-n1"),
	}
	r.targets = []target{{cpu, 1.1, fmt.Sprint("loxctl ", few)}}
	return r.needs(l, "empty")
}
