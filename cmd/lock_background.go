package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/loxctl/loxctl/internal/hold"
	"github.com/loxctl/loxctl/internal/proc"
	"github.com/loxctl/loxctl/internal/state"
	"github.com/loxctl/loxctl/locks"
)

// A command of sem --bg is run by loxctl started again, apart from everything
// but our stdin, stdout and stderr. When it fails, that is written to a file
// for the sem wait of the same script.

const backgroundName = "loxctl-sem"

// background is what the process that runs such a command is told besides its
// words: the directory for failures, the working directory, the path of the
// program and its words.
type background struct {
	Files     int
	Owner     string // key of the script
	Close     bool
	MaxHold   time.Duration
	KillAfter time.Duration
}

// goOn runs the command in the background, with the hold, and returns.
func (a *app) goOn(h *hold.Holding, argv []string) error {
	err := a.detach(h, argv)
	if err != nil {
		return errors.Join(err, h.Hold.Release())
	}
	return nil
}

func (a *app) detach(h *hold.Holding, argv []string) error {
	path, err := proc.Look(argv[0], a.getenv("PATH"))
	if err != nil {
		return startError(fmt.Errorf("%s: %w", argv[0], err))
	}
	env, err := h.Environ(nil)
	cwd, cwdErr := os.Getwd()
	home, homeErr := h.Options.Place.Path(a.environ)
	owner, ownerErr := proc.Of(os.Getppid())
	if err = errors.Join(err, cwdErr, homeErr, ownerErr); err != nil {
		return err
	}
	files := append([]*os.File{a.stdin, a.stdout, a.stderr}, locks.Files(h.Hold)...)
	o := &h.Options.Command
	told, err := json.Marshal(background{
		Files: len(files), Owner: keyText(owner), Close: o.Close,
		MaxHold: o.MaxHold.Of(), KillAfter: o.KillAfter.Of(),
	})
	if err != nil {
		return err
	}
	failures := filepath.Join(home, filepath.FromSlash(failuresOf(h.Options.File())))
	args := append([]string{backgroundVerb, string(told), failures, cwd, path}, argv...)
	pid, err := proc.Detach(backgroundName, args, files, env)
	if err != nil {
		return err
	}
	return locks.Entrust(h.Hold, pid)
}

func keyText(id proc.Identity) string { return strconv.FormatUint(id.Key(), 16) }

// failuresOf is the directory of failures, in that of named things.
func failuresOf(name string) string { return "sem/" + state.Escape(name) + ".bg" }

// runBackground is the whole life of such a process. It returns the exit
// status.
func runBackground(args []string) int {
	proc.SetName(backgroundName)
	var b background
	if len(args) < 5 || json.Unmarshal([]byte(args[0]), &b) != nil || b.Files < 4 {
		return exitOwn.code
	}
	failures, cwd, path, argv := args[1], args[2], args[3], args[4:]
	files := handed(strconv.Itoa(b.Files))
	held, err := locks.Adopt(files[3:])
	if err != nil {
		return exitOwn.code
	}
	status := b.run(held, &proc.Cmd{
		Path: path, Argv: argv, Env: os.Environ(), Dir: cwd,
		Stdin: files[0], Stdout: files[1], Stderr: files[2],
	})
	if status != exitOK.code {
		err = noteFailure(failures, b.Owner+"."+strconv.FormatUint(held.Token(), 10), status, argv)
	}
	if errors.Join(err, held.Release()) != nil {
		return exitOwn.code
	}
	return status
}

// run runs the command and returns its status.
func (b *background) run(held *locks.Hold, c *proc.Cmd) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer stop()
	if b.MaxHold > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, b.MaxHold)
		defer cancel()
	}
	if file := locks.File(held); file != nil && !b.Close {
		defer file.Close()
		c.Inherit = []*os.File{file}
		c.Env = hold.Variables{"LOXCTL_LOCK_FD=" + strconv.Itoa(int(file.Fd()))}.Over(c.Env)
	}
	host := proc.NewHost(proc.Options{Grace: b.KillAfter})
	defer host.Close()
	slot := host.Slot(1)
	defer slot.Close()
	ended, err := slot.Run(ctx, c)
	switch {
	case err != nil:
		return exitFor(startError(err)).code
	case errors.Is(ctx.Err(), context.DeadlineExceeded) && ended.Stopped:
		return exitDeadline.code
	}
	return exitFor(passOn(ended)).code
}

// noteFailure writes down a failure, whole or not at all. Who may use the
// semaphores may note theirs too.
func noteFailure(dir, name string, status int, argv []string) error {
	above, err := os.Stat(filepath.Dir(dir))
	if err != nil {
		return err
	}
	if err = os.Mkdir(dir, 0o700); err == nil {
		err = os.Chmod(dir, above.Mode())
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	path := filepath.Join(dir, name)
	text := strconv.Itoa(status) + " " + strings.Join(argv, " ")
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// backgroundFailures reports the failures of commands that this script has
// started in the background, once.
func (a *app) backgroundFailures(o *lockOptions) error {
	home, err := o.Place.Path(a.environ)
	if err != nil {
		return err
	}
	owner, err := proc.Of(os.Getppid())
	if err != nil {
		return err
	}
	dir := filepath.Join(home, filepath.FromSlash(failuresOf(o.File())))
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	failed := 0
	for _, entry := range entries {
		mine := strings.HasPrefix(entry.Name(), keyText(owner)+".") && !strings.HasSuffix(entry.Name(), ".new")
		if !mine {
			continue
		}
		if err := a.reportFailure(o, filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
		failed++
	}
	if failed > 0 {
		os.Remove(dir) // if there is nobody else's left
		return exitJobs.with(nil)
	}
	return nil
}

func (a *app) reportFailure(o *lockOptions, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	status, command, _ := strings.Cut(string(text), " ")
	io.WriteString(a.stderr, "loxctl: sem: "+o.File()+": status "+status+": "+printable(command)+"\n")
	return os.Remove(path)
}
