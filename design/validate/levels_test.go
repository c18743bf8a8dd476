package validate

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
)

// mark stands in a wrong design where the message has to point; it is taken out before the design is read.
const mark = "«"

// condition is one condition of the table of levels: what the example is made of to have it, and what its right twin is.
type condition struct {
	rule     string
	old      string
	wrong    string // with the mark
	right    string // the nearest that is right; "" means old
	within   string // of the message: the offending and the expected value
	siteWide bool   // the message is about the site and has no place
	also     string // makes the wrong design wrong; it stands for a second edit of the example, "old => new"
}

const (
	n2Addresses = "    - {network: pxe, address: dhcp}\n    - {network: mgmt, address: 10.40.3.12}\n"
	bond        = "{mode: 802.3ad, hash: layer3+4, peer_rate: fast, mon_rate: 100, up_delay: 400, down_delay: 200}"
	dhcpRange   = "{type: dhcp, start: 10.40.2.100, end: 10.40.2.199}"
	rack        = "---\nschema: drydock/Rack/v1"
	bulkDisk    = "bulk_disk: {volume_group: bulk}"
	varPart     = "- {name: var, size: '>30g', filesystem: {mountpoint: /var}}"
)

func mgmtIs(address string) string { return strings.Replace(n2Addresses, "10.40.3.12", address, 1) }

