//go:build linux

package pipes

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const diskPage = 4096

// leaveRoom fills a disk but for so many pages, with a file that is removed to
// make room again.
func leaveRoom(t *testing.T, disk string, pages int64) (makeRoom func()) {
	t.Helper()
	f, err := os.Create(filepath.Join(disk, "ballast"))
	noError(t, err)
	defer f.Close()
	page := make([]byte, diskPage)
	for err == nil {
		_, err = f.Write(page)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	size, err := f.Seek(0, 1)
	noError(t, err)
	noError(t, f.Truncate(size-pages*diskPage))
	return func() { noError(t, os.Remove(f.Name())) }
}

// wantFull says that an error is that of a full disk, and whose.
func wantFull(t *testing.T, err error, name string) {
	t.Helper()
	if !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), name+": ") {
		t.Fatalf("%v, want that of a full disk for %s", err, name)
	}
}

// smallDiskHome opens a directory on a small disk of its own.
func smallDiskHome(t *testing.T) (*Dir, string) {
	disk := smallDisk(t, "size=2m")
	d, err := Open(filepath.Join(disk, "home"))
	noError(t, err)
	t.Cleanup(func() { d.Close() })
	return d, disk
}

// A put that fills the disk in its middle, wherever that is, is none: not now,
// not for others, not after the next start of the machine; and it can be done
// again when there is room.
func TestDiskFullInsideAnAnnouncement(t *testing.T) {
	d, disk := smallDiskHome(t)
	big := strings.Repeat("0123456789abcde\n", 5*diskPage/16)
	s := Settings{Backlog: BacklogAll, Segment: smallSegment}
	for room := range int64(5) {
		name := fmt.Sprint("news", room)
		topic := newTopic(t, d, name, s)
		put(t, topic, "one")
		makeRoom := leaveRoom(t, disk, room)
		_, err := topic.Put(t.Context(), PutOptions{ID: "k"}, []byte(big))
		wantFull(t, err, name)
		want := []string{"one"}
		if room%2 == 0 { // there is room for it in the page, over what is left of the other one
			put(t, topic, "two")
			want = append(want, "two")
		}
		makeRoom()
		d = reboot(t, d)
		topic = newTopic(t, d, name, s)
		if damage := topic.Damage(); damage != nil {
			t.Error(damage)
		}
		seq, err := topic.Put(t.Context(), PutOptions{ID: "k"}, []byte(big))
		want = append(want, big)
		if err != nil || int(seq) != len(want) {
			t.Errorf("again: %d, %v", seq, err)
		}
		c := subscribe(t, topic, "", CursorOptions{})
		for i, want := range want {
			wantNext(t, c, uint64(i+1), want)
		}
		wantNothing(t, c)
		noError(t, d.Remove(KindAnnounce, name))
	}
}

// The same of the values of a funnel, those that complete a set and others.
func TestDiskFullInsideAFunnel(t *testing.T) {
	d, disk := smallDiskHome(t)
	big := strings.Repeat("0123456789abcde\n", 5*diskPage/16)
	for room := range int64(5) {
		j := newJoin(t, d, "a,b", Settings{})
		give(t, j, "a", "x", "small")
		give(t, j, "a", "z", "small")
		g := getter(t, j)
		wantNoSet(t, g)
		makeRoom := leaveRoom(t, disk, room)
		for job, input := range map[string]string{"x": "b", "y": "a"} {
			_, err := j.Put(t.Context(), PutOptions{ID: "of " + job}, input, job, []byte(big))
			wantFull(t, err, "f")
			wantJobs(t, j.Pending, "x:a- z:a-")
			wantNoSet(t, g)
		}
		give(t, j, "b", "z", "no more")
		s := wantSet(t, g, "z#1 small|no more")
		noError(t, g.Ack(s.Seq))
		makeRoom()
		d = reboot(t, d)
		j = newJoin(t, d, "a,b", Settings{})
		for _, job := range []string{"y", "x"} {
			for _, input := range []string{"a", "b"} {
				if input+job != "ax" {
					_, err := j.Put(t.Context(), PutOptions{ID: input + job}, input, job, []byte(big))
					noError(t, err)
				}
			}
		}
		g = getter(t, j)
		wantSet(t, g, "y#1 "+big+"|"+big)
		wantSet(t, g, "x#1 small|"+big)
		wantNoSet(t, g)
		noError(t, d.Remove(KindFunnel, "f"))
	}
}

// Neither is anything lost if there is no room for the index, or no more: what
// was put is there, once there is room, and sets can be had all the time.
func TestDiskFullOfIndex(t *testing.T) {
	d, disk := smallDiskHome(t)
	for room := range int64(12) {
		j := newJoin(t, d, "a,b", Settings{})
		makeRoom := leaveRoom(t, disk, room)
		n, err := 0, error(nil)
		for err == nil {
			if _, err = j.Put(t.Context(), PutOptions{}, "a", fmt.Sprint(n), []byte("value")); err == nil {
				n++
			}
		}
		wantFull(t, err, "f")
		other := again(t, d)
		far, err := other.Funnel("f")
		noError(t, err)
		if info, err := far.Info(); err != nil {
			wantFull(t, err, "f")
		} else if info.Pending != n {
			t.Errorf("room %d: %d pending, want %d", room, info.Pending, n)
		}
		makeRoom()
		for i := range n {
			give(t, far, "b", fmt.Sprint(i), "b")
		}
		if info, err := j.Info(); err != nil || info.Pending != 0 || int(info.LastSeq) != 2*n {
			t.Errorf("room %d: %+v, %v, want %d records", room, info, err, 2*n)
		}
		g := getter(t, far)
		for i := range n {
			wantSet(t, g, fmt.Sprintf("%d#1 value|b", i))
		}
		noError(t, other.Close()) // what is removed takes no more room
		noError(t, d.Remove(KindFunnel, "f"))
		if n == 0 && room > 4 {
			t.Errorf("nothing could be put in %d pages", room)
		}
	}
}
