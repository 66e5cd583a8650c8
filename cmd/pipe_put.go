package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/loxctl/loxctl/pipes"
)

// announcePut puts each word as a record, or what stdin brings.
func (a *app) announcePut(o *pipeOptions) error {
	fromStdin := len(o.words) == 1 && o.words[0] == "-" && !o.literal
	switch {
	case o.put.id != "" && len(o.words) > 1:
		return o.usage("--id", "is for one record")
	case !fromStdin && (o.read.null || o.put.whole):
		return o.usage("-0 or --whole", "needs - instead of a message: they say how to read stdin")
	case !fromStdin && !o.literal && containsDash(o.words):
		return o.usage("-", "stands for stdin, and cannot be one of several messages")
	}
	return a.withTopic(o, func(topic *pipes.Topic) error {
		p := &putter{a: a, o: o, topic: topic}
		if !fromStdin {
			return p.put(byteSlices(o.words))
		}
		return p.putStdin()
	})
}

func containsDash(words []string) bool {
	for _, word := range words {
		if word == "-" {
			return true
		}
	}
	return false
}

func byteSlices(words []string) [][]byte {
	var records [][]byte
	for _, word := range words {
		records = append(records, []byte(word))
	}
	return records
}

// A putter puts records into an announcement.
type putter struct {
	a     *app
	o     *pipeOptions
	topic *pipes.Topic
}

// put puts records in one step, and prints their numbers if that is asked for.
func (p *putter) put(records [][]byte) error {
	ctx, cancel := waitContext(&p.o.wait)
	defer cancel()
	opt := pipes.PutOptions{ID: p.o.put.id, Sync: p.o.create.sync}
	if p.o.given("when-full") {
		policy := p.o.create.policy()
		opt.WhenFull = &policy
	}
	first, err := p.topic.Put(ctx, opt, records...)
	if err != nil {
		return p.noRoom(err)
	}
	if !p.o.put.printSeq {
		return nil
	}
	var text []byte
	for i := range records {
		text = append(strconv.AppendUint(text, first+uint64(i), 10), '\n')
	}
	return p.a.print(string(text))
}

// noRoom says how long a put has waited for room, and ends with the status of
// a wait that was in vain.
func (p *putter) noRoom(err error) error {
	var full *pipes.FullError
	if !errors.As(err, &full) {
		return err
	}
	if errors.Is(err, errExpired) && !p.o.wait.Try {
		after := fmt.Sprintf("full after %v", p.o.wait.Wait.Of())
		text := bytes.Replace([]byte(err.Error()), []byte("full"), []byte(after), 1)
		err = &rewordedError{err, string(text)}
	}
	return exit{code: p.o.wait.Code}.with(err)
}

// A rewordedError is another one in other words.
type rewordedError struct {
	error
	text string
}

func (e *rewordedError) Error() string { return e.text }
func (e *rewordedError) Unwrap() error { return e.error }

// putStdin puts what stdin brings, as it comes.
func (p *putter) putStdin() error {
	r := &recordReader{from: p.a.stdin, end: '\n', most: int(p.topic.Settings().MaxRecord)}
	switch {
	case p.o.put.whole:
		r.whole = true
	case p.o.read.null:
		r.end = 0
	}
	if p.o.put.id != "" {
		return p.putOnly(r)
	}
	for {
		records, err := r.next()
		if len(records) > 0 {
			if err := p.put(records); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: stdin: %w", p.o.name, reason(err))
		}
	}
}

// putOnly puts the only record of stdin.
func (p *putter) putOnly(r *recordReader) error {
	var only [][]byte
	for {
		records, err := r.next()
		for _, record := range records {
			only = append(only, bytes.Clone(record))
		}
		switch {
		case len(only) > 1:
			return p.o.usage("--id", "is for one record, and stdin has more")
		case err == io.EOF && len(only) == 0:
			return p.o.usage("--id", "is for one record, and stdin has none")
		case err == io.EOF:
			return p.put(only)
		case err != nil:
			return fmt.Errorf("%s: stdin: %w", p.o.name, reason(err))
		}
	}
}

// A recordReader cuts a stream into records.
type recordReader struct {
	from  io.Reader
	end   byte
	whole bool
	most  int // bytes of a record

	buf   []byte
	used  int // bytes of buf that next has returned
	ended bool
}

const (
	leastRead = 64 << 10
	mostRead  = 1 << 20 // and so in one commit, unless a record is larger
)

// next returns the records that one read has completed, maybe none. They are
// valid until the next call. With io.EOF they are the last ones.
func (r *recordReader) next() (records [][]byte, err error) {
	r.buf = r.buf[:copy(r.buf, r.buf[r.used:])]
	r.used = 0
	if err := r.read(); err != nil {
		return nil, err
	}
	if !r.whole {
		records = r.cut()
	}
	if rest := len(r.buf) - r.used; r.ended && (rest > 0 || r.whole) {
		records = append(records, r.buf[r.used:])
		r.used = len(r.buf)
	}
	if r.ended {
		return records, io.EOF
	}
	if rest := len(r.buf) - r.used; rest > r.most {
		return records, fmt.Errorf("a record of more than %d bytes", r.most)
	}
	return records, nil
}

// cut returns the complete records of the buffer.
func (r *recordReader) cut() (records [][]byte) {
	for {
		n := bytes.IndexByte(r.buf[r.used:], r.end)
		if n < 0 {
			return records
		}
		records = append(records, r.buf[r.used:r.used+n:r.used+n])
		r.used += n + 1
	}
}

// read reads once, behind what is left of a record.
func (r *recordReader) read() error {
	if cap(r.buf)-len(r.buf) < leastRead {
		grown := make([]byte, len(r.buf), min(2*cap(r.buf)+leastRead, max(mostRead, len(r.buf)+leastRead)))
		copy(grown, r.buf)
		r.buf = grown
	}
	n, err := r.from.Read(r.buf[len(r.buf):min(cap(r.buf), len(r.buf)+mostRead)])
	r.buf = r.buf[:len(r.buf)+n]
	if err == io.EOF {
		r.ended, err = true, nil
	}
	return err
}
