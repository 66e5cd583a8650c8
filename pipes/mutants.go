//go:build mutant

package pipes

import (
	"os"
	"time"
)

// mutant names the rule that this build breaks, to find out whether the tests
// notice. It exists in builds with the tag mutant only.
var mutant = os.Getenv("LOXCTL_MUTANT")

// safetyTick is off with LOXCTL_TICK=off: what would be late without it hangs.
func safetyTick() time.Duration {
	if os.Getenv("LOXCTL_TICK") == "off" {
		return 24 * time.Hour
	}
	return time.Second
}
