package chain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Unpack is a flag value: how a result becomes several values.
type Unpack uint8

// The ways.
const (
	Tabs  Unpack = iota // one line with a TAB in it: at the TABs
	Lines               // a value a line
	NUL                 // a value ends with a NUL
	JSON                // the elements of an array, the fields of an object
	None                // the result is one value
)

// Choices are the words that Set knows.
func (u Unpack) Choices() []string { return []string{"tabs", "lines", "nul", "json", "none"} }

// String is one of the Choices.
func (u Unpack) String() string { return u.Choices()[u] }

// Type names the kind of value in a help text.
func (u Unpack) Type() string { return "HOW" }

// Set parses one of the Choices.
func (u *Unpack) Set(s string) error {
	i := slices.Index(u.Choices(), s)
	if i < 0 {
		return fmt.Errorf("%q is none of %s", s, strings.Join(u.Choices(), ", "))
	}
	*u = Unpack(i)
	return nil
}

// Values are a result taken apart.
type Values struct {
	Whole  string            // without the newlines at its end
	Args   []string          // its values in order
	Fields map[string]string // its values by name, of a JSON object
}

// Take takes a result apart. Only JSON can be wrong.
func (u Unpack) Take(result string) (Values, error) {
	v := Values{Whole: strings.TrimRight(result, "\n")}
	v.Args = []string{v.Whole}
	switch u {
	case Tabs:
		if !strings.Contains(v.Whole, "\n") {
			v.Args = strings.Split(v.Whole, "\t")
		}
	case Lines:
		v.Args = strings.Split(v.Whole, "\n")
	case NUL:
		v.Args = strings.Split(strings.TrimSuffix(v.Whole, "\x00"), "\x00")
	case JSON:
		return v, v.takeJSON()
	}
	return v, nil
}

func (v *Values) takeJSON() error {
	text := []byte(v.Whole)
	if err := checkJSON(text); err != nil {
		return err
	}
	switch bytes.TrimLeft(text, " \t\r\n")[0] {
	case '[':
		var list []json.RawMessage
		if err := json.Unmarshal(text, &list); err != nil {
			return err
		}
		v.Args = nil
		for _, element := range list {
			v.Args = append(v.Args, textOf(element))
		}
	case '{':
		var object map[string]json.RawMessage
		if err := json.Unmarshal(text, &object); err != nil {
			return err
		}
		v.Fields = make(map[string]string, len(object))
		for name, value := range object {
			v.Fields[name] = textOf(value)
		}
	default:
		v.Args[0] = textOf(text)
	}
	return nil
}

// checkJSON says where text ceases to be JSON.
func checkJSON(text []byte) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return errors.New("no JSON: it is empty")
	}
	var any json.RawMessage
	err := json.Unmarshal(text, &any)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("no JSON: byte %d: %s", syntax.Offset, syntax.Error())
	}
	return err
}

// textOf is a value as a word: a string is its text, null is nothing, all else
// is compact JSON.
func textOf(value json.RawMessage) string {
	var s string
	switch {
	case json.Unmarshal(value, &s) == nil: // null too
		return s
	default:
		var compact bytes.Buffer
		json.Compact(&compact, value) // it has been read as JSON
		return compact.String()
	}
}

// ErrLong is for a piece that is longer than a Cutter may deliver.
var ErrLong = errors.New("too long")

// Cutter cuts a result into pieces: lines, texts that end with a NUL, or the
// elements of a JSON array or of JSON values one after the other. It reads as
// it goes.
type Cutter struct {
	cut func() (string, error)
}

// NewCutter returns a Cutter by the way in which the pieces will be unpacked.
// A line of more than most bytes is ErrLong, and the next one follows.
func (u Unpack) NewCutter(r io.Reader, most int) *Cutter {
	switch u {
	case JSON:
		return &Cutter{cut: newElements(r).next}
	case NUL:
		return &Cutter{cut: newLines(r, 0, most).next}
	}
	return &Cutter{cut: newLines(r, '\n', most).next}
}

// Next returns the next piece, io.EOF after the last one.
func (c *Cutter) Next() (string, error) { return c.cut() }
