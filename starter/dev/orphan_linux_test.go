package dev

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The test runs itself as the parent that is killed.
const parentVariable = "DRYDOCK_TEST_ORPHAN_PARENT"

func TestAChildDoesNotOutliveAKilledParent(t *testing.T) {
	if os.Getenv(parentVariable) != "" {
		p, err := startProcess(exec.Command("/bin/sh", "-c", "while :; do sleep 1; done"))
		require.NoError(t, err)
		_, _ = os.Stdout.WriteString("child " + strconv.Itoa(p.cmd.Process.Pid) + "\n")
		<-p.done
		return
	}
	parent := exec.Command(os.Args[0], "-test.run", "^TestAChildDoesNotOutliveAKilledParent$")
	parent.Env = append(os.Environ(), parentVariable+"=1")
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan(), "the parent tells its child")
	child, err := strconv.Atoi(strings.TrimPrefix(lines.Text(), "child "))
	require.NoError(t, err, lines.Text())
	require.NoError(t, syscall.Kill(child, 0), "the child runs")

	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait() // an error: it was killed
	require.Eventually(t, func() bool { return ended(child) }, 5*time.Second, 20*time.Millisecond)
}

// ended reports whether a process is gone, or a zombie that nobody has waited for.
func ended(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(rest, "Z")
}
