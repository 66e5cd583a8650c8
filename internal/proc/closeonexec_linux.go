package proc

import (
	"math"

	"golang.org/x/sys/unix"
)

// closeAllOnExec makes starts end the descriptors that our parent left to us.
func closeAllOnExec() {
	if unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) != nil { // before 5.11
		closeEachOnExec()
	}
}
