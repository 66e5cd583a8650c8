package mount

import "context"

// ports are where the FIFOs of a mount lead to: an announcement or a funnel.
type ports interface {
	// put stores lines that were written to the FIFO of input; "" is that of
	// an announcement. Where there is no room it waits until ctx is done. It
	// returns those lines that it refused and why; an error is about all lines
	// from the n-th on, none of which is stored.
	put(ctx context.Context, input string, lines [][]byte) (n int, refused []refusal, err error)
	// source opens what comes out for a subscriber; "" is a funnel's.
	source(ctx context.Context, sub string) (source, error)
	// limit is how long a line may be.
	limit() int
	Close() error
}

// A refusal is lines that can never be stored.
type refusal struct {
	lines []byte // with their newlines
	why   error
}

// A source gives records in order.
type source interface {
	// next returns the record at the position, whose data is valid until the
	// next call. The error is pipes.ErrEnd after the last one, and a
	// *RecordError for one that cannot be a line.
	next(ctx context.Context) (record, error)
	// commit moves the position behind a record.
	commit(seq uint64) error
	Close() error
}

// A record is one line to be read from a FIFO.
type record struct {
	seq    uint64
	data   []byte
	missed uint64 // how many just before it are lost
}
