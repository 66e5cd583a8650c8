package cmd

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/loxctl/loxctl/internal/value"
	"github.com/loxctl/loxctl/pipes"
)

// backlogValue is a flag value: none, all, or how many.
type backlogValue int64

func (b *backlogValue) Type() string { return "none|N|all" }

func (b *backlogValue) String() string {
	switch *b {
	case pipes.BacklogNone:
		return "none"
	case pipes.BacklogAll:
		return "all"
	}
	return strconv.FormatInt(int64(*b), 10)
}

func (b *backlogValue) Set(s string) error {
	switch s {
	case "none":
		*b = pipes.BacklogNone
		return nil
	case "all":
		*b = pipes.BacklogAll
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is neither none, all nor a number of records", s)
	}
	*b = backlogValue(n)
	return nil
}

// retention is a flag value: a size, or a duration if it ends in a unit of
// time. Given twice it is both.
type retention struct {
	bytes size
	age   time.Duration
}

func (r *retention) Type() string { return "SIZE|DURATION" }

func (r *retention) String() string {
	var parts []string
	if r.bytes > 0 {
		parts = append(parts, r.bytes.String())
	}
	if r.age > 0 {
		parts = append(parts, r.age.String())
	}
	return strings.Join(parts, ",")
}

func (r *retention) Set(s string) error {
	if s == "" || !strings.Contains("smhd", s[len(s)-1:]) {
		if err := r.bytes.Set(s); err != nil {
			return fmt.Errorf("%q is neither a size (512M) nor a duration (36h, 7d)", s)
		}
		return nil
	}
	age, err := value.ParseDuration(s)
	if err != nil {
		return err
	}
	r.age = age
	return nil
}

// fromValue is a flag value: where a subscriber begins.
type fromValue struct {
	from pipes.From
	text string
}

func (f *fromValue) Type() string      { return "start|now|last|SEQ" }
func (f *fromValue) String() string    { return f.text }
func (f *fromValue) Choices() []string { return []string{"start", "now", "last"} }

func (f *fromValue) Set(s string) (err error) {
	f.from, err = pipes.ParseFrom(s)
	f.text = s
	return err
}
