package bmc_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stmcginnis/gofish"
	"github.com/stmcginnis/gofish/common"
	"github.com/stmcginnis/gofish/redfish"
	"github.com/stretchr/testify/require"

	"drydock/simulator/bmc"
	quirky "drydock/simulator/bmc/redfish"
	"drydock/simulator/world"
	"drydock/simulator/world/worldtest"
)

// over is an HTTP client that trusts the certificate of one BMC, and no other.
func over(t *testing.T, s *site, address string) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(s.bmcs.Certificates()[address]))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func (s *site) config(t *testing.T) gofish.ClientConfig {
	t.Helper()
	return gofish.ClientConfig{
		Endpoint: "https://" + s.bmcs.Addresses()[worldtest.RedfishBMC], Username: worldtest.Account,
		Password: worldtest.Credential, HTTPClient: over(t, s, worldtest.RedfishBMC), ReuseConnections: true,
	}
}

func connect(t *testing.T, s *site) *gofish.APIClient {
	t.Helper()
	c, err := gofish.Connect(s.config(t))
	require.NoError(t, err)
	t.Cleanup(c.Logout)
	return c
}

func theSystem(t *testing.T, c *gofish.APIClient) *redfish.ComputerSystem {
	t.Helper()
	systems, err := c.Service.Systems()
	require.NoError(t, err)
	require.Len(t, systems, 1)
	return systems[0]
}

// request sends one request with Basic authentication, and decodes the answer.
func request(t *testing.T, s *site, method, path, body string, headers ...string) (*http.Response, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method,
		"https://"+s.bmcs.Addresses()[worldtest.RedfishBMC]+path, strings.NewReader(body))
	require.NoError(t, err)
	r.SetBasicAuth(worldtest.Account, worldtest.Credential)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := over(t, s, worldtest.RedfishBMC).Do(r)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	var decoded map[string]any
	text := new(bytes.Buffer)
	_, err = text.ReadFrom(response.Body)
	require.NoError(t, err)
	if text.Len() > 0 {
		require.NoError(t, json.Unmarshal(text.Bytes(), &decoded), text.String())
	}
	return response, decoded
}

func messageID(t *testing.T, body map[string]any) string {
	t.Helper()
	e, ok := body["error"].(map[string]any)
	require.True(t, ok, "%v", body)
	info, ok := e["@Message.ExtendedInfo"].([]any)
	require.True(t, ok, "%v", body)
	require.NotEmpty(t, info)
	id := info[0].(map[string]any)["MessageId"].(string)
	return id[strings.LastIndex(id, ".")+1:]
}

func TestNetworkBootOnceOverRedfish(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	m := s.machine(t, worldtest.Redfish)
	var asked atomic.Int32
	s.world.SetNetboot(func(world.Netboot) world.Environment {
		asked.Add(1)
		return world.Environment{Kind: world.EnvLocal}
	})
	m.InstallSystem("jammy")
	require.NoError(t, m.Command(world.OriginPerson, world.CommandOn))
	eventually(t, func() bool { return m.Running() == "disk" })

	client := connect(t, s)
	system := theSystem(t, client)
	require.NoError(t, system.SetBoot(redfish.Boot{
		BootSourceOverrideTarget: redfish.PxeBootSourceOverrideTarget, BootSourceOverrideEnabled: redfish.OnceBootSourceOverrideEnabled,
		BootSourceOverrideMode: redfish.UEFIBootSourceOverrideMode,
	}))
	require.Equal(t, world.BootOverride{Target: "pxe", Once: true, UEFI: true}, m.BootOverride())
	require.NoError(t, system.Reset(redfish.ForceRestartResetType))

	eventually(t, func() bool { return asked.Load() == 1 && m.Running() == "disk" })
	system = theSystem(t, client)
	require.Equal(t, redfish.DisabledBootSourceOverrideEnabled, system.Boot.BootSourceOverrideEnabled, "consumed")
	require.Equal(t, redfish.NoneBootSourceOverrideTarget, system.Boot.BootSourceOverrideTarget)
	require.Equal(t, 1, m.Counters().PowerCycles)

	require.NoError(t, system.Reset(redfish.PowerCycleResetType))
	eventually(t, func() bool { return m.Counters().PowerCycles == 2 && m.Running() == "disk" })
	require.Equal(t, int32(1), asked.Load(), "the next boot asks nobody")
}

