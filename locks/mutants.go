//go:build mutant

package locks

import "os"

// mutant names the rule of the turnstile that this build breaks, to find out
// whether the tests notice. It exists in builds with the tag mutant only.
var mutant = os.Getenv("LOXCTL_MUTANT")
