package cmd

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/loxctl/loxctl/internal/value"
)

// The types here are flag values: each parses itself and says what it takes.

// size is a flag value: bytes, with K, M, G or T for powers of 1024.
type size int64

func (n size) Type() string { return "SIZE" }

func (n size) String() string {
	for i := len(sizeUnits) - 1; i >= 0; i-- {
		if unit := size(1) << (10 * (i + 1)); n != 0 && n%unit == 0 {
			return strconv.FormatInt(int64(n/unit), 10) + sizeUnits[i]
		}
	}
	return strconv.FormatInt(int64(n), 10)
}

var sizeUnits = []string{"K", "M", "G", "T"}

func (n *size) Set(s string) error {
	number := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(s), "B"), "I")
	unit := 1.0
	if number != "" {
		if i := slices.Index(sizeUnits, number[len(number)-1:]); i >= 0 {
			unit = math.Pow(1024, float64(i+1))
			number = number[:len(number)-1]
		}
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || !(f >= 0) || f*unit > math.MaxInt64/2 {
		return fmt.Errorf("%q is no size: write 4096, 64K, 1.5M, 2G", s)
	}
	*n = size(f * unit)
	return nil
}

// backoff is a flag value: the pause before a retry, what each further one is
// multiplied by, and the longest.
type backoff struct {
	first, most time.Duration
	factor      float64
}

func (b *backoff) Type() string { return "DURATION[,FACTOR[,MAX]]" }

func (b *backoff) String() string {
	switch {
	case b.first == 0:
		return ""
	case b.most > 0:
		return fmt.Sprintf("%v,%v,%v", b.first, b.factor, b.most)
	case b.factor != 1:
		return fmt.Sprintf("%v,%v", b.first, b.factor)
	}
	return b.first.String()
}

func (b *backoff) Set(s string) (err error) {
	parts := strings.Split(s, ",")
	v := backoff{factor: 1}
	if v.first, err = value.ParseDuration(parts[0]); err != nil {
		return err
	}
	if len(parts) > 1 {
		if v.factor, err = strconv.ParseFloat(parts[1], 64); err != nil || !(v.factor >= 1) || math.IsInf(v.factor, 0) {
			return fmt.Errorf("%q is no factor of at least 1", parts[1])
		}
	}
	if len(parts) > 2 {
		if v.most, err = value.ParseDuration(parts[2]); err != nil {
			return err
		}
	}
	if len(parts) > 3 {
		return fmt.Errorf("%q has more than a duration, a factor and a maximum", s)
	}
	*b = v
	return nil
}

// pause is how long to wait after the given try.
func (b *backoff) pause(try int, _ error) (time.Duration, bool) {
	d := float64(b.first) * math.Pow(b.factor, float64(try-1))
	if b.most > 0 {
		d = min(d, float64(b.most))
	}
	return time.Duration(min(d, math.MaxInt64/2)), true
}

// limit is a flag value: a duration, or a percentage of the median.
type limit struct {
	fixed   time.Duration
	percent float64
}

func (l *limit) Type() string { return "DURATION|N%" }

func (l *limit) String() string {
	switch {
	case l.percent > 0:
		return strconv.FormatFloat(l.percent, 'g', -1, 64) + "%"
	case l.fixed > 0:
		return l.fixed.String()
	}
	return ""
}

func (l *limit) Set(s string) (err error) {
	v := limit{}
	if number, ok := strings.CutSuffix(s, "%"); ok {
		if v.percent, err = strconv.ParseFloat(number, 64); err != nil || !(v.percent > 0) {
			return fmt.Errorf("%q is no percentage of the median", s)
		}
	} else if v.fixed, err = value.ParseDuration(s); err != nil {
		return err
	}
	*l = v
	return nil
}

// delay is a flag value: the time between two starts, adjusted by the outcome
// of jobs if it ends in auto.
type delay struct {
	every time.Duration
	auto  bool
}

func (d *delay) Type() string { return "DURATION[auto]" }

func (d *delay) String() string {
	switch {
	case d.every == 0:
		return ""
	case d.auto:
		return d.every.String() + "auto"
	}
	return d.every.String()
}

func (d *delay) Set(s string) (err error) {
	if s == "" { // the default
		*d = delay{}
		return nil
	}
	number, auto := strings.CutSuffix(s, "auto")
	d.auto = auto
	d.every, err = value.ParseDuration(number)
	return err
}

// rate is a flag value: how many starts in a time, kept as the time between
// two.
type rate time.Duration

func (r rate) of() time.Duration { return time.Duration(r) }

func (r *rate) Type() string { return "N/TIME" }

func (r *rate) String() string {
	if *r == 0 {
		return ""
	}
	return "1/" + time.Duration(*r).String()
}

func (r *rate) Set(s string) error {
	if s == "" { // the default
		*r = 0
		return nil
	}
	number, per, _ := strings.Cut(s, "/")
	if per == "" {
		per = "s"
	}
	if per[0] < '0' || per[0] > '9' {
		per = "1" + per
	}
	n, err := strconv.ParseFloat(number, 64)
	d, perErr := value.ParseDuration(per)
	if err != nil || perErr != nil || !(n > 0) || d == 0 {
		return fmt.Errorf("%q is no rate: write 10/s, 100/m or 5/2s", s)
	}
	*r = rate(float64(d) / n)
	return nil
}
