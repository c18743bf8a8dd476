package diff_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/diff"
)

func example(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "harbor-lab.yaml"))
	require.NoError(t, err)
	return string(data)
}

func compile(text string) *design.Site {
	docs, _ := design.Parse(design.Source{Name: "site.yaml", Data: []byte(text)})
	site, _ := design.Compile(docs)
	return site
}

func TestADifferenceIsSaidInTermsOfTheMachine(t *testing.T) {
	text := example(t)
	before := compile(text)
	for name, c := range map[string]struct {
		old, new string
		nodes    []string // that differ
		redeploy bool
		want     diff.Change // among those of the last node
	}{
		"an address": {"{network: mgmt, address: 10.40.3.12}", "{network: mgmt, address: 10.40.3.13}", []string{"harbor-n2"}, true,
			diff.Change{Area: "network", Field: "bond0.mgmt.address", From: "10.40.3.12", To: "10.40.3.13", Redeploy: true}},
		"the MTU of a link": {"mtu: 9000\n  trunking", "mtu: 9100\n  trunking", []string{"harbor-n1", "harbor-n2"}, true,
			diff.Change{Area: "network", Field: "bond0.mtu", From: "9000", To: "9100", Redeploy: true}},
		"a tag of the wire, only for the nodes on it": {"vlan: '240'", "vlan: '241'", []string{"harbor-n1"}, true,
			diff.Change{Area: "network", Field: "bond0.storage.vlan", From: "240", To: "241", Redeploy: true}},
		"a mode of bonding": {"{mode: 802.3ad, hash: layer3+4, peer_rate: fast, mon_rate: 100, up_delay: 400, down_delay: 200}", "{mode: active-backup}", []string{"harbor-n1", "harbor-n2"}, true,
			diff.Change{Area: "network", Field: "bond0.bonding", From: "802.3ad, hash layer3+4, peer_rate fast, mon_rate 100 ms, up_delay 400 ms, down_delay 200 ms",
				To: "active-backup, mon_rate 100 ms, up_delay 200 ms, down_delay 200 ms", Redeploy: true}},
		"the gateway": {"gateway: 10.40.3.1,", "gateway: 10.40.3.2,", []string{"harbor-n1", "harbor-n2"}, true,
			diff.Change{Area: "network", Field: "bond0.mgmt.gateway", From: "10.40.3.1", To: "10.40.3.2", Redeploy: true}},
		"the slot of a card": {"address: '0000:41:00.0'", "address: '0000:42:00.0'", []string{"harbor-n1", "harbor-n2"}, true,
			diff.Change{Area: "network", Field: "bond0.cards", From: `pci@0000:41:00.0, pci@regexp:0000:(41|42):00\.1`, To: `pci@0000:42:00.0, pci@regexp:0000:(41|42):00\.1`, Redeploy: true}},
		"the size of a partition": {"size: 2g", "size: 3g", []string{"harbor-n1", "harbor-n2"}, true,
			diff.Change{Area: "storage", Field: "os_disk.boot.size", From: "2g", To: "3g", Redeploy: true}},
		"a file system of a volume": {"fstype: xfs", "fstype: ext4", []string{"harbor-n1", "harbor-n2"}, true,
			diff.Change{Area: "storage", Field: "bulk.images.filesystem", From: "xfs, at /srv/images, options noatime", To: "ext4, at /srv/images, options noatime", Redeploy: true}},
		"the kernel": {"kernel: ga-22.04", "kernel: hwe-22.04", []string{"harbor-n1", "harbor-n2"}, true,
			diff.Change{Area: "platform", Field: "kernel", From: "ga-22.04", To: "hwe-22.04", Redeploy: true}},
		"pages of the hardware profile, only where they are used": {"count: 32", "count: 33", []string{"harbor-n2"}, true,
			diff.Change{Area: "platform", Field: "kernel_params", From: "hugepagesz=1G hugepages=32 console=ttyS0,115200n8 isolcpus=4-15",
				To: "hugepagesz=1G hugepages=33 console=ttyS0,115200n8 isolcpus=4-15", Redeploy: true}},
		"a tag is set at any time": {"tags: [control]", "tags: [control, new]", []string{"harbor-n1"}, false,
			diff.Change{Area: "tags", Field: "tags", From: "control, lab", To: "control, lab, new"}},
		"a label is set at any time": {"owner_data: {role: worker}", "owner_data: {role: idle}", []string{"harbor-n2"}, false,
			diff.Change{Area: "tags", Field: "owner_data.role", From: "worker", To: "idle"}},
		"a credential, unseen": {"credential: not-a-real-secret", "credential: another-secret", []string{"harbor-n1", "harbor-n2"}, false,
			diff.Change{Area: "oob", Field: "credential", From: "[redacted]", To: "[redacted]"}},
		"a boot action, unseen": {"NODE={{ node.hostname }}", "HOST={{ node.hostname }}", []string{"harbor-n1", "harbor-n2"}, true,
			diff.Change{Area: "boot actions", Field: "stamp", Redeploy: true}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, text, c.old)
			report := diff.Compare(before, compile(strings.ReplaceAll(text, c.old, c.new)))
			var names []string
			for _, n := range report.Nodes {
				names = append(names, n.Name)
				assert.Equal(t, diff.Changed, n.Change)
				assert.Equal(t, c.redeploy, n.Redeploy)
			}
			require.Equal(t, c.nodes, names)
			assert.Empty(t, report.Site)
			changes := report.Nodes[len(report.Nodes)-1].Changes
			if c.want.Field == "stamp" {
				require.Len(t, changes, 1)
				assert.NotEqual(t, changes[0].From, changes[0].To)
				changes[0].From, changes[0].To = "", ""
			}
			assert.Contains(t, changes, c.want)
			data, err := json.Marshal(report)
			require.NoError(t, err)
			for _, secret := range []string{"not-a-real-secret", "another-secret", "HOST="} {
				assert.NotContains(t, string(data), secret)
			}
		})
	}
}

