package render_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"drydock/design"
	"drydock/design/render"
)

type renderer func(*design.Site, io.Writer, ...string) error

var formats = map[string]renderer{"yaml": render.YAML, "json": render.JSON}

// parsed is the object that was written, as a tool reads it.
func parsed(t *testing.T, data []byte) map[string]any {
	t.Helper()
	out := map[string]any{}
	require.NoError(t, json.Unmarshal(data, &out))
	return out
}

// read is the documents that were written: data by kind and name.
func read(t *testing.T, data []byte) map[string]map[string]any {
	t.Helper()
	out := map[string]map[string]any{}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc struct {
			Schema   string
			Metadata struct{ Name string }
			Data     map[string]any
		}
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		out[strings.Split(doc.Schema, "/")[1]+" "+doc.Metadata.Name] = doc.Data
	}
}

// at is the value at a path of keys and positions.
func at(t *testing.T, v any, path ...any) any {
	t.Helper()
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, ok := v.(map[string]any)
			require.Truef(t, ok, "nothing at %v", path)
			v = m[p]
		case int:
			l, ok := v.([]any)
			require.Truef(t, ok && p < len(l), "nothing at %v", path)
			v = l[p]
		}
	}
	return v
}

func harbor() *design.Site {
	link := &design.NetworkLink{Name: "data", MTU: 9000, Trunked: true, AllowedNetworks: []string{"mgmt"},
		Bonding: design.Bonding{Mode: design.Bond8023AD, Hash: "layer3+4", MonRate: 100}}
	hardware := &design.HardwareProfile{Name: "box", BootMode: "uefi",
		Aliases:   []design.Alias{{Name: "nic", BusType: "pci", Address: "0000:02:00.0"}},
		HugePages: map[string]design.HugePages{"big": {Size: "1G", Count: 4}}}
	node := func(name string) *design.Node {
		return &design.Node{
			Name: name, Domain: "harbor.test", Rack: "r1", HardwareProfile: hardware, PrimaryNetwork: "mgmt",
			OOB: design.OOB{Type: design.OOBRedfish, Account: "root", Credential: "canary-credential", Network: "bmc",
				LibvirtURI: "qemu+ssh://root:canary-libvirt@host.test/system",
				Parameters: map[string]string{"admin_password": "canary-parameter", "port": "623"}},
			Interfaces: []design.Interface{{Name: "bond0", LinkName: "data", Link: link, Slaves: []string{"nic"},
				Networks: []string{"mgmt"}, SRIOV: &design.SRIOV{VFCount: 4}}},
			Storage: design.Storage{
				Devices: []design.Device{
					{Name: "os_disk", Labels: map[string]string{"bootdrive": "true"}, Partitions: []design.Partition{
						{Name: "root", Size: design.Size{Text: ">40g", Bytes: 40e9, AtLeast: true}, Bootable: true,
							Filesystem: &design.Filesystem{MountPoint: "/", Type: "ext4"}}}},
					{Name: "bulk", VolumeGroup: "vg"}},
				VolumeGroups: []design.VolumeGroup{{Name: "vg", LogicalVolumes: []design.LogicalVolume{
					{Name: "lv", Size: design.Size{Text: "60%", Percent: 60}}}}},
			},
			Platform:  design.Platform{Image: "jammy", Kernel: "ga-22.04", KernelParams: []string{"quiet", "console=ttyS0"}},
			Addresses: []design.Address{{Network: "bmc", IP: netip.MustParseAddr("10.0.0.9")}, {Network: "pxe", DHCP: true}},
			Tags:      []string{"lab"}, OwnerData: map[string]string{"role": "control"}, BootMAC: "02:00:00:00:00:01",
		}
	}
	return &design.Site{
		Name: "harbor", Digest: "sha256:00",
		Region: design.Region{Name: "harbor", RemoveUnlisted: true, AuthorizedKeys: []string{"ssh-ed25519 AAAA"},
			Repositories: []design.Repository{{Name: "tools", Type: "apt", URL: "https://user:canary-repo@mirror.test/ubuntu?token=canary-token&a=b",
				Options: map[string]string{"api_key": "canary-option"}}}},
		Racks: []design.Rack{{Name: "r1", Switches: map[string]design.Switch{"tor": {ManagementIP: "10.0.0.2", APIURI: "https://x:canary-tor@tor.test"}}}},
		Links: []*design.NetworkLink{link},
		Networks: []*design.Network{{Name: "mgmt", CIDR: netip.MustParsePrefix("10.0.1.0/24"), VLAN: 210, DNSDomain: "harbor.test",
			Ranges: []design.Range{{Type: design.RangeDHCP, Start: netip.MustParseAddr("10.0.1.5"), End: netip.MustParseAddr("10.0.1.9")}},
			Routes: []design.Route{{Subnet: netip.MustParsePrefix("0.0.0.0/0"), Gateway: netip.MustParseAddr("10.0.1.1"), Metric: 10}}}},
		HardwareProfiles: []*design.HardwareProfile{hardware},
		Nodes:            []*design.Node{node("n1"), node("n2"), node("n3")},
		BootActions: []*design.BootAction{{Name: "join", Filter: &design.NodeFilter{SetType: design.FilterUnion,
			Set: []design.FilterTerm{{Type: design.FilterUnion, NodeTags: []string{"lab"}}}},
			Assets: []design.Asset{{Type: design.AssetFile, Path: "/x", Data: "canary-data"},
				{Type: design.AssetFile, Path: "/y", Location: "http://u:canary-location@x.test/?auth=canary-query"}}}},
	}
}

