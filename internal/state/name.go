package state

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A NameError is a name that nothing can have.
type NameError struct {
	Name string
	Why  string
}

func (e *NameError) Error() string {
	return strconv.Quote(e.Name) + " is no name: " + e.Why
}

// MaxName is how many bytes a name may have.
const MaxName = 200

// reserved are the words that a command line takes for something else.
var reserved = []string{
	"acquire", "release", "held", "check", "path", "wait", "ls", "break", "resize", "gc",
}

// CheckName returns a *NameError for what nothing can be called: names are 1
// to MaxName bytes of UTF-8 without control characters, do not begin with a
// dot or a dash, and are none of the words that follow a verb.
func CheckName(name string) error {
	why := ""
	switch {
	case name == "":
		why = "it is empty"
	case len(name) > MaxName:
		why = "it has " + strconv.Itoa(len(name)) + " bytes, " + strconv.Itoa(MaxName) + " are allowed"
	case !utf8.ValidString(name):
		why = "it is not UTF-8"
	case strings.ContainsFunc(name, unicode.IsControl):
		why = "it has a control character"
	case name[0] == '.' || name[0] == '-':
		why = "it begins with " + name[:1]
	case slices.Contains(reserved, name):
		why = "the word has a meaning of its own"
	default:
		return nil
	}
	return &NameError{Name: name, Why: why}
}

const (
	maxEscaped = 200 // bytes of an escaped name
	cutEscaped = 120 // what is left of a longer one, before its hash
)

// Escape returns the name of the file for name, which CheckName has let pass.
// It keeps a-z 0-9 . _ - and writes any other byte as %XX, capitals too, so
// that names stay different on disks that fold case. What gets too long ends
// in a hash of the whole.
func Escape(name string) string {
	const hexDigits = "0123456789ABCDEF"
	b := make([]byte, 0, len(name)+16)
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
			b = append(b, c)
		default:
			b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	if len(b) <= maxEscaped {
		return string(b)
	}
	cut := cutEscaped
	for i := 1; i <= 2; i++ { // not inside a %XX
		if b[cutEscaped-i] == '%' {
			cut = cutEscaped - i
			break
		}
	}
	sum := sha256.Sum256([]byte(name))
	return string(b[:cut]) + "%~" + hex.EncodeToString(sum[:16])
}
