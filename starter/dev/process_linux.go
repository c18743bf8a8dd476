package dev

import "syscall"

// childAttributes put the child into its own process group, and let the kernel kill it when we die, however we die.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
