package mount

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"sync"
	"sync/atomic"
)

// A pump copies between the FIFOs of a mount and what is mounted.
type pump struct {
	*mount
	ports   ports
	report  *json.Encoder
	mu      sync.Mutex // of report
	intakes []*intake
	outlets []*outlet
	flowing atomic.Int32 // outlets that have not come to their end
}

// errDrained ends a mount all of whose outlets have come to their end.
var errDrained = errors.New("everything is read")

// runPump is the life of a pump.
func runPump(ctx context.Context, text string, open func(*plan) (ports, error)) error {
	m, err := adopt(text, reportFile+1)
	if err != nil {
		return err
	}
	to, err := open(&m.plan)
	if err != nil {
		to = broken{err}
	}
	p := &pump{mount: m, ports: to, report: json.NewEncoder(os.NewFile(reportFile, "report"))}
	err = p.run(ctx)
	if err != nil && p.say(report{Failure: err.Error()}) != nil {
		p.tell(err) // the anchor is dead
	}
	return errors.Join(err, to.Close())
}

func (p *pump) say(r report) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.report.Encode(r)
}

// run copies until the mount is to end, and ends it.
func (p *pump) run(ctx context.Context) error {
	err := p.marker.introduce(pumpAt)
	if err == nil {
		err = p.connect()
	}
	if err == nil && !p.Stop {
		err = p.copy(ctx)
	}
	return errors.Join(err, p.end())
}

// connect makes the two ends of every FIFO meet.
func (p *pump) connect() error {
	kept := &rejected{dir: p.Dir, tell: p.tell}
	tell := func(err error) { p.tell(fmt.Errorf("%s: %w", p.Name, err)) }
	for i, f := range p.Fifos {
		pipe, err := newFifo(p.fifos[i])
		if err != nil {
			return err
		}
		if f.In {
			in, err := newIntake(f.End, pipe, p.ports, kept.add)
			if err != nil {
				return err
			}
			p.intakes = append(p.intakes, in)
			continue
		}
		stage, err := newFifo(p.stages[i])
		if err != nil {
			return err
		}
		out := &outlet{sub: f.End, pipe: pipe, stage: stage, ports: p.ports, marker: p.marker, place: f.Place, tell: tell}
		if err := out.prepare(); err != nil {
			return err
		}
		p.outlets = append(p.outlets, out)
	}
	return nil
}

// copy copies until ctx is done, or everything is read, and then returns nil,
// or until something fails.
func (p *pump) copy(ctx context.Context) error {
	copying, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	p.flowing.Store(int32(len(p.outlets)))
	for _, in := range p.intakes {
		group.Go(func() {
			if err := in.serve(copying); err != nil {
				cancel(err)
			}
		})
	}
	for _, out := range p.outlets {
		group.Go(func() {
			if err := p.flow(copying, out); err != nil {
				cancel(err)
			}
		})
	}
	group.Wait()
	if err := context.Cause(copying); err != context.Cause(ctx) && err != errDrained {
		return err
	}
	return nil
}

// flow serves an outlet until ctx is done, or to the end of its stream, which
// its readers see then.
func (p *pump) flow(ctx context.Context, out *outlet) error {
	if err := out.serve(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	if err := remove(out.pipe.file.Name(), p.Dir); err != nil {
		return err
	}
	out.Close()
	p.say(report{Ended: &out.place}) // a dead anchor has closed it
	if p.flowing.Add(-1) == 0 {
		return errDrained
	}
	return nil
}

// end takes the FIFOs away and stores what is left in them. What is in the
// pipe of an outlet has not been consumed and comes again.
func (p *pump) end() error {
	var all error
	for _, f := range p.Fifos {
		if f.In {
			all = errors.Join(all, remove(f.File, p.Dir))
		}
	}
	for _, in := range p.intakes {
		all = errors.Join(all, in.drain(), in.Close())
	}
	for _, f := range p.Fifos {
		all = errors.Join(all, remove(f.File, p.Dir))
	}
	if info, err := p.messages.Stat(); err == nil && info.Size() == 0 && info.Mode().IsRegular() {
		all = errors.Join(all, remove(messagesName, p.Dir))
	}
	return errors.Join(all, p.marker.remove())
}

// remove removes a file of a mount, if it is still there.
func remove(name, dir string) error {
	err := os.Remove(dir + "/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// broken are ports that lead nowhere: err says why.
type broken struct{ err error }

func (b broken) put(context.Context, string, [][]byte) (int, []refusal, error) { return 0, nil, b.err }
func (b broken) source(context.Context, string) (source, error)                { return nil, b.err }
func (b broken) limit() int                                                    { return math.MaxInt }
func (b broken) Close() error                                                  { return nil }
