package template

import (
	"bytes"
	"strconv"
	"strings"
	"unsafe"
)

// Words are the command line of one job at a time. The zero value is ready; it
// keeps its memory from job to job.
type Words struct {
	buf  []byte // the words, one after the other
	ends []int  // where each ends in buf
	argv []string
}

// Argv is the command line: the program, or the shell, and its arguments. The
// strings are views of memory that the next Append to w overwrites; clone what
// has to live longer.
func (w *Words) Argv() []string { return w.argv }

// Append sets w to the command line of the job that has the values v. It keeps
// nothing of v. After an error, a *WordError or for a command that is the
// record itself also an *Error, w is empty.
func (t *Template) Append(w *Words, v *Values) error {
	w.buf, w.ends, w.argv = w.buf[:0], w.ends[:0], w.argv[:0]
	err := t.write(w, v)
	if err == nil {
		err = w.findNUL()
	}
	if err != nil {
		w.ends = w.ends[:0]
		return err
	}
	start := 0
	for _, end := range w.ends {
		w.argv = append(w.argv, unsafe.String(unsafe.SliceData(w.buf[start:]), end-start))
		start = end
	}
	return nil
}

func (t *Template) write(w *Words, v *Values) error {
	switch t.form {
	case recordForm:
		return w.appendRecord(v.Args)
	case lineForm:
		return t.appendLine(w, v)
	}
	for i := range t.words {
		if err := w.appendWord(&t.words[i], v); err != nil {
			return err
		}
	}
	return nil
}

// appendRecord splits the values into words by the rules of quoting.
func (w *Words) appendRecord(args []string) error {
	record := strings.Join(args, " ")
	f, err := splitFields(record, nil, false)
	switch {
	case err != nil:
		err.Command = record
		return err
	case len(f.words) == 0:
		return &WordError{Err: ErrNoCommand}
	}
	for i := range f.words {
		if err := w.appendWord(&f.words[i], &Values{}); err != nil {
			return err
		}
	}
	return nil
}

// appendLine writes the shell, -c and the line.
func (t *Template) appendLine(w *Words, v *Values) error {
	w.buf = append(w.buf, t.shell...)
	w.ends = append(w.ends, len(w.buf))
	w.buf = append(w.buf, "-c"...)
	w.ends = append(w.ends, len(w.buf))
	for i := range t.words {
		piece := &t.words[i]
		if !piece.repeat {
			if err := w.appendParts(piece.parts, v, v.all()); err != nil {
				return err
			}
			continue
		}
		for k := range v.Args {
			if k > 0 {
				w.buf = append(w.buf, ' ')
			}
			if err := w.appendParts(piece.parts, v, v.Args[k:k+1]); err != nil {
				return err
			}
		}
	}
	return w.end()
}

// appendWord writes one argument, or as many as its values ask for.
func (w *Words) appendWord(word *word, v *Values) error {
	if word.repeat {
		for k := range v.Args {
			if err := w.appendParts(word.parts, v, v.Args[k:k+1]); err != nil {
				return err
			}
			if err := w.end(); err != nil {
				return err
			}
		}
		return nil
	}
	all := v.all()
	if len(all) == 0 && word.onlyAll() && !v.Unknown {
		return nil
	}
	if err := w.appendParts(word.parts, v, all); err != nil {
		return err
	}
	return w.end()
}

// appendParts writes parts to the open word. all are the values of {}.
func (w *Words) appendParts(parts []part, v *Values, all []string) error {
	for i := range parts {
		p := &parts[i]
		if p.tok == nil {
			w.buf = append(w.buf, p.text...)
			continue
		}
		if err := w.appendToken(p, v, all); err != nil {
			return err
		}
	}
	return nil
}

func (w *Words) appendToken(p *part, v *Values, all []string) error {
	switch {
	case p.tok.kind != tokenValue:
		w.appendCount(p, v)
		return nil
	case p.tok.unknown(v):
		w.buf = append(w.buf, p.tok.shown()...)
		return nil
	case !p.tok.whole():
		return w.appendValue(p, p.tok.value(v))
	}
	for i, s := range p.tok.values(v, all) {
		if i > 0 {
			if err := w.between(p.enc); err != nil {
				return err
			}
		}
		if err := w.appendValue(p, s); err != nil {
			return err
		}
	}
	return nil
}