func TestPowerOverRedfish(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	m := s.machine(t, worldtest.Redfish)
	m.InstallSystem("jammy")
	client := connect(t, s)
	system := theSystem(t, client)
	require.Equal(t, redfish.OffPowerState, system.PowerState)

	var refused *common.Error
	require.ErrorAs(t, system.Reset(redfish.PowerCycleResetType), &refused)
	require.Equal(t, http.StatusConflict, refused.HTTPReturnedStatusCode)

	require.NoError(t, system.Reset(redfish.OnResetType))
	eventually(t, func() bool { return m.Running() == "disk" })
	require.ErrorAs(t, system.Reset(redfish.OnResetType), &refused)
	require.Equal(t, http.StatusConflict, refused.HTTPReturnedStatusCode)

	require.NoError(t, system.Reset(redfish.GracefulShutdownResetType))
	eventually(t, func() bool { return theSystem(t, client).PowerState == redfish.OffPowerState })
	require.Equal(t, world.Counters{PowerOns: 1, PowerOffs: 1}, m.Counters())
}

func TestTransitionalPowerStatesAreShown(t *testing.T) {
	s := start(t, world.Options{Durations: world.Durations{PowerOn: time.Hour, PowerOff: time.Hour}}, bmc.Options{})
	m := s.machine(t, worldtest.Redfish)
	client := connect(t, s)
	require.NoError(t, theSystem(t, client).Reset(redfish.OnResetType))
	require.Equal(t, redfish.PoweringOnPowerState, theSystem(t, client).PowerState)
	require.NoError(t, theSystem(t, client).Reset(redfish.ForceOffResetType))
	require.Equal(t, redfish.PoweringOffPowerState, theSystem(t, client).PowerState)
	require.Equal(t, world.PoweringOff, m.Power())
}

func TestIdentityAndInventoryOverRedfish(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	h := s.machine(t, worldtest.Redfish).Hardware()
	client := connect(t, s)
	require.NotEqual(t, h.UUID, client.Service.UUID, "the service is not the system")

	system := theSystem(t, client)
	require.NotEqual(t, "1", system.ID)
	require.Equal(t, h.Serial, system.SerialNumber)
	require.Equal(t, h.UUID, system.UUID)
	require.Equal(t, "4.1", system.BIOSVersion)
	require.InDelta(t, float64(h.MemoryMiB)/1024, system.MemorySummary.TotalSystemMemoryGiB, 0)

	nics, err := system.EthernetInterfaces()
	require.NoError(t, err)
	require.Len(t, nics, len(h.NICs))
	for _, nic := range nics { // in any order
		_, ok := h.NIC(strings.ToLower(nic.MACAddress))
		require.True(t, ok, nic.MACAddress)
		require.Equal(t, redfish.NoLinkLinkStatus, nic.LinkStatus, "no carrier without power")
	}

	storage, err := system.Storage()
	require.NoError(t, err)
	drives, err := storage[0].Drives()
	require.NoError(t, err)
	var serials, seen []string
	for _, disk := range h.Disks {
		serials = append(serials, disk.Serial)
	}
	for _, drive := range drives {
		seen = append(seen, drive.SerialNumber)
	}
	require.ElementsMatch(t, serials, seen)

	processors, err := system.Processors()
	require.NoError(t, err)
	require.Len(t, processors, 2)
	modules, err := system.Memory()
	require.NoError(t, err)
	require.Len(t, modules, h.MemoryMiB/(32<<10))

	managers, err := client.Service.Managers()
	require.NoError(t, err)
	require.Equal(t, quirky.FirmwareVersion, managers[0].FirmwareVersion)
	own, err := managers[0].EthernetInterfaces()
	require.NoError(t, err)
	require.True(t, strings.EqualFold(h.BMC.MAC, own[0].MACAddress))
	require.Equal(t, worldtest.RedfishBMC, own[0].IPv4Addresses[0].Address)

	chassis, err := client.Service.Chassis()
	require.NoError(t, err)
	thermal, err := chassis[0].Thermal()
	require.NoError(t, err)
	require.Len(t, thermal.Temperatures, 2)

	accounts, err := client.Service.AccountService()
	require.NoError(t, err)
	all, err := accounts.Accounts()
	require.NoError(t, err)
	require.Equal(t, worldtest.Account, all[0].UserName)
}

func TestSessionsAreFewAndEndWithTheirDelete(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	var clients []*gofish.APIClient
	for range 8 {
		c, err := gofish.Connect(s.config(t))
		require.NoError(t, err)
		clients = append(clients, c)
	}
	require.Equal(t, 8, s.bmcs.Sessions(worldtest.Redfish))
	_, err := gofish.Connect(s.config(t))
	var refused *common.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, http.StatusServiceUnavailable, refused.HTTPReturnedStatusCode)

	// Basic authentication needs no session.
	response, _ := request(t, s, http.MethodGet, "/redfish/v1/Systems", "")
	require.Equal(t, http.StatusOK, response.StatusCode)

	for _, c := range clients {
		c.Logout()
	}
	require.Zero(t, s.bmcs.Sessions(worldtest.Redfish))
	connect(t, s)
	require.Equal(t, 1, s.bmcs.Sessions(worldtest.Redfish))
}

