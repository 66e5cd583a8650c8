//go:build mutant

package mount

import "os"

// mutant names the rule of a mount that this build breaks, to find out whether
// the tests notice. It exists in builds with the tag mutant only.
var mutant = os.Getenv("LOXCTL_MUTANT")
