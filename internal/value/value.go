// Package value has the flag values that several verbs share: each parses
// itself and says what it takes. They know nothing of the packages that read
// command lines.
package value

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/loxctl/loxctl/internal/proc"
)

// A Duration is a flag value: a Go duration, days (2d), or bare seconds.
type Duration time.Duration

// Of returns it as the standard library has it.
func (d Duration) Of() time.Duration { return time.Duration(d) }
func (d Duration) String() string    { return time.Duration(d).String() }

// Type is what help calls it.
func (d Duration) Type() string { return "DURATION" }

// Set parses s.
func (d *Duration) Set(s string) error {
	v, err := ParseDuration(s)
	*d = Duration(v)
	return err
}

// ParseDuration parses what a Duration takes.
func ParseDuration(s string) (time.Duration, error) {
	bad := fmt.Errorf("%q is no duration: write 10s, 1m30s, 2d or seconds", s)
	v, err := time.ParseDuration(s)
	if err != nil {
		unit := time.Second
		number, isDays := strings.CutSuffix(s, "d")
		if isDays {
			unit = 24 * time.Hour
		}
		f, err := strconv.ParseFloat(number, 64)
		if err != nil || math.IsNaN(f) || math.Abs(f)*float64(unit) > math.MaxInt64 {
			return 0, bad
		}
		v = time.Duration(f * float64(unit))
	}
	if v < 0 {
		return 0, fmt.Errorf("%q is negative", s)
	}
	return v, nil
}

// A Choice is a flag value that is one of a few words; the first is the default.
type Choice struct {
	words []string
	word  string
}

// NewChoice returns the choice between words.
func NewChoice(words ...string) Choice { return Choice{words: words, word: words[0]} }

func (c *Choice) String() string { return c.word }

// Type is what help calls it.
func (c *Choice) Type() string { return "WORD" }

// Choices are the words to choose from.
func (c *Choice) Choices() []string { return slices.Clone(c.words) }

// Set chooses s.
func (c *Choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		return fmt.Errorf("%q is none of %s", s, strings.Join(c.words, ", "))
	}
	c.word = s
	return nil
}

// A Signal is a flag value: a signal by its name, with or without SIG, or
// its number.
type Signal syscall.Signal

// Of returns it as the standard library has it; 0 if there is none.
func (s *Signal) Of() syscall.Signal { return syscall.Signal(*s) }

// Type is what help calls it.
func (s *Signal) Type() string { return "SIGNAL" }

func (s *Signal) String() string {
	if *s == 0 {
		return ""
	}
	return strings.TrimPrefix(proc.SignalName(s.Of()), "SIG")
}

// mostSignals is above the number of any signal with a name.
const mostSignals = 64

// Set parses a signal.
func (s *Signal) Set(text string) error {
	name := "SIG" + strings.TrimPrefix(strings.ToUpper(text), "SIG")
	for sig := Signal(1); sig <= mostSignals; sig++ {
		if proc.SignalName(sig.Of()) == name || strconv.Itoa(int(sig)) == text {
			*s = sig
			return nil
		}
	}
	return fmt.Errorf("%q is no signal: write TERM, SIGTERM or 15", text)
}
