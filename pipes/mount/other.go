//go:build !linux

package mount

import (
	"context"
	"errors"
	"fmt"
)

var errNotHere = fmt.Errorf("a mount is not available on this system: %w", errors.ErrUnsupported)

func announce(context.Context, Options) error { return errNotHere }
func funnel(context.Context, Options) error   { return errNotHere }
func unmount(context.Context, string) error   { return errNotHere }

// Run is the whole life of a process of a mount; args are those after Verb. It
// returns the exit status.
func Run([]string) int { return 125 }
