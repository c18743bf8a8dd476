package maas_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/canonical/gomaasclient/client"
	"github.com/canonical/gomaasclient/entity"
	"github.com/stretchr/testify/require"

	"drydock/simulator/maas"
	"drydock/simulator/world"
)

func TestAMachineLivesFromEnlistmentToErasure(t *testing.T) {
	t.Parallel()
	r := newRig(t, maas.Options{})
	wm, _ := r.world.Machine("n1")
	id := r.enlist("n1")

	m := r.machine(id)
	require.Equal(t, "New", m["status_name"])
	require.Equal(t, "ipmi", m["power_type"])
	require.Nil(t, m["status_message"])
	require.NotEqual(t, "n1", m["hostname"], "an enlisted machine has a random name")
	require.Len(t, m["interface_set"], len(wm.Hardware().NICs))
	require.Empty(t, m["blockdevice_set"])
	power := r.get("machines/" + id + "/?op=power_parameters").object(t)
	require.Equal(t, "10.1.0.11", power["power_address"])
	require.Equal(t, "maas", power["power_user"])
	require.NotEqual(t, "calvin", power["power_pass"])
	require.NotEmpty(t, power["mac_address"])

	a := r.post("machines/" + id + "/?op=commission")
	require.Equal(t, "Commissioning", a.object(t)["status_name"])
	require.Equal(t, "admin", a.object(t)["owner"])
	m = r.until(id, "Ready")
	require.Nil(t, m["owner"])
	require.Equal(t, "Passed", m["commissioning_status_name"])
	require.Equal(t, "Passed", m["testing_status_name"])
	require.Len(t, m["blockdevice_set"], len(wm.Hardware().Disks))
	require.Equal(t, 1, wm.Counters().Commissions)
	require.Equal(t, 1, wm.Counters().Tests, "smartctl-validate is selected by default")
	boot := m["boot_interface"].(map[string]any)
	require.Equal(t, wm.Hardware().PXENIC, boot["mac_address"])
	require.Equal(t, "auto", boot["links"].([]any)[0].(map[string]any)["mode"])

	require.Equal(t, 200, r.post("machines/?op=allocate", "system_id", id, "agent_name", "drydock").status)
	a = r.post("machines/"+id+"/?op=deploy", "distro_series", "jammy", "hwe_kernel", "hwe-22.04")
	require.Equal(t, 200, a.status, a.text)
	m = r.until(id, "Deployed")
	require.Equal(t, "ubuntu/jammy", wm.System())
	require.Equal(t, "disk", wm.Running())
	require.Equal(t, "hwe-22.04", m["hwe_kernel"])
	require.Equal(t, false, m["netboot"])
	link := m["boot_interface"].(map[string]any)["links"].([]any)[0].(map[string]any)
	require.Contains(t, link["ip_address"], "10.2.0.", "deployment gives an AUTO link its address")
	require.Zero(t, wm.Counters().PowerCycles, "MAAS moves power as the bootstrapper")

	a = r.post("machines/"+id+"/?op=release", "erase", "true", "quick_erase", "true")
	require.Equal(t, "Disk erasing", a.object(t)["status_name"])
	m = r.until(id, "Ready")
	require.Equal(t, 1, wm.Counters().Erases)
	require.Empty(t, wm.System())
	require.Nil(t, m["owner"])
	require.Equal(t, "", m["distro_series"])
	require.Equal(t, world.PowerOff, wm.Power())

	titles := map[string]bool{}
	for _, e := range r.get("events/?op=query&id=" + id + "&limit=200").object(t)["events"].([]any) {
		titles[e.(map[string]any)["type"].(string)] = true
	}
	for _, want := range []string{"Commissioning", "Running test", "Ready", "Deploying", "Image Deployed", "Deployed", "Disks erased", "Releasing", "Released"} {
		require.True(t, titles[want], want)
	}
}

