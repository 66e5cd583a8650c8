//go:build !mutant

package pipes

import "time"

// mutant is a rule that is broken on purpose: none is. The compiler removes
// what depends on it.
const mutant = ""

// safetyTick is how long anybody sleeps before looking whether a call to wake
// was lost, with the one who died before making it.
func safetyTick() time.Duration { return time.Second }
