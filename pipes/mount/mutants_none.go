//go:build !mutant

package mount

// mutant is a rule of a mount that is broken on purpose: none is. The compiler
// removes what depends on it.
const mutant = ""
