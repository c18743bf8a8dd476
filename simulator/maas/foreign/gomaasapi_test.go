package foreign_test

import (
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/juju/gomaasapi/v2"
	"github.com/stretchr/testify/require"

	"drydock/simulator/world/worldtest"
)

// TestJujusClientUnderstandsTheRegion walks through the Controller API of the client that Juju uses. Its schemas check the
// type of every field that it reads, and want addresses, which the region that was recorded leaves out.
func TestJujusClientUnderstandsTheRegion(t *testing.T) {
	site := startVersion(t, "3.4")
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := gomaasapi.NewController(gomaasapi.ControllerArgs{BaseURL: site.MAASURL(), APIKey: site.APIKey(),
		HTTPClient: &http.Client{Transport: transport}})
	require.NoError(t, err)
	version, _, err := c.APIVersionInfo()
	require.NoError(t, err)
	require.Equal(t, "3.4.0", version)
	require.True(t, c.Capabilities().Contains(gomaasapi.NetworkDeploymentUbuntu))

	for what, list := range map[string]func() (int, error){
		"boot resources": func() (int, error) { x, err := c.BootResources(); return len(x), err },
		"fabrics":        func() (int, error) { x, err := c.Fabrics(); return len(x), err },
		"spaces":         func() (int, error) { x, err := c.Spaces(); return len(x), err },
		"zones":          func() (int, error) { x, err := c.Zones(); return len(x), err },
		"domains":        func() (int, error) { x, err := c.Domains(); return len(x), err },
		"tags":           func() (int, error) { x, err := c.Tags(); return len(x), err },
	} {
		n, err := list()
		require.NoError(t, err, what)
		require.NotZero(t, n, what)
	}
	_, err = c.Pools()
	require.ErrorContains(t, err, "404", "it asks for pools/, which no region has: they are resourcepools/")
	routes, err := c.StaticRoutes()
	require.NoError(t, err)
	require.Empty(t, routes)

	mac := turnOn(t, site, worldtest.IPMI)
	var m gomaasapi.Machine
	find := func(status string) func() bool {
		return func() bool {
			list, err := c.Machines(gomaasapi.MachinesArgs{MACAddresses: []string{mac}})
			require.NoError(t, err)
			if len(list) == 1 {
				m = list[0]
			}
			return len(list) == 1 && m.StatusName() == status
		}
	}
	wait(t, "New", find("New"))
	commission(t, site, m.SystemID())
	wait(t, "Ready", find("Ready"))
	require.NotEmpty(t, m.InterfaceSet())
	require.NotEmpty(t, m.PhysicalBlockDevices())
	require.NotNil(t, m.BootInterface().VLAN())
	require.Equal(t, mac, m.BootInterface().MACAddress())
	require.NotEmpty(t, m.HardwareInfo()["system_serial"])

	dry, _, err := c.AllocateMachine(gomaasapi.AllocateMachineArgs{SystemId: m.SystemID(), DryRun: true})
	require.NoError(t, err)
	require.Equal(t, m.SystemID(), dry.SystemID())
	_, _, err = c.AllocateMachine(gomaasapi.AllocateMachineArgs{Hostname: "nobody"})
	require.True(t, gomaasapi.IsNoMatchError(err), "%v", err)
	got, _, err := c.AllocateMachine(gomaasapi.AllocateMachineArgs{Hostname: m.Hostname(), MinCPUCount: 2, MinMemory: 1024, AgentName: "juju"})
	require.NoError(t, err)
	require.Equal(t, "Allocated", got.StatusName())
	require.NoError(t, got.Start(gomaasapi.StartArgs{DistroSeries: "jammy", UserData: base64.StdEncoding.EncodeToString([]byte("#cloud-config\n"))}))
	require.Equal(t, "Deploying", got.StatusName())
	wait(t, "Deployed", find("Deployed"))
	require.Equal(t, "jammy", m.DistroSeries())
	require.NotEmpty(t, m.IPAddresses())
	require.NoError(t, m.SetOwnerData(map[string]string{"juju-model": "m1"}))
	owned, err := c.Machines(gomaasapi.MachinesArgs{AgentName: "juju", OwnerData: map[string]string{"juju-model": "m1"}})
	require.NoError(t, err)
	require.Len(t, owned, 1)

	subnet := m.BootInterface().Links()[0].Subnet()
	device, err := m.CreateDevice(gomaasapi.CreateMachineDeviceArgs{InterfaceName: "veth0", MACAddress: "52:54:00:00:00:71", Subnet: subnet,
		VLAN: subnet.VLAN()})
	require.NoError(t, err)
	require.Equal(t, m.SystemID(), device.Parent())
	children, err := m.Devices(gomaasapi.DevicesArgs{})
	require.NoError(t, err)
	require.Len(t, children, 1)
	require.NoError(t, device.Delete())

	require.NoError(t, c.ReleaseMachines(gomaasapi.ReleaseMachinesArgs{SystemIDs: []string{m.SystemID()}, Comment: "done"}))
	wait(t, "Ready", find("Ready"))
	err = c.ReleaseMachines(gomaasapi.ReleaseMachinesArgs{SystemIDs: []string{"nobody"}})
	require.True(t, gomaasapi.IsBadRequestError(err), "%v", err)

	_, err = gomaasapi.NewController(gomaasapi.ControllerArgs{BaseURL: site.MAASURL(), APIKey: "a:b:c"})
	require.ErrorContains(t, err, "401")
}
