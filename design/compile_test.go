package design_test

import (
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
)

func harbor(t testing.TB) *design.Site { return compile(t, string(testdata(t, "harbor-lab.yaml"))) }

func TestPublicDesignsCompileWithoutErrors(t *testing.T) {
	for name, nodes := range map[string]int{"airsloop": 1, "seaworthy": 5, "seaworthy-virt": 3} {
		t.Run(name, func(t *testing.T) {
			site := compile(t, string(testdata(t, name+".yaml")))
			assert.Equal(t, name, site.Name)
			assert.Len(t, site.Nodes, nodes)
			for _, n := range site.Nodes {
				assert.NotNil(t, n.HardwareProfile)
				assert.NotEmpty(t, n.Platform.Image)
				assert.NotEmpty(t, n.Interfaces)
				for _, i := range n.Interfaces {
					assert.NotNil(t, i.Link)
				}
			}
		})
	}
	bond := compile(t, string(testdata(t, "seaworthy.yaml"))).Node("cab23-r720-16")
	assert.Equal(t, "cab23-r720-16.atlantafoundry.com", bond.FQDN())
	assert.Equal(t, "10.23.104.16", bond.BMCAddress())
	assert.Equal(t, "bond0", bond.Interfaces[0].Name)
	assert.True(t, bond.Interfaces[0].Link.Bonding.Enabled())
	assert.Equal(t, 21, compile(t, string(testdata(t, "seaworthy.yaml"))).Network("oam").VLAN)
	assert.Equal(t, []string{"console=ttyS1,115200n8", "kernel_package=linux-image-4.15.0-46-generic"}, bond.Platform.KernelParams)
	assert.Equal(t, "52:54:00:1a:95:0d", compile(t, string(testdata(t, "seaworthy-virt.yaml"))).Node("n2").BootMAC)
}

func TestTheExampleComesOutAsItsAuthorMeans(t *testing.T) {
	site := harbor(t)
	assert.Equal(t, "harbor-lab", site.Name)
	require.Len(t, site.Nodes, 2)
	n1, n2 := site.Node("harbor-n1"), site.Node("harbor-n2")

	t.Run("a node has everything of its profile", func(t *testing.T) {
		assert.Equal(t, "harbor-n1.harbor.test", n1.FQDN())
		assert.Equal(t, "row-a-1", n1.Rack)
		assert.Equal(t, "base", n1.HostProfile)
		assert.Equal(t, "pizza-box", n1.HardwareProfile.Name)
		assert.Equal(t, []string{"control", "lab"}, n1.Tags)
		assert.Equal(t, map[string]string{"role": "generic"}, n1.OwnerData)
		assert.Equal(t, "10.40.1.11", n1.BMCAddress())
		assert.Equal(t, "not-a-real-secret", n1.OOB.Credential.Reveal())
		assert.Equal(t, []string{"console=ttyS0,115200n8", "quiet"}, n1.Platform.KernelParams)
		assert.Equal(t, []string{"mgmt", "storage"}, n1.Interfaces[0].Networks)
	})
	t.Run("a node removes a network, and a profile in between changes the kernel", func(t *testing.T) {
		assert.Equal(t, []string{"mgmt"}, n2.Interfaces[0].Networks)
		assert.Equal(t, []string{"data_a", "data_b"}, n2.Interfaces[0].Slaves)
		assert.Equal(t, "data-bond", n2.Interfaces[0].Link.Name)
		assert.Equal(t, []string{"worker", "lab"}, n2.Tags)
		assert.Equal(t, "worker", n2.OwnerData["role"])
		assert.Equal(t, "hugepagesz=1G hugepages=32 console=ttyS0,115200n8 isolcpus=4-15", n2.Platform.KernelCommandLine())
	})
	t.Run("addresses keep their order", func(t *testing.T) {
		assert.Equal(t, []design.Address{
			{Network: "bmc", IP: netip.MustParseAddr("10.40.1.12")}, {Network: "pxe", DHCP: true}, {Network: "mgmt", IP: netip.MustParseAddr("10.40.3.12")},
		}, n2.Addresses)
	})
	t.Run("storage has sizes in bytes and defaults", func(t *testing.T) {
		bulk, os := n1.Storage.Devices[0], n1.Storage.Devices[1]
		assert.Equal(t, "bulk", bulk.VolumeGroup)
		assert.True(t, os.BootDrive())
		assert.Equal(t, int64(40e9), os.Partitions[0].Size.Bytes)
		assert.True(t, os.Partitions[0].Bootable)
		assert.Equal(t, design.Filesystem{MountPoint: "/boot", Type: "ext4", MountOptions: "defaults"}, *os.Partitions[1].Filesystem)
		assert.Equal(t, design.Size{Text: ">30g", Bytes: 30e9, AtLeast: true}, os.Partitions[2].Size)
		assert.Equal(t, 60, n1.Storage.VolumeGroups[0].LogicalVolumes[0].Size.Percent)
	})
	t.Run("links and networks are read", func(t *testing.T) {
		assert.Equal(t, design.Bonding{Mode: "802.3ad", Hash: "layer3+4", PeerRate: "fast", MonRate: 100, UpDelay: 400, DownDelay: 200}, site.Link("data-bond").Bonding)
		assert.True(t, site.Link("bmc-link").NoConfig())
		assert.True(t, site.Link("data-bond").Trunked)
		assert.Equal(t, "pxe-link", site.LinkOf("pxe").Name)
		assert.Equal(t, 240, site.Network("storage").VLAN)
		assert.Equal(t, []string{"10.40.3.5", "10.40.3.6"}, site.Network("mgmt").DNSServers)
		assert.Equal(t, "10.40.3.1", site.Network("mgmt").Gateway().String())
		assert.Equal(t, "local", site.Network("bmc").DNSDomain)
		assert.Len(t, site.Network("storage").Routes, 1, "a domain with one member gives no routes")
	})
	t.Run("region, rack, aliases and boot action are read", func(t *testing.T) {
		assert.True(t, site.Region.RemoveUnlisted)
		assert.Equal(t, []string{"main_archive", "tools"}, []string{site.Region.Repositories[0].Name, site.Region.Repositories[1].Name})
		assert.Equal(t, "10.40.0.2", site.Racks[0].Switches["tor-a1"].ManagementIP)
		alias, ok := n1.HardwareProfile.Alias("data_b")
		assert.True(t, ok)
		assert.Equal(t, `regexp:0000:(41|42):00\.1`, alias.Address)
		require.Len(t, site.BootActions, 1)
		assert.Equal(t, map[string]string{"chrony": "", "lldpd": "1.0.13-1"}, site.BootActions[0].Assets[1].Packages)
		assert.Len(t, site.BootActions[0].Filter.Select(site), 2)
	})
}

