//go:build !unix

package template

import "os/exec"

// runGroup runs c. How it ends does not matter.
func runGroup(c *exec.Cmd) { _ = c.Run() }
