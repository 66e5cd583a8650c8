package cmd

import (
	"errors"
	"io/fs"
	"math"
	"strconv"

	"github.com/loxctl/loxctl/pipes"
)

// announceCreate creates an announcement, or changes one with --update.
func (a *app) announceCreate(o *pipeOptions) error {
	return a.withPipes(&o.place, func(dir *pipes.Dir) error {
		if o.create.update {
			topic, err := dir.Announcement(o.name)
			if err == nil {
				return topic.Update(o.settingsOver(topic.Settings()))
			}
			if !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		_, err := dir.CreateAnnouncement(o.name, o.settingsOver(pipes.Settings{}))
		return err
	})
}

// settingsOver returns s with what was given in it.
func (o *pipeOptions) settingsOver(s pipes.Settings) pipes.Settings {
	c := &o.create
	for flag, set := range map[string]func(){
		"backlog":    func() { s.Backlog = int64(c.backlog) },
		"maxsize":    func() { s.MaxSize = c.maxSize },
		"when-full":  func() { s.WhenFull = c.policy() },
		"retain":     func() { s.RetainBytes, s.RetainAge = uint64(c.retain.bytes), c.retain.age },
		"segment":    func() { s.Segment = int64(c.segment) },
		"max-record": func() { s.MaxRecord = int64(c.maxRecord) },
		"sync":       func() { s.Sync = c.sync },
		"duplicate":  func() { s.Replace = c.duplicate.String() == "replace" },
		"expire":     func() { s.Expire = c.expire.Of() },
	} {
		if o.given(flag) {
			set()
		}
	}
	return s
}

// policy is the value of --when-full.
func (c *pipeSettings) policy() pipes.WhenFull {
	switch c.whenFull.String() {
	case "fail":
		return pipes.Fail
	case "drop":
		return pipes.DropOldest
	}
	return pipes.Block
}

func (a *app) announceSubscribe(o *pipeOptions) error {
	return a.withTopic(o, func(topic *pipes.Topic) error {
		return topic.Register(o.read.as, pipes.CursorOptions{From: o.read.from.from, MaxSize: o.create.maxSize})
	})
}

func (a *app) announceUnsubscribe(o *pipeOptions) error {
	return a.withTopic(o, func(topic *pipes.Topic) error { return topic.Unsubscribe(o.read.as) })
}

// announceSeek moves the position of a subscriber that nobody uses.
func (a *app) announceSeek(o *pipeOptions) error {
	to, err := pipes.ParseFrom(o.words[0])
	if err != nil {
		return o.usage("seek", err.Error())
	}
	return a.withTopic(o, func(topic *pipes.Topic) error { return topic.Seek(o.read.as, to) })
}

func (a *app) announceAck(o *pipeOptions) error  { return a.settle(o, (*pipes.Topic).Ack) }
func (a *app) announceNack(o *pipeOptions) error { return a.settle(o, (*pipes.Topic).Nack) }

// settle says what has become of a record that was taken with --ack manual.
func (a *app) settle(o *pipeOptions, how func(t *pipes.Topic, who string, seq uint64) error) error {
	seq, err := o.seq()
	if err != nil {
		return err
	}
	return a.withTopic(o, func(topic *pipes.Topic) error { return how(topic, o.read.as+o.read.group, seq) })
}

// seq is the number among the words.
func (o *pipeOptions) seq() (uint64, error) {
	seq, err := strconv.ParseUint(o.words[0], 10, 64)
	if err != nil || seq == 0 || seq > math.MaxInt64 {
		return 0, o.usage(o.words[0], "is no number of a record")
	}
	return seq, nil
}

func (a *app) announceFinalize(o *pipeOptions) error { return a.withTopic(o, (*pipes.Topic).Finalize) }
func (a *app) announceClose(o *pipeOptions) error    { return a.withTopic(o, (*pipes.Topic).Close) }

// pipeRemove deletes an announcement or a funnel, with all that is in it.
func (a *app) pipeRemove(o *pipeOptions) error {
	return a.withPipes(&o.place, func(dir *pipes.Dir) error { return dir.Remove(o.kind(), o.name) })
}

// pipePath prints the path of the file by which a script holds what it takes,
// for --fd.
func (a *app) pipePath(o *pipeOptions) error {
	return a.withPipes(&o.place, func(dir *pipes.Dir) error {
		path, err := dir.Path(o.kind(), o.name)
		if err != nil {
			return err
		}
		return a.print(path + "\n")
	})
}
