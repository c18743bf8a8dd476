package validate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
)

func testdata(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", name))
	require.NoError(t, err)
	return string(data)
}

func load(text string) Result {
	return Load(design.Source{Name: "site.yaml", Data: []byte(text)})
}

func of(messages design.Messages, slug string) design.Messages {
	var out design.Messages
	for _, m := range messages {
		if m.Rule == slug {
			out = append(out, m)
		}
	}
	return out
}

// fault is one mistake made in the example, which is right without it.
type fault struct {
	rule     string
	old, new string       // what is replaced in the example
	line     string       // ends on the line of the message and stands there first; "" when the message has no line
	within   string       // of the message
	level    design.Level // "" means error
	subject  string       // document at fault; "" when it does not matter
}

var faults = map[string]fault{
	"a design has no Region":                            {siteContent.Slug, "schema: drydock/Region/v1", "schema: other/Region/v1", "", "no Region", design.LevelWarning, ""},
	"a design has two Regions":                          {siteContent.Slug, "---\nschema: drydock/Rack/v1", "---\nschema: drydock/Region/v1\nmetadata: {name: second}\ndata: {}\n---\nschema: drydock/Rack/v1", "name: harbor-lab", "the last one read, second, wins; lost from this one: the site's name, authorized_keys, repositories, tag_definitions", design.LevelWarning, ""},
	"a design has no nodes":                             {siteContent.Slug, "schema: drydock/BaremetalNode/v1", "schema: other/BaremetalNode/v1", "", "no nodes", design.LevelWarning, ""},
	"a design has no networks":                          {networkPresence.Slug, "schema: drydock/Network/v1", "schema: other/Network/v1", "", "no networks", design.LevelWarning, ""},
	"two networks overlap":                              {cidrOverlap.Slug, "cidr: 10.40.2.0/24", "cidr: 10.40.0.0/16", "cidr: 10.40.0.0/16", "10.40.1.0/24 of network bmc", design.LevelWarning, "Network pxe"},
	"a range begins outside of its network":             {rangeValidity.Slug, "start: 10.40.2.100, end: 10.40.2.199", "start: 10.41.2.100, end: 10.41.2.199", "start: 10.41.2.100", "outside of 10.40.2.0/24", "", ""},
	"a range runs downward":                             {rangeValidity.Slug, "start: 10.40.2.100, end: 10.40.2.199", "start: 10.40.2.199, end: 10.40.2.100", "start: 10.40.2.199", "before it starts", "", ""},
	"a dhcp range overlaps with a reserved one":         {rangeValidity.Slug, "start: 10.40.2.100, end", "start: 10.40.2.9, end", "start: 10.40.2.9, end", "overlaps with the reserved range", "", ""},
	"a route has no gateway":                            {ipLocality.Slug, "{subnet: 0.0.0.0/0, gateway: 10.40.3.1, metric: 10}", "{subnet: 0.0.0.0/0, metric: 10}", "{subnet: 0.0.0.0/0, metric: 10}", "no gateway", "", "Network mgmt"},
	"a route leads nowhere":                             {ipLocality.Slug, "{subnet: 0.0.0.0/0, gateway: 10.40.3.1, metric: 10}", "{gateway: 10.40.3.1, metric: 10}", "{gateway: 10.40.3.1, metric: 10}", "leads nowhere", design.LevelWarning, ""},
	"a template of routes has no metric":                {ipLocality.Slug, "gateway: 10.40.4.1, metric: 50", "gateway: 10.40.4.1", "routes: [{routedomain: storage, gateway: 10.40.4.1}]", "no metric", design.LevelWarning, "Network storage"},
	"a gateway is outside of its network":               {ipLocality.Slug, "gateway: 10.40.3.1,", "gateway: 10.40.7.1,", "gateway: 10.40.7.1,", "10.40.7.1 is not in 10.40.3.0/24", "", ""},
	"a node has an address on an unknown network":       {ipLocality.Slug, "{network: mgmt, address: 10.40.3.12}", "{network: mgmt2, address: 10.40.3.12}", "network: mgmt2", `"mgmt2"`, "", "BaremetalNode harbor-n2"},
	"an address is outside of its network":              {ipLocality.Slug, "address: 10.40.3.12", "address: 10.40.9.12", "10.40.9.12", "not in 10.40.3.0/24", "", "BaremetalNode harbor-n2"},
	"two nodes have one address":                        {duplicateAddress.Slug, "address: 10.40.3.12", "address: 10.40.3.11", "10.40.1.12}\n    - {network: pxe, address: dhcp}\n    - {network: mgmt, address: 10.40.3.11}", "node harbor-n1 on network mgmt", "", "BaremetalNode harbor-n2"},
	"a node has the address of the gateway":             {reservedAddress.Slug, "address: 10.40.3.12", "address: 10.40.3.1", "address: dhcp}\n    - {network: mgmt, address: 10.40.3.1}", "10.40.3.1 is the gateway address of network mgmt (10.40.3.0/24)", "", "BaremetalNode harbor-n2"},
	"a static address is handed out by DHCP":            {dynamicAddress.Slug, "{network: pxe, address: dhcp}\n    - {network: mgmt, address: 10.40.3.12}", "{network: pxe, address: 10.40.2.150}\n    - {network: mgmt, address: 10.40.3.12}", "10.40.2.150", "dhcp range 10.40.2.100 to 10.40.2.199", "", "BaremetalNode harbor-n2"},
	"a gateway is handed out by DHCP":                   {dynamicAddress.Slug, "  dns: {domain: pxe.harbor.test", "  routes: [{subnet: 0.0.0.0/0, gateway: 10.40.2.100}]\n  dns: {domain: pxe.harbor.test", "gateway: 10.40.2.100", "gateway 10.40.2.100", "", "Network pxe"},
	"a relay has no target":                             {dhcpRelay.Slug, "  dns: {domain: pxe.harbor.test", "  dhcp_relay: {self_ip: 10.40.2.1}\n  dns: {domain: pxe.harbor.test", "dhcp_relay:", "upstream_target", "", "Network pxe"},
	"a link has a tiny MTU":                             {mtuRationality.Slug, "mtu: 1500\n  linkspeed", "mtu: 1279\n  linkspeed", "mtu: 1279", "1279", "", "NetworkLink pxe-link"},
	"a network has a huge MTU":                          {mtuRationality.Slug, "mtu: 1500\n  cidr", "mtu: 65537\n  cidr", "mtu: 65537", "65537", "", "Network mgmt"},
	"a default network has a larger MTU than its link":  {mtuRationality.Slug, "mtu: 1500\n  cidr", "mtu: 9001\n  cidr", "mtu: 9001", "the MTU is 9001 and must be at most 9000, that of its link data-bond", "", "Network mgmt"},
	"a tagged network has a larger MTU than its link":   {mtuRationality.Slug, "vlan: '240'\n  mtu: 9000", "vlan: '240'\n  mtu: 9001", "mtu: 9001", "the MTU is 9001 and must be at most 9000, that of its link data-bond", "", "Network storage"},
	"an untrunked link carries two networks":            {trunkingRationality.Slug, "trunking: {mode: 802.1q, default_network: mgmt}", "trunking: {mode: disabled, default_network: mgmt}", "allowed_networks: [mgmt, storage]", "2 networks", "", ""},
	"an untrunked link has no default network":          {trunkingRationality.Slug, "trunking: {mode: disabled, default_network: pxe}", "trunking: {mode: disabled}", "trunking: {mode: disabled}", "no default_network", "", ""},
	"the network of an untrunked link has a tag":        {trunkingRationality.Slug, "cidr: 10.40.2.0/24", "vlan: '7'\n  cidr: 10.40.2.0/24", "default_network: pxe", "VLAN 7", "", "NetworkLink pxe-link"},
	"two networks of a link have one tag":               {vlanReuse.Slug, "mtu: 1500\n  cidr: 10.40.3.0/24", "vlan: '240'\n  mtu: 1500\n  cidr: 10.40.3.0/24", "name: storage, storagePolicy: cleartext}\ndata:\n  vlan: '240'", "also that of network mgmt", "", "Network storage"},
	"a network of a trunk has no tag":                   {vlanReuse.Slug, "vlan: '240'", "labels: {}", "name: storage, ", "no VLAN tag", design.LevelWarning, "Network storage"},
	"a link without bonding has a rate":                 {bondRationality.Slug, "bonding: {mode: disabled}\n  mtu: 1500", "bonding: {mode: disabled, mon_rate: 100}\n  mtu: 1500", "mon_rate: 100", "bonding is disabled", "", "NetworkLink pxe-link"},
	"an up delay is shorter than the rate":              {bondRationality.Slug, "up_delay: 400", "up_delay: 50", "up_delay: 50", "up_delay is 50 ms and must be at least the mon_rate of 100 ms", "", ""},
	"a down delay is shorter than the rate":             {bondRationality.Slug, "down_delay: 200", "down_delay: 50", "down_delay: 50", "down_delay is 50 ms and must be at least the mon_rate of 100 ms", "", ""},
	"an active-backup bond has a hash":                  {bondRationality.Slug, "mode: 802.3ad, hash: layer3+4, peer_rate: fast,", "mode: active-backup, hash: layer3+4,", "hash: layer3+4,", "the mode is active-backup, but hash, which is for 802.3ad", "", ""},
	"a balance-rr bond has a peer rate":                 {bondRationality.Slug, "mode: 802.3ad, hash: layer3+4, peer_rate: fast,", "mode: balance-rr, peer_rate: fast,", "peer_rate: fast,", "the mode is balance-rr, but peer_rate, which is for 802.3ad", "", ""},
	"a peer rate is unknown":                            {bondRationality.Slug, "peer_rate: fast", "peer_rate: medium", "peer_rate: medium", "medium", "", ""},
	"a hash is unknown":                                 {bondRationality.Slug, "hash: layer3+4", "hash: layer5", "hash: layer5", "layer5", design.LevelWarning, ""},
	"a rate is negative":                                {bondRationality.Slug, "mon_rate: 100", "mon_rate: -100", "mon_rate: -100", "-100 ms and must be 0 or more", "", ""},
	"a link allows an unknown network":                  {networkReferences.Slug, "allowed_networks: [mgmt, storage]", "allowed_networks: [mgmt, storage, store]", "storage, store]", `"store"`, "", "NetworkLink data-bond"},
	"a default network is unknown":                      {networkReferences.Slug, "default_network: mgmt", "default_network: mgmnt", "default_network: mgmnt", `"mgmnt"`, "", ""},
	"a default network is not allowed":                  {networkReferences.Slug, "default_network: mgmt", "default_network: pxe", "802.1q, default_network: pxe", "not among the allowed", "", ""},
	"a rack has an unknown network":                     {networkReferences.Slug, "local_networks: [pxe]", "local_networks: [px]", "local_networks: [px]", `"px"`, "", "Rack row-a-1"},
	"a primary network is unknown":                      {networkReferences.Slug, "primary_network: mgmt", "primary_network: mgmnt", "primary_network: mgmnt", `"mgmnt"`, "", "HostProfile base"},
	"an out-of-band network is unknown":                 {networkReferences.Slug, "network: bmc, account", "network: ilo, account", "network: ilo", `"ilo"`, "", "HostProfile base"},
	"an interface has an unknown network":               {networkReferences.Slug, "slaves: [boot_nic], networks: [pxe]", "slaves: [boot_nic], networks: [pixie]", "networks: [pixie]", `"pixie"`, "", "HostProfile base"},
	"a rack has no document":                            {rackReferences.Slug, "rack: row-a-1, tags", "rack: row-z, tags", "rack: row-z", `"row-z"`, design.LevelWarning, "BaremetalNode harbor-n1"},
	"two links allow one network":                       {allowedNetworks.Slug, "allowed_networks: [pxe]", "allowed_networks: [pxe, mgmt]", "allowed_networks: [pxe, mgmt]", "also allowed on link data-bond", "", ""},
	"a link does not allow a network":                   {allowedNetworks.Slug, "networks: [mgmt, storage]}", "networks: [mgmt, storage, bmc]}", "storage, bmc]", "does not allow network bmc", "", "HostProfile base"},
	"an interface is on an unknown link":                {allowedNetworks.Slug, "device_link: pxe-link", "device_link: pxe-lnk", "device_link: pxe-lnk", `"pxe-lnk"`, "", "HostProfile base"},
	"an interface with networks has no link":            {allowedNetworks.Slug, "device_link: pxe-link, ", "", "boot: {slaves", "no device_link", "", "HostProfile base"},
	"a node is not on its primary network":              {primaryNetwork.Slug, "networks: ['!storage']", "networks: ['!storage', '!mgmt']", "name: harbor-n2", "primary network mgmt", design.LevelWarning, "BaremetalNode harbor-n2"},
	"a node has no primary network":                     {primaryNetwork.Slug, "  primary_network: mgmt\n", "", "name: base", `the domain is "local"`, design.LevelWarning, "HostProfile base"},
	"two interfaces share a slave":                      {slaveRationality.Slug, "slaves: [boot_nic]", "slaves: [data_b]", "slaves: [data_b]", "also a slave of bond0", "", "HostProfile base"},
	"an interface without bonding has two slaves":       {slaveRationality.Slug, "slaves: [boot_nic]", "slaves: [boot_nic, eno2]", "slaves: [boot_nic, eno2]", "no bonding", "", ""},
	"a bond has no slaves":                              {slaveRationality.Slug, "slaves: [data_a, data_b], ", "", "bond0: {device_link", "no slaves", "", ""},
	"an alias has no address":                           {deviceAliases.Slug, "dev_type: 1G NIC, address: '0000:02:00.0'", "dev_type: 1G NIC", "boot_nic: {bus_type", "no address", "", "HardwareProfile pizza-box"},
	"a network card has no device type":                 {deviceAliases.Slug, "dev_type: 1G NIC, ", "", "boot_nic: {bus_type", "no dev_type", "", ""},
	"a disk has no device type":                         {deviceAliases.Slug, "dev_type: SSD, ", "", "os_disk: {bus_type", "no dev_type", design.LevelWarning, ""},
	"a bus is unknown":                                  {deviceAliases.Slug, "os_disk: {bus_type: scsi", "os_disk: {bus_type: nvme", "bus_type: nvme", `"nvme"`, "", ""},
	"a pattern of addresses is broken":                  {deviceAliases.Slug, `regexp:0000:(41|42):00\.1`, `regexp:0000:(41|42:00\.1`, "(41|42:", "regular expression", "", ""},
	"no partition is named root":                        {bootStorage.Slug, "name: root, size", "name: rot, size", "physical_devices:", "no partition is named root", "", "HostProfile base"},
	"the root partition is small":                       {bootStorage.Slug, "size: 40g", "size: 19g", "size: 19g", "20000000000", "", "HostProfile base"},
	"the root partition has a share":                    {bootStorage.Slug, "size: 40g", "size: 40%", "size: 40%", "40% and must be a fixed amount of at least 20000000000 bytes", "", ""},
	"the root partition takes what is left":             {bootStorage.Slug, "size: 40g", "size: '>40g'", ">40g", "must be a fixed amount", "", ""},
	"the boot partition is small":                       {bootStorage.Slug, "size: 2g", "size: 999m", "size: 999m", "1000000000", "", ""},
	"the system is on a partition of any size":          {systemSize.Slug, "{mountpoint: /var}", "{mountpoint: /boot}", "size: '>30g'", "mounted at /boot", "", ""},
	"the system is on a volume of any size":             {systemSize.Slug, "mountpoint: /srv/images", "mountpoint: /", "size: 60%", "volume images is mounted at /", "", ""},
	"a disk has a group and partitions":                 {storagePartitioning.Slug, "bulk_disk: {volume_group: bulk}", "bulk_disk: {volume_group: bulk, partitions: [{name: x, size: 1g}]}", "bulk_disk: {volume_group", "both", "", "HostProfile base"},
	"a disk has nothing":                                {storagePartitioning.Slug, "bulk_disk: {volume_group: bulk}", "bulk_disk: {}", "bulk_disk: {}", "neither", "", "HostProfile base"},
	"a partition has a filesystem and a group":          {storagePartitioning.Slug, "filesystem: {mountpoint: /var}", "filesystem: {mountpoint: /var}, volume_group: bulk", "volume_group: bulk}", "partition var has both", "", ""},
	"two partitions have one name":                      {storagePartitioning.Slug, "name: var, size", "name: boot, size", "name: boot, size: '>30g'", "two partitions named boot", "", ""},
	"a volume group has no disk":                        {storagePartitioning.Slug, "      bulk_disk: {volume_group: bulk}\n", "", "logical_volumes:", "volume group bulk has no disk", "", "HostProfile base"},
	"a disk is in an unknown group":                     {storagePartitioning.Slug, "bulk_disk: {volume_group: bulk}", "bulk_disk: {volume_group: bulk}\n      sdx: {volume_group: bluk}", "sdx:", "bluk is not described", design.LevelWarning, ""},
	"shares of a group are more than there is":          {storageSizing.Slug, "size: 60%", "size: 100%", "size: 100%", "add up to 100%", "", "HostProfile base"},
	"shares of a disk are more than there is":           {storageSizing.Slug, "size: '>30g', filesystem: {mountpoint: /var}}", "size: 60%}\n          - {name: x, size: 40%}", "size: 40%", "add up to 100%", "", ""},
	"two partitions are mounted at one place":           {storageMountpoint.Slug, "{mountpoint: /var}", "{mountpoint: /boot}", "name: var, size", "so is partition boot", "", ""},
	"a volume is mounted where a partition is":          {storageMountpoint.Slug, "mountpoint: /srv/images", "mountpoint: /var", "name: images", "so is partition var", "", ""},
	"pages have a count but no size":                    {hugepages.Slug, "      hugepagesz: hardwareprofile:hugepages.big.size\n", "", "hugepages: hardwareprofile", "without hugepagesz", "", "HostProfile worker"},
	"pages have a size but no count":                    {hugepages.Slug, "      hugepages: hardwareprofile:hugepages.big.count\n", "", "hugepagesz: hardwareprofile", "without hugepages", "", "HostProfile worker"},
	"no image is given":                                 {platformSelection.Slug, "    image: jammy\n", "", "kernel: ga-22.04", "no image", "", "HostProfile base"},
	"no kernel is given":                                {platformSelection.Slug, "    kernel: ga-22.04\n", "", "image: jammy", "no kernel", "", "HostProfile base"},
	"a name has an underscore":                          {hostnameValidity.Slug, "name: harbor-n1", "name: harbor__n1", "name: harbor__n1", `"harbor__n1"`, "", ""},
	"a name ends with a hyphen":                         {hostnameValidity.Slug, "name: harbor-n1", "name: harbor-", "name: harbor-,", `"harbor-"`, "", ""},
	"a name has a dot":                                  {hostnameValidity.Slug, "name: harbor-n1", "name: harbor.n1", "name: harbor.n1", `"harbor.n1"`, "", ""},
	"a label is too long":                               {hostnameValidity.Slug, "name: harbor-n1", "name: " + strings.Repeat("n", 64), strings.Repeat("n", 64), "not a host name", "", ""},
	"a full name is too long":                           {hostnameValidity.Slug, "domain: harbor.test", "domain: " + strings.Repeat("abcdefg.", 31) + "test", "name: harbor-n1", "characters", "", ""},
	"a domain has a blank":                              {hostnameValidity.Slug, "domain: harbor.test", "domain: harbor test", "domain: harbor test", `"harbor test"`, "", "Network mgmt"},
	"two nodes have one boot MAC":                       {duplicateMAC.Slug, "metadata: {rack: row-a-1", "metadata: {boot_mac: '52:54:00:00:00:01', rack: row-a-1", "boot_mac: '52:54:00:00:00:01', rack: row-a-1}", "boot MAC of node harbor-n1", "", "BaremetalNode harbor-n2"},
	"a controller has no account":                       {controllerConfiguration.Slug, "type: redfish, network: bmc, account: provisioner,", "type: ipmi, network: bmc,", "type: ipmi", "no account", "", "HostProfile base"},
	"a controller has no credential":                    {controllerConfiguration.Slug, ", credential: not-a-real-secret", "", "type: redfish", "no credential", "", "HostProfile base"},
	"a controller has no network":                       {controllerConfiguration.Slug, "network: bmc, account", "account", "type: redfish", "no network", "", "HostProfile base"},
	"a node has no address on the controllers' network": {controllerConfiguration.Slug, "    - {network: bmc, address: 10.40.1.12}\n", "", "networks: ['!storage']}\n  addressing:\n    - {network: pxe, address: dhcp}", "no static address", "", "BaremetalNode harbor-n2"},
	"a controller gets its address by DHCP":             {controllerConfiguration.Slug, "{network: bmc, address: 10.40.1.12}", "{network: bmc, address: dhcp}", "{network: bmc, address: dhcp}", "no static address", "", "BaremetalNode harbor-n2"},
	"a controller has no type":                          {controllerConfiguration.Slug, "type: redfish, ", "", "oob: {network", "no oob.type", design.LevelWarning, "HostProfile base"},
	"a virtual machine has no address":                  {libvirtConfiguration.Slug, "type: redfish", "type: libvirt", "type: libvirt", "no libvirt_uri", "", "HostProfile base"},
	"a virtual machine has an address without ssh":      {libvirtConfiguration.Slug, "type: redfish", "type: libvirt, libvirt_uri: 'qemu+tcp://x/system'", "type: libvirt", "\"qemu+tcp\" and must be qemu+ssh", "", "HostProfile base"},
	"a virtual machine has no boot MAC":                 {libvirtConfiguration.Slug, "type: redfish", "type: libvirt, libvirt_uri: 'qemu+ssh://x/system'", "name: harbor-n1", "boot_mac", "", "BaremetalNode harbor-n1"},
	"a node has no boot action":                         {bootActionScope.Slug, "node_tags: [lab]", "node_tags: [control]", "name: harbor-n2", "no boot action", design.LevelWarning, "BaremetalNode harbor-n2"},
	"a design has no boot actions":                      {bootActionScope.Slug, "schema: drydock/BootAction/v1", "schema: other/BootAction/v1", "", "no boot actions", design.LevelWarning, ""},
	"a file has no path":                                {bootActionAssets.Slug, "- path: /etc/harbor/stamp.env\n      type: file", "- type: file", "- type: file", "no path", "", "BootAction stamp"},
	"a file has no data":                                {bootActionAssets.Slug, "      data: \"NODE={{ node.hostname }}\\nACTION={{ action.action_id }}\\n\"\n", "", "- path: /etc/harbor/stamp.env", "neither data nor a location", "", ""},
	"a template is given bytes":                         {bootActionAssets.Slug, "[utf8_decode, template]", "[template]", "data_pipeline: [template]", "bytes", design.LevelWarning, ""},
	"a filter names an unknown node":                    {bootActionFilter.Slug, "node_tags: [lab]", "node_names: [harbor-n3, harbor-n1]", "node_names: [harbor-n3", `"harbor-n3", which no node has`, design.LevelWarning, "BootAction stamp"},
	"a filter selects nothing":                          {bootActionFilter.Slug, "node_tags: [lab]", "node_tags: [lap]", "node_tags: [lap]", `the filter names the tag "lap"`, design.LevelWarning, ""},
	"a list of packages is empty":                       {packageList.Slug, "data: {chrony: null, lldpd: 1.0.13-1}", "data: {}", "type: pkg_list", "no packages", "", ""},
	"a version is no version":                           {packageList.Slug, "lldpd: 1.0.13-1", "lldpd: '>= 1.0'", ">= 1.0", `">= 1.0"`, "", ""},
}

