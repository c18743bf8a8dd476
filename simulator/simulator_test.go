package simulator_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stmcginnis/gofish"
	"github.com/stmcginnis/gofish/redfish"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"drydock/simulator"
	"drydock/simulator/control"
	"drydock/simulator/world"
	"drydock/simulator/world/worldtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var fast = simulator.Options{Seed: 1, Speed: 10000}

func start(t *testing.T, o simulator.Options) *simulator.Site {
	t.Helper()
	s, err := simulator.Start(t.Context(), worldtest.Site(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func get(t *testing.T, url string, out any) int {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	response, err := client.Do(r)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	require.NoError(t, json.NewDecoder(response.Body).Decode(out))
	return response.StatusCode
}

// redfishOf connects to the BMC at a designed address.
func redfishOf(t *testing.T, s *simulator.Site, address string) *gofish.APIClient {
	t.Helper()
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(s.BMCCertificates()[address]))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := gofish.Connect(gofish.ClientConfig{
		Endpoint: "https://" + s.BMCAddresses()[address], Username: worldtest.Account, Password: worldtest.Credential,
		HTTPClient: &http.Client{Transport: transport}, ReuseConnections: true,
	})
	require.NoError(t, err)
	t.Cleanup(c.Logout)
	return c
}

func TestAMachineThatIsTurnedOnOverItsBMCIsEnlistedByMAAS(t *testing.T) {
	s := start(t, fast)
	client := redfishOf(t, s, worldtest.RedfishBMC)
	systems, err := client.Service.Systems()
	require.NoError(t, err)
	require.NoError(t, systems[0].SetBoot(redfish.Boot{
		BootSourceOverrideTarget:  redfish.PxeBootSourceOverrideTarget,
		BootSourceOverrideEnabled: redfish.OnceBootSourceOverrideEnabled,
	}))
	require.NoError(t, systems[0].Reset(redfish.OnResetType))

	var shown control.Details
	require.Eventually(t, func() bool {
		require.Equal(t, http.StatusOK, get(t, s.ControlURL()+"/machines/"+worldtest.Redfish, &shown))
		return shown.Counters.Enlistments == 1 && shown.Power == world.PowerOff
	}, 10*time.Second, 5*time.Millisecond)
	require.Equal(t, world.Counters{PowerOns: 1, Netboots: 1, Enlistments: 1}, shown.Counters)
	require.Equal(t, 1, shown.Sessions, "ours")
	require.Empty(t, shown.BootOverride.Target, "consumed")
}

func TestTheSiteTellsWhereEverythingIs(t *testing.T) {
	s := start(t, fast)
	require.True(t, strings.HasPrefix(s.MAASURL(), "http://127.0.0.1:"))
	require.True(t, strings.HasSuffix(s.MAASURL(), "/MAAS"))
	require.Len(t, strings.Split(s.APIKey(), ":"), 3)
	require.Len(t, s.BMCAddresses(), 3)

	var version map[string]any
	require.Equal(t, http.StatusOK, get(t, s.MAASURL()+"/api/2.0/version/", &version))
	require.NotEmpty(t, version["version"])
	var machines []control.Machine
	require.Equal(t, http.StatusOK, get(t, s.ControlURL()+"/machines", &machines))
	require.Len(t, machines, 4)
}

func TestAGivenKeyIsTheKey(t *testing.T) {
	o := fast
	o.APIKey = "consumer:token:secret"
	require.Equal(t, o.APIKey, start(t, o).APIKey())
}

func TestATakenPortIsAnErrorThatNamesIt(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, taken.Close()) })
	for name, o := range map[string]simulator.Options{
		"of MAAS":            {MAASAddr: taken.Addr().String()},
		"of the control API": {ControlAddr: taken.Addr().String()},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := simulator.Start(t.Context(), worldtest.Site(), o)
			require.ErrorContains(t, err, taken.Addr().String())
		})
	}
}

func TestADesignThatCanNotBeBuiltIsAnError(t *testing.T) {
	design := worldtest.Site()
	design.Nodes[1].Addresses = design.Nodes[0].Addresses
	_, err := simulator.Start(t.Context(), design, fast)
	require.ErrorContains(t, err, worldtest.SecondNode)
	_, err = simulator.Start(t.Context(), nil, fast)
	require.ErrorContains(t, err, "no design")
}

func TestTheEndOfTheContextEndsTheSite(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := simulator.Start(ctx, worldtest.Site(), fast)
	require.NoError(t, err)
	address := strings.TrimPrefix(s.ControlURL(), "http://")
	cancel()
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, 5*time.Second, 5*time.Millisecond)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "twice is as good as once")
}

func TestASiteCanBeClosedInTheMidstOfEverything(t *testing.T) {
	s := start(t, fast)
	for _, m := range s.World.Machines() {
		require.NoError(t, m.Command(world.OriginPerson, world.CommandOn))
	}
	conn, err := net.Dial("tcp", s.BMCAddresses()[worldtest.SecondBMC]) // and says nothing
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	require.NoError(t, s.Close())
}
