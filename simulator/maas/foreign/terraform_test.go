package foreign_test

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"testing"

	"github.com/canonical/gomaasclient/client"
	"github.com/canonical/gomaasclient/entity"
	"github.com/stretchr/testify/require"

	"drydock/simulator"
	"drydock/simulator/world/worldtest"
)

const gigabytes = 1000 * 1000 * 1000

// terraform makes the calls that terraform-provider-maas makes for its resources, in their order and with the client that it
// is built on. The provider itself can't be had from the module proxy.
type terraform struct {
	*testing.T
	*client.Client
}

func provider(t *testing.T, site *simulator.Site) terraform {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := client.GetClientWithTransport(site.MAASURL(), site.APIKey(), "2.0", transport)
	require.NoError(t, err)
	who, err := c.Users.Whoami() // configuring the provider
	require.NoError(t, err)
	require.True(t, who.IsSuperUser)
	return terraform{t, c}
}

// must is for calls of which the answer is looked at later.
func must[T any](x T, err error) func(terraform) T {
	return func(tf terraform) T {
		tf.Helper()
		require.NoError(tf, err)
		return x
	}
}

// machine is the provider's way to a machine: the list of all.
func (tf terraform) machine(identifier string) *entity.Machine {
	tf.Helper()
	for _, m := range must(tf.Machines.Get(&entity.MachinesParams{}))(tf) {
		if m.SystemID == identifier || m.Hostname == identifier || m.FQDN == identifier || m.BootInterface.MACAddress == identifier {
			return &m
		}
	}
	require.FailNow(tf, "machine "+identifier+" not found")
	return nil
}

// nic finds an interface by its name.
func (tf terraform) nic(id, name string) *entity.NetworkInterface {
	tf.Helper()
	for _, n := range must(tf.NetworkInterfaces.Get(id))(tf) {
		if n.Name == name {
			return &n
		}
	}
	require.FailNow(tf, "interface "+name+" not found")
	return nil
}

func (tf terraform) becomes(id, status string) *entity.Machine {
	tf.Helper()
	var m *entity.Machine
	wait(tf.T, status, func() bool {
		m = must(tf.Machine.Get(id))(tf)
		return m.StatusName == status
	})
	return m
}