var errorConditions = map[string]condition{
	"the same kind and name is there twice":            {"duplicate-document", rack + "\nmetadata: {schema: metadata/Document/v1, name: row-a-1", "---\nschema: drydock/Rack/v1\nmetadata: {name: row-a-1}\ndata: {}\n" + rack + "\nmetadata: {schema: metadata/Document/v1, name: «row-a-1", "---\nschema: drydock/Rack/v1\nmetadata: {name: row-b-1}\ndata: {}\n" + rack + "\nmetadata: {schema: metadata/Document/v1, name: row-a-1", "the name is taken by the document at site.yaml:", false, ""},
	"the host profile of a node is not there":          {"undefined-host-profile", "host_profile: worker", "host_profile: «workers", "", `"workers" is not in the design`, false, ""},
	"the parent of a host profile is not there":        {"undefined-host-profile", "data:\n  host_profile: base\n  platform", "data:\n  host_profile: «bass\n  platform", "", `"bass" is not in the design`, false, ""},
	"a hardware profile is not there":                  {"undefined-hardware-profile", "hardware_profile: pizza-box", "hardware_profile: «pizza", "", `"pizza" is not in the design`, false, ""},
	"a device link is not there":                       {allowedNetworks.Slug, "device_link: pxe-link", "device_link: «pxe-lnk", "", `device_link "pxe-lnk" of interface boot is not in the design`, false, ""},
	"a default network is not there":                   {networkReferences.Slug, "default_network: mgmt", "default_network: «mgmnt", "", `"mgmnt" is not in the design`, false, ""},
	"an allowed network is not there":                  {networkReferences.Slug, "allowed_networks: [mgmt, storage]", "allowed_networks: [mgmt, storage, «store]", "", `"store" is not in the design`, false, ""},
	"a primary network is not there":                   {networkReferences.Slug, "primary_network: mgmt", "primary_network: «mgmnt", "", `"mgmnt" is not in the design`, false, ""},
	"a static address is on no network":                {ipLocality.Slug, "{network: mgmt, address: 10.40.3.12}", "{network: «mgmt2, address: 10.40.3.12}", "", `network "mgmt2", which is not in the design`, false, ""},
	"an address by DHCP is on no network":              {ipLocality.Slug, n2Addresses, strings.Replace(n2Addresses, "network: pxe", "network: «pxe2", 1), "", `network "pxe2", which is not in the design`, false, ""},
	"host profiles go in a circle":                     {"host-profile-cycle", "data:\n  host_profile: base\n  platform", "data:\n  host_profile: «base\n  platform", "", "base -> worker -> base", false, "  hardware_profile: pizza-box\n =>   hardware_profile: pizza-box\n  host_profile: worker\n"},
	"a node has no hardware profile":                   {"missing-hardware-profile", "metadata: {schema: metadata/Document/v1, name: harbor-n1, storagePolicy: cleartext}\ndata:\n", "metadata: {schema: metadata/Document/v1, name: «harbor-n1, storagePolicy: cleartext}\ndata:\n  hardware_profile: '!'\n", "metadata: {schema: metadata/Document/v1, name: harbor-n1, storagePolicy: cleartext}\ndata:\n  hardware_profile: pizza-box\n", "no hardware profile", false, ""},
	"the addressing of a node is empty":                {"missing-field", "    bond0: {networks: ['!storage']}\n  addressing:\n    - {network: bmc, address: 10.40.1.12}\n" + n2Addresses, "    bond0: {networks: ['!storage']}\n  addressing: «[]\n", "", "at least one entry", false, ""},
	"a kernel parameter refers to no CPU set":          {"unresolved-kernel-parameter", "isolcpus: hardwareprofile:cpuset.isolated", "isolcpus: «hardwareprofile:cpuset.isol", "", `hardware profile pizza-box has no CPU set "isol"`, false, ""},
	"a kernel parameter refers to no field of pages":   {"unresolved-kernel-parameter", "hugepages: hardwareprofile:hugepages.big.count", "hugepages: «hardwareprofile:hugepages.big.cont", "", `no field "cont"`, false, ""},
	"an address is malformed":                          {"malformed-address", n2Addresses, mgmtIs("«10.40.3.256"), "", `"10.40.3.256"`, false, ""},
	"an address is empty":                              {"malformed-address", n2Addresses, mgmtIs("«''"), "", `""`, false, ""},
	"an address has leading zeros":                     {"malformed-address", n2Addresses, mgmtIs("«10.40.3.012"), "", `"10.40.3.012"`, false, ""},
	"a CIDR is malformed":                              {"cidr-validity", "cidr: 10.40.3.0/24", "cidr: «10.40.3.0/33", "", `"10.40.3.0/33"`, false, ""},
	"a CIDR is empty":                                  {"cidr-validity", "cidr: 10.40.3.0/24", "cidr: «''", "", `""`, false, ""},
	"a CIDR has host bits":                             {"cidr-validity", "cidr: 10.40.3.0/24", "cidr: «10.40.3.1/24", "", "host bits", false, ""},
	"the start of a range is malformed":                {"malformed-address", "start: 10.40.2.100", "start: «10.40.2", "", `"10.40.2"`, false, ""},
	"the end of a range is empty":                      {"malformed-address", "end: 10.40.2.199", "end: «''", "", `""`, false, ""},
	"a gateway is malformed":                           {"malformed-address", "gateway: 10.40.3.1,", "gateway: «10.40.3.1.1,", "", `"10.40.3.1.1"`, false, ""},
	"a gateway is empty":                               {"malformed-address", "gateway: 10.40.3.1,", "gateway: «'',", "", `""`, false, ""},
	"a CIDR is there twice":                            {duplicateCIDR.Slug, "cidr: 10.40.4.0/24", "cidr: «10.40.3.0/24", "", "10.40.3.0/24 is also the CIDR of network mgmt", false, ""},
	"a range starts outside of its CIDR":               {rangeValidity.Slug, dhcpRange, "{type: dhcp, start: «10.40.1.255, end: 10.40.2.199}", "{type: dhcp, start: 10.40.2.10, end: 10.40.2.199}", "10.40.1.255, is outside of 10.40.2.0/24", false, ""},
	"a range ends outside of its CIDR":                 {rangeValidity.Slug, dhcpRange, "{type: dhcp, start: 10.40.2.100, end: «10.40.3.0}", "{type: dhcp, start: 10.40.2.100, end: 10.40.2.255}", "10.40.3.0, is outside of 10.40.2.0/24", false, ""},
	"a range is reversed":                              {rangeValidity.Slug, dhcpRange, "{type: dhcp, start: 10.40.2.199, end: «10.40.2.198}", "{type: dhcp, start: 10.40.2.199, end: 10.40.2.199}", "ends at 10.40.2.198 before it starts at 10.40.2.199", false, ""},
	"a dhcp range overlaps a reserved one":             {rangeValidity.Slug, dhcpRange, "{type: dhcp, start: «10.40.2.9, end: 10.40.2.199}", "{type: dhcp, start: 10.40.2.10, end: 10.40.2.199}", "overlaps with the reserved range", false, ""},
	"two dhcp ranges overlap":                          {rangeValidity.Slug, dhcpRange, dhcpRange + "\n    - {type: dhcp, start: «10.40.2.199, end: 10.40.2.200}", dhcpRange + "\n    - {type: dhcp, start: 10.40.2.200, end: 10.40.2.201}", "overlaps with the dhcp range", false, ""},
	"a node has the network address":                   {reservedAddress.Slug, n2Addresses, mgmtIs("«10.40.3.0"), mgmtIs("10.40.3.2"), "10.40.3.0 is the network address of network mgmt (10.40.3.0/24)", false, ""},
	"a node has the broadcast address":                 {reservedAddress.Slug, n2Addresses, mgmtIs("«10.40.3.255"), mgmtIs("10.40.3.254"), "10.40.3.255 is the broadcast address of network mgmt (10.40.3.0/24)", false, ""},
	"a node has the gateway address":                   {reservedAddress.Slug, n2Addresses, mgmtIs("«10.40.3.1"), mgmtIs("10.40.3.2"), "10.40.3.1 is the gateway address of network mgmt (10.40.3.0/24)", false, ""},
	"a static address is inside a dhcp range":          {dynamicAddress.Slug, n2Addresses, strings.Replace(n2Addresses, "address: dhcp", "address: «10.40.2.100", 1), strings.Replace(n2Addresses, "address: dhcp", "address: 10.40.2.99", 1), "dhcp range 10.40.2.100 to 10.40.2.199", false, ""},
	"an address is there twice":                        {duplicateAddress.Slug, n2Addresses, mgmtIs("«10.40.3.11"), "", "10.40.3.11 is taken by node harbor-n1 on network mgmt", false, ""},
	"an address is there twice in another spelling":    {duplicateAddress.Slug, n2Addresses, mgmtIs("«'::ffff:10.40.3.11'"), "", "10.40.3.11 is taken by node harbor-n1 on network mgmt", false, ""},
	"a vlan is 0":                                      {"vlan-validity", "vlan: '240'", "vlan: «'0'", "vlan: '1'", `"0"`, false, ""},
	"a vlan is 4095":                                   {"vlan-validity", "vlan: '240'", "vlan: «'4095'", "vlan: '4094'", `"4095"`, false, ""},
	"a vlan is there twice on one link":                {vlanReuse.Slug, "vlan: '240'", "vlan: «'240'", "", "VLAN 240 of link data-bond is also that of network mgmt", false, "mtu: 1500\n  cidr: 10.40.3.0/24 => vlan: '240'\n  mtu: 1500\n  cidr: 10.40.3.0/24"},
	"the native network is not allowed on its link":    {networkReferences.Slug, "802.1q, default_network: mgmt", "802.1q, default_network: «pxe", "802.1q, default_network: mgmt", "pxe is not among the allowed networks mgmt, storage", false, ""},
	"the MTU of a tagged network is above the link's":  {mtuRationality.Slug, "vlan: '240'\n  mtu: 9000", "vlan: '240'\n  mtu: «9001", "vlan: '240'\n  mtu: 8999", "9001 and must be at most 9000", false, ""},
	"the MTU of a native network is above the link's":  {mtuRationality.Slug, "mtu: 1500\n  cidr", "mtu: «9001\n  cidr", "mtu: 9000\n  cidr", "9001 and must be at most 9000", false, ""},
	"a link without bonding has a hash":                {bondRationality.Slug, bond, "{mode: disabled, hash: «layer2}", "{mode: 802.3ad, hash: layer2}", "bonding is disabled (mode disabled), but hash is set", false, ""},
	"a link without a mode has a delay":                {bondRationality.Slug, bond, "{up_delay: «400}", "{mode: balance-rr, up_delay: 400}", "bonding is disabled", false, ""},
	"an active-backup bond has a hash":                 {bondRationality.Slug, bond, "{mode: active-backup, hash: «layer2}", "{mode: active-backup}", "the mode is active-backup, but hash", false, ""},
	"a balance-rr bond has a peer rate":                {bondRationality.Slug, bond, "{mode: balance-rr, peer_rate: «slow}", "{mode: balance-rr}", "the mode is balance-rr, but peer_rate", false, ""},
	"an up delay is below the monitoring rate":         {bondRationality.Slug, bond, "{mode: 802.3ad, mon_rate: 100, up_delay: «99}", "{mode: 802.3ad, mon_rate: 100, up_delay: 100}", "99 ms and must be at least the mon_rate of 100 ms", false, ""},
	"a down delay of another mode is below it":         {bondRationality.Slug, bond, "{mode: active-backup, mon_rate: 300, up_delay: 300, down_delay: «299}", "{mode: active-backup, mon_rate: 300, up_delay: 300, down_delay: 300}", "299 ms and must be at least the mon_rate of 300 ms", false, ""},
	"a boot MAC is there twice":                        {duplicateMAC.Slug, "metadata: {rack: row-a-1}", "metadata: {rack: row-a-1, boot_mac: «'52:54:00:AA:BB:CC'}\n---\nschema: drydock/BaremetalNode/v1\nmetadata: {name: a-first}\ndata: {host_profile: base, addressing: [{network: bmc, address: 10.40.1.13}], metadata: {boot_mac: '52-54-00-aa-bb-cc'}}", "metadata: {rack: row-a-1, boot_mac: '52:54:00:aa:bb:cd'}\n---\nschema: drydock/BaremetalNode/v1\nmetadata: {name: a-first}\ndata: {host_profile: base, addressing: [{network: bmc, address: 10.40.1.13}], metadata: {boot_mac: '52-54-00-aa-bb-cc'}}", "52:54:00:aa:bb:cc is also the boot MAC of node a-first", false, ""},
	"a host name starts with a hyphen":                 {hostnameValidity.Slug, "name: harbor-n1", "name: «-harbor", "name: h-arbor", `"-harbor" is not a host name`, false, ""},
	"a host name ends with a hyphen":                   {hostnameValidity.Slug, "name: harbor-n1", "name: «harbor-", "name: harbo-r", `"harbor-" is not a host name`, false, ""},
	"a label of the domain ends with a hyphen":         {hostnameValidity.Slug, "domain: harbor.test", "domain: «harbor-.test", "domain: harb-or.test", `"harbor-" of the domain is not a DNS label`, false, ""},
	"an oob type is unknown":                           {"wrong-value", "type: redfish", "type: «ilo", "type: ipmi", `"ilo"`, false, ""},
	"redfish has no account":                           {controllerConfiguration.Slug, "oob: {type: redfish, network: bmc, account: provisioner, ", "oob: «{type: redfish, network: bmc, ", "", "oob of type redfish has no account", false, ""},
	"redfish has no credential":                        {controllerConfiguration.Slug, "oob: {type: redfish, network: bmc, account: provisioner, credential: not-a-real-secret}", "oob: «{type: redfish, network: bmc, account: provisioner}", "", "oob of type redfish has no credential", false, ""},
	"redfish has no network":                           {controllerConfiguration.Slug, "oob: {type: redfish, network: bmc, ", "oob: «{type: redfish, ", "", "oob of type redfish has no network", false, ""},
	"redfish has no address":                           {controllerConfiguration.Slug, "  addressing:\n    - {network: bmc, address: 10.40.1.12}\n    -", "  addressing:\n    «-", "", "no static address on its out-of-band network bmc", false, ""},
	"a size is missing":                                {"missing-field", varPart, "- «{name: var, filesystem: {mountpoint: /var}}", "", "size is missing", false, ""},
	"percentages are over 99 on a device":              {storageSizing.Slug, bulkDisk, "bulk_disk: {partitions: [{name: a, size: 50%, volume_group: bulk}, {name: b, size: «50%}]}", "bulk_disk: {partitions: [{name: a, size: 50%, volume_group: bulk}, {name: b, size: 49%}]}", "add up to 100% and may be at most 99%", false, ""},
	"percentages are over 99 in a group":               {storageSizing.Slug, "size: 60%", "size: «100%", "size: 99%", "add up to 100% and may be at most 99%", false, ""},
	"a boot partition after root is too small":         {bootStorage.Slug, "{name: boot, size: 2g", "{name: boot, size: «999m", "{name: boot, size: 1g", "999m (999000000 bytes) and needs at least 1000000000 bytes", false, ""},
	"a boot partition before root is too small":        {bootStorage.Slug, "          - {name: root, size: 40g, bootable: true, filesystem: {mountpoint: /, fstype: ext4}}\n          - {name: boot, size: 2g, filesystem: {mountpoint: /boot}}\n", "          - {name: boot, size: «512m, filesystem: {mountpoint: /boot}}\n          - {name: root, size: 40g, bootable: true, filesystem: {mountpoint: /, fstype: ext4}}\n", "", "512m (512000000 bytes) and needs at least 1000000000 bytes", false, ""},
	"a mount point is there twice":                     {storageMountpoint.Slug, "{mountpoint: /var}", "{mountpoint: «/boot}", "{mountpoint: /boot/efi}", "so is partition boot of disk os_disk", false, ""},
	"a mount point is there twice in another spelling": {storageMountpoint.Slug, "{mountpoint: /var}", "{mountpoint: «/boot/}", "{mountpoint: /boot.d/}", "so is partition boot of disk os_disk", false, ""},
}