func TestRulesFindAFaultAtItsLine(t *testing.T) {
	example := testdata(t, "harbor-lab.yaml")
	right := load(example)
	require.Empty(t, right.Messages.Errors())
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, example, f.old)
			text := strings.ReplaceAll(example, f.old, f.new)
			level := f.level
			if level == "" {
				level = design.LevelError
			}
			var found design.Messages
			for _, m := range of(load(text).Messages, f.rule) {
				if m.Level == level && strings.Contains(m.Text, f.within) {
					found = append(found, m)
				}
			}
			require.NotEmpty(t, found, "messages: %v", load(text).Messages)
			m := found[0]
			assert.NotEmpty(t, m.Hint)
			if f.line == "" {
				assert.Zero(t, m.Line)
				return
			}
			at := strings.Index(text, f.line)
			require.GreaterOrEqual(t, at, 0, "the line is not in the design")
			assert.Equal(t, 1+strings.Count(text[:at+len(f.line)], "\n"), m.Line, m.String())
			assert.Equal(t, "site.yaml", m.File)
			assert.NotEmpty(t, m.Path)
			assert.Len(t, m.Documents, 1)
			if f.subject != "" {
				assert.True(t, strings.HasPrefix(m.Text, f.subject+": "), m.Text)
			}
		})
	}
	for _, f := range faults {
		for _, m := range of(right.Messages, f.rule) {
			assert.Equal(t, design.LevelInfo, m.Level, "the example has none of the faults: %s", m)
		}
	}
}

