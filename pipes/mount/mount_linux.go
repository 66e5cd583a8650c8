package mount

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/loxctl/loxctl/internal/proc"
	"github.com/loxctl/loxctl/internal/state"
	"github.com/loxctl/loxctl/pipes"
)

// What a process of a mount is told: its role, then a plan in JSON.
const (
	anchorRole = "anchor"
	pumpRole   = "pump"
)

// The first files that such a process is started with. Those of the FIFOs
// follow. Only a pump has a report.
const (
	markerFile = iota + 3
	messagesFile
	reportFile
)

// A plan is what a mount is, for its processes.
type plan struct {
	Kind, Name string // "announce" or "funnel", and its name
	Home       string
	AllowFS    bool
	Dir        string
	Fifos      []fifoPlan
	Stop       bool // a pump shall only bring it to its end
}

// A fifoPlan is a FIFO of a mount.
type fifoPlan struct {
	File  string // its name in the directory
	In    bool
	End   string // the input or subscriber behind it
	Place int    // of its mark
}

// path is where the FIFO is.
func (p *plan) path(f fifoPlan) string { return filepath.Join(p.Dir, f.File) }

// inFile and outFile are the names of FIFOs.
func inFile(input string) string { return named("in", input) }
func outFile(sub string) string  { return named("out", sub) }

func named(kind, end string) string {
	if end == "" {
		return kind
	}
	return kind + "." + state.Escape(end)
}

// A mount is what all its processes have.
type mount struct {
	plan
	marker   marker
	messages *os.File
	fifos    []*os.File // of plan.Fifos
	stages   []*os.File // of those that are not In: a pipe, else nil
}

