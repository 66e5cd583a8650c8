package mount

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/loxctl/loxctl/pipes"
)

const (
	lookSize = 64 << 10 // what a pipe holds
	// A mount that ends gives those who still have "in" open that long to
	// write more, and reads no more than so many times.
	drainQuiet = 200 * time.Millisecond
	drainLooks = 64
)

// An intake moves the lines that are written to a FIFO to an input.
type intake struct {
	input  string
	pipe   *fifo
	ports  ports
	refuse func(refusal) error // what to do with lines that cannot be stored

	hold  *os.File // keeps the end of the writers from being seen
	shown *os.File // a pipe of our own: what tee has copied, to write to
	read  *os.File // and to read from
	buf   []byte
	cut   cutter
}

// newIntake owns pipe.
func newIntake(input string, pipe *fifo, p ports, refuse func(refusal) error) (*intake, error) {
	hold, err := pipe.writer()
	if err != nil {
		return nil, err
	}
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		hold.Close()
		return nil, os.NewSyscallError("pipe2", err)
	}
	return &intake{
		input: input, pipe: pipe, ports: p, refuse: refuse, hold: hold,
		read: os.NewFile(uintptr(fds[0]), "tee"), shown: os.NewFile(uintptr(fds[1]), "tee"),
		buf: make([]byte, lookSize), cut: cutter{limit: p.limit()},
	}, nil
}

func (in *intake) Close() error {
	in.hold.Close()
	return errors.Join(in.shown.Close(), in.read.Close(), in.pipe.file.Close())
}

// serve moves lines until ctx is done, and then returns nil. Nothing that was
// not stored has left the pipe by then, but for the beginning of a line.
func (in *intake) serve(ctx context.Context) error {
	defer in.pipe.until(ctx)()
	for {
		b, err := in.look()
		if err == nil {
			err = in.take(ctx, b, false)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
	}
}

// drain moves what is left when nobody can open the FIFO any more. Nothing is
// waited for but writers that are at it: what has no room is refused.
func (in *intake) drain() error {
	if err := in.hold.Close(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range drainLooks {
		in.pipe.file.SetReadDeadline(time.Now().Add(drainQuiet))
		b, err := in.look()
		if errors.Is(err, os.ErrDeadlineExceeded) || err == nil && len(b) == 0 {
			break
		}
		if err == nil {
			err = in.take(ctx, b, true)
		}
		if err != nil {
			return err
		}
	}
	if len(in.cut.rest) == 0 {
		return nil
	}
	return in.store(ctx, [][]byte{in.cut.rest}, true) // nobody completes it now
}

// look waits for bytes in the pipe and returns them, without consuming them.
// There are none when all writers have closed it.
func (in *intake) look() ([]byte, error) {
	var n int
	var err error
	to := int(in.shown.Fd())
	waited := in.pipe.readable(func(fd int) bool {
		n, err = retry(func() (int, error) {
			n, err := unix.Tee(fd, to, lookSize, unix.SPLICE_F_NONBLOCK)
			return int(n), err
		})
		return err != unix.EAGAIN
	})
	switch {
	case waited != nil:
		return nil, waited
	case err != nil:
		return nil, os.NewSyscallError("tee", err)
	}
	return in.buf[:n], consume(int(in.read.Fd()), in.buf[:n])
}

// take stores the lines that b completes, and only then consumes b.
func (in *intake) take(ctx context.Context, b []byte, last bool) error {
	next, lines, long := in.cut.cut(b)
	if mutant == "lines are consumed first" {
		in.pipe.discard(len(b))
	}
	if err := in.store(ctx, lines, last); err != nil {
		return err
	}
	if len(long) > 0 {
		if err := in.refuse(refusal{long, errTooLong(in.cut.limit)}); err != nil {
			return err
		}
	}
	in.cut = next
	return in.pipe.discard(len(b))
}

// store stores lines, or has them refused: those that can never be stored, and
// if it is the last chance all others too.
func (in *intake) store(ctx context.Context, lines [][]byte, last bool) error {
	if len(lines) == 0 {
		return nil
	}
	n, refused, err := in.put(ctx, lines, last)
	switch {
	case err == nil:
	case last || errors.Is(err, pipes.ErrClosed):
		refused = append(refused, refusal{unsplit(lines[n:]), err})
	default:
		return err
	}
	for _, r := range refused {
		if err := in.refuse(r); err != nil {
			return err
		}
	}
	return nil
}

// put puts lines. If it is the last chance and there is no room for all, there
// may be for some.
func (in *intake) put(ctx context.Context, lines [][]byte, last bool) (n int, refused []refusal, err error) {
	n, refused, err = in.ports.put(ctx, in.input, lines)
	var full *pipes.FullError
	if !last || !errors.As(err, &full) {
		return n, refused, err
	}
	for err = nil; n < len(lines) && err == nil; {
		var one int
		var more []refusal
		one, more, err = in.ports.put(ctx, in.input, lines[n:n+1])
		n, refused = n+one, append(refused, more...)
	}
	return n, refused, err
}

// unsplit puts the newlines back.
func unsplit(lines [][]byte) []byte {
	var b []byte
	for _, line := range lines {
		b = append(append(b, line...), '\n')
	}
	return b
}

// consume reads as many bytes as b has, which are there.
func consume(fd int, b []byte) error {
	for len(b) > 0 {
		n, err := retry(func() (int, error) { return unix.Read(fd, b) })
		switch {
		case err == unix.EAGAIN || err == nil && n == 0:
			return errors.New("somebody else reads the FIFO")
		case err != nil:
			return os.NewSyscallError("read", err)
		}
		b = b[n:]
	}
	return nil
}