func TestTerraformBuildsNetworks(t *testing.T) {
	tf := provider(t, start(t))
	space := must(tf.Spaces.Create("tf-space"))(tf)
	require.Equal(t, "renamed", must(tf.Space.Update(space.ID, "renamed"))(tf).Name)
	fabric := must(tf.Fabrics.Create(&entity.FabricParams{Name: "tf-fabric"}))(tf)
	require.Equal(t, fabric.ID, must(tf.Fabric.Get(fabric.ID))(tf).ID)
	require.NotEmpty(t, must(tf.Fabrics.Get())(tf))

	vlan := must(tf.VLANs.Create(fabric.ID, &entity.VLANParams{VID: 14, Name: "tf-vlan14", MTU: 1500, Space: "renamed"}))(tf)
	require.Equal(t, "renamed", must(tf.VLAN.Get(fabric.ID, 14))(tf).Space)
	vlan = must(tf.VLAN.Update(fabric.ID, vlan.VID, &entity.VLANParams{VID: 14, Name: "tf-vlan14", MTU: 9000}))(tf)
	require.Equal(t, 9000, vlan.MTU)
	require.Len(t, must(tf.VLANs.Get(fabric.ID))(tf), 2)

	params := &entity.SubnetParams{CIDR: "10.88.88.0/24", Name: "tf-subnet", Fabric: strconv.Itoa(fabric.ID), VLAN: strconv.Itoa(vlan.ID),
		GatewayIP: "10.88.88.1", DNSServers: []string{"1.1.1.1", "8.8.8.8"}, RDNSMode: 2, AllowDNS: true, AllowProxy: true, Managed: true}
	subnet := must(tf.Subnets.Create(params))(tf)
	require.Len(t, subnet.DNSServers, 2)
	params.GatewayIP = "10.88.88.254"
	subnet = must(tf.Subnet.Update(subnet.ID, params))(tf)
	require.Equal(t, "10.88.88.254", subnet.GatewayIP.String())
	require.True(t, subnet.Managed)
	require.Equal(t, vlan.ID, must(tf.Subnet.Get(subnet.ID))(tf).VLAN.ID)

	ipRange := &entity.IPRangeParams{Type: "dynamic", Subnet: strconv.Itoa(subnet.ID), StartIP: "10.88.88.100", EndIP: "10.88.88.150"}
	r := must(tf.IPRanges.Create(ipRange))(tf)
	ipRange.Comment = "leases"
	require.Equal(t, "leases", must(tf.IPRange.Update(r.ID, ipRange))(tf).Comment)
	require.Len(t, must(tf.IPRanges.Get())(tf), 1)

	rack := must(tf.RackControllers.Get(&entity.RackControllersGetParams{}))(tf)[0].SystemID
	vlan = must(tf.VLAN.Update(fabric.ID, vlan.VID, &entity.VLANParams{VID: 14, DHCPOn: true, PrimaryRack: &rack}))(tf)
	require.True(t, vlan.DHCPOn)
	require.NoError(t, tf.IPRange.Delete(must(tf.IPRanges.Create(&entity.IPRangeParams{Type: "reserved", Subnet: strconv.Itoa(subnet.ID),
		StartIP: "10.88.88.10", EndIP: "10.88.88.20"}))(tf).ID))

	domain := must(tf.Domains.Create(&entity.DomainParams{Name: "tf.example", Authoritative: true, TTL: 3600}))(tf)
	require.Equal(t, 3600, must(tf.Domain.Get(domain.ID))(tf).TTL)
	record := must(tf.DNSResources.Create(&entity.DNSResourceParams{Name: "a", Domain: "tf.example", IPAddresses: "10.88.88.30", AddressTTL: 60}))(tf)
	require.Equal(t, "a.tf.example", record.FQDN)
	require.Equal(t, "10.88.88.31", must(tf.DNSResource.Update(record.ID, &entity.DNSResourceParams{IPAddresses: "10.88.88.31"}))(tf).IPAddresses[0].IP.String())
	text := must(tf.DNSResourceRecords.Create(&entity.DNSResourceRecordParams{Name: "t", Domain: "tf.example", RRType: "TXT", RRData: "hello"}))(tf)
	require.Equal(t, "TXT", must(tf.DNSResourceRecord.Get(text.ID))(tf).RRType)
	require.NoError(t, tf.DNSResourceRecord.Delete(text.ID))
	require.NoError(t, tf.DNSResource.Delete(record.ID))
	require.NoError(t, tf.Domain.Delete(domain.ID))
	require.NoError(t, tf.Subnet.Delete(subnet.ID))
	require.NoError(t, tf.VLAN.Delete(fabric.ID, 14))
	require.NoError(t, tf.Fabric.Delete(fabric.ID))
	require.NoError(t, tf.Space.Delete(space.ID))
	_, err := tf.Fabric.Get(fabric.ID)
	require.ErrorContains(t, err, "404")
}

func TestTerraformGroupsMachinesAndPeople(t *testing.T) {
	tf := provider(t, start(t))
	zone := must(tf.Zones.Create(&entity.ZoneParams{Name: "tf-zone", Description: "a"}))(tf)
	require.Equal(t, "b", must(tf.Zone.Update(zone.Name, &entity.ZoneParams{Name: "tf-zone", Description: "b"}))(tf).Description)
	pool := must(tf.ResourcePools.Create(&entity.ResourcePoolParams{Name: "tf-pool"}))(tf)
	require.Equal(t, "p", must(tf.ResourcePool.Update(pool.ID, &entity.ResourcePoolParams{Name: "tf-pool", Description: "p"}))(tf).Description)
	user := must(tf.Users.Create(&entity.UserParams{UserName: "tf-user", Password: "not-a-real-secret", Email: "tf@example.com"}))(tf)
	require.False(t, user.IsSuperUser)
	require.Equal(t, "tf@example.com", must(tf.User.Get("tf-user"))(tf).Email)
	_, err := tf.Users.Create(&entity.UserParams{UserName: "tf-user", Password: "x", Email: "tf@example.com"})
	require.ErrorContains(t, err, "already exists")

	machine := must(tf.Machines.Create(&entity.MachineParams{Architecture: "amd64/generic", MACAddresses: []string{"52:54:00:00:00:61"},
		PowerType: "manual", Hostname: "tf-m1", Zone: "tf-zone", Pool: "tf-pool", Commission: true}, map[string]any{}))(tf)
	require.Equal(t, "Commissioning", machine.StatusName)
	tag := must(tf.Tags.Create(&entity.TagParams{Name: "tf-tag", Comment: "c", KernelOpts: "quiet"}))(tf)
	require.NoError(t, tf.Tag.AddMachines(tag.Name, []string{tf.machine("tf-m1").SystemID}))
	require.Len(t, must(tf.Tag.GetMachines(tag.Name))(tf), 1)
	require.Equal(t, "splash", must(tf.Tag.Update(tag.Name, &entity.TagParams{Name: "tf-tag", KernelOpts: "splash"}))(tf).KernelOpts)
	require.NoError(t, tf.Tag.RemoveMachines(tag.Name, []string{machine.SystemID}))
	require.Empty(t, must(tf.Tag.GetMachines(tag.Name))(tf))

	device := must(tf.Devices.Create(&entity.DeviceCreateParams{Hostname: "tf-d1", MacAddresses: []string{"52:54:00:00:00:62"}}))(tf)
	require.Len(t, must(tf.Devices.Get())(tf), 1)
	require.NoError(t, tf.Device.Delete(device.SystemID))
	require.NoError(t, tf.Machine.Delete(machine.SystemID))
	require.NoError(t, tf.Tag.Delete(tag.Name))
	require.NoError(t, tf.Zone.Delete(zone.Name))
	require.NoError(t, tf.ResourcePool.Delete(pool.ID))
	require.NoError(t, tf.User.Delete(&entity.UserDeleteParams{UserName: "tf-user"}))
}

