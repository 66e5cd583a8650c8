//go:build linux

package mount

import (
	"context"
	"errors"
	"net"
	"net/rpc"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/loxctl/loxctl/pipes"
)

// A store is an announcement in this process that pumps, which are other ones,
// have for theirs. So a test knows exactly how far a pump is, and can hold it
// there.
type store struct {
	mu      sync.Mutex
	changed *sync.Cond
	records []string
	pos     map[string]uint64
	commits int
	noRoom  bool // puts wait
	deaf    bool // what was put is stored, but the pump does not learn that
	ended   bool // no more records come
	closed  bool // puts are refused
	refuse  string
	stopped bool // the test is over
	waiting int  // puts that have found no room
	limit   int
}

// storeVariable is where the pumps find the store.
const storeVariable = "LOXCTL_TEST_STORE"

func newStore(t *testing.T, records ...string) *store {
	s := &store{records: records, pos: make(map[string]uint64), limit: 1 << 20}
	s.changed = sync.NewCond(&s.mu)
	path := t.TempDir() + "/store"
	t.Setenv(storeVariable, path)
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := rpc.NewServer()
	if err := server.RegisterName("Store", &remote{s}); err != nil {
		t.Fatal(err)
	}
	go func() {
		for conn, err := listener.Accept(); err == nil; conn, err = listener.Accept() {
			go server.ServeConn(conn)
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		s.do(func() { s.stopped = true })
	})
	return s
}

// do changes the store.
func (s *store) do(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	s.changed.Broadcast()
}

// await returns when what is true, or the test fails.
func (s *store) await(t *testing.T, what func() bool) {
	t.Helper()
	timer := deadline(func() { s.do(func() { s.stopped = true }) })
	defer timer.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for !what() {
		if s.stopped {
			t.Fatalf("waited in vain; %d records, positions %v", len(s.records), s.pos)
		}
		s.changed.Wait()
	}
}

// awaitRecords returns when there are that many records.
func (s *store) awaitRecords(t *testing.T, n int) []string {
	t.Helper()
	s.await(t, func() bool { return len(s.records) >= n })
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.records...)
}

// remote is a store as pumps see it.
type remote struct{ s *store }

// A PutCall is what a pump puts.
type PutCall struct {
	Input string
	Lines []string
}

// A PutReply is what became of it.
type PutReply struct {
	Refused []string
	Why     string
	Closed  bool
	Full    bool
}

// Put stores lines.
func (r *remote) Put(call PutCall, reply *PutReply) error {
	s := r.s
	s.mu.Lock()
	defer s.mu.Unlock()
	reply.Closed, reply.Full = s.closed, s.noRoom
	if s.closed || s.noRoom {
		s.waiting++
		s.changed.Broadcast()
		return nil
	}
	for _, line := range call.Lines {
		if s.refuse != "" && strings.Contains(line, s.refuse) {
			reply.Refused, reply.Why = append(reply.Refused, line), s.refuse
			continue
		}
		if call.Input != "" {
			line = call.Input + ":" + line
		}
		s.records = append(s.records, line)
	}
	s.changed.Broadcast()
	for s.deaf && !s.stopped {
		s.changed.Wait()
	}
	return nil
}

// Room waits for room.
func (r *remote) Room(struct{}, *struct{}) error {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	for r.s.noRoom && !r.s.stopped {
		r.s.changed.Wait()
	}
	return nil
}

// A NextReply is a record, or the end.
type NextReply struct {
	Seq  uint64
	Data string
	End  bool
}

// Next waits for the record at the position of sub.
func (r *remote) Next(sub string, reply *NextReply) error {
	s := r.s
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.stopped && !s.ended && s.pos[sub] >= uint64(len(s.records)) {
		s.changed.Wait()
	}
	if s.pos[sub] >= uint64(len(s.records)) {
		reply.End = true
		return nil
	}
	reply.Seq = s.pos[sub] + 1
	reply.Data = s.records[s.pos[sub]]
	return nil
}

// A CommitCall moves a position.
type CommitCall struct {
	Sub string
	Seq uint64
}

// Commit moves a position.
func (r *remote) Commit(call CommitCall, _ *struct{}) error {
	r.s.do(func() {
		r.s.pos[call.Sub] = call.Seq
		r.s.commits++
	})
	return nil
}

// Limit is how long a line may be.
func (r *remote) Limit(_ struct{}, n *int) error {
	*n = r.s.limit
	return nil
}

// storePorts is the store in a pump.
type storePorts struct {
	client *rpc.Client
	max    int
}

func dialStore(*plan) (ports, error) {
	client, err := rpc.Dial("unix", os.Getenv(storeVariable))
	if err != nil {
		return nil, err
	}
	p := storePorts{client: client}
	return p, errors.Join(client.Call("Store.Limit", struct{}{}, &p.max))
}

func (p storePorts) limit() int   { return p.max }
func (p storePorts) Close() error { return p.client.Close() }

func (p storePorts) call(ctx context.Context, method string, args, reply any) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	call := p.client.Go("Store."+method, args, reply, make(chan *rpc.Call, 1))
	select {
	case <-call.Done:
		return call.Error
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p storePorts) put(ctx context.Context, input string, lines [][]byte) (int, []refusal, error) {
	call := PutCall{Input: input}
	for _, line := range lines {
		call.Lines = append(call.Lines, string(line))
	}
	var reply PutReply
	if err := p.client.Call("Store.Put", call, &reply); err != nil {
		return 0, nil, err
	}
	if reply.Full {
		if err := p.call(ctx, "Room", struct{}{}, &struct{}{}); err != nil {
			return 0, nil, errors.Join(&pipes.FullError{Full: 1}, err)
		}
		return p.put(ctx, input, lines)
	}
	if reply.Closed {
		return 0, nil, pipes.ErrClosed
	}
	var refused []refusal
	for _, line := range reply.Refused {
		refused = append(refused, refusal{[]byte(line + "\n"), errors.New(reply.Why)})
	}
	return len(lines), refused, nil
}

func (p storePorts) source(_ context.Context, sub string) (source, error) {
	return storeSource{p, sub}, nil
}

type storeSource struct {
	storePorts
	sub string
}

func (s storeSource) Close() error { return nil }

func (s storeSource) next(ctx context.Context) (record, error) {
	var reply NextReply
	if err := s.call(ctx, "Next", s.sub, &reply); err != nil {
		return record{}, err
	}
	if reply.End {
		return record{}, pipes.ErrEnd
	}
	if strings.Contains(reply.Data, "\n") {
		return record{}, &RecordError{Seq: reply.Seq, What: "newline"}
	}
	return record{seq: reply.Seq, data: []byte(reply.Data)}, nil
}

func (s storeSource) commit(seq uint64) error {
	return s.call(context.Background(), "Commit", CommitCall{s.sub, seq}, &struct{}{})
}