var warningConditions = map[string]condition{
	"the CIDRs of two networks overlap":           {cidrOverlap.Slug, "cidr: 10.40.4.0/24", "cidr: «10.40.2.0/23", "", "10.40.2.0/23 overlaps with 10.40.3.0/24 of network mgmt", false, ""},
	"a rack has no document":                      {rackReferences.Slug, "rack: row-a-1, tags", "rack: «row-z, tags", "", `"row-z" has no Rack document`, false, ""},
	"a filter names an unknown node":              {bootActionFilter.Slug, "node_tags: [lab]", "node_names: [harbor-n1, «harbor-n3]", "node_names: [harbor-n1]", `"harbor-n3", which no node has`, false, ""},
	"a filter names an unknown tag":               {bootActionFilter.Slug, "node_tags: [lab]", "node_tags: [lab, «lap]", "", `"lap", which no node has`, false, ""},
	"a filter names an unknown rack":              {bootActionFilter.Slug, "node_tags: [lab]", "rack_names: [row-a-1, «row-b]", "rack_names: [row-a-1]", `"row-b", which no node has`, false, ""},
	"a filter names an unknown label":             {bootActionFilter.Slug, "node_tags: [lab]", "node_labels: {role: «none}", "node_labels: {role: worker}", `role: "none"`, false, ""},
	"there is more than one Region":               {siteContent.Slug, "name: harbor-lab, storagePolicy", "name: «harbor-lab, storagePolicy", "", "the last one read, second, wins; lost from this one: the site's name, authorized_keys, repositories, tag_definitions", false, rack + " => ---\nschema: drydock/Region/v1\nmetadata: {name: second}\ndata: {}\n" + rack},
	"an address is outside of every static range": {staticRange.Slug, n2Addresses, mgmtIs("«10.40.3.100"), mgmtIs("10.40.3.99"), "10.40.3.100 is outside of the static ranges of network mgmt, 10.40.3.10 to 10.40.3.99", false, ""},
	"there is no Region":                          {siteContent.Slug, "schema: drydock/Region/v1", "schema: other/Region/v1", "", "no Region", true, ""},
	"there are no nodes":                          {siteContent.Slug, "schema: drydock/BaremetalNode/v1", "schema: other/BaremetalNode/v1", "", "no nodes", true, ""},
}

