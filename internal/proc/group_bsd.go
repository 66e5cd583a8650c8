//go:build unix && !linux

package proc

import "syscall"

// groups tells which process groups are alive.
type groups struct{}

// has reports whether the group has a member, which may be a zombie.
func (*groups) has(pgid int) bool { return syscall.Kill(-pgid, 0) == nil }