func TestFaultsOfHardwareBecomeFailureStates(t *testing.T) {
	tests := map[string]struct {
		fault  world.Fault
		start  func(r *rig, id string) answer
		want   string
		detail string
	}{
		"failing commissioning scripts fail commissioning": {world.FaultCommission, func(r *rig, id string) answer {
			return r.post("machines/" + id + "/?op=commission")
		}, "Failed commissioning", "Failed commissioning"},
		"a failing disk fails testing": {world.FaultTest, func(r *rig, id string) answer {
			return r.post("machines/" + id + "/?op=commission")
		}, "Failed testing", "Failed testing"},
		"a failing installer fails deployment": {world.FaultInstall, func(r *rig, id string) answer {
			return r.post("machines/"+id+"/?op=deploy", "distro_series", "jammy")
		}, "Failed deployment", "Marking node failed - Installation failed (refer to the installation log for more information)."},
		"a silent BMC fails deployment after the call has succeeded": {world.FaultBMCSilent, func(r *rig, id string) answer {
			return r.post("machines/"+id+"/?op=deploy", "distro_series", "jammy")
		}, "Failed deployment", "Marking node failed - Could not contact node's BMC: Connection timed out while performing power action. Check BMC configuration and connectivity and try again."},
		"refused credentials fail commissioning": {world.FaultBMCAuth, func(r *rig, id string) answer {
			return r.post("machines/" + id + "/?op=commission")
		}, "Failed commissioning", "Marking node failed - Incorrect password.  Check BMC configuration and try again."},
		"power that does not move fails deployment": {world.FaultPowerStuck, func(r *rig, id string) answer {
			return r.post("machines/"+id+"/?op=deploy", "distro_series", "jammy")
		}, "Failed deployment", "BMC never transitioned from off to on."},
	}
	for name, x := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, maas.Options{})
			id := r.ready("n2")
			wm, _ := r.world.Machine("n2")
			require.Eventually(t, func() bool { return wm.Power() == world.PowerOff }, 5*time.Second, time.Millisecond)
			wm.SetFault(x.fault, true)
			a := x.start(r, id)
			require.Equal(t, 200, a.status, a.text)
			m := r.until(id, x.want)
			require.Contains(t, m["status_message"], x.detail)
		})
	}
}

func TestACreateWhoseBMCDoesNotAnswerLeavesTheMachineBehind(t *testing.T) {
	t.Parallel()
	r := newRig(t, maas.Options{})
	pairs := []string{"hostname", "lost", "architecture", "amd64/generic", "mac_addresses", "52:54:00:00:00:01", "power_type", "ipmi",
		"power_parameters_power_address", "10.99.1.9", "power_parameters_power_user", "u", "power_parameters_power_pass", "p"}
	a := r.post("machines/", pairs...)
	require.Equal(t, 503, a.status)
	require.Equal(t, "No rack controllers can access the BMC of node lost", a.text)
	require.Empty(t, a.header.Get("Retry-After"))
	list := r.get("machines/?hostname=lost").list(t)
	require.Len(t, list, 1)
	require.Equal(t, "New", list[0]["status_name"])
	require.Equal(t, "Failed to query node's BMC - (admin) - Aborting COMMISSIONING and reverting to NEW. Unable to power control the node. Please check power credentials.", list[0]["status_message"])
	require.Equal(t, 400, r.post("machines/", pairs...).status, "the second create finds MAC and name taken")
}

func TestAnInstallationThatIsResetBeginsAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, maas.Options{})
	id := r.ready("n1")
	wm, _ := r.world.Machine("n1")
	require.Equal(t, 200, r.post("machines/"+id+"/?op=deploy", "distro_series", "jammy").status)
	require.Eventually(t, func() bool { return wm.Running() == "install" }, 10*time.Second, time.Millisecond)
	require.NoError(t, wm.Command(world.OriginBMC, world.CommandReset))
	r.until(id, "Deployed")
	require.Equal(t, 2, wm.Counters().Deploys)
}

