//go:build unix

package spool

import (
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// free is the number of bytes free on f's file system, or no bound if the
// system does not say.
func free(f *os.File) int64 {
	var st unix.Statfs_t
	if unix.Fstatfs(int(f.Fd()), &st) != nil {
		return math.MaxInt64
	}
	return int64(st.Bavail) * int64(st.Bsize)
}
