// Package worldtest has a small site to test simulators with, put together by hand so that these tests depend on no
// parser. It is for tests only.
package worldtest

import (
	"net/netip"

	"drydock/design"
)

// Account and Credential are those of every BMC of the site.
const (
	Account    = "provisioner"
	Credential = "not-a-real-secret"
)

// Names of the nodes of the site, by the type of their BMC.
const (
	Redfish    = "harbor-n1"
	SecondNode = "harbor-n2" // Redfish too, and with a boot_mac
	IPMI       = "harbor-n3"
	Manual     = "harbor-n4"
)

// Addresses of the BMCs as designed, and the boot_mac of SecondNode.
const (
	RedfishBMC = "10.40.1.11"
	SecondBMC  = "10.40.1.12"
	IPMIBMC    = "10.40.1.13"
	SecondMAC  = "3c:ec:ef:00:00:02"
)

// Site is the design: an untagged network with DHCP, a bond of two NICs (one of them given by a pattern), an operating
// system disk and a volume group.
func Site() *design.Site {
	pxe := &design.NetworkLink{Name: "pxe-link", MTU: 1500, LinkSpeed: "auto", DefaultNetwork: "pxe", AllowedNetworks: []string{"pxe"}}
	data := &design.NetworkLink{
		Name: "data-bond", MTU: 9000, LinkSpeed: "auto", Trunked: true, DefaultNetwork: "mgmt",
		AllowedNetworks: []string{"mgmt", "storage"}, Bonding: design.Bonding{Mode: design.Bond8023AD},
	}
	profile := &design.HardwareProfile{
		Name: "pizza-box", Vendor: "Acme", Generation: "2", HWVersion: "1", BIOSVersion: "4.1", BootMode: "uefi",
		Aliases: []design.Alias{
			{Name: "boot_nic", BusType: "pci", DevType: "1G NIC", Address: "0000:02:00.0"},
			{Name: "bulk_disk", BusType: "scsi", DevType: "HDD", Address: "2:0.1.0"},
			{Name: "data_a", BusType: "pci", DevType: "25G NIC", Address: "0000:41:00.0"},
			{Name: "data_b", BusType: "pci", DevType: "25G NIC", Address: `regexp:0000:(41|42):00\.1`},
			{Name: "os_disk", BusType: "scsi", DevType: "SSD", Address: "2:0.0.0"},
		},
		CPUSets:   map[string]string{"isolated": "4-47"},
		HugePages: map[string]design.HugePages{"big": {Size: "1G", Count: 48}},
	}
	s := &design.Site{
		Name:  "harbor",
		Racks: []design.Rack{{Name: "row-a-1", Switches: map[string]design.Switch{"tor-a1": {}, "tor-a2": {}}}},
		Links: []*design.NetworkLink{pxe, data},
		Networks: []*design.Network{
			{Name: "bmc", CIDR: netip.MustParsePrefix("10.40.1.0/24")},
			{Name: "pxe", CIDR: netip.MustParsePrefix("10.40.2.0/24"), Ranges: []design.Range{{
				Type: design.RangeDHCP, Start: netip.MustParseAddr("10.40.2.100"), End: netip.MustParseAddr("10.40.2.199"),
			}}},
			{Name: "mgmt", CIDR: netip.MustParsePrefix("10.40.3.0/24")},
			{Name: "storage", CIDR: netip.MustParsePrefix("10.40.4.0/24"), VLAN: 240},
		},
		HardwareProfiles: []*design.HardwareProfile{profile},
	}
	for _, n := range []struct{ name, oob, bmc, mac string }{
		{Redfish, design.OOBRedfish, RedfishBMC, ""},
		{SecondNode, design.OOBRedfish, SecondBMC, SecondMAC},
		{IPMI, design.OOBIPMI, IPMIBMC, ""},
		{Manual, design.OOBManual, "10.40.1.14", ""},
	} {
		s.Nodes = append(s.Nodes, &design.Node{
			Name: n.name, Domain: "harbor.test", Rack: "row-a-1", HardwareProfile: profile, PrimaryNetwork: "mgmt",
			OOB:     design.OOB{Type: n.oob, Account: Account, Credential: Credential, Network: "bmc"},
			BootMAC: n.mac,
			Interfaces: []design.Interface{
				{Name: "bond0", LinkName: data.Name, Link: data, Slaves: []string{"data_a", "data_b"}, Networks: []string{"mgmt", "storage"}},
				{Name: "boot", LinkName: pxe.Name, Link: pxe, Slaves: []string{"boot_nic"}, Networks: []string{"pxe"}},
			},
			Storage: design.Storage{
				Devices: []design.Device{
					{Name: "bulk_disk", VolumeGroup: "bulk"},
					{Name: "os_disk", Labels: map[string]string{"bootdrive": "true"}, Partitions: []design.Partition{
						{Name: "root", Size: design.Size{Text: "40g", Bytes: 40e9}},
						{Name: "var", Size: design.Size{Text: ">30g", Bytes: 30e9, AtLeast: true}},
					}},
				},
				VolumeGroups: []design.VolumeGroup{{Name: "bulk", LogicalVolumes: []design.LogicalVolume{
					{Name: "images", Size: design.Size{Text: "600g", Bytes: 600e9}},
					{Name: "scratch", Size: design.Size{Text: "40%", Percent: 40}},
				}}},
			},
			Platform: design.Platform{Image: "jammy", Kernel: "ga-22.04"},
			Addresses: []design.Address{
				{Network: "bmc", IP: netip.MustParseAddr(n.bmc)}, {Network: "pxe", DHCP: true},
			},
		})
	}
	return s
}
