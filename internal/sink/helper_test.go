package sink

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/loxctl/loxctl/internal/spool"
)

var errBoom = errors.New("boom")

// ample is room for everything.
var ample = spool.Options{Mem: 1 << 20}

// tiny is room for next to nothing: 64 bytes, and a file only for who must not
// wait.
func tiny(t testing.TB) spool.Options { return spool.Options{Mem: 64, Disk: 1, Dir: t.TempDir()} }

// stream is an output of the run that notices a second writer. It can fail,
// and then goes on failing until room is set again.
type stream struct {
	t    testing.TB
	room int // fails after so many bytes; below 0: never
	slow int // how often a write lets others run
	busy sync.Mutex

	mu   sync.Mutex
	text bytes.Buffer
}

func newStream(t testing.TB) *stream { return &stream{t: t, room: -1} }

func (s *stream) Write(p []byte) (int, error) {
	if !s.busy.TryLock() {
		s.t.Error("two writers at once")
		return 0, errBoom
	}
	defer s.busy.Unlock()
	for range s.slow {
		runtime.Gosched()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.room >= 0 && s.text.Len()+len(p) > s.room {
		s.room = 0
		return 0, errBoom
	}
	return s.text.Write(p)
}

func (s *stream) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// take returns what was written since the last take.
func (s *stream) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.text.Reset()
	return s.text.String()
}

// outputs are both streams of a run.
type outputs struct{ out, err *stream }

func newOutputs(t testing.TB) outputs { return outputs{newStream(t), newStream(t)} }

func (o outputs) streams() Streams { return Streams{Out: o.out, Err: o.err} }

// closing returns the sink and closes its store with the test.
func closing[S Sink](t testing.TB) func(S, *spool.Store) S {
	return func(sink S, store *spool.Store) S {
		t.Cleanup(func() { checkErr(t, "Close", store.Close(), nil) })
		return sink
	}
}

func newGroup(t testing.TB, o outputs, bounds spool.Options, opt GroupOptions) Sink {
	return closing[Sink](t)(NewGroup(o.streams(), bounds, opt))
}

func newJSON(t testing.TB, o outputs, bounds spool.Options, opt GroupOptions) Sink {
	return closing[Sink](t)(NewJSON(o.streams(), bounds, opt))
}

func newLines(t testing.TB, o outputs, bounds spool.Options, tag Tag) Sink {
	return closing[*Lines](t)(NewLines(o.streams(), bounds, tag))
}

// everySink returns a Sink of every kind that keeps output.
func everySink(t testing.TB, o outputs, bounds spool.Options, tag Tag) map[string]Sink {
	return map[string]Sink{
		"ordered":         newGroup(t, o, bounds, GroupOptions{Tag: tag}),
		"unordered":       newGroup(t, o, bounds, GroupOptions{Tag: tag, Unordered: true}),
		"whole":           newGroup(t, o, bounds, GroupOptions{Tag: tag, Whole: true}),
		"whole unordered": newGroup(t, o, bounds, GroupOptions{Tag: tag, Whole: true, Unordered: true}),
		"json":            newJSON(t, o, bounds, GroupOptions{}),
		"json unordered":  newJSON(t, o, bounds, GroupOptions{Unordered: true}),
		"lines":           newLines(t, o, bounds, tag),
	}
}

// open returns the jobs 1 to n.
func open(s Sink, n int) []*Job {
	jobs := make([]*Job, n)
	for i := range jobs {
		jobs[i] = &Job{Seq: i + 1}
		s.Open(jobs[i])
	}
	return jobs
}

func write(t testing.TB, w io.Writer, text string) {
	t.Helper()
	if n, err := io.WriteString(w, text); n != len(text) || err != nil {
		t.Errorf("writing %.20q: %d, %v", text, n, err)
	}
}

func put(t testing.TB, s Sink, j *Job) {
	t.Helper()
	checkErr(t, "Put", s.Put(j), nil)
}

func check[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %#v, want %#v", what, got, want)
	}
}

// checkErr wants err to wrap want; want nil is no error at all.
func checkErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

// checkText is check for texts too long to print.
func checkText(t testing.TB, what, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	t.Errorf("%s: got %d bytes, want %d; from %d on got %.60q, want %.60q", what, len(got), len(want), at, got[at:], want[at:])
}

// seqTag is the job's number and a colon.
func seqTag(j *Job) []byte { return []byte(strings.Repeat("+", j.Seq) + ":") }
