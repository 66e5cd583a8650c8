package proc

import "syscall"

// SignalName is the name of a signal.
func SignalName(sig syscall.Signal) string { return sig.String() }

// MaxSlots is how many processes may run at once.
func MaxSlots() int { return maxSlots }

// ArgArea is how many bytes the system takes for the words of a command line.
func ArgArea([]string) int { return 32767 }
