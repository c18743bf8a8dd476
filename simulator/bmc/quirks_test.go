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

func TestQuirks(t *testing.T) {
	boot := `{"Boot":{"BootSourceOverrideTarget":"Pxe","BootSourceOverrideEnabled":"Once"}}`
	for name, c := range map[string]struct {
		quirks quirky.Quirks
		check  func(t *testing.T, s *site, path string)
	}{
		"a service without sessions answers 404 for them": {quirky.Quirks{NoSessions: true}, func(t *testing.T, s *site, _ string) {
			response, _ := request(t, s, http.MethodGet, "/redfish/v1/SessionService", "")
			require.Equal(t, http.StatusNotFound, response.StatusCode)
		}},
		"a service without power cycle refuses it": {quirky.Quirks{NoPowerCycle: true}, func(t *testing.T, s *site, path string) {
			_, body := request(t, s, http.MethodPost, path+"/Actions/ComputerSystem.Reset", `{"ResetType":"PowerCycle"}`)
			require.Equal(t, "ActionParameterNotSupported", messageID(t, body))
		}},
		"a service without boot mode refuses one": {quirky.Quirks{NoMode: true}, func(t *testing.T, s *site, path string) {
			_, body := request(t, s, http.MethodPatch, path, `{"Boot":{"BootSourceOverrideMode":"UEFI"}}`)
			require.Equal(t, "PropertyUnknown", messageID(t, body))
		}},
		"a forgetful service answers 200 and stores nothing": {quirky.Quirks{ForgetsOverride: true}, func(t *testing.T, s *site, path string) {
			response, body := request(t, s, http.MethodPatch, path, boot)
			require.Equal(t, http.StatusOK, response.StatusCode)
			require.Equal(t, "Disabled", body["Boot"].(map[string]any)["BootSourceOverrideEnabled"])
		}},
		"a service with a settings object takes the override there only": {quirky.Quirks{SettingsOnly: true}, func(t *testing.T, s *site, path string) {
			response, body := request(t, s, http.MethodPatch, path, boot)
			require.Equal(t, http.StatusBadRequest, response.StatusCode)
			require.Equal(t, "OperationSupportedInFutureStateURI", messageID(t, body))
			_, body = request(t, s, http.MethodGet, path, "")
			settings := body["@Redfish.Settings"].(map[string]any)["SettingsObject"].(map[string]any)["@odata.id"].(string)
			response, _ = request(t, s, http.MethodPatch, settings, boot)
			require.Equal(t, http.StatusNoContent, response.StatusCode)
			require.Equal(t, world.BootPXE, s.machine(t, worldtest.Redfish).BootOverride().Target)
		}},
		"an enclosure lists another system first, which is not the machine": {quirky.Quirks{Sibling: true}, func(t *testing.T, s *site, path string) {
			_, body := request(t, s, http.MethodGet, "/redfish/v1/Systems", "")
			members := body["Members"].([]any)
			require.Len(t, members, 2)
			require.Equal(t, path, members[1].(map[string]any)["@odata.id"])
			first := members[0].(map[string]any)["@odata.id"].(string)
			_, other := request(t, s, http.MethodGet, first, "")
			require.NotEqual(t, s.machine(t, worldtest.Redfish).Hardware().UUID, other["UUID"])
			response, _ := request(t, s, http.MethodPost, first+"/Actions/ComputerSystem.Reset", `{"ResetType":"On"}`)
			require.Equal(t, http.StatusNotFound, response.StatusCode)
		}},
		"a service with tasks answers 202 until the power has settled": {quirky.Quirks{AsyncReset: true}, func(t *testing.T, s *site, path string) {
			response, body := request(t, s, http.MethodPost, path+"/Actions/ComputerSystem.Reset", `{"ResetType":"On"}`)
			require.Equal(t, http.StatusAccepted, response.StatusCode)
			require.Equal(t, "Running", body["TaskState"])
			monitor := response.Header.Get("Location")
			eventually(t, func() bool {
				response, body = request(t, s, http.MethodGet, monitor, "")
				return response.StatusCode == http.StatusOK
			})
			require.Equal(t, "Completed", body["TaskState"])
			require.Equal(t, world.PowerOn, s.machine(t, worldtest.Redfish).Power())
		}},
		"a service that is locked during POST refuses the override": {quirky.Quirks{LockedDuringPOST: true}, func(t *testing.T, s *site, path string) {
			m := s.machine(t, worldtest.Redfish)
			require.NoError(t, m.Command(world.OriginPerson, world.CommandOn))
			eventually(t, func() bool { return m.Running() == "post" })
			response, body := request(t, s, http.MethodPatch, path, boot)
			require.Equal(t, http.StatusBadRequest, response.StatusCode)
			require.Equal(t, "UnableToModifyDuringSystemPOST", messageID(t, body))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			longPOST := world.Options{Durations: world.Durations{PowerOn: time.Millisecond, POST: time.Hour}}
			s := start(t, longPOST, bmc.Options{Quirks: func(*world.Machine) quirky.Quirks { return c.quirks }})
			c.check(t, s, "/redfish/v1/Systems/"+s.machine(t, worldtest.Redfish).Hardware().Serial)
		})
	}
}
