package bmc_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/simulator/bmc"
	quirky "drydock/simulator/bmc/redfish"
	"drydock/simulator/world"
	"drydock/simulator/world/worldtest"
)

func quirkySite(t *testing.T, q quirky.Quirks) *site {
	return start(t, world.Options{Seed: 1, Speed: 500}, bmc.Options{Quirks: func(*world.Machine) quirky.Quirks { return q }})
}

func TestAServiceMayHaveFewerSessions(t *testing.T) {
	s := quirkySite(t, quirky.Quirks{MaxSessions: 1})
	login := `{"UserName":"` + worldtest.Account + `","Password":"` + worldtest.Credential + `"}`
	response, _ := request(t, s, http.MethodPost, "/redfish/v1/SessionService/Sessions", login)
	require.Equal(t, http.StatusCreated, response.StatusCode)
	mine := response.Header.Get("Location")
	response, _ = request(t, s, http.MethodPost, "/redfish/v1/SessionService/Sessions", login)
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	request(t, s, http.MethodDelete, mine, "")
	response, _ = request(t, s, http.MethodPost, "/redfish/v1/SessionService/Sessions", login)
	require.Equal(t, http.StatusCreated, response.StatusCode)
}

func TestALyingServiceShowsThePowerFromBefore(t *testing.T) {
	s := quirkySite(t, quirky.Quirks{LyingPower: 300 * time.Millisecond})
	m := s.machine(t, worldtest.Redfish)
	path := "/redfish/v1/Systems/" + m.Hardware().Serial
	response, _ := request(t, s, http.MethodPost, path+"/Actions/ComputerSystem.Reset", `{"ResetType":"On"}`)
	require.Equal(t, http.StatusNoContent, response.StatusCode)
	eventually(t, func() bool { return m.Power() == world.PowerOn })
	_, body := request(t, s, http.MethodGet, path, "")
	require.Equal(t, "Off", body["PowerState"], "the machine is on by now")
	eventually(t, func() bool {
		_, body := request(t, s, http.MethodGet, path, "")
		return body["PowerState"] == "On"
	})
}
