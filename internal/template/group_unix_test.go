//go:build unix

package template

import (
	"os/exec"
	"syscall"
)

// runGroup runs c and ends what it leaves behind: nonsense may be a loop in
// the background. How it ends does not matter.
func runGroup(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	kill := func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.Cancel = kill
	if c.Start() != nil {
		return
	}
	_ = c.Wait()
	_ = kill()
}
