package mount

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// Lines of several writers arrive whole, each writer's in its order.
func TestInTakesLines(t *testing.T) {
	s := newStore(t)
	m := serve(t, announced())
	const each = 100
	var writers []*script
	for i := range 4 {
		writers = append(writers, m.sh(shells[i%2], fmt.Sprintf(
			`i=0; while [ $i -lt %d ]; do i=$((i+1)); echo "%d %04000d $i" >in; done`, each, i, i)))
	}
	for _, w := range writers {
		w.output()
	}
	records := s.awaitRecords(t, 4*each)
	next := make([]int, 4)
	for _, r := range records {
		var writer, pad, n int
		if _, err := fmt.Sscan(r, &writer, &pad, &n); err != nil || pad != writer || n != next[writer]+1 {
			t.Fatalf("after %v: %q, %v", next, r, err)
		}
		next[writer] = n
	}
	if len(records) != 4*each {
		t.Errorf("%d records", len(records))
	}
}

func TestInLines(t *testing.T) {
	tests := []struct{ name, line, want string }{
		{"one", `echo a >in`, "a"},
		{"many at once", `printf 'a\nb\n\nc\n' >in`, "a|b||c"},
		{"in pieces", `exec 8>in; printf a >&8; printf b >&8; echo c >&8`, "abc"},
		{"above a page", `printf '%09000d\n' 7 >in`, fmt.Sprintf("%09000d", 7)},
		{"above a pipe", `printf '%0200000d\n' 7 >in`, fmt.Sprintf("%0200000d", 7)},
	}
	for _, shell := range shells {
		for _, tt := range tests {
			t.Run(shell+" "+tt.name, func(t *testing.T) {
				s := newStore(t)
				m := serve(t, announced())
				m.run(shell, tt.line)
				got := strings.Join(s.awaitRecords(t, strings.Count(tt.want, "|")+1), "|")
				if got != tt.want {
					t.Errorf("got %.40q (%d), want %.40q", got, len(got), tt.want)
				}
			})
		}
	}
}

// While nothing can be stored, writers go on until the pipe is full, and then
// wait. Nothing is lost.
func TestInPushesBack(t *testing.T) {
	s := newStore(t)
	s.do(func() { s.noRoom = true })
	m := serve(t, announced())
	const writers = 200
	line := strings.Repeat("x", 999)
	first := m.sh("dash", fmt.Sprintf(`i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo "%s" >in; done`, line))
	first.output() // does not wait
	var more []*script
	for range 4 {
		more = append(more, m.sh("dash", fmt.Sprintf(`i=0; while [ $i -lt 35 ]; do i=$((i+1)); echo "%s" >in; done`, line)))
	}
	eventually(t, "a full pipe", func() bool {
		return m.unread("in") > 60000
	})
	s.do(func() { s.noRoom = false })
	for _, w := range more {
		w.output()
	}
	for i, r := range s.awaitRecords(t, writers) {
		if r != line {
			t.Fatalf("record %d: %q", i+1, r)
		}
	}
}

// What the pump had not stored is in the pipe, where the next one finds it.
func TestInPumpKilledBeforeItStores(t *testing.T) {
	s := newStore(t)
	s.do(func() { s.noRoom = true })
	m := serve(t, announced())
	m.run("bash", `printf '%s\n' a b >in`)
	s.await(t, func() bool { return s.waiting > 0 })
	m.kill(pumpAt)
	m.run("dash", `echo c >in`) // without a pump, or with the next one
	s.do(func() { s.noRoom = false })
	if got := s.awaitRecords(t, 3); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("got %q", got)
	}
}

// What was stored but not consumed comes again.
func TestInPumpKilledBeforeItConsumes(t *testing.T) {
	s := newStore(t)
	s.do(func() { s.deaf = true })
	m := serve(t, announced())
	m.run("bash", `printf '%s\n' a b >in`)
	s.awaitRecords(t, 2)
	m.kill(pumpAt)
	s.do(func() { s.deaf = false })
	if got := s.awaitRecords(t, 4); !slices.Equal(got, []string{"a", "b", "a", "b"}) {
		t.Errorf("got %q", got)
	}
}

// The beginning of a line is in the pump's memory.
func TestInPumpKilledInTheMiddleOfALine(t *testing.T) {
	s := newStore(t)
	m := serve(t, announced())
	writer, err := os.OpenFile(m.dir+"/in", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	fmt.Fprint(writer, "first, ")
	eventually(t, "the pump", func() bool { return m.unread("in") == 0 })
	m.kill(pumpAt)
	fmt.Fprint(writer, "second\n")
	if got := s.awaitRecords(t, 1); !slices.Equal(got, []string{"second"}) {
		t.Errorf("got %q", got)
	}
}

// A writer that is killed in the middle of a line leaves its half before the
// next.
func TestInWriterKilled(t *testing.T) {
	for _, shell := range shells {
		s := newStore(t)
		m := serve(t, announced())
		m.sh(shell, `exec 8>in; printf 'half and ' >&8; kill -KILL $$`).Wait()
		m.run(shell, `echo whole >in`)
		if got := s.awaitRecords(t, 1); !slices.Equal(got, []string{"half and whole"}) {
			t.Errorf("%s: got %q", shell, got)
		}
	}
}
