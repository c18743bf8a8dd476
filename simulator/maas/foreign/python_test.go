package foreign_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"drydock/simulator/world"
	"drydock/simulator/world/worldtest"
)

// python finds an interpreter that has requests-oauthlib: Debian's is asked first, as it is the one that packages are for.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		path, err := exec.LookPath(name)
		if err == nil && exec.CommandContext(t.Context(), path, "-c", "import requests_oauthlib").Run() == nil {
			return path
		}
	}
	lacks(t, "python3 with requests_oauthlib (Debian: python3-requests-oauthlib)")
	return ""
}

func TestPythonSignsAndSendsInItsOwnWays(t *testing.T) {
	program := python(t)
	for _, way := range []string{"plaintext", "hmac", "multipart"} {
		t.Run(way, func(t *testing.T) {
			site := start(t)
			turnOn(t, site, worldtest.Redfish)
			m, _ := site.World.Machine(worldtest.Redfish)
			wait(t, "enlisted", func() bool { return m.Counters().Enlistments == 1 && m.Power() == world.PowerOff })
			c := exec.CommandContext(t.Context(), program, "testdata/client.py")
			c.Stdin = strings.NewReader(strings.Join([]string{site.MAASURL(), site.APIKey(), way}, "\n") + "\n")
			out, err := c.CombinedOutput()
			require.NoError(t, err, string(out))
		})
	}
}
