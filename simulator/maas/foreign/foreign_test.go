// Package foreign_test lets clients that were not written here work with the simulated region: curl, the Go and Python clients
// of others, and the calls of the Terraform provider. What is not installed is skipped, and missed where
// DRYDOCK_REQUIRE_COUNTERPARTS is 1.
package foreign_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/simulator"
	"drydock/simulator/control"
	"drydock/simulator/maas"
	"drydock/simulator/world/worldtest"
)

// start runs a site in which half an hour takes two seconds.
func start(t *testing.T) *simulator.Site {
	t.Helper()
	return startVersion(t, "")
}

func startVersion(t *testing.T, version string) *simulator.Site {
	t.Helper()
	v, err := maas.ParseVersion(version)
	require.NoError(t, err)
	s, err := simulator.Start(t.Context(), worldtest.Site(), simulator.Options{Seed: 1, Speed: 1000, MAAS: maas.Options{Version: v}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// need finds a program that may not be installed.
func need(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		lacks(t, name)
	}
	return path
}

func lacks(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("DRYDOCK_REQUIRE_COUNTERPARTS") == "1" {
		require.FailNow(t, what+" is not installed")
	}
	t.Skip(what + " is not installed")
}

// turnOn presses the button of a machine, so that it introduces itself, and returns the MAC that it boots from.
func turnOn(t *testing.T, s *simulator.Site, name string) (mac string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Post(s.ControlURL()+"/machines/"+name+"/power", "application/json", strings.NewReader(`{"command": "on"}`))
	require.NoError(t, err)
	defer response.Body.Close()
	var shown control.Machine
	require.NoError(t, json.NewDecoder(response.Body).Decode(&shown))
	require.Equal(t, http.StatusOK, response.StatusCode)
	return shown.PXEMAC
}

// wait asks again until something is so.
func wait(t *testing.T, what string, so func() bool) {
	t.Helper()
	require.Eventually(t, so, 30*time.Second, 10*time.Millisecond, what)
}

// commission starts what a client has no call for.
func commission(t *testing.T, s *simulator.Site, id string) {
	t.Helper()
	c := &curl{t: t, program: need(t, "curl"), site: s, key: s.APIKey()}
	c.ok(nil, "-d", "testing_scripts=none", "machines/"+id+"/?op=commission")
}
