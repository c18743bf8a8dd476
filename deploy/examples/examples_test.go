// Package examples_test checks the site designs that newcomers start from.
package examples_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/bootaction"
	"drydock/design/render"
	"drydock/design/validate"
)

func harbor(t *testing.T) *design.Site {
	t.Helper()
	data, err := os.ReadFile("harbor.yaml")
	require.NoError(t, err)
	result := validate.Load(design.Source{Name: "harbor.yaml", Data: data})
	for _, m := range result.Messages {
		assert.Equal(t, design.LevelInfo, m.Level, "the example has nothing to complain about: %s", m)
	}
	require.NotNil(t, result.Site)
	return result.Site
}

func TestHarborIsWhatTheReadmeSays(t *testing.T) {
	site := harbor(t)
	assert.Equal(t, "harbor", site.Name)
	require.Len(t, site.Racks, 2)
	require.Len(t, site.Nodes, 12)

	oob, racks, modes, bootMACs, volumes := map[string]int{}, map[string]int{}, map[string]int{}, 0, 0
	for _, node := range site.Nodes {
		oob[node.OOB.Type]++
		racks[node.Rack]++
		modes[node.HardwareProfile.BootMode]++
		if node.BootMAC != "" {
			bootMACs++
		}
		if len(node.Storage.VolumeGroups) > 0 {
			volumes++
		}
		assert.NotEmpty(t, node.BMCAddress(), "%s has a BMC", node.Name)
		assert.Equal(t, "harbor.test", node.Domain)
		assert.Equal(t, "jammy", node.Platform.Image)
		assert.Contains(t, node.Name, strings.TrimPrefix(node.Rack, "rack-"), "the name tells the rack")
	}
	assert.Equal(t, map[string]int{design.OOBRedfish: 8, design.OOBIPMI: 4}, oob)
	assert.Equal(t, map[string]int{"rack-a": 6, "rack-b": 6}, racks)
	assert.Equal(t, map[string]int{"uefi": 8, "bios": 4}, modes)
	assert.Equal(t, 2, bootMACs)
	assert.Equal(t, 3, volumes)
}

func TestHarborShowsInheritance(t *testing.T) {
	site := harbor(t)
	cases := map[string]struct {
		node, kernel, absent string
		tags                 []string
		role, tier           string
		networks             []string
	}{
		"a profile of the second level": {node: "control-a01", kernel: "console=ttyS0,115200n8 quiet",
			tags: []string{"control", "harbor"}, role: "control", tier: "critical", networks: []string{"mgmt", "storage"}},
		"values of the hardware profile": {node: "worker-a03", kernel: "hugepagesz=1G hugepages=64 console=ttyS0,115200n8 isolcpus=4-31",
			tags: []string{"worker", "hugepages", "harbor"}, role: "worker", tier: "standard", networks: []string{"overlay", "mgmt", "storage"}},
		"a third level with other hardware": {node: "worker-b02", kernel: "hugepagesz=2M hugepages=8192 console=ttyS0,115200n8 isolcpus=2-15",
			tags: []string{"older", "worker", "harbor"}, role: "worker", tier: "", networks: []string{"overlay", "mgmt", "storage"}},
		"a node that differs from its profile": {node: "worker-b05", kernel: "hugepagesz=2M hugepages=8192 console=ttyS0,115200n8 isolcpus=2-15",
			tags: []string{"spare", "older", "worker", "harbor"}, role: "worker", tier: "spare", networks: []string{"overlay", "mgmt"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			node := site.Node(c.node)
			require.NotNil(t, node)
			assert.Equal(t, c.kernel, node.Platform.KernelCommandLine())
			assert.ElementsMatch(t, c.tags, node.Tags)
			assert.Equal(t, c.role, node.OwnerData["role"])
			assert.Equal(t, c.tier, node.OwnerData["tier"])
			for _, i := range node.Interfaces {
				if i.Name == "bond0" {
					assert.ElementsMatch(t, c.networks, i.Networks)
					assert.True(t, i.Link.Bonding.Enabled())
				}
			}
		})
	}
}