func TestConditionsOfTheTableAreErrorsWhereTheyStand(t *testing.T) {
	expect(t, design.LevelError, errorConditions)
}

func TestConditionsOfTheTableAreWarningsWhereTheyStand(t *testing.T) {
	expect(t, design.LevelWarning, warningConditions)
}

// expect makes each condition in the example, and looks for its one message; the right twin has to be silent.
func expect(t *testing.T, level design.Level, conditions map[string]condition) {
	t.Helper()
	example := testdata(t, "harbor-lab.yaml")
	for name, c := range conditions {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, example, c.old)
			before, _, _ := strings.Cut(c.also, " => ")
			require.Contains(t, example, before)
			wrong := wrongDesign(example, c)
			at := strings.Index(wrong, mark)
			wrong = strings.ReplaceAll(wrong, mark, "")
			result := load(wrong)
			var found design.Messages
			for _, m := range of(result.Messages, c.rule) {
				if m.Level == level && strings.Contains(m.Text, c.within) {
					found = append(found, m)
				}
			}
			require.Len(t, found, 1, "all: %v", result.Messages)
			m := found[0]
			assert.NotEmpty(t, m.Code)
			assert.NotEmpty(t, m.Hint)
			if at >= 0 {
				before := wrong[:at]
				assert.Equal(t, 1+strings.Count(before, "\n"), m.Line, m.String())
				assert.Equal(t, at-strings.LastIndexByte(before, '\n'), m.Column, m.String())
				assert.Equal(t, "site.yaml", m.File)
				assert.NotEmpty(t, m.Path)
				assert.Len(t, m.Documents, 1)
			} else {
				assert.True(t, c.siteWide, "the place is not said")
			}
			twin := example
			if c.right != "" {
				twin = strings.ReplaceAll(example, c.old, c.right)
			}
			for _, m := range of(load(twin).Messages, c.rule) {
				assert.NotEqual(t, level, m.Level, "the right twin: %s", m)
			}
			assert.Empty(t, load(twin).Messages.Errors())
		})
	}
}

// wrongDesign is the example with the condition, and the mark.
func wrongDesign(example string, c condition) string {
	wrong := strings.ReplaceAll(example, c.old, c.wrong)
	if before, after, two := strings.Cut(c.also, " => "); two {
		wrong = strings.ReplaceAll(wrong, before, after)
	}
	return wrong
}