// newMount makes the FIFOs of p in its directory, or takes over those that are
// left there.
func newMount(p plan) (*mount, error) {
	if err := os.MkdirAll(p.Dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := lockMarker(p.Dir)
	if err != nil {
		return nil, err
	}
	m := &mount{plan: p, marker: lock}
	for i := range m.Fifos {
		f := &m.Fifos[i]
		f.Place = i
		flags := unix.O_RDWR
		if f.In {
			flags = unix.O_RDONLY // so that a pump can see the end of the writers
		}
		file, err := openFifo(m.path(*f), flags)
		if err == nil {
			m.fifos, m.stages = append(m.fifos, file), append(m.stages, nil)
			err = lock.setMark(i, mark{})
		}
		if err == nil && !f.In {
			m.stages[i], err = newStage()
		}
		if err != nil {
			return nil, errors.Join(err, m.abandon())
		}
	}
	return m, nil
}

// abandon takes everything back, before anybody could use it.
func (m *mount) abandon() error {
	for i := range m.fifos {
		os.Remove(m.path(m.Fifos[i]))
	}
	return errors.Join(m.marker.remove(), m.close())
}

// close closes what this process has of the mount.
func (m *mount) close() error {
	for _, f := range m.pipes() {
		f.Close()
	}
	return m.marker.Close()
}

// pipes are the FIFOs, each with its stage if it has one.
func (m *mount) pipes() []*os.File {
	var all []*os.File
	for i, f := range m.fifos {
		all = append(all, f)
		if m.stages[i] != nil {
			all = append(all, m.stages[i])
		}
	}
	return all
}

// start starts this program again in a role, with all of the mount and report,
// if there is one.
func (m *mount) start(role string, report *os.File) (pid int, err error) {
	text, err := json.Marshal(&m.plan)
	if err != nil {
		return 0, err
	}
	lock, err := m.marker.Duplicate()
	if err != nil {
		return 0, err
	}
	defer lock.Close()
	files := []*os.File{lock, m.messages}
	if report != nil {
		files = append(files, report)
	}
	files = append(files, m.pipes()...)
	return proc.Detach("loxctl-"+role, []string{Verb, role, string(text)}, files, os.Environ())
}

// mount mounts what prepare finds.
func (o *Options) mount(ctx context.Context, kind pipes.Kind, prepare func(*plan) ([]fifoPlan, error)) error {
	p := plan{Kind: kind.String(), Name: o.Name, AllowFS: o.AllowFS}
	var err error
	if p.Home, err = filepath.Abs(o.Home); err != nil {
		return err
	}
	if p.Dir, err = filepath.Abs(o.Dir); err != nil {
		return err
	}
	if p.Fifos, err = prepare(&p); err != nil {
		return err
	}
	return o.open(ctx, p)
}

// open serves the mount, or lets another process do that.
func (o *Options) open(ctx context.Context, p plan) error {
	m, err := newMount(p)
	if err != nil {
		return err
	}
	m.messages = o.Messages
	if o.Background {
		return o.leave(m)
	}
	if err := errors.Join(m.marker.introduce(anchorAt), o.ready()); err != nil {
		return errors.Join(err, m.abandon())
	}
	return errors.Join(m.serve(ctx), m.close())
}

func (o *Options) ready() error {
	if o.Ready == nil {
		return nil
	}
	return o.Ready()
}

// leave leaves the mount to an anchor that is not us.
func (o *Options) leave(m *mount) error {
	messages, err := os.OpenFile(filepath.Join(m.Dir, messagesName), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return errors.Join(err, m.abandon())
	}
	defer messages.Close()
	m.messages = messages
	if _, err := m.start(anchorRole, nil); err != nil {
		return errors.Join(err, m.abandon())
	}
	return errors.Join(m.close(), o.ready())
}

// adopt is the mount that a process was started with; its pipes are from
// descriptor first on.
func adopt(text string, first int) (*mount, error) {
	m := &mount{}
	if err := json.Unmarshal([]byte(text), &m.plan); err != nil {
		return nil, err
	}
	m.marker = marker{state.Borrow(markerFile), m.Dir}
	m.messages = os.NewFile(messagesFile, "messages")
	next := uintptr(first)
	for _, f := range m.Fifos {
		var stage *os.File
		fifo := os.NewFile(next, f.File)
		if next++; !f.In {
			stage = os.NewFile(next, f.File)
			next++
		}
		m.fifos, m.stages = append(m.fifos, fifo), append(m.stages, stage)
	}
	return m, nil
}

// Run is the whole life of a process of a mount; args are those after Verb. It
// returns the exit status.
func Run(args []string) int { return run(args, openPorts) }

func run(args []string, open func(*plan) (ports, error)) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer stop()
	err := errors.New("a mount's process is not started by hand")
	if len(args) == 2 {
		proc.SetName("loxctl-" + args[0])
		switch args[0] {
		case anchorRole:
			err = runAnchor(ctx, args[1])
		case pumpRole:
			err = runPump(ctx, args[1], open)
		}
	}
	if err != nil {
		return 125
	}
	return 0
}

// tell writes a message for people. The text of err begins with the name.
func (m *mount) tell(err error) {
	text := fmt.Sprintf("loxctl: %s: %v\n", m.Kind, err)
	var advice interface{ Hint() string }
	if errors.As(err, &advice) && advice.Hint() != "" {
		text += "hint: " + advice.Hint() + "\n"
	}
	if m.messages != nil {
		m.messages.WriteString(text) // who could be told that this failed?
	}
}

// unmount ends the mount of dir.
func unmount(ctx context.Context, dir string) error {
	f, err := state.OpenFile(filepath.Join(dir, markerName), 0)
	if errors.Is(err, os.ErrNotExist) {
		return &NotMountedError{Dir: dir}
	}
	if err != nil {
		return err
	}
	defer f.Close()
	m := marker{f, dir}
	for first := true; ; first = false {
		_, held, err := f.Test(markerLock, markerLock+1, state.WriteLock)
		if err != nil {
			return err
		}
		if !held {
			if first {
				return &NotMountedError{Dir: dir}
			}
			return nil
		}
		if err := m.end(ctx); err != nil {
			return err
		}
	}
}

// end tells the processes of the mount to end, and returns when they have. If
// one was just being started, there is another.
func (m marker) end(ctx context.Context) error {
	told, err := m.tell(syscall.SIGTERM)
	for _, p := range told {
		if waited := p.Wait(ctx); err == nil {
			err = waited
		}
		p.Close()
	}
	if err == nil && len(told) == 0 {
		pause(ctx, 5*time.Millisecond)
		err = context.Cause(ctx)
	}
	return err
}