func TestEveryRuleHasAFaultAndAllTextsAreThere(t *testing.T) {
	covered := make(map[string]bool)
	for _, f := range faults {
		covered[f.rule] = true
	}
	for _, conditions := range []map[string]condition{errorConditions, warningConditions} {
		for _, c := range conditions {
			covered[c.rule] = true
		}
	}
	slugs := make(map[string]bool)
	for _, m := range design.Mistakes() {
		assert.False(t, slugs[m.Rule], m.Rule)
		slugs[m.Rule] = true
	}
	for _, r := range Rules() {
		assert.True(t, covered[r.Slug], "rule %s has no fault in the table", r.Slug)
		assert.False(t, slugs[r.Slug], "slug %s is taken", r.Slug)
		slugs[r.Slug] = true
		assert.Regexp(t, `^DD\d{4}$`, r.Code)
		assert.NotEmpty(t, r.Title)
		assert.NotEmpty(t, r.Hint)
		assert.NotEmpty(t, r.Why)
		assert.NotEmpty(t, r.Level)
		assert.NotNil(t, r.check)
	}
}

func TestWhatIsRightStaysRight(t *testing.T) {
	example := testdata(t, "harbor-lab.yaml")
	for name, edit := range map[string][2]string{
		"a package version without a revision":  {"lldpd: 1.0.13-1", "lldpd: 1.0.13"},
		"a package version with an epoch":       {"lldpd: 1.0.13-1", "lldpd: '1:1.0.13~rc1-1ubuntu0.2'"},
		"an active-backup bond":                 {"mode: 802.3ad, hash: layer3+4, peer_rate: fast,", "mode: active-backup,"},
		"a balance-rr bond":                     {"mode: 802.3ad, hash: layer3+4, peer_rate: fast,", "mode: balance-rr,"},
		"a bond with defaults":                  {"{mode: 802.3ad, hash: layer3+4, peer_rate: fast, mon_rate: 100, up_delay: 400, down_delay: 200}", "{mode: 802.3ad}"},
		"labels of any scalar":                  {"labels: {noconfig: enabled}", "labels: {noconfig: true, a: 1, b: 1.5}"},
		"a controller of type ipmi":             {"type: redfish", "type: ipmi"},
		"a node without a controller":           {"oob: {type: redfish, network: bmc, account: provisioner, credential: not-a-real-secret}", "oob: {type: manual}"},
		"the smallest root and boot partitions": {"size: 40g, bootable: true, filesystem: {mountpoint: /, fstype: ext4}}\n          - {name: boot, size: 2g", "size: 20g, bootable: true, filesystem: {mountpoint: /, fstype: ext4}}\n          - {name: boot, size: 1g"},
		"shares that leave one hundredth":       {"size: 60%", "size: 99%"},
		"a volume group on a partition":         {"bulk_disk: {volume_group: bulk}", "bulk_disk: {partitions: [{name: pv, size: 99%, volume_group: bulk}]}"},
		"a static range over a reserved one":    {"{type: reserved, start: 10.40.2.1, end: 10.40.2.9}", "{type: reserved, start: 10.40.2.1, end: 10.40.2.9}\n    - {type: static, start: 10.40.2.5, end: 10.40.2.50}"},
		"a location in place of packages":       {"{type: pkg_list, data: {chrony: null, lldpd: 1.0.13-1}}", "{type: pkg_list, location: 'http://x/y'}"},
		"the largest MTU, also for the network": {"mtu: 9000", "mtu: 65536"},
		"a name of capital letters":             {"name: harbor-n1", "name: HARBOR-N1"},
		"an empty file":                         {"data: \"NODE={{ node.hostname }}\\nACTION={{ action.action_id }}\\n\"", "data: ''"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, example, edit[0])
			assert.Empty(t, load(strings.ReplaceAll(example, edit[0], edit[1])).Messages.Errors())
		})
	}
}
