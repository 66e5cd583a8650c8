// Package early serves the plain command lines of lock, sem and switch while
// the program is still being initialised: people put these verbs around
// commands that take a millisecond, and what all other packages need to be
// ready (tables of yaml, net, regular expressions, colours) takes as long as
// the rest of a wrapper's own life.
//
// The language says that packages are initialised in the order of their paths
// as soon as what they import is. So this one comes early if it imports,
// however indirectly, only what the lock itself needs; a test holds it to
// that.
package early

import (
	"os"
	"slices"
	"strings"

	"github.com/loxctl/loxctl/internal/hold"
	"github.com/loxctl/loxctl/internal/proc"
	"github.com/loxctl/loxctl/internal/shellword"
	"github.com/loxctl/loxctl/locks"
)

// failure is set during initialisation only.
var failure error

// Failure is what went wrong after the lock was taken, for the ordinary way to
// report it: nothing is left to do. It is nil if all is left to do.
func Failure() error { return failure }

// Verbs are those that may be served here.
func Verbs() []string { return []string{"lock", "sem", "switch"} }

func init() {
	if len(os.Args) < 3 || isTest(os.Args[0]) || !slices.Contains(Verbs(), os.Args[1]) {
		return
	}
	o := hold.New(os.Args[1])
	environ := os.Environ()
	if !o.Parse(os.Args[2:]) || !straight(&o, environ) {
		return
	}
	ended, done, err := run(&o, environ)
	switch {
	case err != nil:
		failure = err
	case done:
		proc.Raise(ended.Signal)
		os.Exit(ended.Status())
	}
}

// isTest tells whether program is that of a test which does not play loxctl.
func isTest(program string) bool {
	return strings.HasSuffix(strings.TrimSuffix(program, ".exe"), ".test")
}

// straight tells whether nothing is asked for but to run a command under a
// lock that we are not inside of.
func straight(o *hold.Options, environ []string) bool {
	c := &o.Command
	if c.Line != "" || c.BG || c.Exec || c.Pdeathsig != 0 || c.MaxHold != 0 {
		return false
	}
	return (len(o.Words) > 1 || Plain(o.Words[0])) && proc.Getenv(environ, hold.HeldVariable) == ""
}

// Plain tells whether a command in one word is surely that word, and nothing
// for a shell or to be split.
func Plain(word string) bool {
	for i := range len(word) {
		switch c := word[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("_./+-", c) >= 0:
		default:
			return false
		}
	}
	return word != "" && !shellword.Command(word) && !shellword.Reserved(word)
}

// run runs the command if the lock is free. Whatever is wrong before that has
// changed nothing, and is found again by the ordinary way.
func run(o *hold.Options, environ []string) (ended proc.Exit, done bool, err error) {
	dir, err := o.Place.Open(environ)
	if err != nil {
		return ended, false, nil
	}
	h, err := o.Get(dir, environ, o.Words, func(r locks.Request) (*locks.Hold, error) {
		return dir.Locker(r).TryAcquire()
	})
	if err != nil {
		return ended, false, nil
	}
	ended, err = h.Run(o.Words)
	return ended, true, err
}
