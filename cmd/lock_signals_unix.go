//go:build unix

package cmd

import "syscall"

// keeperEnds are the signals that end a keeper, also one that is stopped.
var keeperEnds = []syscall.Signal{syscall.SIGTERM, syscall.SIGCONT}