func TestHarborRouteDomainJoinsItsNetworks(t *testing.T) {
	site := harbor(t)
	routes := func(network string) (subnets []string) {
		for _, r := range site.Network(network).Routes {
			if r.Subnet.IsValid() {
				subnets = append(subnets, r.Subnet.String()+" via "+r.Gateway.String())
			}
		}
		return subnets
	}
	assert.Equal(t, []string{"10.20.50.0/24 via 10.20.40.1"}, routes("storage"))
	assert.Equal(t, []string{"10.20.40.0/24 via 10.20.50.1"}, routes("backup"))
}

func TestHarborStorageFitsTogether(t *testing.T) {
	node := harbor(t).Node("storage-b06")
	require.NotNil(t, node)
	require.Len(t, node.Storage.VolumeGroups, 1)
	group := node.Storage.VolumeGroups[0]
	require.Len(t, group.LogicalVolumes, 2)
	assert.Equal(t, 70, group.LogicalVolumes[0].Size.Percent)
	assert.EqualValues(t, 100_000_000_000, group.LogicalVolumes[1].Size.Bytes)
	whole := 0
	for _, device := range node.Storage.Devices {
		_, known := node.HardwareProfile.Alias(device.Name)
		assert.True(t, known, "%s is an alias of the hardware profile", device.Name)
		if device.VolumeGroup == group.Name {
			whole++
		}
	}
	assert.Equal(t, 2, whole)
}

func TestHarborBootActionsReachTheirNodes(t *testing.T) {
	site := harbor(t)
	options := bootaction.Options{ActionID: func(action string) string { return "id-of-" + action }}
	for _, node := range site.Nodes {
		result, err := bootaction.UserData(site, node, options)
		require.NoError(t, err)
		assert.Empty(t, result.Undelivered, "the example needs no other server")
		limits := bytes.Contains(result.UserData, []byte("/etc/security/limits.d/60-harbor-storage.conf"))
		assert.Equal(t, strings.HasPrefix(node.Name, "storage-"), limits, node.Name)
		if node.Name == "worker-b05" {
			facts := "NODE=worker-b05.harbor.test\nADDRESS=10.20.30.25\nTAGS=" + strings.Join(node.Tags, ",") +
				"\nLABEL_ROLE=worker\nLABEL_SITE=harbor\nLABEL_TIER=spare\nACTION=id-of-node-facts\n"
			assert.Contains(t, string(result.UserData), base64.StdEncoding.EncodeToString([]byte(facts)))
		}
	}
}

func TestHarborUsesAddressesAndSecretsThatExistNowhere(t *testing.T) {
	site := harbor(t)
	for _, network := range site.Networks {
		assert.True(t, netip.MustParsePrefix("10.0.0.0/8").Overlaps(network.CIDR), "%s is private", network.Name)
	}
	for _, repository := range site.Region.Repositories {
		assert.Contains(t, repository.URL, ".test/")
	}
	var all bytes.Buffer
	require.NoError(t, render.YAML(site, &all))
	assert.NotContains(t, all.String(), "not-a-real-secret")

	require.Len(t, site.Region.AuthorizedKeys, 1)
	fields := strings.Fields(site.Region.AuthorizedKeys[0])
	require.Len(t, fields, 3)
	blob, err := base64.StdEncoding.DecodeString(fields[1])
	require.NoError(t, err)
	// The wire form of a key: its type and its 32 bytes, each after its length.
	require.Len(t, blob, 4+len("ssh-ed25519")+4+32)
	assert.EqualValues(t, len("ssh-ed25519"), binary.BigEndian.Uint32(blob))
	assert.Equal(t, "ssh-ed25519", string(blob[4:15]))
	assert.EqualValues(t, 32, binary.BigEndian.Uint32(blob[15:]))
	assert.Contains(t, string(blob), "do-not-use", "nobody has the private half")
}
