//go:build !linux

package main

import (
	"context"
	"errors"
	"fmt"
)

// measure needs Linux: CPU of whole process trees and peaks are asked of its
// kernel.
func (l *lab) measure(context.Context, contender, bool, bool) (figure, error) {
	return figure{}, fmt.Errorf("measuring: %w on this system, Linux is needed", errors.ErrUnsupported)
}
