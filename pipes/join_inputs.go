package pipes

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/loxctl/loxctl/internal/state"
)

// The names of a funnel's inputs are in what its head has to spare: how many
// there are, u32, and from inputNames on each name behind its length, a byte.
// None of them ever changes, and a new one is counted when it is whole.
const inputNames = 8

var errManyInputs = errors.New("there is no room for another input")

func (h head) inputCount() *atomic.Uint32 { return h.Uint32(headExtra) }

// inputs returns the names of the inputs, in order. It needs no lock.
func (h head) inputs() []string {
	names := make([]string, 0, 8)
	b := h.extra()[inputNames:]
	for range h.inputCount().Load() {
		if len(b) == 0 || len(b) <= int(b[0]) {
			break
		}
		n := 1 + int(b[0])
		names = append(names, string(b[1:n]))
		b = b[n:]
	}
	return names
}

// addInput adds an input, unless it is there. The caller has M, or is alone.
func (h head) addInput(name string) error {
	names, used := h.inputs(), inputNames
	if slices.Contains(names, name) {
		return nil
	}
	for _, n := range names {
		used += 1 + len(n)
	}
	b := h.extra()[used:]
	if 1+len(name) > len(b) {
		return errManyInputs
	}
	b[0] = byte(len(name))
	copy(b[1:], name)
	h.inputCount().Add(1)
	return nil
}

// checkInputs returns an error for names that the inputs of a new funnel cannot
// have.
func checkInputs(funnel string, names []string) error {
	size := inputNames
	for i, name := range names {
		if err := state.CheckName(name); err != nil {
			return fmt.Errorf("%s: input: %w", funnel, err)
		}
		if slices.Contains(names[:i], name) {
			return fmt.Errorf("%s: input %s is there twice", funnel, name)
		}
		size += 1 + len(name)
	}
	if size > headSize-headExtra {
		return fmt.Errorf("%s: %w", funnel, errManyInputs)
	}
	return nil
}

// checkInputs returns a *FormatError if the inputs cannot be what was written.
func (h head) checkInputs(funnel string) error {
	names := h.inputs()
	if uint64(len(names)) != uint64(h.inputCount().Load()) || checkInputs(funnel, names) != nil {
		return &FormatError{Name: funnel, Path: "head", Why: "has a damaged list of inputs"}
	}
	return nil
}

// AddInput adds an input, unless it is there. It counts for jobs whose first
// value comes later, not for those already begun.
func (j *Join) AddInput(name string) error {
	l := j.log
	if err := state.CheckName(name); err != nil {
		return fmt.Errorf("%s: input: %w", l.name, err)
	}
	return l.exclusively(func() error {
		if l.head.has(logClosed) {
			return fmt.Errorf("%s: %w", l.name, ErrClosed)
		}
		if err := l.head.addInput(name); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		return l.guard.Sync() // records that need it must not be there without it
	})
}

// Inputs returns the names of the inputs: values of a set are in this order.
// After Close of the Dir there are none.
func (j *Join) Inputs() []string {
	if j.log.enter() != nil {
		return nil
	}
	defer j.log.leave()
	return j.log.head.inputs()
}

// inputsOf returns the names of the inputs that count for a job with n of them.
func (l *log) inputsOf(n int) []string {
	names := l.head.inputs()
	for i := len(names); i < n; i++ { // the disk has lost them
		names = append(names, fmt.Sprint("input", i+1))
	}
	return names[:n]
}

// An InputError is an input that a funnel does not have.
type InputError struct {
	Name, Input string
	Inputs      []string // that it has
}

func (e *InputError) Error() string { return e.Name + ": " + e.Input + ": no such input" }

// Hint says what to do about it.
func (e *InputError) Hint() string {
	add := "loxctl funnel add-input " + e.Name + " " + e.Input
	if len(e.Inputs) == 0 {
		return add
	}
	return "inputs are " + strings.Join(e.Inputs, ", ") + "; another one: " + add
}
