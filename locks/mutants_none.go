//go:build !mutant

package locks

// mutant is a rule of the turnstile that is broken on purpose: none is. The
// compiler removes what depends on it.
const mutant = ""
