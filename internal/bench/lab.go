package main

import (
	"bufio"
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed c
var sources embed.FS

// A lab is where the contenders are measured: a temporary directory with the
// binaries and the files that they read, and the tools that were found.
type lab struct {
	dir        string
	dry, quick bool
	tools      map[string]string // path by name; what is not here is not to be had
	err        error             // the first that happened while files were made
}

// openLab builds loxctl and the floor, and looks for the peers.
func openLab(opt options, log io.Writer) (*lab, error) {
	dir, err := os.MkdirTemp("", "loxctl-bench-")
	if err != nil {
		return nil, err
	}
	l := &lab{dir: dir, quick: opt.quick, tools: map[string]string{"loxctl": opt.loxctl}}
	if opt.loxctl == "" {
		err = l.buildLoxctl()
	}
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	for _, name := range []string{"sh", "xargs", "xe", "parallel", "rush", "flock", "sem"} {
		l.look(name, log)
	}
	if err := l.buildFloor(); err != nil {
		fmt.Fprintf(log, "bench: no floor: %v\n", err)
	}
	return l, nil
}

// close removes everything that the lab has made.
func (l *lab) close() error { return os.RemoveAll(l.dir) }

func (l *lab) buildLoxctl() error {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("go env GOMOD: %w", err)
	}
	l.tools["loxctl"] = filepath.Join(l.dir, "loxctl")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", l.tools["loxctl"], ".")
	build.Dir = filepath.Dir(strings.TrimSpace(string(mod)))
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// look finds a peer on PATH. There is a shell called rush, too.
func (l *lab) look(name string, log io.Writer) {
	path, err := exec.LookPath(name)
	if err == nil && name == "rush" {
		help, _ := exec.Command(path, "--help").Output()
		if !bytes.Contains(help, []byte("--keep-order")) {
			err = errors.New("is not the one that runs commands in parallel")
		}
	}
	if err != nil {
		fmt.Fprintf(log, "bench: no %s: %v\n", name, err)
		return
	}
	l.tools[name] = path
}

// versions says which peers there are.
func (l *lab) versions() string {
	var all []string
	for _, name := range []string{"xargs", "parallel", "flock"} {
		out, err := exec.Command(l.tools[name], "--version").Output()
		if first, _, _ := strings.Cut(string(out), "\n"); err == nil {
			all = append(all, first)
		}
	}
	for _, name := range []string{"xe", "rush"} { // one cannot say it, the other asks the network
		if l.has(name) {
			all = append(all, name)
		}
	}
	return "Peers: " + strings.Join(all, ", ") + "."
}

// buildFloor compiles the C programs.
func (l *lab) buildFloor() error {
	cc, err := exec.LookPath("cc")
	if err != nil {
		return err
	}
	if err := os.CopyFS(l.dir, sources); err != nil {
		return err
	}
	for _, name := range []string{"spawn", "ordered", "relay", "empty"} {
		out := filepath.Join(l.dir, name)
		args := []string{"-O2", "-o", out, filepath.Join(l.dir, "c", name+".c")}
		if name == "empty" {
			args = append(args, "-static")
		}
		if said, err := exec.Command(cc, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s.c: %w\n%s", name, err, said)
		}
		l.tools[name] = out
	}
	return nil
}

// has tells whether a tool is there; when nothing is run, all of them are.
func (l *lab) has(name string) bool { return l.dry || l.tools[name] != "" }

// path is where a tool is, for use as a job.
func (l *lab) path(name string) string {
	if l.dry {
		return name
	}
	return l.tools[name]
}

// output and complaints are where a contender's stdout and stderr go.
func (l *lab) output() string     { return filepath.Join(l.dir, "stdout") }
func (l *lab) complaints() string { return filepath.Join(l.dir, "stderr") }

// n is how much of some work is done.
func (l *lab) n(count int) int {
	if l.quick {
		return count / 5
	}
	return count
}

// file makes a file, if it is not there yet, and returns its path.
func (l *lab) file(name string, write func(io.Writer) error) string {
	path := filepath.Join(l.dir, name)
	if l.dry {
		return name
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return path
	}
	if err != nil {
		l.err = errors.Join(l.err, err)
		return path
	}
	w := bufio.NewWriterSize(f, 1<<20)
	l.err = errors.Join(l.err, write(w), w.Flush(), f.Close())
	return path
}

// count makes a file of the numbers from 1 to n.
func (l *lab) count(n int) string {
	return l.file(fmt.Sprintf("count-%d", n), func(w io.Writer) error {
		for i := range n {
			if _, err := fmt.Fprintln(w, i+1); err != nil {
				return err
			}
		}
		return nil
	})
}

// same makes a file of n times the same line.
func (l *lab) same(name, line string, n int) string {
	return l.file(fmt.Sprintf("%s-%d", name, n), func(w io.Writer) error {
		for range n {
			if _, err := io.WriteString(w, line+"\n"); err != nil {
				return err
			}
		}
		return nil
	})
}

// letters is count with letters for digits.
func (l *lab) letters(n int) string {
	digits := strings.NewReplacer("0", "a", "1", "b", "2", "c", "3", "d", "4", "e", "5", "f", "6", "g", "7", "h", "8", "i", "9", "j")
	return l.file(fmt.Sprintf("letters-%d", n), func(w io.Writer) error {
		for i := range n {
			if _, err := fmt.Fprintln(w, digits.Replace(fmt.Sprint(i+1))); err != nil {
				return err
			}
		}
		return nil
	})
}

// run is a contender: label is its name in the table, argv[0] that of a tool.
func (l *lab) run(label, stdin string, argv ...string) contender {
	c := contender{label: label, stdin: stdin, argv: argv}
	if !l.has(argv[0]) {
		c.missing = argv[0] + " is not installed"
	}
	return c
}

// enough is how many jobs GNU parallel is given where others get thousands: it
// needs milliseconds for each, and the quarter of a second in which it starts
// counts little among so many.
const enough = 1000

// parallel is GNU parallel on n numbered records, in the first round only.
func (l *lab) parallel(n int, args ...string) contender {
	c := l.run("parallel", l.count(n), append([]string{"parallel", "--will-cite"}, args...)...)
	c.jobs, c.once = n, true
	return c
}
