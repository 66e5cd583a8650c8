package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// writeLog writes rows to name and returns what the file holds then.
func writeLog(t testing.TB, name string, rows ...Row) string {
	t.Helper()
	l, err := OpenJoblog(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := l.Put(r); err != nil {
			t.Errorf("Put: %v", err)
		}
	}
	if err := l.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	text, err := os.ReadFile(strings.TrimPrefix(name, "+"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func check[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %#v, want %#v", what, got, want)
	}
}

func TestRows(t *testing.T) {
	start := time.UnixMilli(1782900000042)
	for _, tt := range []struct {
		name string
		row  Row
		want string
	}{
		{"ok", Row{Seq: 1, Start: start, Runtime: 1234567 * time.Microsecond, Got: 3, Command: "echo hi"},
			"1\t:\t1782900000.042\t     1.235\t0\t3\t0\t0\techo hi\n"},
		{"failed", Row{Seq: 2, Start: start, Runtime: 90 * time.Hour, Sent: 5, Status: 255, Command: "false"},
			"2\t:\t1782900000.042\t324000.000\t5\t0\t255\t0\tfalse\n"},
		{"killed", Row{Seq: 3, Start: start, Status: 137, Signal: syscall.SIGKILL, Command: "sleep 9"},
			"3\t:\t1782900000.042\t     0.000\t0\t0\t137\t9\tsleep 9\n"},
		{"never began", Row{Seq: 4, Status: -1, Command: "true"},
			"4\t:\t0.000\t     0.000\t0\t0\t-1\t0\ttrue\n"},
		{"newlines", Row{Seq: 5, Status: -1, Command: "echo 'a\nb'\n\ttrue"},
			"5\t:\t0.000\t     0.000\t0\t0\t-1\t0\techo 'a\x00b'\x00\ttrue\n"},
		{"not UTF-8", Row{Seq: 6, Status: -1, Command: "echo \xff"},
			"6\t:\t0.000\t     0.000\t0\t0\t-1\t0\techo \xff\n"},
		{"without a command", Row{Seq: 7, Status: -1},
			"7\t:\t0.000\t     0.000\t0\t0\t-1\t0\t\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			check(t, "log", writeLog(t, filepath.Join(t.TempDir(), "log"), tt.row), header+tt.want)
		})
	}
}

func TestOpenEmptiesOrAppends(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	row := func(seq int) string { return fmt.Sprintf("%d\t:\t0.000\t     0.000\t0\t0\t0\t0\t\n", seq) }
	check(t, "a new file", writeLog(t, "+"+name, Row{Seq: 1}), header+row(1))
	check(t, "appended", writeLog(t, "+"+name, Row{Seq: 2}), header+row(1)+row(2))
	check(t, "appended nothing", writeLog(t, "+"+name), header+row(1)+row(2))
	check(t, "emptied", writeLog(t, name, Row{Seq: 3}), header+row(3))
	if err := os.Truncate(name, 0); err != nil {
		t.Fatal(err)
	}
	check(t, "an empty file", writeLog(t, "+"+name, Row{Seq: 4}), header+row(4))
}

// A log can be followed while the run goes on.
func TestARowIsWrittenAtOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	l, err := OpenJoblog(name)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for seq, want := range []int{1, 2, 3} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		check(t, "lines", strings.Count(string(text), "\n"), want)
		if err := l.Put(Row{Seq: seq + 1}); err != nil {
			t.Error(err)
		}
	}
}

func TestRowsOfManyGoroutines(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	l, err := OpenJoblog(name)
	if err != nil {
		t.Fatal(err)
	}
	const writers, rows = 8, 200
	var wg sync.WaitGroup
	var want []string
	for w := range writers {
		for i := range rows {
			want = append(want, strings.Repeat("x", w*rows+i))
		}
		wg.Go(func() {
			for i := range rows {
				if err := l.Put(Row{Seq: w*rows + i, Command: strings.Repeat("x", w*rows+i)}); err != nil {
					t.Errorf("Put: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(strings.TrimPrefix(string(text), header)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		check(t, "columns", len(fields), 9)
		check(t, "Seq", fields[0], fmt.Sprint(len(fields[8])))
		got = append(got, fields[8])
	}
	slices.Sort(got)
	slices.Sort(want)
	check(t, "every row is there once", slices.Equal(got, want), true)
}

func TestAFileThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	locked := filepath.Join(dir, "locked")
	if err := os.WriteFile(locked, nil, 0o400); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, path string }{
		{"a directory", dir},
		{"a missing directory", filepath.Join(dir, "absent", "log")},
		{"no name", ""},
		{"a file that is not writable", locked},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.path == locked && os.Geteuid() == 0 {
				t.Skip("root may write everywhere")
			}
			for _, plus := range []string{"", "+"} {
				_, err := OpenJoblog(plus + tt.path)
				var path *fs.PathError
				if !errors.As(err, &path) || path.Path != tt.path {
					t.Errorf("OpenJoblog(%q): error %v does not name the file", plus+tt.path, err)
				}
			}
		})
	}
}

func TestPutAfterClose(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	l, err := OpenJoblog(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Put(Row{}); !errors.Is(err, os.ErrClosed) || !strings.Contains(err.Error(), name) {
		t.Errorf("Put: %v", err)
	}
}

// A disk that is full is found out when the header is written.
func TestAFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skipf("no full disk here: %v", err)
	}
	_, err := OpenJoblog("/dev/full")
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "/dev/full") {
		t.Errorf("OpenJoblog: %v", err)
	}
}

func BenchmarkPut(b *testing.B) {
	l, err := OpenJoblog(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	b.ReportAllocs()
	for b.Loop() {
		l.Put(Row{Seq: 1, Start: time.UnixMilli(1782900000042), Command: "echo hi"})
	}
}