// domainNetwork is a network in a route domain.
func domainNetwork(name, cidr, domain, routes string) string {
	return document("Network", name, "  cidr: "+cidr+"\n  routedomain: "+domain+"\n  routes: ["+routes+"]")
}

func TestRouteDomainsGiveRoutesToTheOtherMembers(t *testing.T) {
	site := compile(t, domainNetwork("a", "10.1.0.0/24", "d", "{routedomain: d, gateway: 10.1.0.1, metric: 7}, {routedomain: d, gateway: 10.1.0.2, metric: 8}")+
		domainNetwork("b", "10.2.0.0/24", "d", "{routedomain: d, gateway: 10.2.0.1}")+
		domainNetwork("c", "10.3.0.0/24", "d", "")+
		domainNetwork("six", "'fd00::/64'", "d", "")+
		domainNetwork("other", "10.4.0.0/24", "e", "")+
		document("Network", "outside", "  cidr: 10.5.0.0/24\n  routes: [{routedomain: e, gateway: 10.5.0.1, metric: 0}]"))
	made := func(network string) []design.Route {
		var out []design.Route
		for _, r := range site.Network(network).Routes {
			if r.Subnet.IsValid() {
				out = append(out, r)
			}
		}
		return out
	}
	gateway := netip.MustParseAddr("10.1.0.1")
	assert.Equal(t, []design.Route{
		{Subnet: netip.MustParsePrefix("10.2.0.0/24"), Gateway: gateway, Metric: 7, RouteDomain: "d"},
		{Subnet: netip.MustParsePrefix("10.3.0.0/24"), Gateway: gateway, Metric: 7, RouteDomain: "d"},
	}, made("a"), "only the first template counts, and only for other members of the same IP version")
	assert.Empty(t, made("b"), "a template without a metric is none")
	assert.Empty(t, made("c"), "a member without a template gets nothing")
	assert.Len(t, made("outside"), 1, "a network need not be a member itself")
}

