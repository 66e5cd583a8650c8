package chain

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// lines cuts at a byte.
type lines struct {
	r    *bufio.Reader
	end  byte
	most int
}

func newLines(r io.Reader, end byte, most int) *lines {
	return &lines{r: bufio.NewReaderSize(r, 16<<10), end: end, most: most}
}

// next returns a line without its end, which the last one need not have.
func (l *lines) next() (string, error) {
	var line []byte
	long := false
	for {
		part, err := l.r.ReadSlice(l.end)
		if len(line)+len(part) > l.most+1 {
			long, line = true, nil
		}
		if !long {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && (len(line) > 0 || long):
		case err != nil:
			return "", err
		default:
			line = line[:max(len(line)-1, 0)]
		}
		if long || len(line) > l.most {
			return "", ErrLong
		}
		return string(line), nil
	}
}

// elements cuts a JSON array, or a sequence of JSON values.
type elements struct {
	r     *bufio.Reader
	d     *json.Decoder // nil: not begun
	array bool
	err   error
}

func newElements(r io.Reader) *elements { return &elements{r: bufio.NewReader(r)} }

// next returns an element as it stands. After an error there is none.
func (e *elements) next() (string, error) {
	if e.d == nil && e.err == nil {
		e.err = e.open()
	}
	if e.err == nil && e.array && !e.d.More() {
		e.err = e.close()
	}
	if e.err != nil {
		return "", e.err
	}
	var value json.RawMessage
	if err := e.d.Decode(&value); err != nil {
		e.err = e.fail(err)
		return "", e.err
	}
	return string(value), nil
}

// open finds out whether it is one array.
func (e *elements) open() error {
	e.d = json.NewDecoder(e.r)
	for {
		c, err := e.r.ReadByte()
		if err != nil {
			return e.fail(err)
		}
		if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
			continue
		}
		e.array = c == '['
		if err := e.r.UnreadByte(); err != nil || !e.array {
			return err
		}
		_, err = e.d.Token()
		return err
	}
}

// close reads the end of the array, after which nothing may come.
func (e *elements) close() error {
	if _, err := e.d.Token(); err != nil {
		return e.fail(err)
	}
	if _, err := e.d.Token(); err != io.EOF {
		return fmt.Errorf("no JSON: byte %d: something follows the array", e.d.InputOffset())
	}
	return io.EOF
}

// fail says where it is no JSON. An end between two values is the end.
func (e *elements) fail(err error) error {
	switch {
	case err == io.EOF && !e.array:
		return io.EOF
	case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("no JSON: byte %d: it ends too early", e.d.InputOffset())
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("no JSON: byte %d: %w", syntax.Offset, err)
	}
	return err
}
