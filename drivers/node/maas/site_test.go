package maas

import (
	"net/netip"

	"drydock/design"
)

const testBMCPassword = "bmc-pass-not-for-logs"

func prefix(s string) netip.Prefix      { return netip.MustParsePrefix(s) }
func address(s string) netip.Addr       { return netip.MustParseAddr(s) }
func gib(n int64, t string) design.Size { return design.Size{Text: t, Bytes: n << 30} }

// testSite is a site with a boot network, and a bond with an untagged and a tagged network, of two equal nodes.
func testSite() *design.Site {
	bmc := &design.NetworkLink{Name: "bmc-link", MTU: 1500, DefaultNetwork: "bmc", AllowedNetworks: []string{"bmc"}, Labels: map[string]string{"noconfig": "enabled"}}
	pxe := &design.NetworkLink{Name: "pxe-link", MTU: 1500, DefaultNetwork: "pxe", AllowedNetworks: []string{"pxe"}}
	data := &design.NetworkLink{
		Name: "data_bond", MTU: 9000, Trunked: true, DefaultNetwork: "mgmt", AllowedNetworks: []string{"mgmt", "storage"},
		Bonding: design.Bonding{Mode: design.Bond8023AD, Hash: "layer3+4", PeerRate: "fast", MonRate: 100, UpDelay: 400, DownDelay: 200},
	}
	profile := &design.HardwareProfile{
		Name: "pizza-box", BootMode: "uefi",
		Aliases: []design.Alias{
			{Name: "boot_nic", BusType: "pci", DevType: "1G NIC", Address: "0000:02:00.0"},
			{Name: "bulk_disk", BusType: "scsi", DevType: "HDD", Address: "2:0.1.0"},
			{Name: "data_a", BusType: "pci", DevType: "25G NIC", Address: "0000:41:00.0"},
			{Name: "data_b", BusType: "pci", DevType: "25G NIC", Address: `regexp:0000:(41|42):00\.1`},
			{Name: "os_disk", BusType: "scsi", DevType: "SSD", Address: "2:0.0.0"},
		},
	}
	s := &design.Site{
		Name: "harbor", Digest: "sha256:feed",
		Region: design.Region{
			AuthorizedKeys: []string{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7Vn0pR0cQb3p7vZyq3n4s5g6h7j8k9l0z1x2c3v4b5 ops@harbor\n"},
			Repositories: []design.Repository{
				{Name: "main_archive", Type: "apt", URL: "http://mirror.harbor.test/ubuntu", Components: []string{"main", "universe"}, Subrepos: []string{"security", "updates"}, Arches: []string{"amd64"}},
				{Name: "tools", Type: "apt", URL: "http://mirror.harbor.test/tools", Distributions: []string{"jammy"}, Components: []string{"stable"}},
			},
			RemoveUnlisted: true,
			TagDefinitions: []design.TagDefinition{{Tag: "has-disk", Type: "lshw_xpath", Definition: `//node[@class="disk"]`}},
		},
		Links: []*design.NetworkLink{bmc, pxe, data},
		Networks: []*design.Network{
			{Name: "bmc", CIDR: prefix("10.40.1.0/24")},
			{Name: "pxe", CIDR: prefix("10.40.2.0/24"), DNSDomain: "pxe.harbor.test", DNSServers: []string{"10.40.2.5"}, Ranges: []design.Range{
				{Type: design.RangeReserved, Start: address("10.40.2.2"), End: address("10.40.2.9")},
				{Type: design.RangeDHCP, Start: address("10.40.2.100"), End: address("10.40.2.199")},
			}},
			{Name: "mgmt", CIDR: prefix("10.40.3.0/24"), DNSDomain: "harbor.test", DNSServers: []string{"10.40.3.5", "10.40.3.6"}, MTU: 1500,
				Routes: []design.Route{{Subnet: prefix("0.0.0.0/0"), Gateway: address("10.40.3.1"), Metric: 10}}},
			{Name: "storage", CIDR: prefix("10.40.4.0/24"), VLAN: 240, MTU: 8900, DNSDomain: "harbor.test",
				Routes: []design.Route{{Subnet: prefix("10.50.4.0/24"), Gateway: address("10.40.4.1"), Metric: 50}}},
		},
		HardwareProfiles: []*design.HardwareProfile{profile},
	}
	for i, name := range []string{"harbor-n1", "harbor-n2"} {
		ip := func(net string) netip.Addr { return address("10.40." + net + "." + []string{"11", "12"}[i]) }
		s.Nodes = append(s.Nodes, &design.Node{
			Name: name, Domain: "harbor.test", HardwareProfile: profile, PrimaryNetwork: "mgmt",
			OOB:       design.OOB{Type: []string{design.OOBIPMI, design.OOBRedfish}[i], Account: "provisioner", Credential: testBMCPassword, Network: "bmc"},
			Tags:      []string{"lab", "control"},
			OwnerData: map[string]string{"role": "generic"},
			Interfaces: []design.Interface{
				{Name: "bond0", LinkName: data.Name, Link: data, Slaves: []string{"data_a", "data_b"}, Networks: []string{"mgmt", "storage"}},
				{Name: "boot", LinkName: pxe.Name, Link: pxe, Slaves: []string{"boot_nic"}, Networks: []string{"pxe"}},
			},
			Storage: design.Storage{
				Devices: []design.Device{
					{Name: "bulk_disk", VolumeGroup: "bulk"},
					{Name: "os_disk", Labels: map[string]string{"bootdrive": "true"}, Partitions: []design.Partition{
						{Name: "root", Size: gib(40, "40gi"), Bootable: true, Filesystem: &design.Filesystem{MountPoint: "/", Type: "ext4", MountOptions: "defaults", Label: "root"}},
						{Name: "boot", Size: gib(2, "2gi"), Filesystem: &design.Filesystem{MountPoint: "/boot", Type: "ext4", MountOptions: "defaults"}},
						{Name: "swap", Size: gib(4, "4gi"), Filesystem: &design.Filesystem{Type: "swap"}},
						{Name: "var", Size: design.Size{Text: ">30gi", Bytes: 30 << 30, AtLeast: true}, Filesystem: &design.Filesystem{MountPoint: "/var", Type: "xfs", MountOptions: "noatime"}},
					}},
				},
				VolumeGroups: []design.VolumeGroup{{Name: "bulk", LogicalVolumes: []design.LogicalVolume{
					{Name: "images", Size: design.Size{Text: "60%", Percent: 60}, Filesystem: &design.Filesystem{MountPoint: "/srv/images", Type: "xfs", MountOptions: "noatime"}},
					{Name: "rest", Size: design.Size{Text: ">1gi", Bytes: 1 << 30, AtLeast: true}, Filesystem: &design.Filesystem{MountPoint: "/srv/rest", Type: "ext4"}},
				}}},
			},
			Platform:  design.Platform{Image: "jammy", Kernel: "ga-22.04", KernelParams: []string{"console=ttyS0,115200n8", "quiet"}},
			Addresses: []design.Address{{Network: "bmc", IP: ip("1")}, {Network: "pxe", DHCP: true}, {Network: "mgmt", IP: ip("3")}, {Network: "storage", IP: ip("4")}},
		})
	}
	return s
}