func TestCompileReportsWhatItCannotResolve(t *testing.T) {
	addressing := "  addressing: [{network: n, address: dhcp}]\n"
	hardware := document("HardwareProfile", "h", "  cpu_sets: {c: '1-3'}\n  hugepages: {p: {size: 1G, count: 2}}")
	node := func(data string) string {
		return document("BaremetalNode", "n1", addressing+"  hardware_profile: h\n"+data) + hardware
	}
	params := func(p string) string { return node("  platform:\n    kernel_params: {" + p + "}") }
	tests := map[string]struct {
		text, rule string
		line       int
		within     string
	}{
		"a host profile is not there":             {node("  host_profile: bas") + document("HostProfile", "base", "  {}"), "undefined-host-profile", 6, "did you mean base?"},
		"a profile inherits from itself":          {node("  host_profile: p") + document("HostProfile", "p", "  host_profile: p"), "host-profile-cycle", 17, "p -> p"},
		"profiles inherit in a circle":            {node("  host_profile: p") + document("HostProfile", "p", "  host_profile: q") + document("HostProfile", "q", "  host_profile: p"), "host-profile-cycle", 22, "p -> q -> p"},
		"a hardware profile is not there":         {document("BaremetalNode", "n1", addressing+"  hardware_profile: x"), "undefined-hardware-profile", 5, `"x"`},
		"a removal removes nothing":               {node("  metadata: {tags: ['!gone']}"), "removal-without-target", 6, `"gone"`},
		"a CPU set is not there":                  {params("isolcpus: hardwareprofile:cpuset.x"), "unresolved-kernel-parameter", 7, `no CPU set "x"`},
		"huge pages are not there":                {params("hugepagesz: hardwareprofile:hugepages.x.size"), "unresolved-kernel-parameter", 7, `no huge pages "x"`},
		"huge pages have no such field":           {params("hugepagesz: hardwareprofile:hugepages.p.sise"), "unresolved-kernel-parameter", 7, `"sise"`},
		"a reference has no dot":                  {params("a: hardwareprofile:hugepages"), "unresolved-kernel-parameter", 7, ".size or .count"},
		"a reference is of an unknown sort":       {params("a: hardwareprofile:vendor.x"), "unresolved-kernel-parameter", 7, "no values of that kind"},
		"a boolean of old lacks quotes":           {params("iommu: on"), "unquoted-boolean", 7, "taken as text"},
		"an address is malformed":                 {node("") + document("BaremetalNode", "n2", "  hardware_profile: h\n  addressing:\n  - {network: n, address: 10.0.0.256}"), "malformed-address", 19, "10.0.0.256"},
		"an address is empty":                     {node("") + document("BaremetalNode", "n2", "  hardware_profile: h\n  addressing:\n  - {network: n, address: ''}"), "malformed-address", 19, "not an IP address"},
		"a CIDR has host bits":                    {document("Network", "n", "  cidr: 10.0.0.5/24"), "cidr-validity", 4, "the network is 10.0.0.0/24"},
		"a CIDR is malformed":                     {document("Network", "n", "  cidr: 10.0.0.0/33"), "cidr-validity", 4, "not a network"},
		"a VLAN is out of range":                  {document("Network", "n", "  cidr: 10.0.0.0/24\n  vlan: '4095'"), "vlan-validity", 5, "1 to 4094"},
		"a VLAN is zero":                          {document("Network", "n", "  cidr: 10.0.0.0/24\n  vlan: '0'"), "vlan-validity", 5, "leave vlan out"},
		"a gateway is malformed":                  {document("Network", "n", "  cidr: 10.0.0.0/24\n  routes: [{subnet: 0.0.0.0/0, gateway: gw}]"), "malformed-address", 5, `"gw"`},
		"the subnet of a route is malformed":      {document("Network", "n", "  cidr: 10.0.0.0/24\n  routes: [{subnet: default, gateway: 10.0.0.1}]"), "malformed-address", 5, `"default"`},
		"an end of a range is malformed":          {document("Network", "n", "  cidr: 10.0.0.0/24\n  ranges: [{type: dhcp, start: 10.0.0.1, end: 10.0.0}]"), "malformed-address", 5, "ranges[0].end"},
		"a DNS server is malformed":               {document("Network", "n", "  cidr: 10.0.0.0/24\n  dns: {servers: '10.0.0.1,ns1'}"), "malformed-address", 5, `"ns1"`},
		"a boot MAC is malformed":                 {node("  metadata: {boot_mac: '52:54:00:12:34'}"), "boot-mac-validity", 6, "six pairs"},
		"a size has no unit":                      {node("  storage: {physical_devices: {sda: {partitions: [{name: a, size: '20'}]}}}"), "storage-size-format", 6, "unit"},
		"a size is missing":                       {node("  storage: {physical_devices: {sda: {partitions: [{name: a}]}}}"), "missing-field", 6, "size is missing"},
		"the data of a file is a mapping":         {document("BootAction", "b", "  assets:\n  - {type: file, path: /a, data: {a: b}}"), "wrong-type", 5, "must be text"},
		"the data of a file is a number":          {document("BootAction", "b", "  assets:\n  - {type: file, path: /a, data: 0644}"), "wrong-type", 5, "in quotes"},
		"the data of a package list is a text":    {document("BootAction", "b", "  assets:\n  - {type: pkg_list, data: chrony}"), "wrong-type", 5, "mapping of packages"},
		"the version of a package is a list":      {document("BootAction", "b", "  assets:\n  - {type: pkg_list, data: {chrony: [1]}}"), "wrong-type", 5, `"chrony"`},
		"the DHCP server of a relay is malformed": {document("Network", "n", "  cidr: 10.0.0.0/24\n  dhcp_relay: {upstream_target: maas}"), "malformed-address", 5, "maas"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			docs, messages := design.Parse(source(test.text))
			require.Empty(t, messages.Errors())
			_, messages = design.Compile(docs)
			var found design.Messages
			for _, m := range messages {
				if m.Rule == test.rule {
					found = append(found, m)
				}
			}
			require.Len(t, found, 1, "messages: %v", messages)
			assert.Equal(t, test.line, found[0].Line, found[0].String())
			assert.Contains(t, found[0].Text+" "+found[0].Hint, test.within)
		})
	}
}

