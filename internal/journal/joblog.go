// Package journal writes down which jobs ran and how they ended.
package journal

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// header names the columns as GNU parallel does.
const header = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n"

// Row is one job.
type Row struct {
	Seq     int
	Host    string    // "": this one, which GNU parallel writes as a colon
	Start   time.Time // zero: it never began
	Runtime time.Duration
	Sent    int64 // bytes to its stdin
	Got     int64 // bytes from its stdout
	Status  int   // -1: it never began
	Signal  syscall.Signal
	Command string
}

// Joblog is a file with a row for each job, in the columns of GNU parallel.
// Rows may come from any goroutine; each is written at once.
type Joblog struct {
	mu   sync.Mutex
	file *os.File
	buf  []byte
}

// OpenJoblog opens the file, or makes it. A name that begins with + is
// appended to; others are emptied.
func OpenJoblog(name string) (*Joblog, error) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	path, appending := strings.CutPrefix(name, "+")
	if !appending {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o666)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err == nil && info.Size() > 0 {
		return &Joblog{file: f}, nil
	}
	if _, err := f.WriteString(header); err != nil {
		f.Close()
		return nil, err
	}
	return &Joblog{file: f}, nil
}

// Put writes a row. A newline in the command becomes NUL, so that a row stays
// one line.
func (l *Joblog) Put(r Row) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var start float64
	if !r.Start.IsZero() {
		start = float64(r.Start.UnixMilli()) / 1000
	}
	l.buf = fmt.Appendf(l.buf[:0], "%d\t%s\t%.3f\t%10.3f\t%d\t%d\t%d\t%d\t%s\n",
		r.Seq, cmp.Or(r.Host, ":"), start, r.Runtime.Seconds(), r.Sent, r.Got, r.Status, int(r.Signal),
		strings.ReplaceAll(r.Command, "\n", "\x00"))
	_, err := l.file.Write(l.buf)
	return err
}

// Close closes the file.
func (l *Joblog) Close() error { return l.file.Close() }
