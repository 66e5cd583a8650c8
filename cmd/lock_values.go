package cmd

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"github.com/loxctl/loxctl/internal/proc"
)

// signalValue is a flag value: a signal by its name, with or without SIG, or
// its number.
type signalValue syscall.Signal

func (s *signalValue) Type() string       { return "SIGNAL" }
func (s *signalValue) of() syscall.Signal { return syscall.Signal(*s) }

func (s *signalValue) String() string {
	if *s == 0 {
		return ""
	}
	return strings.TrimPrefix(proc.SignalName(s.of()), "SIG")
}

// mostSignals is above the number of any signal with a name.
const mostSignals = 64

func (s *signalValue) Set(text string) error {
	name := "SIG" + strings.TrimPrefix(strings.ToUpper(text), "SIG")
	for sig := signalValue(1); sig <= mostSignals; sig++ {
		if proc.SignalName(sig.of()) == name || strconv.Itoa(int(sig)) == text {
			*s = sig
			return nil
		}
	}
	return fmt.Errorf("%q is no signal: write TERM, SIGTERM or 15", text)
}
