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
	r := portable{host: h}
	if err := r.start(h.nice.wrap(c)); err != nil {
		return Exit{}, err
	}
	p := h.began(slot, r.cmd.Process.Pid)
	for _, u := range r.pumps {
		u.begin(p)
	}
	r.feed.begin()
	unwatch := p.watch(ctx)
	err := r.cmd.Wait()
	unwatch()
	stopped := p.exited()
	if stopped {
		p.finish()
	}
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		err = nil
	}
	err = errors.Join(err, r.pumps[0].end(), r.pumps[1].end())
	r.feed.end()
	return exitOf(r.cmd.ProcessState, stopped), err
}

// portable is one process with its pipes.
type portable struct {
	host  *Host
	cmd   *exec.Cmd
	pumps [2]*pump
	feed  *feed
}

func (r *portable) start(c *Cmd) error {
	r.cmd = &exec.Cmd{Path: c.Path, Args: c.Argv, Env: c.Env, Dir: c.Dir, SysProcAttr: ownGroup(), ExtraFiles: extraFiles(c.Inherit)}
	err := r.open(c)
	if err == nil {
		r.host.nice.do(func() { err = unwrapExec(startError(c, r.cmd.Start())) })
	}
	if r.feed != nil { // what the child has now
		r.cmd.Stdin.(*os.File).Close()
	}
	for _, u := range r.pumps {
		u.started(err)
	}
	if err != nil {
		r.feed.end()
	}
	return err
}

func (r *portable) open(c *Cmd) (err error) {
	if r.cmd.Stdin, r.feed, err = feedFor(c.Stdin); err != nil {
		return err
	}
	if r.cmd.Stdout, r.pumps[0], err = pumpFor(c.Stdout); err != nil {
		return err
	}
	r.cmd.Stderr, r.pumps[1], err = pumpFor(c.Stderr)
	return err
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

// started gives up the child's end, and ours too if there is no child.
func (u *pump) started(err error) {
	if u == nil {
		return
	}
	u.child.Close()
	if err != nil {
		u.from.Close()
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
