package control_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"drydock/simulator/control"
	"drydock/simulator/maas"
	"drydock/simulator/world"
	"drydock/simulator/world/worldtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bmcs says of one machine that three sessions are open at its BMC.
type bmcs struct{}

func (bmcs) Addresses() map[string]string {
	return map[string]string{worldtest.RedfishBMC: "127.0.0.1:4711"}
}

func (bmcs) Sessions(name string) int {
	if name == worldtest.Redfish {
		return 3
	}
	return 0
}

func serve(t *testing.T) (*world.World, *httptest.Server) {
	t.Helper()
	w := world.New(worldtest.Site(), world.Options{Seed: 1, Speed: 10000})
	t.Cleanup(w.Close)
	m := maas.New(w, maas.Options{Seed: 1})
	t.Cleanup(m.Close)
	server := httptest.NewServer(control.New(w, bmcs{}, m))
	t.Cleanup(server.Close)
	return w, server
}

func call(t *testing.T, s *httptest.Server, method, path, body string, out any) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	response, err := s.Client().Do(r)
	require.NoError(t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, "application/json", response.Header.Get("Content-Type"))
	require.NotContains(t, string(text), worldtest.Credential)
	require.NoError(t, json.Unmarshal(text, out), string(text))
	return response.StatusCode
}

func TestMachinesAreShownAsTheyAre(t *testing.T) {
	w, server := serve(t)
	var all []control.Machine
	require.Equal(t, http.StatusOK, call(t, server, http.MethodGet, "/machines", "", &all))
	require.Len(t, all, len(w.Machines()))
	require.Equal(t, worldtest.Redfish, all[0].Name)
	require.Equal(t, world.PowerOff, all[0].Power)
	require.Equal(t, 3, all[0].Sessions)
	require.Equal(t, "127.0.0.1:4711", all[0].BMC.Listens)

	var one control.Details
	require.Equal(t, http.StatusOK, call(t, server, http.MethodGet, "/machines/"+worldtest.SecondNode, "", &one))
	require.Equal(t, worldtest.SecondMAC, one.PXEMAC)
	require.Len(t, one.NICs, 3)
	require.GreaterOrEqual(t, len(one.Disks), 2)
}

func TestAPressedButtonStartsAMachineAndCountsNowhere(t *testing.T) {
	w, server := serve(t)
	m, _ := w.Machine(worldtest.Manual)
	m.InstallSystem("jammy")
	var shown control.Machine
	path := "/machines/" + worldtest.Manual
	require.Equal(t, http.StatusOK, call(t, server, http.MethodPost, path+"/power", `{"command":"on"}`, &shown))
	require.Eventually(t, func() bool {
		call(t, server, http.MethodGet, path, "", &shown)
		return shown.Running == "disk"
	}, 5*time.Second, 5*time.Millisecond)
	require.Equal(t, "jammy", shown.System)
	var counters map[string]world.Counters
	require.Equal(t, http.StatusOK, call(t, server, http.MethodGet, "/counters", "", &counters))
	require.Equal(t, world.Counters{}, counters[worldtest.Manual])
}

func TestFaultsBeginAndEnd(t *testing.T) {
	w, server := serve(t)
	m, _ := w.Machine(worldtest.Redfish)
	path := "/machines/" + worldtest.Redfish + "/faults/bmc-silent"
	var shown control.Machine
	require.Equal(t, http.StatusOK, call(t, server, http.MethodPut, path, "", &shown))
	require.Equal(t, []world.Fault{world.FaultBMCSilent}, shown.Faults)
	require.True(t, m.HasFault(world.FaultBMCSilent))
	require.Equal(t, http.StatusOK, call(t, server, http.MethodDelete, path, "", &shown))
	require.Empty(t, shown.Faults)
	require.False(t, m.HasFault(world.FaultBMCSilent))
}

func TestWhatDoesNotExistIsRefused(t *testing.T) {
	_, server := serve(t)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"an unknown path":               {http.MethodGet, "/nodes", "", http.StatusNotFound, "/nodes"},
		"an unknown machine":            {http.MethodGet, "/machines/nobody", "", http.StatusNotFound, "nobody"},
		"an unknown fault":              {http.MethodPut, "/machines/harbor-n1/faults/fire", "", http.StatusNotFound, "bmc-silent"},
		"a fault of no machine":         {http.MethodPut, "/machines/nobody/faults/install", "", http.StatusNotFound, "nobody"},
		"a method that is no use":       {http.MethodPost, "/machines", "", http.StatusMethodNotAllowed, "GET"},
		"a command that does not exist": {http.MethodPost, "/machines/harbor-n1/power", `{"command":"kick"}`, http.StatusBadRequest, "kick"},
		"a command that is no JSON":     {http.MethodPost, "/machines/harbor-n1/power", `on`, http.StatusBadRequest, "read command"},
		"a reset of an off machine":     {http.MethodPost, "/machines/harbor-n1/power", `{"command":"reset"}`, http.StatusConflict, "harbor-n1"},
	} {
		t.Run(name, func(t *testing.T) {
			var answer map[string]string
			require.Equal(t, c.status, call(t, server, c.method, c.path, c.body, &answer))
			require.Contains(t, answer["error"], c.says)
		})
	}
}