func TestTerraformConfiguresAndDeploysAMachine(t *testing.T) {
	site := start(t)
	tf := provider(t, site)
	mac := turnOn(t, site, worldtest.Redfish)
	wait(t, "New", func() bool {
		w, _ := site.World.Machine(worldtest.Redfish)
		return w.Power() == "off" && len(must(tf.Machines.Get(&entity.MachinesParams{MACAddress: []string{mac}}))(tf)) == 1
	})
	id := tf.machine(mac).SystemID
	require.Equal(t, "tf-node", must(tf.Machine.Update(id, &entity.MachineParams{Hostname: "tf-node", Commission: true}, map[string]any{}))(tf).Hostname)
	must(tf.Machine.Commission(id, &entity.MachineCommissionParams{TestingScripts: "none"}))(tf)
	m := tf.becomes(id, "Ready")

	// Bond, VLAN and bridge on top of each other, and links.
	var free []string
	for _, n := range m.InterfaceSet {
		if n.ID != m.BootInterface.ID && len(free) < 2 {
			free = append(free, n.Name)
		}
	}
	require.Len(t, free, 2)
	fabric := must(tf.Fabrics.Create(&entity.FabricParams{Name: "tf-data"}))(tf)
	untagged := must(tf.VLAN.Get(fabric.ID, 0))(tf)
	tagged := must(tf.VLANs.Create(fabric.ID, &entity.VLANParams{VID: 20}))(tf)
	subnet := must(tf.Subnets.Create(&entity.SubnetParams{CIDR: "10.77.0.0/24", VLAN: strconv.Itoa(tagged.ID), Managed: true}))(tf)
	var parents []int
	for _, name := range free {
		n := must(tf.NetworkInterface.Update(id, tf.nic(id, name).ID, &entity.NetworkInterfaceUpdateParams{VLAN: untagged.ID}))(tf)
		parents = append(parents, n.ID)
	}
	bond := must(tf.NetworkInterfaces.CreateBond(id, &entity.NetworkInterfaceBondParams{Name: "bond0", Parents: parents, BondMode: "802.3ad",
		BondMiimon: 100, BondLACPRate: "fast", BondXMitHashPolicy: "layer2", MTU: 1500, VLAN: untagged.ID, Tags: "tf,data"}))(tf)
	require.ElementsMatch(t, free, bond.Parents)
	require.ElementsMatch(t, []string{"tf", "data"}, bond.Tags)
	options, ok := bond.Params.(map[string]any)
	require.True(t, ok)
	require.Equal(t, "802.3ad", options["bond_mode"])
	require.Equal(t, float64(100), options["bond_miimon"])
	bond = must(tf.NetworkInterface.Update(id, bond.ID, &entity.NetworkInterfaceUpdateParams{Name: "bond1", Parents: parents, BondMode: "active-backup"}))(tf)
	require.Equal(t, "bond1", bond.Name)
	vlanNIC := must(tf.NetworkInterfaces.CreateVLAN(id, &entity.NetworkInterfaceVLANParams{Parents: []int{bond.ID}, VLAN: tagged.ID}))(tf)
	require.Equal(t, "bond1.20", vlanNIC.Name)
	bridge := must(tf.NetworkInterfaces.CreateBridge(id, &entity.NetworkInterfaceBridgeParams{Name: "br0", Parents: []int{vlanNIC.ID}, BridgeType: "standard"}))(tf)
	linked := must(tf.NetworkInterface.LinkSubnet(id, bridge.ID, &entity.NetworkInterfaceLinkParams{Mode: "STATIC", Subnet: subnet.ID, IPAddress: "10.77.0.5"}))(tf)
	require.Equal(t, "10.77.0.5", linked.Links[0].IPAddress)
	require.NotEmpty(t, must(tf.NetworkInterface.AddTag(id, bridge.ID, "up"))(tf).Tags)
	require.Empty(t, must(tf.NetworkInterface.RemoveTag(id, bridge.ID, "up"))(tf).Tags)

	// A disk: tags, boot disk, and partitions in place of those that are there.
	disk := m.PhysicalBlockDeviceSet[len(m.PhysicalBlockDeviceSet)-1]
	for _, b := range must(tf.BlockDevices.Get(id))(tf) {
		if b.ID == disk.ID {
			must(tf.BlockDevice.Update(id, b.ID, &entity.BlockDeviceParams{Name: b.Name, Size: b.Size, BlockSize: b.BlockSize, Model: b.Model, Serial: b.Serial}))(tf)
		}
	}
	for _, x := range must(tf.BlockDevice.Get(id, disk.ID))(tf).Tags {
		must(tf.BlockDevice.RemoveTag(id, disk.ID, x))(tf)
	}
	require.Equal(t, []string{"tf"}, must(tf.BlockDevice.AddTag(id, disk.ID, "tf"))(tf).Tags)
	part := must(tf.BlockDevicePartitions.Create(id, disk.ID, &entity.BlockDevicePartitionParams{Size: 20 * gigabytes}))(tf)
	must(tf.BlockDevicePartition.AddTag(id, disk.ID, part.ID, "data"))(tf)
	must(tf.BlockDevicePartition.Format(id, disk.ID, part.ID, "ext4", "data"))(tf)
	part = must(tf.BlockDevicePartition.Mount(id, disk.ID, part.ID, "/srv", "noatime"))(tf)
	require.Equal(t, "/srv", part.FileSystem.MountPoint)
	extra := must(tf.BlockDevices.Create(id, &entity.BlockDeviceParams{Name: "sdz", Size: 100 * gigabytes, BlockSize: 512, IDPath: "/dev/disk/by-id/z"}))(tf)
	group := must(tf.VolumeGroups.Create(id, &entity.VolumeGroupCreateParams{Name: "vg0", BlockDevices: []string{strconv.Itoa(extra.ID)}}))(tf)
	volume := must(tf.VolumeGroup.CreateLogicalVolume(id, group.ID, &entity.LogicalVolumeParams{Name: "lv0", Size: 10 * gigabytes}))(tf)
	require.NoError(t, tf.VolumeGroup.DeleteLogicalVolume(id, group.ID, volume.ID))
	require.NoError(t, tf.VolumeGroup.Delete(id, group.ID))
	require.NoError(t, tf.BlockDevice.Delete(id, extra.ID))

	// The instance: allocate, configure an interface, deploy, release.
	m = must(tf.Machines.Allocate(&entity.MachineAllocateParams{Name: "tf-node", CPUCount: 1, Mem: 1024}))(tf)
	require.Equal(t, id, m.SystemID)
	boot := tf.nic(id, m.BootInterface.Name)
	must(tf.NetworkInterface.Disconnect(id, boot.ID))(tf)
	must(tf.NetworkInterface.Update(id, boot.ID, &entity.NetworkInterfaceUpdateParams{VLAN: m.BootInterface.VLAN.ID}))(tf)
	pxe := bootSubnet(tf, m)
	must(tf.NetworkInterface.LinkSubnet(id, boot.ID, &entity.NetworkInterfaceLinkParams{Mode: "AUTO", Subnet: pxe}))(tf)
	must(tf.Machine.Deploy(id, &entity.MachineDeployParams{DistroSeries: "jammy", HWEKernel: "ga-22.04",
		UserData: base64.StdEncoding.EncodeToString([]byte("#cloud-config\n"))}))(tf)
	m = tf.becomes(id, "Deployed")
	require.Equal(t, "ga-22.04", m.HWEKernel)
	require.NoError(t, tf.Machines.Release([]string{id}, "Released by Terraform"))
	tf.becomes(id, "Ready")
	require.NoError(t, tf.NetworkInterface.Delete(id, bridge.ID))
	require.NoError(t, tf.Machine.Delete(id))
}

// bootSubnet is the subnet that a machine boots on.
func bootSubnet(tf terraform, m *entity.Machine) int {
	tf.Helper()
	for _, s := range must(tf.Subnets.Get())(tf) {
		if s.VLAN.ID == m.BootInterface.VLAN.ID {
			return s.ID
		}
	}
	require.FailNow(tf, "no subnet to boot on")
	return 0
}
