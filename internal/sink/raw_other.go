//go:build !unix

package sink

import "os"

// isBroken is never found out here.
func isBroken(*os.File) bool { return false }
