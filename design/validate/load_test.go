package validate

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
)

func TestPublicDesignsAreValid(t *testing.T) {
	for name, nodes := range map[string]int{"airsloop": 1, "seaworthy": 5, "seaworthy-virt": 3, "harbor-lab": 2} {
		t.Run(name, func(t *testing.T) {
			result := load(testdata(t, name+".yaml"))
			assert.Empty(t, result.Messages.Errors())
			assert.Len(t, result.Site.Nodes, nodes)
			assert.Equal(t, result.Documents.Digest(), result.Site.Digest)
			stored := load(string(result.Documents.Canonical()))
			assert.Empty(t, stored.Messages.Errors())
			assert.Equal(t, result.Site, stored.Site)
		})
	}
}

func TestMessagesAreSortedAndDistinct(t *testing.T) {
	text := testdata(t, "harbor-lab.yaml")
	text = strings.NewReplacer("size: 40g", "size: 4g", "primary_network: mgmt", "primary_network: x", "mtu: 1500", "mtu: 5", "device_link: pxe-link", "device_link: x").Replace(text)
	result := Load(design.Source{Name: "b.yaml", Data: []byte(text)}, design.Source{Name: "a.yaml", Data: []byte("x: y: z\n")})
	require.NotEmpty(t, result.Messages.Errors())
	assert.Equal(t, len(result.Messages), len(result.Messages.Distinct()))
	assert.True(t, slices.IsSortedFunc(result.Messages, func(a, b design.Message) int {
		if a.File != b.File {
			return strings.Compare(a.File, b.File)
		}
		return a.Line - b.Line
	}))
	assert.Len(t, of(result.Messages, bootStorage.Slug), 1, "two nodes have the profile, the fault is one")
	again := Load(design.Source{Name: "b.yaml", Data: []byte(text)}, design.Source{Name: "a.yaml", Data: []byte("x: y: z\n")})
	assert.Equal(t, result.Messages, again.Messages)
}

func TestAFaultInAnUnusedProfileIsAWarning(t *testing.T) {
	spare := `---
schema: drydock/HostProfile/v1
metadata: {name: spare}
data:
  host_profile: base
  primary_network: nowhere
  storage: {physical_devices: {extra: {}}}
  platform: {kernel_params: {hugepages: 3, isolcpus: 'hardwareprofile:cpuset.none'}}
---
schema: drydock/HardwareProfile/v1
metadata: {name: unused}
data:
  device_aliases: {x: {bus_type: pci}}
`
	result := load(testdata(t, "harbor-lab.yaml") + spare)
	assert.Empty(t, result.Messages.Errors())
	for _, slug := range []string{networkReferences.Slug, storagePartitioning.Slug, hugepages.Slug, deviceAliases.Slug, "unresolved-kernel-parameter"} {
		found := of(result.Messages, slug)
		require.NotEmpty(t, found, slug)
		assert.Equal(t, design.LevelWarning, found[0].Level, found[0].String())
	}
	used := strings.Replace(testdata(t, "harbor-lab.yaml")+spare, "host_profile: worker", "host_profile: spare", 1)
	assert.NotEmpty(t, of(load(used).Messages.Errors(), networkReferences.Slug))
}

func TestARuleThatBreaksHidesNoOther(t *testing.T) {
	broken := Rule{Code: "DD9999", Slug: "broken", Title: "Broken", Level: design.LevelError, Hint: "none", check: func(r *run) {
		r.siteWide(design.LevelWarning, "said before")
		panic("secret of the design")
	}}
	result := load(strings.Replace(testdata(t, "harbor-lab.yaml"), "size: 40g", "size: 4g", 1))
	messages := check([]Rule{broken, bootStorage}, result.Documents, result.Site)
	require.Len(t, of(messages, "broken"), 2)
	assert.Equal(t, design.LevelError, of(messages, "broken")[1].Level)
	assert.NotContains(t, of(messages, "broken")[1].Text, "secret of the design")
	assert.NotEmpty(t, of(messages, bootStorage.Slug))
}

func TestNoMessageShowsACredential(t *testing.T) {
	text := testdata(t, "harbor-lab.yaml")
	for _, f := range faults {
		for _, m := range load(strings.ReplaceAll(text, f.old, f.new)).Messages {
			assert.NotContains(t, m.String(), "not-a-real-secret")
		}
	}
}

func FuzzLoadNeverPanics(f *testing.F) {
	f.Add([]byte(testdata(f, "harbor-lab.yaml")))
	f.Add([]byte("schema: drydock/BaremetalNode/v1\nmetadata: {name: n}\ndata: {addressing: [1], storage: {physical_devices: {a: {partitions: [{}]}}}}"))
	f.Add([]byte("schema: drydock/Network/v1\nmetadata: {name: n}\ndata: {ranges: [{}], routes: [{}], dhcp_relay: {}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, m := range Load(design.Source{Name: "fuzz", Data: data}).Messages {
			if strings.Contains(m.Text, "broke while it looked") {
				t.Fatal(m)
			}
		}
	})
}
