//go:build darwin || dragonfly || freebsd || linux

package spool

import (
	"math"
	"math/bits"
	"os"

	"golang.org/x/sys/unix"
)

// free is the number of bytes free on f's file system, or no bound if the
// system does not say.
func free(f *os.File) int64 {
	var st unix.Statfs_t
	if unix.Fstatfs(int(f.Fd()), &st) != nil || st.Blocks == 0 {
		return math.MaxInt64
	}
	blocks := max(int64(st.Bavail), 0) // below zero: only root's reserve is left
	high, low := bits.Mul64(uint64(blocks), uint64(st.Bsize))
	if high > 0 || low > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(low)
}
