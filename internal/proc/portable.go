package proc

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// runPortable is Run with what every system has: a goroutine for each output
// and a thread for each wait.
func (h *Host) runPortable(ctx context.Context, slot int, c *Cmd) (Exit, error) {
	cmd := &exec.Cmd{Path: c.Path, Args: c.Argv, Env: c.Env, Dir: c.Dir, SysProcAttr: ownGroup()}
	var pumps [2]*pump
	var feed *feed
	var err error
	cmd.Stdin, feed, err = feedFor(c.Stdin)
	outputs := [2]*io.Writer{&cmd.Stdout, &cmd.Stderr}
	for i, w := range []io.Writer{c.Stdout, c.Stderr} {
		if err == nil {
			*outputs[i], pumps[i], err = pumpFor(w)
		}
	}
	if err == nil {
		err = startError(c, cmd.Start())
		for i := range pumps {
			pumps[i].started()
		}
		if feed != nil {
			cmd.Stdin.(*os.File).Close()
		}
	}
	if err != nil {
		for i := range pumps {
			pumps[i].abandon()
		}
		feed.end()
		return Exit{}, unwrapExec(err)
	}
	p := h.began(slot, cmd.Process.Pid)
	for i := range pumps {
		pumps[i].begin(p)
	}
	if c.Nice != nil {
		err = setNice(cmd.Process.Pid, *c.Nice)
		if err != nil {
			p.stop(syscall.SIGKILL)
		}
	}
	feed.begin()
	unwatch := p.watch(ctx)
	waitErr := cmd.Wait()
	unwatch()
	stopped := p.exited()
	if stopped {
		p.finish()
	}
	err = errors.Join(err, pumps[0].end(), pumps[1].end())
	feed.end()
	var exit *exec.ExitError
	if waitErr != nil && !errors.As(waitErr, &exit) {
		err = errors.Join(err, waitErr)
	}
	return exitOf(cmd.ProcessState, stopped), err
}

// unwrapExec leaves the system's error of a failed start.
func unwrapExec(err error) error {
	var path *os.PathError
	if errors.As(err, &path) && path.Op == "fork/exec" {
		return path.Err
	}
	return err
}

func exitOf(state *os.ProcessState, stopped bool) Exit {
	e := Exit{Code: state.ExitCode(), Stopped: stopped, User: state.UserTime(), System: state.SystemTime()}
	e.Signal, e.MaxRSS = exitDetails(state)
	return e
}

// feedFor returns what to give the process as its stdin.
func feedFor(r io.Reader) (io.Reader, *feed, error) {
	if f, ok := r.(*os.File); ok || r == nil {
		if f == nil {
			return nil, nil, nil
		}
		return f, nil, nil
	}
	pr, pw, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	return pr, &feed{from: r, to: pw}, nil
}

// pump moves one output of a process in a goroutine.
type pump struct {
	from, child *os.File
	to          io.Writer
	done        chan struct{}
	err         error
}

func pumpFor(w io.Writer) (io.Writer, *pump, error) {
	if f, ok := w.(*os.File); ok || w == nil {
		if f == nil {
			return nil, nil, nil
		}
		return f, nil, nil
	}
	r, child, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	return child, &pump{from: r, child: child, to: w}, nil
}

func (u *pump) started() {
	if u != nil && u.child != nil {
		u.child.Close()
	}
}

func (u *pump) abandon() {
	if u != nil {
		u.from.Close()
		u.child.Close()
	}
}

func (u *pump) begin(p *process) {
	if u == nil {
		return
	}
	u.done = make(chan struct{})
	go func() {
		defer close(u.done)
		buf := make([]byte, 32<<10)
		for {
			n, err := u.from.Read(buf)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				readRest(u.from, buf, u.write)
				return
			}
			if n > 0 && u.write(buf[:n]) != nil {
				p.stop(syscall.SIGTERM)
			}
			if err != nil {
				return
			}
		}
	}()
}

// write passes p on until that has failed once.
func (u *pump) write(p []byte) error {
	if u.err == nil {
		_, u.err = u.to.Write(p)
	}
	return u.err
}

// end takes what is in the pipe and returns when the goroutine is gone.
func (u *pump) end() error {
	if u == nil {
		return nil
	}
	stopReading(u.from)
	<-u.done
	u.from.Close()
	return u.err
}