// appendCount writes a number. Bare in a shell line it would join the name of a
// variable before it, or say what is redirected by a > behind it.
func (w *Words) appendCount(p *part, v *Values) {
	if p.enc != encQuoted {
		w.buf = p.tok.appendCount(w.buf, v)
		return
	}
	w.buf = append(w.buf, '\'')
	w.buf = append(p.tok.appendCount(w.buf, v), '\'')
}

// between separates two values of one token.
func (w *Words) between(enc encoding) error {
	if enc == encWords {
		return w.end()
	}
	w.buf = append(w.buf, ' ')
	return nil
}

// appendValue writes one value the way that p wants it.
func (w *Words) appendValue(p *part, s string) error {
	if p.enc == encQuoted {
		w.buf = append(w.buf, '\'')
	}
	start := len(w.buf)
	if p.tok.op.kind == opWhole {
		w.buf = append(w.buf, s...)
	} else {
		w.buf = p.tok.op.append(w.buf, s)
	}
	switch p.enc {
	case encQuoted:
		w.buf = append(escapeQuotes(w.buf, start), '\'')
	case encInner:
		w.buf = escapeQuotes(w.buf, start)
	case encNumber:
		if !number(w.buf[start:]) {
			return newWordError(len(w.ends)+1, w.buf[start:], ErrNotNumber)
		}
	}
	return nil
}

// end closes the open word and checks its length.
func (w *Words) end() error {
	start := 0
	if n := len(w.ends); n > 0 {
		start = w.ends[n-1]
	}
	w.ends = append(w.ends, len(w.buf))
	if len(w.buf)-start > MaxWord {
		return newWordError(len(w.ends), w.buf[start:], ErrTooLong)
	}
	return nil
}

// findNUL is an error if a word holds a NUL.
func (w *Words) findNUL() error {
	at := bytes.IndexByte(w.buf, 0)
	if at < 0 {
		return nil
	}
	start := 0
	for i, end := range w.ends {
		if at < end {
			return newWordError(i+1, w.buf[start:end], ErrNUL)
		}
		start = end
	}
	return nil
}

// number reports whether b is a number as shells know them: digits first, then
// also letters (0x1f) and dots.
func number(b []byte) bool {
	b = bytes.TrimPrefix(b, []byte("-"))
	if len(b) == 0 || !isDigit(b[0]) {
		return false
	}
	for _, c := range b {
		if c != '.' && (c == '_' || !nameByte(c)) {
			return false
		}
	}
	return true
}

// appendCount writes a token that counts.
func (t *token) appendCount(dst []byte, v *Values) []byte {
	switch t.kind {
	case tokenSeq:
		return appendPadded(dst, v.Seq, 0)
	case tokenSlot:
		return appendPadded(dst, v.Slot, 0)
	case tokenTotal:
		return appendPadded(dst, v.Total, 0)
	case tokenPaddedSeq:
		return appendPadded(dst, v.Seq, v.Total)
	case tokenIndex:
		return appendPadded(dst, v.Indexes[t.index], 0)
	}
	return appendPadded(dst, v.Slot, v.Slots)
}

// appendPadded writes n with zeros in front until it is as long as most.
func appendPadded(dst []byte, n, most int) []byte {
	for limit := 10; limit <= most; limit *= 10 {
		if n < limit {
			dst = append(dst, '0')
		}
	}
	return strconv.AppendInt(dst, int64(n), 10)
}

// Text is the command line as one line for a POSIX shell: what a shell line is
// already, otherwise its words with the quotes they need.
func (t *Template) Text(w *Words) string {
	if len(w.argv) == 0 {
		return ""
	}
	if t.form == lineForm {
		return strings.Clone(w.argv[len(w.argv)-1])
	}
	var b strings.Builder
	for i, arg := range w.argv {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(Quote(arg))
	}
	return b.String()
}
