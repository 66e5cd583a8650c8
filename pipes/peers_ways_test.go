//go:build linux

package pipes

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// openReader returns what reads the next message, which is valid until the one
// after it.
func (p *flowPlan) openReader() (next func() ([]byte, error), err error) {
	switch p.Kind {
	case "tee":
		f, err := os.Open(p.fifo(p.Reader))
		if err != nil {
			return nil, err
		}
		r := bufio.NewReaderSize(f, 64<<10)
		return func() ([]byte, error) { return r.ReadSlice('\n') }, nil
	case "redis":
		c, err := dialRedis(p.Address)
		return c.reader(), err
	}
	d, err := Open(p.Dir)
	if err != nil {
		return nil, err
	}
	topic, err := d.Announcement("flow")
	if err != nil {
		return nil, err
	}
	c, err := topic.Subscribe(context.Background(), "", CursorOptions{})
	return func() ([]byte, error) {
		r, err := c.Next(context.Background())
		if err == nil {
			err = c.Commit(r.Seq)
		}
		return r.Data, err
	}, err
}

// openWriter returns what puts n messages that say when in one commit.
func (p *flowPlan) openWriter() (put func(when int64, n int) error, err error) {
	message := bytes.Repeat([]byte("x"), flowSize)
	message[flowSize-1] = '\n'
	stamp := func(when int64) { copy(message, fmt.Sprintf("%020d", when)) }
	switch p.Kind {
	case "tee":
		f, err := os.OpenFile(p.fifo(-1), os.O_WRONLY, 0)
		return func(when int64, n int) error {
			stamp(when)
			_, err := f.Write(bytes.Repeat(message, n))
			return err
		}, err
	case "redis":
		c, err := dialRedis(p.Address)
		return func(when int64, n int) error {
			stamp(when)
			return c.add(message, n)
		}, err
	}
	d, err := Open(p.Dir)
	if err != nil {
		return nil, err
	}
	topic, err := d.Announcement("flow")
	var records [][]byte
	return func(when int64, n int) error {
		stamp(when)
		records = records[:0]
		for range n {
			records = append(records, message)
		}
		_, err := topic.Put(context.Background(), PutOptions{}, records...)
		return err
	}, err
}

func (p *flowPlan) startRedis(b *testing.B) (end func() time.Duration) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	noError(b, err)
	p.Address = l.Addr().String()
	_, port, _ := net.SplitHostPort(p.Address)
	l.Close()
	server := exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", p.Dir)
	noError(b, server.Start())
	for {
		c, err := dialRedis(p.Address)
		if err == nil {
			c.Close()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return func() time.Duration {
		noError(b, server.Process.Kill())
		server.Wait()
		return server.ProcessState.UserTime() + server.ProcessState.SystemTime()
	}
}

// redis is a connection that speaks RESP2 (redis.io/docs/reference/protocol-spec).
type redis struct {
	net.Conn
	r    *bufio.Reader
	line []byte
}

func dialRedis(address string) (*redis, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &redis{Conn: c, r: bufio.NewReaderSize(c, 64<<10)}, nil
}

// appendCommand appends a command to b.
func appendCommand(b []byte, words ...string) []byte {
	b = fmt.Appendf(b, "*%d\r\n", len(words))
	for _, w := range words {
		b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(w), w)
	}
	return b
}

// add adds a message n times, with one write.
func (c *redis) add(message []byte, n int) error {
	command := appendCommand(nil, "XADD", "flow", "*", "m", string(message))
	if _, err := c.Write(bytes.Repeat(command, n)); err != nil {
		return err
	}
	for range n {
		if _, err := c.item(); err != nil {
			return err
		}
	}
	return nil
}

// item reads the next line of a reply, or the string that it announces; of an
// array it is the line with the number.
func (c *redis) item() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	line = bytes.TrimSuffix(line, []byte("\r\n"))
	if line[0] == '-' {
		return nil, fmt.Errorf("redis: %s", line)
	}
	if line[0] != '$' {
		return line, nil
	}
	n, err := strconv.Atoi(string(line[1:]))
	if err != nil {
		return nil, err
	}
	c.line = append(c.line[:0], make([]byte, n+2)...)
	_, err = io.ReadFull(c.r, c.line)
	return c.line[:n], err
}

// reader returns what reads the next message of the stream.
func (c *redis) reader() func() ([]byte, error) {
	last, left := "0-0", 0
	return func() ([]byte, error) {
		if left == 0 {
			if _, err := c.Write(appendCommand(nil, "XREAD", "COUNT", "1000", "BLOCK", "0", "STREAMS", "flow", last)); err != nil {
				return nil, err
			}
			var entries []byte
			for range 4 { // an array of one: an array of two, the name of the stream, an array of entries
				item, err := c.item()
				if err != nil {
					return nil, err
				}
				entries = item
			}
			var err error
			if left, err = strconv.Atoi(string(entries[1:])); err != nil {
				return nil, err
			}
		}
		left--
		var message []byte
		for i := range 5 { // an array of two, the id, an array of two, m, the message
			item, err := c.item()
			if err != nil {
				return nil, err
			}
			if i == 1 {
				last = string(item)
			}
			message = item
		}
		return message, nil
	}
}
