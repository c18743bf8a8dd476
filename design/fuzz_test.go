package design_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
)

func FuzzReader(f *testing.F) {
	f.Add(testdata(f, "harbor-lab.yaml"))
	for _, s := range []string{"", "---", "\x00", "a: &a [*a]", "? {a: b}\n: c", "schema: drydock/BaremetalNode/v1\nmetadata: {name: n}\ndata: {interfaces: [], storage: 1, platform: {kernel_params: []}, oob: x, addressing: {}}",
		"schema: drydock/HostProfile/v1\nmetadata: {name: p}\ndata: {host_profile: p, interfaces: {a: 1, '!b': 2}, storage: {physical_devices: {x: {partitions: [1, {name: 2}, {name: '!y'}]}}}}",
		"schema: drydock/BootAction/v1\nmetadata: {name: b}\ndata: {assets: [1, {type: pkg_list, data: [1]}, {type: file, data: {a: b}}], node_filter: []}",
		"schema: drydock/Network/v1\nmetadata: {name: n}\ndata: {cidr: [], routes: [1, {routedomain: x, gateway: 1, metric: a}], ranges: {}}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, _ := design.Parse(design.Source{Name: "fuzz", Data: data})
		site, _ := design.Compile(docs)
		require.NotNil(t, site)
		again, _ := design.Parse(design.Source{Name: "canonical", Data: docs.Canonical()})
		require.Equal(t, docs.Digest(), again.Digest())
		design.UnusedProfiles(docs, site)
	})
}

// FuzzSize looks for sizes that break the reader, come out negative, or resolve to more than there is.
func FuzzSize(f *testing.F) {
	for _, s := range []string{"20g", "> 30 GiB", "50%", ">0%", "9223372036854775807m", "1tib", "0g", "", "１g", ">", "1e3g", "-1g"} {
		f.Add(s, int64(1e12), int64(5e11))
	}
	f.Fuzz(func(t *testing.T, text string, total, free int64) {
		size, err := design.ParseSize(text)
		if err != nil {
			if size != (design.Size{}) {
				t.Fatalf("%q is refused and is %+v", text, size)
			}
			return
		}
		if size.Bytes < 0 || size.Percent < 0 || size.Percent > 100 || size.Bytes > 0 && size.Percent > 0 {
			t.Fatalf("%q is %+v", text, size)
		}
		upper, err := design.ParseSize(strings.ToUpper(text))
		if err != nil || upper.Bytes != size.Bytes || upper.Percent != size.Percent || upper.AtLeast != size.AtLeast {
			t.Fatalf("%q is %+v, and %+v in capitals", text, size, upper)
		}
		total = max(total, math.MinInt64+1)
		if got, err := size.Resolve(total, min(free, total)); err == nil && (got < 0 || got > free || got > total) {
			t.Fatalf("%q of %d, with %d free, is %d", text, total, free, got)
		}
	})
}

// FuzzInheritance looks for profiles and nodes that break the merge, or whose outcome depends on the order or the format of
// the documents.
func FuzzInheritance(f *testing.F) {
	f.Add("{metadata: {tags: [a, b], owner_data: {a: b}}}", "{metadata: {tags: ['!a', c]}}", "{metadata: {owner_data: {'!a': ''}}}")
	f.Add("{interfaces: {a: {networks: [x], sriov: {vf_count: 2}}, b: {}}}", "{interfaces: {a: {sriov: {trustedmode: yes}}, '!b': {}}}", "{interfaces: {a: null, b: {}}}")
	f.Add("{storage: {physical_devices: {a: {partitions: [{name: x, size: 1g}, {name: y, size: 2g}]}}}}",
		"{storage: {physical_devices: {a: {partitions: [{name: '!x'}, {name: z, size: 3g}]}}, volume_groups: {g: {logical_volumes: [{name: v, size: 1g}]}}}}",
		"{storage: {physical_devices: {a: {volume_group: '!'}}, volume_groups: {g: {logical_volumes: [{name: v, size: 5g}, {name: w, size: 1g}]}}}}")
	f.Add("{host_profile: middle, oob: {type: ipmi, a: 1}}", "{oob: {type: '!', '!a': 1}, platform: {kernel: -1}}", "{primary_network: '!', platform: {kernel_params: {a: true, '!b': 1}}}")
	f.Fuzz(func(t *testing.T, top, middle, node string) {
		documents := []design.Source{
			flow("HostProfile", "top", top, ""), flow("HostProfile", "middle", middle, "top"), flow("BaremetalNode", "node", node, "middle"),
			{Name: "hardware", Data: []byte(document("HardwareProfile", "h", "  {}"))},
		}
		docs, messages := design.Parse(documents...)
		site, more := design.Compile(docs)
		slices.Reverse(documents)
		docsAgain, messagesAgain := design.Parse(documents...)
		siteAgain, moreAgain := design.Compile(docsAgain)
		assert.Equal(t, site, siteAgain)
		assert.ElementsMatch(t, append(messages, more...), append(messagesAgain, moreAgain...))
		stored, messages := design.Parse(design.Source{Name: "canonical", Data: docs.Canonical()})
		if len(docs.All()) == len(documents) && len(messages.Errors()) == 0 {
			siteStored, _ := design.Compile(stored)
			assert.Equal(t, site, siteStored)
		}
	})
}

// flow is a document whose data is text that anybody may have written; a parent is added at its beginning.
func flow(kind, name, data, parent string) design.Source {
	if rest, ok := strings.CutPrefix(data, "{"); ok && parent != "" {
		data = "{host_profile: " + parent + ", addressing: [{network: n, address: dhcp}], hardware_profile: h, " + rest
		if kind == design.KindHostProfile {
			data = "{host_profile: " + parent + ", " + rest
		}
	}
	return design.Source{Name: name, Data: []byte("schema: drydock/" + kind + "/v1\nmetadata: {name: " + name + "}\ndata: " + data + "\n")}
}
