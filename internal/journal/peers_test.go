package journal

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// parallelLog is the log that GNU parallel writes for commands.
func parallelLog(t *testing.T, name string, args []string, commands ...string) string {
	t.Helper()
	path, err := exec.LookPath("parallel")
	if err != nil {
		t.Skip("no parallel here to compare with")
	}
	cmd := exec.CommandContext(t.Context(), path, append([]string{"-0", "-j1", "--joblog", name}, args...)...)
	cmd.Env = append(os.Environ(), "PARALLEL_HOME="+t.TempDir(), "SHELL=/bin/sh", "LC_ALL=C")
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\x00"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() > 100 {
		t.Fatalf("parallel: %v\n%s", err, stderr.String())
	}
	text, err := os.ReadFile(strings.TrimPrefix(name, "+"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// parse reads a row that GNU parallel wrote.
func parse(t *testing.T, line string) Row {
	t.Helper()
	fields := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 9)
	if len(fields) != 9 {
		t.Fatalf("%q has not 9 columns", line)
	}
	number := func(i int) float64 {
		n, err := strconv.ParseFloat(strings.TrimSpace(fields[i]), 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		return n
	}
	return Row{
		Seq:     int(number(0)),
		Start:   time.UnixMilli(int64(number(2)*1000 + 0.5)),
		Runtime: time.Duration(number(3)*1000+0.5) * time.Millisecond,
		Sent:    int64(number(4)), Got: int64(number(5)),
		Status: int(number(6)), Signal: syscall.Signal(number(7)),
		Command: strings.ReplaceAll(fields[8], "\x00", "\n"),
	}
}

// parseAll reads a log, or what was appended to one.
func parseAll(t *testing.T, log string) []Row {
	t.Helper()
	var rows []Row
	for line := range strings.Lines(strings.TrimPrefix(log, header)) {
		rows = append(rows, parse(t, line))
	}
	if len(rows) == 0 {
		t.Fatalf("no rows: %q", log)
	}
	return rows
}

// What GNU parallel logs, we log in the same bytes.
func TestLikeParallel(t *testing.T) {
	if testing.Short() {
		t.Skip("starts GNU parallel, which takes half a second")
	}
	theirs, ours := filepath.Join(t.TempDir(), "theirs"), filepath.Join(t.TempDir(), "ours")
	log := parallelLog(t, theirs, nil,
		"true", "printf hello", "exit 3", "kill $$", "kill -9 $$", "sleep 0.1",
		"printf 'a\nb' # two\nlines", "echo a\tb", "printf '\xff'", "seq 3000")
	check(t, "log", writeLog(t, ours, parseAll(t, log)...), log)
	more := parallelLog(t, "+"+theirs, []string{"--pipe", "cat >/dev/null; exit 2"}, "some data")
	check(t, "appended", writeLog(t, "+"+ours, parseAll(t, strings.TrimPrefix(more, log))...), more)
}