func TestTheObjectHasTheFieldNamesOfTheDocuments(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, render.JSON(harbor(), &b))
	site := parsed(t, b.Bytes())
	for _, c := range []struct {
		want any
		path []any
	}{
		{"harbor", []any{"site"}},
		{"sha256:00", []any{"digest"}},
		{true, []any{"region", "remove_unlisted"}},
		{"apt", []any{"region", "repositories", "tools", "repo_type"}},
		{"10.0.0.2", []any{"racks", 0, "tor_switches", "tor", "mgmt_ip"}},
		{"802.3ad", []any{"network_links", 0, "bonding", "mode"}},
		{"802.1q", []any{"network_links", 0, "trunking", "mode"}},
		{"10.0.1.0/24", []any{"networks", 0, "cidr"}},
		{"210", []any{"networks", 0, "vlan"}},
		{"10.0.1.5", []any{"networks", 0, "ranges", 0, "start"}},
		{"0.0.0.0/0", []any{"networks", 0, "routes", 0, "subnet"}},
		{"0000:02:00.0", []any{"hardware_profiles", 0, "device_aliases", "nic", "address"}},
		{"n2", []any{"nodes", 1, "name"}},
		{"n2.harbor.test", []any{"nodes", 1, "fqdn"}},
		{"box", []any{"nodes", 1, "hardware_profile"}},
		{"10.0.0.9", []any{"nodes", 1, "addressing", 0, "address"}},
		{"dhcp", []any{"nodes", 1, "addressing", 1, "address"}},
		{"data", []any{"nodes", 1, "interfaces", "bond0", "device_link"}},
		{">40g", []any{"nodes", 1, "storage", "physical_devices", "os_disk", "partitions", 0, "size"}},
		{"vg", []any{"nodes", 1, "storage", "physical_devices", "bulk", "volume_group"}},
		{"60%", []any{"nodes", 1, "storage", "volume_groups", "vg", "logical_volumes", 0, "size"}},
		{"console=ttyS0", []any{"nodes", 1, "platform", "kernel_params", 1}},
		{"02:00:00:00:00:01", []any{"nodes", 1, "metadata", "boot_mac"}},
		{"control", []any{"nodes", 1, "metadata", "owner_data", "role"}},
		{"lab", []any{"boot_actions", 0, "node_filter", "filter_set", 0, "node_tags", 0}},
	} {
		assert.Equal(t, c.want, at(t, site, c.path...), "%v", c.path)
	}
	assert.EqualValues(t, len("canary-data"), at(t, site, "boot_actions", 0, "assets", 0, "data_bytes"))
}

func TestTheDocumentsHaveWhatDiffersFromTheObject(t *testing.T) {
	site := harbor()
	site.Links[0].Bonding.UpDelay = 0
	site.Networks[0].RouteDomain = "east"
	site.Networks[0].DNSServers = []string{"10.0.1.2", "10.0.1.3"}
	gateway := netip.MustParseAddr("10.0.1.1")
	site.Networks[0].Routes = append(site.Networks[0].Routes, design.Route{Gateway: gateway, Metric: 5, RouteDomain: "east"},
		design.Route{Subnet: netip.MustParsePrefix("10.0.2.0/24"), Gateway: gateway, Metric: 5, RouteDomain: "east"})
	var b bytes.Buffer
	require.NoError(t, render.YAML(site, &b))
	docs := read(t, b.Bytes())
	for _, c := range []struct {
		want any
		path []any
	}{
		{true, []any{"Region harbor", "repositories", "remove_unlisted"}},
		{"apt", []any{"Region harbor", "repositories", "tools", "repo_type"}},
		{0, []any{"NetworkLink data", "bonding", "up_delay"}},
		{"10.0.1.2,10.0.1.3", []any{"Network mgmt", "dns", "servers"}},
		{nil, []any{"Network mgmt", "routedomain"}},
		{[]any{
			map[string]any{"subnet": "0.0.0.0/0", "gateway": "10.0.1.1", "metric": 10},
			map[string]any{"subnet": "10.0.2.0/24", "gateway": "10.0.1.1", "metric": 5},
		}, []any{"Network mgmt", "routes"}},
		{"623", []any{"BaremetalNode n2", "oob", "port"}},
		{"[redacted]", []any{"BaremetalNode n2", "oob", "credential"}},
		{map[string]any{"quiet": true, "console": "ttyS0"}, []any{"BaremetalNode n2", "platform", "kernel_params"}},
		{nil, []any{"BaremetalNode n2", "name"}},
		{nil, []any{"BaremetalNode n2", "fqdn"}},
	} {
		assert.Equal(t, c.want, at(t, map[string]any(docsOf(docs)), c.path...), "%v", c.path)
	}
	data, _ := at(t, docs["BootAction join"], "assets", 0, "data").(string)
	assert.Regexp(t, `^\[redacted\] 11 bytes, sha256:[0-9a-f]{64}$`, data)
	site.BootActions[0].Assets[0].Data = data
	b.Reset()
	require.NoError(t, render.YAML(site, &b))
	assert.Equal(t, data, at(t, read(t, b.Bytes())["BootAction join"], "assets", 0, "data"), "what was left out stays what it was")
}