func TestWrongCredentialsAreRefused(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	for name, basic := range map[string]bool{"for a session": false, "in every request": true} {
		t.Run(name, func(t *testing.T) {
			config := s.config(t)
			config.Password, config.BasicAuth = "wrong", basic
			c, err := gofish.Connect(config)
			if err == nil { // Basic: the service root is open to all
				_, err = c.Service.Systems()
			}
			require.ErrorContains(t, err, "401")
			require.NotContains(t, err.Error(), worldtest.Credential)
		})
	}
	response, body := request(t, s, http.MethodGet, "/redfish/v1/Systems", "", "X-Auth-Token", "stale")
	require.Equal(t, http.StatusUnauthorized, response.StatusCode, "credentials do not make up for a stale token")
	require.Equal(t, "NoValidSession", messageID(t, body))
}

func TestTheAuthFaultRefusesTheDesignedCredentialsAndOpenSessions(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	m := s.machine(t, worldtest.Redfish)
	client := connect(t, s)
	m.SetFault(world.FaultBMCAuth, true)
	_, err := client.Service.Systems()
	require.ErrorContains(t, err, "401")
	_, err = gofish.Connect(s.config(t))
	require.ErrorContains(t, err, "401")
	m.SetFault(world.FaultBMCAuth, false)
	theSystem(t, client)
}

func TestABusyBMCAsksForPatience(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	s.machine(t, worldtest.Redfish).SetFault(world.FaultBMCBusy, true)
	response, body := request(t, s, http.MethodGet, "/redfish/v1/Systems", "")
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	require.Equal(t, "1", response.Header.Get("Retry-After"))
	require.Equal(t, "ServiceTemporarilyUnavailable", messageID(t, body))
}

func TestSessionsCanAllBeSomebodyElses(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	s.machine(t, worldtest.Redfish).SetFault(world.FaultBMCFull, true)
	_, err := gofish.Connect(s.config(t))
	require.ErrorContains(t, err, "503")
	require.Zero(t, s.bmcs.Sessions(worldtest.Redfish))
	response, _ := request(t, s, http.MethodGet, "/redfish/v1/Systems", "")
	require.Equal(t, http.StatusOK, response.StatusCode, "Basic authentication still works")
}

func TestASilentBMCAnswersNothingUntilItRecovers(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	m := s.machine(t, worldtest.Redfish)
	client := over(t, s, worldtest.RedfishBMC)
	get := func(timeout time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+s.bmcs.Addresses()[worldtest.RedfishBMC]+"/redfish/v1/", nil)
		require.NoError(t, err)
		response, err := client.Do(r)
		if err != nil {
			return err
		}
		return response.Body.Close()
	}
	require.NoError(t, get(5*time.Second))
	m.SetFault(world.FaultBMCSilent, true)
	require.ErrorIs(t, get(100*time.Millisecond), context.DeadlineExceeded, "on the connection that was open")
	require.ErrorIs(t, get(100*time.Millisecond), context.DeadlineExceeded, "on a new connection")
	m.SetFault(world.FaultBMCSilent, false)
	require.NoError(t, get(5*time.Second))
}

func TestRequestsThatAreRefused(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	systemPath := "/redfish/v1/Systems/" + s.machine(t, worldtest.Redfish).Hardware().Serial
	reset := systemPath + "/Actions/ComputerSystem.Reset"
	for name, c := range map[string]struct {
		method, path, body string
		header             string // If-Match
		status             int
		message            string
	}{
		"an unknown system":            {http.MethodGet, "/redfish/v1/Systems/1", "", "", 404, "ResourceMissingAtURI"},
		"an unknown drive":             {http.MethodGet, systemPath + "/Storage/SATA-1/Drives/99", "", "", 404, "ResourceMissingAtURI"},
		"a method that is no use":      {http.MethodPost, systemPath, "{}", "", 405, "OperationNotAllowed"},
		"a body that is no JSON":       {http.MethodPatch, systemPath, "{", "", 400, "MalformedJSON"},
		"an unknown property":          {http.MethodPatch, systemPath, `{"Boots":{}}`, "", 400, "PropertyUnknown"},
		"an unknown boot property":     {http.MethodPatch, systemPath, `{"Boot":{"Target":"Pxe"}}`, "", 400, "PropertyUnknown"},
		"a property to read only":      {http.MethodPatch, systemPath, `{"PowerState":"On"}`, "", 400, "PropertyNotWritable"},
		"a target that is not there":   {http.MethodPatch, systemPath, `{"Boot":{"BootSourceOverrideTarget":"UefiHttp"}}`, "", 400, "PropertyValueNotInList"},
		"a target that is no text":     {http.MethodPatch, systemPath, `{"Boot":{"BootSourceOverrideTarget":1}}`, "", 400, "PropertyValueTypeError"},
		"a stale ETag":                 {http.MethodPatch, systemPath, `{"AssetTag":"x"}`, `W/"0123456789ab"`, 412, "PreconditionFailed"},
		"a reset without type":         {http.MethodPost, reset, `{}`, "", 400, "ActionParameterMissing"},
		"a reset of an unknown type":   {http.MethodPost, reset, `{"ResetType":"Nmi"}`, "", 400, "ActionParameterNotSupported"},
		"a reset in the wrong state":   {http.MethodPost, reset, `{"ResetType":"ForceRestart"}`, "", 409, "InvalidOperationForSystemState"},
		"a login without a password":   {http.MethodPost, "/redfish/v1/SessionService/Sessions", `{"UserName":"x"}`, "", 400, "PropertyMissing"},
		"an end of an unknown session": {http.MethodDelete, "/redfish/v1/SessionService/Sessions/none", "", "", 404, "ResourceMissingAtURI"},
	} {
		t.Run(name, func(t *testing.T) {
			var headers []string
			if c.header != "" {
				headers = []string{"If-Match", c.header}
			}
			response, body := request(t, s, c.method, c.path, c.body, headers...)
			require.Equal(t, c.status, response.StatusCode)
			require.Equal(t, c.message, messageID(t, body))
		})
	}
	m := s.machine(t, worldtest.Redfish)
	require.Equal(t, world.Counters{}, m.Counters())
	require.Equal(t, world.BootOverride{}, m.BootOverride())
}

