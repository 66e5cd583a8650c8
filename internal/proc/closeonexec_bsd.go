//go:build unix && !linux

package proc

// closeAllOnExec makes starts end the descriptors that our parent left to us.
func closeAllOnExec() { closeEachOnExec() }
