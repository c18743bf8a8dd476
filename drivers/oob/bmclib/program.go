package bmclib

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// interrupt asks the programs of ours that speak to a BMC to end: ipmitool closes its session then, and leaves it when it is
// killed. bmclib starts programs and shows none, so they are found among our children by their arguments; where the system
// has no /proc, none is.
func interrupt(host, port string) {
	own := "\nPPid:\t" + strconv.Itoa(os.Getpid()) + "\n"
	files, _ := filepath.Glob("/proc/[0-9]*/status")
	for _, file := range files {
		status, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(status), own) {
			continue
		}
		line, err := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		if err != nil || !speaksTo(strings.Split(string(line), "\x00"), host, port) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			continue
		}
		if p, err := os.FindProcess(pid); err == nil {
			_ = p.Signal(os.Interrupt)
		}
	}
}

func speaksTo(args []string, host, port string) bool {
	h, p := slices.Index(args, "-H"), slices.Index(args, "-p")
	return h >= 0 && p >= 0 && h+1 < len(args) && p+1 < len(args) && args[h+1] == host && args[p+1] == port
}