func TestAFaultInAProfileIsReportedOnceAndAtTheProfile(t *testing.T) {
	node := func(name string) string {
		return document("BaremetalNode", name, "  host_profile: p\n  addressing: [{network: n, address: dhcp}]")
	}
	profile := document("HostProfile", "p", "  hardware_profile: h\n  storage: {physical_devices: {sda: {partitions: [{name: a, size: big}]}}}") + document("HardwareProfile", "h", "  {}")

	docs, _ := design.Parse(source(node("a") + node("b") + profile))
	_, messages := design.Compile(docs)
	require.Len(t, messages, 1)
	assert.Equal(t, design.LevelError, messages[0].Level)
	assert.Equal(t, []design.DocumentRef{{Schema: "drydock/HostProfile/v1", Name: "p"}}, messages[0].Documents)
	assert.Equal(t, "data.storage.physical_devices.sda.partitions[0].size", messages[0].Path)
	assert.Contains(t, messages[0].Text, "HostProfile p")

	docs, _ = design.Parse(source(profile))
	_, messages = design.Compile(docs)
	require.Len(t, messages, 1)
	assert.Equal(t, design.LevelWarning, messages[0].Level, "no node uses the profile")

	_, messages = design.Parse(source(document("HostProfile", "p", "  foo: 1")))
	require.Len(t, messages, 1)
	assert.Equal(t, design.LevelWarning, messages[0].Level, "an unused profile with an unknown field harms nobody")
	_, messages = design.Parse(source(document("HostProfile", "p", "  foo: 1") + node("a")))
	assert.Equal(t, design.LevelError, messages[0].Level)
}

func TestKernelParametersAreWrittenForTheKernel(t *testing.T) {
	tests := map[string]struct {
		params string
		want   string
	}{
		"true is a flag":                        {"quiet: true", "quiet"},
		"false has a value":                     {"selinux: false", "selinux=False"},
		"a quoted boolean is text":              {"iommu: 'true'", "iommu=true"},
		"numbers are as written":                {"a: 0x10, b: 007, c: 1.50", "a=0x10 b=007 c=1.50"},
		"an empty text is a value":              {"a: ''", "a="},
		"a value may hold a second parameter":   {`console: "ttyS0,115200n8 console=tty0"`, "console=ttyS0,115200n8 console=tty0"},
		"huge pages come first, the size first": {"console: tty0, hugepages: 4, default_hugepagesz: 1G, hugepagesz: 2M", "hugepagesz=2M hugepages=4 console=tty0 default_hugepagesz=1G"},
		"a page count alone keeps its place":    {"hugepages: 4, console: tty0", "console=tty0 hugepages=4"},
		"references are replaced":               {"isolcpus: hardwareprofile:cpuset.iso.all, hugepages: hardwareprofile:hugepages.p.x.count, hugepagesz: hardwareprofile:hugepages.p.x.size", "hugepagesz=1G hugepages=2 isolcpus=1-3"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			site := compile(t, document("HardwareProfile", "h", "  cpu_sets: {iso.all: '1-3'}\n  hugepages: {p.x: {size: 1G, count: 2}}")+
				document("BaremetalNode", "n1", "  hardware_profile: h\n  addressing: [{network: n, address: dhcp}]\n  platform: {kernel_params: {"+test.params+"}}"))
			assert.Equal(t, test.want, site.Node("n1").Platform.KernelCommandLine())
		})
	}
}

