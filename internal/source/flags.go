package source

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The option types below have String, Set and Type, so that a flag can write
// straight into the options.

// TrimMode says on which sides white space (ASCII) comes off.
type TrimMode uint8

// The trim modes.
const (
	TrimNone TrimMode = iota
	TrimLeft
	TrimRight
	TrimBoth
)

// TrimModes returns what Set takes.
func TrimModes() []string { return []string{"n", "l", "r", "lr", "rl"} }

// Choices are the words that Set knows.
func (m TrimMode) Choices() []string { return TrimModes() }

// String returns the mode's letters.
func (m TrimMode) String() string { return TrimModes()[m] }

// Set parses a mode.
func (m *TrimMode) Set(s string) error {
	i := slices.Index(TrimModes(), s)
	if i < 0 {
		return fmt.Errorf("%q is none of %s", s, strings.Join(TrimModes(), ", "))
	}
	*m = TrimMode(min(i, int(TrimBoth)))
	return nil
}

// Type names the kind of value in a help text.
func (m TrimMode) Type() string { return "mode" }

const (
	blanks     = " \t"
	whiteSpace = blanks + "\n\v\f\r"
)

func (m TrimMode) apply(s string) string {
	if m == TrimLeft || m == TrimBoth {
		s = strings.TrimLeft(s, whiteSpace)
	}
	if m == TrimRight || m == TrimBoth {
		s = strings.TrimRight(s, whiteSpace)
	}
	return s
}

func isBlank(s string) bool { return strings.TrimLeft(s, whiteSpace) == "" }

func endsInBlank(s string) bool { return s != "" && strings.Contains(blanks, s[len(s)-1:]) }

// HeaderLines is a number of header records; ":" is one.
type HeaderLines int

// String returns the number.
func (h HeaderLines) String() string { return strconv.Itoa(int(h)) }

// Set parses ":" or a number.
func (h *HeaderLines) Set(s string) error {
	if s == ":" {
		s = "1"
	}
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return fmt.Errorf("%q is neither : nor a number of lines", s)
	}
	*h = HeaderLines(n)
	return nil
}

// Type names the kind of value in a help text.
func (h HeaderLines) Type() string { return "lines" }

// Delimiter ends a record.
type Delimiter []byte

// String returns the delimiter as Set reads it.
func (d Delimiter) String() string {
	if len(d) == 0 {
		return `\n`
	}
	var b strings.Builder
	for _, c := range d {
		switch {
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\\':
			b.WriteString(`\\`)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Set parses text with C's escapes: a letter (\n), \0, two hexadecimal digits
// (\x1e) or three octal ones (\036).
func (d *Delimiter) Set(s string) error {
	if s == "" {
		return errors.New("empty delimiter")
	}
	var parsed Delimiter
	for s != "" {
		if s[0] != '\\' {
			parsed, s = append(parsed, s[0]), s[1:]
			continue
		}
		c, wide, rest, err := strconv.UnquoteChar(s, 0)
		switch {
		case err != nil && strings.HasPrefix(s, `\0`):
			parsed, rest = append(parsed, 0), s[2:]
		case err != nil:
			return fmt.Errorf(`no such escape: %s (there are \n \r \t \0 \\ \x1e and C's others)`, s)
		case wide:
			parsed = utf8.AppendRune(parsed, c)
		default:
			parsed = append(parsed, byte(c))
		}
		s = rest
	}
	*d = parsed
	return nil
}

// Type names the kind of value in a help text.
func (d Delimiter) Type() string { return "text" }
