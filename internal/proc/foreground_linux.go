package proc

import "syscall"

func (f *Foreground) attributes() (*syscall.ProcAttr, error) {
	return &syscall.ProcAttr{
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Setpgid: f.MaxHold > 0, Pdeathsig: f.Death},
	}, nil
}
