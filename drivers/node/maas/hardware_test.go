package maas

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/build"
	"drydock/drivers"
)

const lshwText = `<?xml version="1.0" standalone="yes" ?>
<list><node id="host" class="system">
 <node id="network:0" class="network"><logicalname>eno1</logicalname><businfo>pci@0000:41:00.0</businfo><serial>AA:BB:CC:00:00:01</serial></node>
 <node id="network:1" class="network"><logicalname>eno2</logicalname><businfo>pci@0000:41:00.1</businfo><serial>aa:bb:cc:00:00:02</serial></node>
 <node id="storage" class="storage"><businfo>pci@0000:81:00.0</businfo><logicalname>/dev/nvme0</logicalname>
  <node id="ns" class="disk"><businfo>nvme@0:1</businfo><logicalname>hwmon1</logicalname></node>
  <node id="ns" class="disk"><businfo>nvme@0:1</businfo><logicalname>/dev/nvme0n1</logicalname><serial>NV1</serial></node></node>
 <node id="disk" class="disk"><businfo>scsi@2:0.0.0</businfo><logicalname>/dev/cdrom</logicalname><logicalname>/dev/sda</logicalname></node>
</node></list>`

const lldpText = `<lldp label="LLDP neighbors"><interface label="Interface" name="eno1"><chassis><id type="mac">00:11</id><name>tor-a1</name></chassis>
<port><id type="ifname">swp7</id><descr>rack 1</descr></port></interface></lldp>`

func testHardware(t *testing.T) (*session, *machine, *hardware, drivers.NodeCall) {
	t.Helper()
	d, err := New(Config{URL: "http://region.test:5240/MAAS", APIKey: testKey})
	require.NoError(t, err)
	s, err := d.session(context.Background(), drivers.ApplyNodeNetworking, "node n1")
	require.NoError(t, err)
	hw := &hardware{lshw: lshwText, lldp: lldpText}
	hw.devices, err = parseLSHW(lshwText)
	require.NoError(t, err)
	m := &machine{SystemID: "abc123", Hostname: "n1",
		Interfaces: []nic{{ID: 1, Name: "renamed0", Type: "physical", MAC: "aa:bb:cc:00:00:01"}, {ID: 2, Name: "eno2", Type: "physical", MAC: "aa:bb:cc:00:00:02"}, {ID: 3, Name: "bond0", Type: "bond", MAC: "aa:bb:cc:00:00:01"}},
		Disks:      []disk{{ID: 1, Name: "sda", Serial: "S1", IDPath: "/dev/disk/by-id/wwn-0x5000"}, {ID: 2, Name: "nvme9n1", Serial: "NV1"}},
	}
	call := drivers.NodeCall{Site: &design.Site{}, Node: &design.Node{Name: "n1", HardwareProfile: &design.HardwareProfile{Aliases: []design.Alias{
		{Name: "first", BusType: "pci", Address: "0000:41:00.0"},
		{Name: "pattern", BusType: "pci", Address: `regexp:0000:41:00\.[1-3]`},
		{Name: "broken", BusType: "pci", Address: `regexp:(`},
		{Name: "gone", BusType: "pci", Address: "0000:99:00.0"},
		{Name: "fast", BusType: "pci", Address: "0000:81:00.0"},
		{Name: "os", BusType: "scsi", Address: "2:0.0.0"},
	}}}}
	return s, m, hw, call
}

func TestInterfacesAreFoundByAliasNameAndMAC(t *testing.T) {
	s, m, hw, call := testHardware(t)
	for name, id := range map[string]int{"first": 1, "pattern": 2, "eno2": 2, "renamed0": 1, "AA:BB:CC:00:00:02": 2} {
		n, err := s.findNIC(call, m, hw, name)
		require.NoError(t, err, name)
		require.Equal(t, id, n.ID, name)
	}
	for name, class := range map[string]drivers.Class{"gone": drivers.Conflict, "bond0": drivers.Conflict, "eno1": drivers.Conflict, "broken": drivers.InvalidDesign} {
		_, err := s.findNIC(call, m, hw, name)
		classed(t, err, class)
	}
	// What an earlier interrogation found serves where MAAS lost its hardware data.
	call.Build.NICs = []build.NIC{{Name: "eno9", MAC: "aa:bb:cc:00:00:02", PCI: "0000:99:00.0"}}
	n, err := s.findNIC(call, m, &hardware{}, "gone")
	require.NoError(t, err)
	require.Equal(t, 2, n.ID)
}

func TestDisksAreFoundByAliasNameSerialAndWWN(t *testing.T) {
	s, m, hw, call := testHardware(t)
	for name, id := range map[string]int{"os": 1, "sda": 1, "s1": 1, "wwn-0x5000": 1, "0x5000": 1, "fast": 2, "nvme9n1": 2} {
		d, err := s.findDisk(call, m, hw, name)
		require.NoError(t, err, name)
		require.Equal(t, id, d.ID, name)
	}
	_, err := s.findDisk(call, m, hw, "gone")
	require.Contains(t, classed(t, err, drivers.Conflict).Error(), "0 disks")
	m.Disks = append(m.Disks, disk{ID: 3, Name: "sdb", Serial: "S1"})
	_, err = s.findDisk(call, m, hw, "S1")
	require.Contains(t, classed(t, err, drivers.Conflict).Error(), "2 disks")
}

func TestHardwareGoesToTheBuildModelWithItsNeighbours(t *testing.T) {
	_, m, hw, _ := testHardware(t)
	nics := hw.nics(m)
	require.Len(t, nics, 2, "only physical interfaces count")
	require.Equal(t, build.NIC{Name: "renamed0", MAC: "aa:bb:cc:00:00:01", PCI: "0000:41:00.0", Neighbor: "tor-a1 swp7"}, nics[1])
	require.Equal(t, []build.Disk{{Name: "nvme9n1", Serial: "NV1", Bus: "nvme@0:1"}, {Name: "sda", Serial: "S1", WWN: "0x5000", Bus: "scsi@2:0.0.0"}}, hw.disks(m))
	_, err := parseLSHW("<list><node")
	require.Error(t, err)
}

func TestAMachineWithoutAnyProofOfItsIdentityIsNotWiped(t *testing.T) {
	s, m, _, call := testHardware(t)
	s.d.racks.at = s.d.now() // MAAS was asked for its controllers, and has none
	call.Node.OOB.Type = design.OOBManual
	require.Contains(t, classed(t, s.prove(call, m), drivers.Conflict).Error(), "can't be proven")
	call.Node.BootMAC = "aa:bb:cc:00:00:02"
	require.NoError(t, s.prove(call, m))
	call.Node.BootMAC = "aa:bb:cc:00:00:99"
	classed(t, s.prove(call, m), drivers.Conflict)
	call.Node.BootMAC = ""
	call.Build.Identity.Serial, m.HardwareInfo = "To be filled by O.E.M.", map[string]string{"system_serial": "To be filled by O.E.M."}
	require.Contains(t, classed(t, s.prove(call, m), drivers.Conflict).Error(), "can't be proven", "a serial number proves nothing")
	call.Build.Identity.MACs = []string{"AA:BB:CC:00:00:01"}
	require.NoError(t, s.prove(call, m), "in whatever case they were recorded")
	m.NodeType, m.NodeTypeName = 4, "Region and rack controller"
	require.Contains(t, classed(t, s.prove(call, m), drivers.Conflict).Error(), "region and rack controller")
}
