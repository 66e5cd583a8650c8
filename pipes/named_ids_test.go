//go:build linux

package pipes

import (
	"strconv"
	"testing"
)

func putID(t testing.TB, topic *Topic, id, data string) uint64 {
	t.Helper()
	seq, err := topic.Put(t.Context(), PutOptions{ID: id}, []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

func TestNamedIDs(t *testing.T) {
	d := openTemp(t)
	topic, far := newTopic(t, d, "news", Settings{}), newTopic(t, again(t, d), "news", Settings{})
	if a, b, c := putID(t, topic, "a", "1"), putID(t, far, "b", "2"), putID(t, far, "a", "1"); a != 1 || b != 2 || c != 1 {
		t.Errorf("seqs %d %d %d", a, b, c)
	}
	for i := range idsCount - 1 {
		putID(t, topic, strconv.Itoa(i), "")
	}
	if b := putID(t, far, "b", "2"); b != 2 {
		t.Errorf("the oldest of those remembered is %d", b)
	}
	if a := putID(t, far, "a", "1"); a == 1 {
		t.Error("one more is remembered than there is room for")
	}
	if _, err := topic.Put(t.Context(), PutOptions{ID: "x"}, nil, nil); err == nil {
		t.Error("two records have one id")
	}
}

// An entry whose writer was killed before the commit is none: the retry puts
// the record. It does not matter where in the entry that was, nor that another
// record is put at its place, and deleted.
func TestNamedIDOfNoRecord(t *testing.T) {
	for _, counted := range []bool{true, false} {
		d := openTemp(t)
		topic := newTopic(t, d, "news", Settings{Segment: smallSegment})
		l := topic.log
		putID(t, topic, "old", "")
		noError(t, l.exclusively(func() error {
			l.noteID(idEntry{hashID("a"), 2, l.head.end().Load()})
			if !counted {
				l.ids.Uint64(idsNext).Add(^uint64(0))
			}
			return nil
		}))
		fill(t, topic, 2, 200) // now there was something at that offset
		if info, err := topic.Info(); err != nil || info.FirstSeq < 100 {
			t.Fatal(info, err)
		}
		for range 2 {
			if seq := putID(t, topic, "a", "1"); seq != 201 {
				t.Errorf("seq %d", seq)
			}
			if seq := putID(t, topic, "old", ""); seq != 1 {
				t.Errorf("the id of a record that is not retained: seq %d", seq)
			}
		}
	}
}

func TestHashID(t *testing.T) {
	if a, b := hashID("a"), hashID("b"); a == b || a == 0 || a != hashID("a") || hashID("") != 0 {
		t.Errorf("%x %x", a, b)
	}
}