func TestAPatchWithTheCurrentETagChangesTheTag(t *testing.T) {
	s := start(t, fast, bmc.Options{Quirks: func(*world.Machine) quirky.Quirks { return quirky.Quirks{RequireIfMatch: true} }})
	path := "/redfish/v1/Systems/" + s.machine(t, worldtest.Redfish).Hardware().Serial
	read, body := request(t, s, http.MethodGet, path, "")
	tag := read.Header.Get("ETag")
	require.Equal(t, tag, body["@odata.etag"])

	response, body := request(t, s, http.MethodPatch, path, `{"AssetTag":"shelf 3"}`)
	require.Equal(t, http.StatusPreconditionRequired, response.StatusCode)
	require.Equal(t, "PreconditionRequired", messageID(t, body))

	response, body = request(t, s, http.MethodPatch, path, `{"AssetTag":"shelf 3"}`, "If-Match", tag)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, "shelf 3", body["AssetTag"])
	require.NotEqual(t, tag, response.Header.Get("ETag"))

	response, _ = request(t, s, http.MethodPatch, path, `{"AssetTag":"shelf 4"}`, "If-Match", tag)
	require.Equal(t, http.StatusPreconditionFailed, response.StatusCode)
}

func TestTheBootOverrideTakesPartsOfItself(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	m := s.machine(t, worldtest.Redfish)
	path := "/redfish/v1/Systems/" + m.Hardware().Serial
	patch := func(boot string) {
		t.Helper()
		response, body := request(t, s, http.MethodPatch, path, `{"Boot":`+boot+`}`)
		require.Equal(t, http.StatusOK, response.StatusCode, "%v", body)
	}
	patch(`{"BootSourceOverrideTarget":"Pxe"}`)
	require.Equal(t, world.BootOverride{}, m.BootOverride(), "a target alone enables nothing")
	patch(`{"BootSourceOverrideEnabled":"Continuous"}`)
	require.Equal(t, world.BootOverride{Target: "pxe", UEFI: true}, m.BootOverride())
	patch(`{"BootSourceOverrideMode":"Legacy"}`)
	require.Equal(t, world.BootOverride{Target: "pxe"}, m.BootOverride())
	patch(`{"BootSourceOverrideTarget":"Hdd","BootSourceOverrideEnabled":"Once"}`)
	require.Equal(t, world.BootOverride{Target: "disk", Once: true}, m.BootOverride())
	patch(`{"BootSourceOverrideEnabled":"Disabled"}`)
	require.Equal(t, world.BootOverride{}, m.BootOverride())
}

func TestTheRootIsOpenToAllAndNothingElseIs(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	client := over(t, s, worldtest.RedfishBMC)
	status := func(path string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+s.bmcs.Addresses()[worldtest.RedfishBMC]+path, nil)
		require.NoError(t, err)
		response, err := client.Do(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode
	}
	for _, path := range []string{"/redfish", "/redfish/v1", "/redfish/v1/", "/redfish/v1/odata", "/redfish/v1/$metadata"} {
		require.Equal(t, http.StatusOK, status(path), path)
	}
	for _, path := range []string{
		"/redfish/v1/Systems", "/redfish/v1/Systems/", "/redfish/v1/SessionService/Sessions", "/redfish/v1/nothing", "/",
	} {
		require.Equal(t, http.StatusUnauthorized, status(path), path)
	}
}
