package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/loxctl/loxctl/internal/proc"
	"github.com/loxctl/loxctl/pipes"
)

// What a script takes with --ack manual is its own until it acknowledges it or
// ends: by a descriptor that it has opened, or by a keeper, as with locks.

// A takenMessage is what a keeper keeps.
type takenMessage struct {
	Seq   uint64
	Tries int
}

func seqsOf(taken []takenMessage) []uint64 {
	var seqs []uint64
	for _, m := range taken {
		seqs = append(seqs, m.Seq)
	}
	return seqs
}

// file is the descriptor that keeps what is taken, nil if that is not asked
// for.
func (o *gripOptions) file() (*os.File, error) {
	if !o.hasFD {
		return nil, nil
	}
	f := os.NewFile(uintptr(o.fd), "")
	if f == nil {
		return nil, fmt.Errorf("--fd: %w", os.ErrInvalid)
	}
	if _, err := f.Stat(); err != nil {
		return nil, &hintedError{fmt.Errorf("descriptor %d is not open", o.fd), `exec N<>"$(loxctl announce path NAME)"`}
	}
	return f, nil
}

// keep lets the messages be the script's. The result ends that.
func (a *app) keep(o *pipeOptions, t taker, taken []takenMessage) (end func() error, err error) {
	end = func() error { return nil }
	if o.read.grip.hasFD {
		return end, nil
	}
	file := t.file()
	if file == nil {
		return end, nil
	}
	defer file.Close()
	by := &lockOptions{}
	by.Name, by.grip.owner = o.name, o.read.grip.owner
	owner, _, err := by.openOwner()
	if err != nil {
		return end, err
	}
	defer owner.Close()
	path, err := o.place.Path(a.environ)
	if err != nil {
		return end, err
	}
	told, err := json.Marshal(messageKeeper{Home: path, AllowFS: o.place.AllowFS, Kind: o.kind(), Name: o.name, Group: o.read.group, Taken: taken})
	if err != nil {
		return end, err
	}
	ownerFile, err := owner.File()
	if err != nil {
		return end, err
	}
	pid, err := proc.Detach(keeperName, []string{messageKeeperVerb, string(told)}, []*os.File{ownerFile, file}, []string{"GOMAXPROCS=1"})
	if err != nil {
		return end, err
	}
	return func() error { return endKeeper(pid) }, nil
}

// A messageKeeper is what a keeper of messages is told. It has the process that
// it keeps them for and the descriptor that keeps them as files.
type messageKeeper struct {
	Home    string
	AllowFS bool
	Kind    pipes.Kind
	Name    string
	Group   string
	Taken   []takenMessage
}

// keeperTick is how long a keeper may stay when nothing is left for it to keep.
const keeperTick = time.Second

// runMessageKeeper is the whole life of such a process. It returns the exit
// status.
func runMessageKeeper(args []string) int {
	signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	proc.SetName(keeperName)
	k := new(messageKeeper)
	if len(args) != 1 || json.Unmarshal([]byte(args[0]), k) != nil {
		return exitOwn.code
	}
	files := handed("2")
	defer files[1].Close() // whichever way it ends, they are anybody's again
	owner, err := proc.FromFile(files[0])
	if err != nil {
		return exitOwn.code
	}
	defer owner.Close()
	dir, err := pipes.HomeOptions{AllowFS: k.AllowFS}.Open(k.Home)
	if err != nil {
		return exitOwn.code
	}
	defer dir.Close()
	if err := k.stay(ctx, owner, dir); err != nil {
		return exitOwn.code
	}
	return exitOK.code
}

// stay returns when the owner has ended, or nothing is left to keep.
func (k *messageKeeper) stay(ctx context.Context, owner *proc.Process, dir *pipes.Dir) error {
	for {
		tick, cancel := context.WithTimeout(ctx, keeperTick)
		err := owner.Wait(tick)
		cancel()
		if err == nil || ctx.Err() != nil {
			return nil
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		left, err := k.left(dir)
		if err != nil || !left {
			return err
		}
	}
}

// left reports whether one of the messages is still in the hand of the owner.
func (k *messageKeeper) left(dir *pipes.Dir) (bool, error) {
	info, err := pipeInfo(dir, k.Kind, k.Name)
	if err != nil {
		return false, err
	}
	for _, subscriber := range info.Subscribers {
		if k.Kind == pipes.KindAnnounce && subscriber.Name != k.Group {
			continue
		}
		for _, m := range subscriber.InFlight {
			if m.Held && slices.Contains(k.Taken, takenMessage{m.Seq, m.Tries}) {
				return true, nil
			}
		}
	}
	return false, nil
}

// pipeInfo tells about one announcement or funnel.
func pipeInfo(dir *pipes.Dir, kind pipes.Kind, name string) (pipes.Info, error) {
	if kind == pipes.KindFunnel {
		join, err := dir.Funnel(name)
		if err != nil {
			return pipes.Info{}, err
		}
		return join.Info()
	}
	topic, err := dir.Announcement(name)
	if err != nil {
		return pipes.Info{}, err
	}
	return topic.Info()
}
