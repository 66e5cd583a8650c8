package mount

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/loxctl/loxctl/pipes"
)

// openDir opens the state home of p.
func openDir(p *plan) (*pipes.Dir, error) { return pipes.HomeOptions{AllowFS: p.AllowFS}.Open(p.Home) }

// openPorts opens what is mounted.
func openPorts(p *plan) (ports, error) {
	d, err := openDir(p)
	if err != nil {
		return nil, err
	}
	var to ports
	switch p.Kind {
	case pipes.KindAnnounce.String():
		to, err = openTopic(d, p.Name)
	case pipes.KindFunnel.String():
		to, err = openJoin(d, p.Name)
	default:
		err = fmt.Errorf("%s: a %q cannot be mounted", p.Name, p.Kind)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return to, nil
}

// A topic is the ports of an announcement.
type topic struct {
	*pipes.Topic
	dir  *pipes.Dir
	when pipes.WhenFull
}

func openTopic(d *pipes.Dir, name string) (ports, error) {
	t, err := d.Announcement(name)
	if err != nil {
		return nil, err
	}
	when := t.Settings().WhenFull
	if when == pipes.Fail {
		when = pipes.Block // nobody could be told
	}
	return &topic{t, d, when}, nil
}

func (t *topic) limit() int { return int(t.Settings().MaxRecord) }

func (t *topic) Close() error { return t.dir.Close() }

func (t *topic) put(ctx context.Context, _ string, lines [][]byte) (int, []refusal, error) {
	_, err := t.Put(ctx, pipes.PutOptions{WhenFull: &t.when}, lines...)
	if err != nil {
		return 0, nil, err
	}
	return len(lines), nil, nil
}

func (t *topic) source(ctx context.Context, sub string) (source, error) {
	c, err := t.Subscribe(ctx, sub, pipes.CursorOptions{})
	if err != nil {
		return nil, err
	}
	return cursor{c, t.Name()}, nil
}

// A cursor is the source of a subscriber.
type cursor struct {
	*pipes.Cursor
	name string
}

func (c cursor) next(ctx context.Context) (record, error) {
	r, err := c.Next(ctx)
	if err != nil {
		return record{}, err
	}
	if bytes.IndexByte(r.Data, '\n') >= 0 {
		return record{}, &RecordError{Seq: r.Seq, What: "newline"}
	}
	return record{seq: r.Seq, data: r.Data, missed: r.Missed}, nil
}

func (c cursor) commit(seq uint64) error { return c.Commit(seq) }

// prepareTopic registers the subscribers and returns the FIFOs of p.
func prepareTopic(p *plan, subs []string) ([]fifoPlan, error) {
	d, err := openDir(p)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	t, err := d.Announcement(p.Name)
	if err != nil {
		return nil, err
	}
	fifos := []fifoPlan{{File: inFile(""), In: true}}
	for _, sub := range subs {
		if err := t.Register(sub, pipes.CursorOptions{}); err != nil {
			return nil, err
		}
		fifos = append(fifos, fifoPlan{File: outFile(sub), End: sub})
	}
	return fifos, nil
}

func announce(ctx context.Context, o Options) error {
	return o.mount(ctx, pipes.KindAnnounce, func(p *plan) ([]fifoPlan, error) { return prepareTopic(p, o.Out) })
}
