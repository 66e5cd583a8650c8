package proc

import "errors"

// ErrNoProcess says that there is no process of a number.
var ErrNoProcess = errors.New("no such process")

// Identity is a process as such: its number may be another's one day, or
// another's now in another namespace.
type Identity struct {
	PID       int
	Start     uint64 // when it began, in units of the system; 0: not known
	Namespace uint64 // of its number; 0: not known
}

// Key is a hash of all three, never 0.
func (i Identity) Key() uint64 {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	hash := uint64(offset)
	for _, n := range [...]uint64{uint64(i.PID), i.Start, i.Namespace} {
		for range 8 {
			hash = (hash ^ n&0xff) * prime
			n >>= 8
		}
	}
	return max(hash, 1)
}
