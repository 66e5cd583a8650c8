package sink

import (
	"io"
	"strings"
	"testing"
)

// tagEach is what tagged must come to, said in another way.
func tagEach(text, tag string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(tag + line)
	}
	return b.String()
}

func TestTagsStandAtTheBeginningsOfLines(t *testing.T) {
	for _, writes := range [][]string{
		{},
		{""},
		{"a\n"},
		{"a"},
		{"a\nb\n"},
		{"a", "b", "\n", "c"},
		{"a\n", "b"},
		{"a\nb", "c\n\n", "\n", "d"},
		{"\n\n"},
		{"", "a", "", "\n", ""},
	} {
		o := newStream(t)
		w := withTag(o, seqTag, &Job{Seq: 2})
		for _, text := range writes {
			write(t, w, text)
		}
		check(t, strings.Join(writes, "|"), o.take(), tagEach(strings.Join(writes, ""), "++:"))
	}
}

func TestNoTag(t *testing.T) {
	o := newStream(t)
	check(t, "the writer itself", withTag(o, nil, &Job{}), io.Writer(o))
	w := withTag(o, func(*Job) []byte { return nil }, &Job{})
	write(t, w, "a\nb\n")
	check(t, "an empty tag", o.take(), "a\nb\n")
}

// The slot of a job, which may be in its tag, is known only when it begins.
func TestTheTagIsAskedForWhenThereIsOutput(t *testing.T) {
	calls := 0
	slotTag := func(j *Job) []byte {
		calls++
		return []byte{byte('0' + j.Slot), ' '}
	}
	o := newOutputs(t)
	for name, g := range everySink(t, o, ample, slotTag) {
		if strings.HasPrefix(name, "json") {
			continue
		}
		j := open(g, 1)[0]
		j.Slot = 7
		g.Try(j)
		write(t, j.Stdout, "a\n")
		write(t, j.Stdout, "b\n")
		put(t, g, j)
		check(t, name, o.out.take(), "7 a\n7 b\n")
		check(t, name+": calls", calls, 1)
		calls = 0
	}
}

// However long the tag is, memory is bounded.
func TestManyShortLinesWithALongTag(t *testing.T) {
	tag := strings.Repeat("t", 1000)
	text := strings.Repeat("\n", 10000)
	o := newStream(t)
	w := withTag(o, func(*Job) []byte { return []byte(tag) }, &Job{}).(*tagged)
	write(t, w, text)
	checkText(t, "lines", o.take(), tagEach(text, tag))
	if size := cap(w.buf); size > 2*tagBuffer {
		t.Errorf("needs a buffer of %d bytes", size)
	}
}

// What a failed write says is how much of the text got out.
func TestATaggedWriteFails(t *testing.T) {
	line := strings.Repeat("x", 1000) + "\n"
	o := newStream(t)
	o.room = 100 << 10
	n, err := io.WriteString(withTag(o, seqTag, &Job{Seq: 1}), strings.Repeat(line, 200))
	checkErr(t, "Write", err, errBoom)
	check(t, "written", n, len(line)*strings.Count(o.take(), "\n"))
	if n == 0 || n > 100<<10 {
		t.Errorf("%d bytes went into 100k", n)
	}
}

func FuzzTag(f *testing.F) {
	f.Add("a\nb\n\nc", uint8(3))
	f.Add("\n", uint8(0))
	f.Fuzz(func(t *testing.T, text string, step uint8) {
		o := newStream(t)
		w := withTag(o, seqTag, &Job{Seq: 3})
		for rest := text; len(rest) > 0; {
			n := min(len(rest), 1+int(step))
			write(t, w, rest[:n])
			rest = rest[n:]
		}
		checkText(t, "tagged", o.take(), tagEach(text, "+++:"))
	})
}
