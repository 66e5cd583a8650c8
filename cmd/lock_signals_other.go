//go:build !unix

package cmd

import "syscall"

// keeperEnds are the signals that end a keeper.
var keeperEnds = []syscall.Signal{syscall.SIGTERM}
