//go:build linux

package pipes

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallDisk mounts a file system of so many bytes, or skips the test.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options+",mode=700"); err != nil {
		t.Skip("needs the right to mount a file system:", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, 0) })
	return dir
}

// A full disk is an error of the put. What was committed stays, and the log
// goes on when there is space again.
func TestDiskFull(t *testing.T) {
	disk := smallDisk(t, "size=1m")
	d, err := Open(filepath.Join(disk, "home"))
	noError(t, err)
	defer d.Close()
	topic := newTopic(t, d, "news", Settings{Segment: smallSegment, Backlog: BacklogAll})
	committed := 0
	for round := range 3 {
		err := error(nil)
		for err == nil {
			if _, err = topic.Put(t.Context(), PutOptions{}, []byte(fat(committed+1)), []byte(fat(committed+2))); err == nil {
				committed += 2
			}
		}
		if !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "news: ") {
			t.Fatal(err)
		}
		far, err := again(t, d).Announcement("news") // also opens it
		noError(t, err)
		c := subscribe(t, far, "", CursorOptions{})
		for i := 1; i <= committed; i++ {
			r, err := c.Next(t.Context())
			if err != nil || string(r.Data) != fat(int(r.Seq)) {
				t.Fatal(r.Seq, err)
			}
			i = int(r.Seq)
		}
		wantNothing(t, c)
		noError(t, c.Close())
		noError(t, topic.Register("s", CursorOptions{From: FromNow})) // without another byte
		for _, name := range []string{"another", "more"} {
			if _, err := d.CreateAnnouncement(name, Settings{}); round == 0 && name == "more" && !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("create: %v", err)
			}
			if err := d.Remove(KindAnnounce, name); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Error(err)
			}
		}
		s := topic.Settings() // make space
		s.RetainBytes = 3 * smallSegment
		noError(t, topic.Update(s))
		if n, err := d.GC(); n == 0 || err != nil {
			t.Fatal(n, err)
		}
		s.RetainBytes = 0
		noError(t, topic.Update(s))
	}
}

// Neither do tables that grow meet a full disk in a page that is mapped.
func TestDiskFullOfTables(t *testing.T) {
	disk := smallDisk(t, "size=400k")
	d, err := Open(filepath.Join(disk, "home"))
	noError(t, err)
	defer d.Close()
	topic := newTopic(t, d, "news", Settings{})
	n := 0
	for err == nil {
		if err = topic.Register(strings.Repeat("g", 1+n%100)+fat(n)[:6], CursorOptions{Group: n%3 == 0}); err == nil {
			n++
		}
	}
	if !errors.Is(err, syscall.ENOSPC) || n < firstSlots {
		t.Fatal(n, err)
	}
	info, err := topic.Info()
	if err != nil || len(info.Subscribers) != n {
		t.Errorf("%d subscribers of %d, %v", len(info.Subscribers), n, err)
	}
}
