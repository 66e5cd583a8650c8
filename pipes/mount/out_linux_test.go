package mount

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// Readers that open the FIFO anew for every line get each record once.
func TestOutReadersInTurn(t *testing.T) {
	const each = 40
	records := numbered(2 * each * len(shells))
	for i := range records {
		records[i] = fmt.Sprintf("%s %0*d", records[i], i*67%9000+1, 0) // up to more than two pages
	}
	newStore(t, records...)
	m := serve(t, announced("alice"))
	var got strings.Builder
	for _, shell := range shells {
		for _, reader := range []string{`read -r l <out.alice; printf '%s\n' "$l"`, `head -n1 out.alice`} {
			got.WriteString(m.run(shell, fmt.Sprintf(`i=0; while [ $i -lt %d ]; do i=$((i+1)); %s; done`, each, reader)))
		}
	}
	if got.String() != text(records) {
		t.Errorf("got %d bytes, want %d", got.Len(), len(text(records)))
	}
}

// A reader that stays gets everything, and then the end.
func TestOutReaderStays(t *testing.T) {
	for _, shell := range shells {
		for _, size := range []int{1, 4096, 10000} {
			t.Run(fmt.Sprint(shell, " ", size), func(t *testing.T) {
				records := []string{"", strings.Repeat("y", size), `\a  b\ `, strings.Repeat("z", size), ""}
				s := newStore(t, records...)
				m := serve(t, announced("alice", "bob"))
				alice := m.sh(shell, `while IFS= read -r l; do printf '%s\n' "$l"; done <out.alice`)
				bob := m.sh(shell, `cat out.bob`)
				s.await(t, func() bool { return s.pos["alice"] == 5 && s.pos["bob"] == 5 })
				s.do(func() { s.records, s.ended = append(s.records, "last"), true })
				want := text(append(records, "last"))
				if got := alice.output(); got != want {
					t.Errorf("while read: got %.60q (%d)", got, len(got))
				}
				if got := bob.output(); got != want {
					t.Errorf("cat: got %.60q (%d)", got, len(got))
				}
				if err := m.wait(); err != nil {
					t.Errorf("everything is read: %v", err)
				}
			})
		}
	}
}

// The end of one subscriber is not that of another.
func TestOutEndsAlone(t *testing.T) {
	s := newStore(t, "a")
	s.do(func() { s.ended = true })
	m := serve(t, announced("alice", "bob"))
	if got := m.run("bash", "cat out.alice"); got != "a\n" { // cat sees the end
		t.Errorf("alice got %q", got)
	}
	m.kill(pumpAt)
	if got := m.run("bash", "cat out.bob"); got != "a\n" {
		t.Errorf("bob got %q", got)
	}
	if err := m.wait(); err != nil {
		t.Error(err)
	}
}

// The position moves when the reader has taken the record, not before.
func TestOutPosition(t *testing.T) {
	s := newStore(t, numbered(3)...)
	m := serve(t, announced("alice"))
	eventually(t, "a record", func() bool { return m.unread("out.alice") == len("line 1\n") })
	f, err := os.Open(m.dir + "/out.alice")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.SetReadDeadline(time.Now().Add(patience))
	if _, err := f.Read(make([]byte, len("line 1"))); err != nil { // all but the newline
		t.Fatal(err)
	}
	if n := m.unread("out.alice"); n != 1 {
		t.Fatalf("%d bytes unread", n)
	}
	s.do(func() {
		if s.commits != 0 {
			t.Error("the position has moved")
		}
	})
	if _, err := f.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	s.await(t, func() bool { return s.pos["alice"] == 1 })
	eventually(t, "the next record", func() bool { return m.unread("out.alice") == len("line 2\n") })
}