func TestDocumentsMayBeSharedBetweenGoroutines(t *testing.T) {
	docs, _ := design.Parse(source(string(testdata(t, "harbor-lab.yaml"))))
	var group sync.WaitGroup
	sites := make([]*design.Site, 4)
	for i := range sites {
		group.Go(func() {
			sites[i], _ = design.Compile(docs)
			docs.Locate(design.KindBaremetalNode, "harbor-n2", "storage")
		})
	}
	group.Wait()
	for _, s := range sites[1:] {
		assert.Equal(t, sites[0], s)
	}
}

func TestAnEmptyDesignIsASiteWithAName(t *testing.T) {
	docs, messages := design.Parse()
	site, more := design.Compile(docs)
	assert.Empty(t, append(messages, more...))
	assert.Equal(t, "default", site.Name)
	assert.NotEmpty(t, site.Digest)
}

func TestDetailsOfTheFormat(t *testing.T) {
	site := compile(t, document("Region", "r", "  authorized_keys: [\"ssh-rsa AAA\\nBBB\\n\"]\n  repositories: {tools: {repo_type: apt, url: 'http://x', arches: []}, z: {repo_type: apt, url: 'http://x'}}")+
		document("Network", "n", "  cidr: 10.0.0.0/24\n  dns: {servers: '1.1.1.1, 2.2.2.2 3.3.3.3'}\n  labels: {noconfig: true, size: 7}")+
		document("NetworkLink", "l", "  allowed_networks: [n]\n  bonding: {mode: active-backup, mon_rate: 50}")+
		document("HardwareProfile", "h", "  {}")+
		document("BaremetalNode", "n1", "  hardware_profile: h\n  addressing: [{network: n, address: DHCP}]\n  interfaces: {e: {labels: {a: b}, sriov: {vf_count: 4, trustedmode: yes}}}\n  oob: {type: manual, port: 623}\n  metadata: {boot_mac: 52-54-00-AB-CD-EF}"))
	assert.Equal(t, []string{"ssh-rsa AAABBB"}, site.Region.AuthorizedKeys)
	assert.Empty(t, site.Region.Repositories[0].Arches)
	assert.Equal(t, []string{"amd64"}, site.Region.Repositories[1].Arches)
	assert.Equal(t, []string{"1.1.1.1", "2.2.2.2", "3.3.3.3"}, site.Network("n").DNSServers)
	assert.Equal(t, map[string]string{"noconfig": "true", "size": "7"}, site.Network("n").Labels)
	assert.Equal(t, design.Bonding{Mode: "active-backup", MonRate: 50, UpDelay: 200, DownDelay: 200}, site.Link("l").Bonding)
	assert.Equal(t, 1500, site.Link("l").MTU)
	n := site.Node("n1")
	assert.Equal(t, "52:54:00:ab:cd:ef", n.BootMAC)
	assert.Equal(t, &design.SRIOV{VFCount: 4, TrustMode: true}, n.Interfaces[0].SRIOV)
	assert.Nil(t, n.Interfaces[0].Link)
	assert.Equal(t, map[string]string{"port": "623"}, n.OOB.Parameters)
	assert.True(t, n.Addresses[0].DHCP)
}

func TestASiteFindsItsPartsByName(t *testing.T) {
	site := harbor(t)
	literal := &design.Site{Nodes: site.Nodes, Networks: site.Networks, Links: site.Links}
	changed := *site
	changed.Nodes, changed.Networks, changed.Links = changed.Nodes[1:], changed.Networks[1:], changed.Links[1:]
	for _, s := range []*design.Site{site, literal, &changed} {
		for _, n := range s.Nodes {
			assert.Same(t, n, s.Node(n.Name))
		}
		for _, n := range s.Networks {
			assert.Same(t, n, s.Network(n.Name))
		}
		for _, l := range s.Links {
			assert.Same(t, l, s.Link(l.Name))
			for _, n := range l.AllowedNetworks {
				assert.Same(t, l, s.LinkOf(n))
			}
		}
		assert.Nil(t, s.Node("none"))
		assert.Nil(t, s.Network("none"))
		assert.Nil(t, s.Link("none"))
		assert.Nil(t, s.LinkOf("none"))
	}
	assert.Nil(t, changed.Node(site.Nodes[0].Name), "an index is for the list that it was made from")
}
