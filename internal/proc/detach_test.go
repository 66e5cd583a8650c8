//go:build unix

package proc

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// playDetacher detaches a process, tells its number and ends.
func playDetacher([]string) {
	pid, err := Detach("loxctl-apart", []string{"detached", "word"}, []*os.File{os.NewFile(3, "report")}, []string{"ONLY=this"})
	fmt.Println(pid, err)
}

// playDetached tells descriptor 3 about itself.
func playDetached(args []string) {
	report := os.NewFile(3, "report")
	sid, _ := unix.Getsid(0)
	dir, _ := os.Getwd()
	fmt.Fprintln(report, os.Getpid(), sid == os.Getpid(), dir, os.Args[0], args, os.Environ())
	null, _ := os.Stat(os.DevNull)
	for _, f := range []*os.File{os.Stdin, os.Stdout, os.Stderr} {
		info, err := f.Stat()
		fmt.Fprintln(report, err == nil && os.SameFile(info, null))
	}
	for fd := 4; fd < 130; fd++ {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			fmt.Fprintln(report, "open:", fd)
		}
	}
}

func TestDetach(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p := play(t, []*os.File{w, w}, "detacher") // 4 must not get further
	w.Close()
	pid, _, _ := strings.Cut(p.line(), " ")
	if err := p.cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	env := "[ONLY=this PWD=/]"
	if !strings.Contains(string(got), "PWD") {
		env = "[ONLY=this]"
	}
	want := pid + " true / loxctl-apart [word] " + env + "\ntrue\ntrue\ntrue\n"
	if string(got) != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if n, err := strconv.Atoi(pid); err != nil || n <= 0 {
		t.Error(pid)
	} else if _, err := syscall.Wait4(n, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
		t.Errorf("it is a child of ours: %v", err)
	}
}
