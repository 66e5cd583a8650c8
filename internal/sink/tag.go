package sink

import (
	"bytes"
	"io"
)

// Tag returns what stands before each line of a job. It is asked when the job
// has output.
type Tag func(j *Job) []byte

// tagBuffer is how much a tagged stream collects before it writes.
const tagBuffer = 64 << 10

// tagged puts the tag of a job before each line that goes to w.
type tagged struct {
	w    io.Writer
	tag  Tag
	job  *Job
	text []byte // what tag said; nil: not asked yet
	mid  bool   // the last write ended within a line
	buf  []byte
}

// withTag returns w itself if tag is nil.
func withTag(w io.Writer, tag Tag, j *Job) io.Writer {
	if tag == nil {
		return w
	}
	return &tagged{w: w, tag: tag, job: j}
}

func (t *tagged) Write(p []byte) (int, error) {
	if t.text == nil {
		t.text = t.tag(t.job)
	}
	done := 0
	for at := 0; at < len(p); {
		if !t.mid {
			t.buf = append(t.buf, t.text...)
		}
		line := p[at:]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		}
		t.mid = line[len(line)-1] != '\n'
		t.buf = append(t.buf, line...)
		if at += len(line); at < len(p) && len(t.buf) < tagBuffer {
			continue
		}
		_, err := t.w.Write(t.buf)
		t.buf = t.buf[:0]
		if err != nil {
			return done, err
		}
		done = at
	}
	return done, nil
}