func TestAnInstallationThatLosesPowerTimesOut(t *testing.T) {
	t.Parallel()
	r := newRig(t, maas.Options{})
	id := r.ready("n1")
	require.Equal(t, 200, r.post("maas/?op=set_config", "name", "node_timeout", "value", "10").status)
	wm, _ := r.world.Machine("n1")
	require.Equal(t, 200, r.post("machines/"+id+"/?op=deploy", "distro_series", "jammy").status)
	require.Eventually(t, func() bool { return wm.Running() == "install" }, 10*time.Second, time.Millisecond)
	require.NoError(t, wm.Command(world.OriginBMC, world.CommandOff))
	m := r.until(id, "Failed deployment")
	require.Equal(t, "Marking node failed - Node operation 'Deploying' timed out after 10 minutes.", m["status_message"])
}

func TestTheCommonClientCanDoTheWholeJob(t *testing.T) {
	t.Parallel()
	r := newRig(t, maas.Options{})
	id := r.ready("n1")
	c, err := client.GetClient(r.url, r.key, "2.0")
	require.NoError(t, err)

	m, err := c.Machine.Get(id)
	require.NoError(t, err)
	require.Equal(t, "Ready", m.StatusName)
	details, err := c.Machine.Details(id)
	require.NoError(t, err)
	require.Contains(t, string(details.LSHW), "pci@0000:41:00.0")
	require.Contains(t, string(details.LSHW), "scsi@2:0.0.0")

	fabric, err := c.Fabrics.Create(&entity.FabricParams{Name: "data"})
	require.NoError(t, err)
	vlan, err := c.VLANs.Create(fabric.ID, &entity.VLANParams{VID: 102, Name: "storage", MTU: 9000})
	require.NoError(t, err)
	subnet, err := c.Subnets.Create(&entity.SubnetParams{CIDR: "10.3.0.0/24", VLAN: strconv.Itoa(vlan.ID), Managed: true})
	require.NoError(t, err)

	var parents []int
	for _, i := range m.InterfaceSet {
		if i.MACAddress != m.BootInterface.MACAddress && len(parents) < 2 {
			_, err := c.NetworkInterface.Update(id, i.ID, &entity.NetworkInterfaceUpdateParams{VLAN: fabric.VLANs[0].ID})
			require.NoError(t, err)
			parents = append(parents, i.ID)
		}
	}
	bond, err := c.NetworkInterfaces.CreateBond(id, &entity.NetworkInterfaceBondParams{
		Name: "bond0", VLAN: fabric.VLANs[0].ID, BondMode: "802.3ad", BondMiimon: 100, Parents: parents})
	require.NoError(t, err)
	tagged, err := c.NetworkInterfaces.CreateVLAN(id, &entity.NetworkInterfaceVLANParams{VLAN: vlan.ID, Parents: []int{bond.ID}})
	require.NoError(t, err)
	require.Equal(t, "bond0.102", tagged.Name)
	tagged, err = c.NetworkInterface.LinkSubnet(id, tagged.ID, &entity.NetworkInterfaceLinkParams{Mode: "STATIC", Subnet: subnet.ID, IPAddress: "10.3.0.20"})
	require.NoError(t, err)
	require.Equal(t, "10.3.0.20", tagged.Links[0].IPAddress)

	_, err = c.Machines.Allocate(&entity.MachineAllocateParams{SystemID: id})
	require.NoError(t, err)
	_, err = c.Machine.Deploy(id, &entity.MachineDeployParams{DistroSeries: "ubuntu/jammy"})
	require.NoError(t, err)
	r.until(id, "Deployed")
	config, err := c.Machine.GetCurtinConfig(id)
	require.NoError(t, err)
	require.Contains(t, config["network"].(map[string]any)["vlans"], "bond0.102")
	_, err = c.Machine.Release(id, &entity.MachineReleaseParams{})
	require.NoError(t, err)
	r.until(id, "Ready")
}
