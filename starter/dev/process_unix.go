//go:build unix && !linux

package dev

import "syscall"

// childAttributes put the child into its own process group. Only Linux can tie its life to ours.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