// A reader that dies between lines takes nothing with it; one that dies in the
// middle of a line leaves its rest to the next reader.
func TestOutReaderKilled(t *testing.T) {
	for _, shell := range shells {
		newStore(t, numbered(5)...)
		m := serve(t, announced("alice"))
		m.sh(shell, `{ read -r a; read -r b; kill -KILL $$; } <out.alice`).Wait()
		if got := m.run(shell, `head -n1 out.alice`); got != "line 3\n" {
			t.Errorf("%s: after two lines: %q", shell, got)
		}
		m.sh(shell, `{ head -c 3 >/dev/null; kill -KILL $$; } <out.alice`).Wait()
		if got := m.run(shell, `head -n2 <out.alice`); got != "e 4\nline 5\n" {
			t.Errorf("%s: in the middle of a line: %q", shell, got)
		}
	}
}

// A pump that is killed loses nothing: what it has written is in the pipe, and
// the next one knows that.
func TestOutPumpKilled(t *testing.T) {
	big := strings.Repeat("0123456789", 5000)
	for name, before := range map[string]int{"before reading": 0, "in the middle": 9000, "at a piece's end": 8192, "later": 30000} {
		t.Run(name, func(t *testing.T) {
			newStore(t, big, "next")
			m := serve(t, announced("alice"))
			f, err := os.Open(m.dir + "/out.alice")
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			f.SetReadDeadline(time.Now().Add(patience))
			r := bufio.NewReaderSize(f, 1) // reads what it is asked for
			var got strings.Builder
			read := func(n int) {
				b := make([]byte, n)
				for len(b) > 0 {
					n, err := f.Read(b)
					if err != nil {
						t.Fatal(err)
					}
					got.Write(b[:n])
					b = b[n:]
				}
			}
			read(before)
			eventually(t, "a piece", func() bool { return m.unread("out.alice") > 0 })
			m.kill(pumpAt)
			read(len(big) + 1 - before)
			if got.String() != big+"\n" {
				t.Errorf("got %d bytes, want %d", got.Len(), len(big)+1)
			}
			if next, err := r.ReadString('\n'); next != "next\n" {
				t.Errorf("then %q, %v", next, err)
			}
		})
	}
}

// A record that was taken while there was no pump does not come again.
func TestOutTakenWithoutPump(t *testing.T) {
	s := newStore(t, numbered(2)...)
	m := serve(t, announced("alice"))
	eventually(t, "a record", func() bool { return m.unread("out.alice") > 0 })
	m.kill(pumpAt)
	if got := m.run("dash", "head -n2 <out.alice"); got != "line 1\nline 2\n" {
		t.Errorf("got %q", got)
	}
	s.await(t, func() bool { return s.pos["alice"] == 2 })
}

// After a restart of the mount the record that was in the pipe comes again.
func TestOutMountedAgain(t *testing.T) {
	s := newStore(t, numbered(3)...)
	m := serve(t, announced("alice"))
	if got := m.run("bash", "head -n1 out.alice"); got != "line 1\n" {
		t.Errorf("got %q", got)
	}
	eventually(t, "a record", func() bool { return m.unread("out.alice") == len("line 2\n") })
	m.end()
	s.do(func() {
		if s.pos["alice"] != 1 {
			t.Errorf("position %d", s.pos["alice"])
		}
	})
	m = serveAt(t, m.dir, announced("alice"))
	if got := m.run("bash", "head -n2 <out.alice"); got != "line 2\nline 3\n" {
		t.Errorf("got %q", got)
	}
}

// A record with a newline stops its subscriber, and no other, until somebody
// has moved the position.
func TestOutNewline(t *testing.T) {
	s := newStore(t, "a", "b\nc", "d")
	m := serve(t, announced("alice"))
	if got := m.run("bash", "head -n1 out.alice"); got != "a\n" {
		t.Errorf("got %q", got)
	}
	const want = "loxctl: announce: news: record 2 holds a newline\nhint: "
	eventually(t, "a message", func() bool { return strings.HasPrefix(m.messages(), want) })
	s.do(func() { s.pos["alice"] = 2 })
	if got := m.run("bash", "head -n1 out.alice"); got != "d\n" {
		t.Errorf("got %q", got)
	}
	if got := m.messages(); strings.Count(got, "\n") != 2 {
		t.Errorf("told %q", got)
	}
}