func TestWhatMakesTheSameMachinesIsNoDifference(t *testing.T) {
	text := example(t)
	for name, edit := range map[string][2]string{
		"a comment":                      {"schema: drydock/Rack/v1", "# a rack\nschema: drydock/Rack/v1"},
		"another name of a link":         {"data-bond", "data-bundle"},
		"a value moved into the node":    {"  host_profile: worker\n  interfaces", "  host_profile: worker\n  platform: {kernel: ga-22.04}\n  interfaces"},
		"another order of the documents": {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.ReplaceAll(text, edit[0], edit[1])
			if edit[0] == "" {
				parts := strings.Split(strings.TrimPrefix(text, "---\n"), "\n---\n")
				for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
					parts[i], parts[j] = parts[j], parts[i]
				}
				changed = "---\n" + strings.Join(parts, "\n---\n")
			}
			require.NotEqual(t, text, changed)
			report := diff.Compare(compile(text), compile(changed))
			assert.Empty(t, report.Nodes)
			assert.Empty(t, report.Site)
		})
	}
}

func TestNodesThatComeAndGo(t *testing.T) {
	text := example(t)
	report := diff.Compare(compile(text), compile(strings.ReplaceAll(text, "harbor-n2", "harbor-n3")))
	assert.Equal(t, []diff.Node{
		{Name: "harbor-n2", Change: diff.Removed, Changes: []diff.Change{}},
		{Name: "harbor-n3", Change: diff.Added, Redeploy: true, Changes: []diff.Change{}},
	}, report.Nodes)
	assert.NotEqual(t, report.From.Digest, report.To.Digest)
}

func TestWhatAllNodesShareIsSaidOnce(t *testing.T) {
	text := example(t)
	report := diff.Compare(compile(text), compile(strings.ReplaceAll(text, "components: [stable]", "components: [testing]")))
	assert.Empty(t, report.Nodes)
	require.Len(t, report.Site, 1)
	assert.Equal(t, "repository tools", report.Site[0].Field)
	assert.False(t, report.Site[0].Redeploy)
}