func docsOf(docs map[string]map[string]any) map[string]any {
	out := map[string]any{}
	for name, data := range docs {
		out[name] = data
	}
	return out
}

func TestNoSecretIsWritten(t *testing.T) {
	for format, write := range formats {
		for _, nodes := range [][]string{nil, {"n1"}} {
			t.Run(format+" of "+strings.Join(append([]string{"nodes"}, nodes...), " "), func(t *testing.T) {
				var b bytes.Buffer
				require.NoError(t, write(harbor(), &b, nodes...))
				assert.NotContains(t, b.String(), "canary")
				assert.Contains(t, b.String(), "[redacted]", "what is hidden can be seen to be hidden")
			})
		}
	}
}

// The output must not reach the model by reflection: a Secret, or a field that is new, would then be written by default.
func TestEverySecretOfTheModelIsKnownHere(t *testing.T) {
	var found []string
	seen := map[reflect.Type]bool{}
	var walk func(path string, typ reflect.Type)
	walk = func(path string, typ reflect.Type) {
		if typ == reflect.TypeFor[design.Secret]() {
			found = append(found, path)
			return
		}
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Array:
			walk(path, typ.Elem())
		case reflect.Struct:
			if seen[typ] {
				return
			}
			seen[typ] = true
			for i := range typ.NumField() {
				walk(path+"."+typ.Field(i).Name, typ.Field(i).Type)
			}
		}
	}
	walk("Site", reflect.TypeFor[design.Site]())
	assert.Equal(t, []string{"Site.Nodes.OOB.Credential"}, found, "a new secret needs a canary in these tests")
}

func TestNamedNodesComeAloneAndInTheOrderOfTheSite(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, render.JSON(harbor(), &b, "n3", "n1", "n3"))
	out := parsed(t, b.Bytes())
	require.Len(t, out["nodes"], 2)
	assert.Equal(t, "n1", at(t, out, "nodes", 0, "name"))
	assert.Equal(t, "n3", at(t, out, "nodes", 1, "name"))
	assert.Equal(t, "harbor", out["site"])
	assert.NotContains(t, out, "networks")

	b.Reset()
	require.NoError(t, render.YAML(harbor(), &b, "n3", "n1", "n3"))
	docs := read(t, b.Bytes())
	assert.Len(t, docs, 2)
	assert.Less(t, strings.Index(b.String(), "name: n1\n"), strings.Index(b.String(), "name: n3\n"))
}

func TestUnknownNodesAreNamedAndNothingIsWritten(t *testing.T) {
	for format, write := range formats {
		t.Run(format, func(t *testing.T) {
			var b bytes.Buffer
			err := write(harbor(), &b, "n1", "n9", "n8")
			assert.ErrorContains(t, err, `"n9", "n8"`)
			assert.Empty(t, b.String())
			assert.Error(t, write(nil, &b))
		})
	}
}

func TestTheSameSiteGivesTheSameBytes(t *testing.T) {
	for format, write := range formats {
		t.Run(format, func(t *testing.T) {
			var first bytes.Buffer
			require.NoError(t, write(harbor(), &first))
			for range 10 {
				var again bytes.Buffer
				require.NoError(t, write(harbor(), &again))
				require.Equal(t, first.String(), again.String())
			}
		})
	}
}

func TestAnEmptySiteIsWritten(t *testing.T) {
	site := &design.Site{Name: "default", Nodes: []*design.Node{{Name: "bare"}}, Networks: []*design.Network{{Name: "none"}}}
	var b bytes.Buffer
	require.NoError(t, render.JSON(site, &b))
	assert.Equal(t, "default", parsed(t, b.Bytes())["site"])
	assert.NotContains(t, b.String(), "invalid", "an address that is not there is not written as one")
	b.Reset()
	require.NoError(t, render.JSON(&design.Site{Name: "default"}, &b))
	assert.Equal(t, []any{}, parsed(t, b.Bytes())["nodes"], "no nodes are an empty list")

	b.Reset()
	require.NoError(t, render.YAML(site, &b))
	assert.Contains(t, read(t, b.Bytes()), "BaremetalNode bare")
	assert.NotContains(t, b.String(), "invalid")
	b.Reset()
	require.NoError(t, render.YAML(&design.Site{Name: "default"}, &b))
	assert.Empty(t, b.String())
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("pipe is gone") }

func TestAFailureToWriteIsTold(t *testing.T) {
	for format, write := range formats {
		t.Run(format, func(t *testing.T) {
			assert.EqualError(t, write(harbor(), broken{}), "render site harbor: pipe is gone")
		})
	}
}
