//go:build !(darwin || dragonfly || freebsd || linux)

package spool

import (
	"math"
	"os"
)

// free is not known here.
func free(*os.File) int64 { return math.MaxInt64 }
