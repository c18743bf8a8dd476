package explain_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/explain"
)

func load(t *testing.T, name string) (*design.Documents, *design.Site, string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", name))
	require.NoError(t, err)
	docs, _ := design.Parse(design.Source{Name: "site.yaml", Data: data})
	site, messages := design.Compile(docs)
	require.Empty(t, messages.Errors())
	return docs, site, string(data)
}

// said is one step, with the text of its line.
type said struct{ document, line, effect string }

func TestAValueIsExplainedByTheDocumentsThatSaySomethingOfIt(t *testing.T) {
	docs, site, text := load(t, "harbor-lab.yaml")
	lines := strings.Split(text, "\n")
	for name, c := range map[string]struct {
		field string
		value any
		chain []said
	}{
		"a value that a profile two levels up sets": {"platform.image", "jammy", []said{{"base", "    image: jammy", explain.Sets}}},
		"a value that a profile replaces": {"metadata.owner_data.role", "worker", []said{
			{"worker", "  metadata: {tags: [worker], owner_data: {role: worker}}", explain.Replaces}, {"base", "    owner_data: {role: generic}", explain.Sets}}},
		"a list that is merged": {"data.metadata.tags", []any{"worker", "lab"}, []said{
			{"worker", "  metadata: {tags: [worker], owner_data: {role: worker}}", explain.Merges}, {"base", "    tags: [lab]", explain.Sets}}},
		"a parameter that a profile removes": {"platform.kernel_params.quiet", nil, []said{
			{"worker", "      '!quiet': ''", explain.Removes}, {"base", "    kernel_params: {console: 'ttyS0,115200n8', quiet: true}", explain.Sets}}},
		"a member that the node removes": {"interfaces.bond0.networks.storage", nil, []said{
			{"harbor-n2", "    bond0: {networks: ['!storage']}", explain.Removes},
			{"base", "    bond0: {device_link: data-bond, slaves: [data_a, data_b], networks: [mgmt, storage]}", explain.Sets}}},
		"an entry of a list by its name": {"storage.physical_devices.os_disk.partitions[boot].size", "2g", []said{
			{"base", "          - {name: boot, size: 2g, filesystem: {mountpoint: /boot}}", explain.Sets}}},
		"an entry of a list by its position": {"storage.physical_devices.os_disk.partitions[1].size", "2g", []said{
			{"base", "          - {name: boot, size: 2g, filesystem: {mountpoint: /boot}}", explain.Sets}}},
		"an address by its network": {"addressing[mgmt].address", "10.40.3.12", []said{
			{"harbor-n2", "    - {network: mgmt, address: 10.40.3.12}", explain.Sets}}},
		"a reference to the hardware profile": {"platform.kernel_params.hugepages", "32", []said{
			{"pizza-box", "  hugepages: {big: {size: 1G, count: 32}}", explain.Resolves}, {"worker", "      hugepages: hardwareprofile:hugepages.big.count", explain.Sets}}},
		"a reference to a CPU set": {"platform.kernel_params.isolcpus", "4-15", []said{
			{"pizza-box", "  cpu_sets: {isolated: '4-15'}", explain.Resolves}, {"worker", "      isolcpus: hardwareprofile:cpuset.isolated", explain.Sets}}},
		"a parent": {"host_profile", "worker", []said{{"harbor-n2", "  host_profile: worker", explain.Sets}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := explain.Node(docs, site, "harbor-n2", c.field)
			require.NoError(t, err)
			assert.Equal(t, c.value, got.Value)
			var chain []said
			for _, s := range got.Chain {
				assert.Equal(t, "site.yaml", s.File)
				chain = append(chain, said{s.Document.Name, lines[s.Line-1], s.Effect})
			}
			assert.Equal(t, c.chain, chain)
		})
	}
}

func TestAnInterfaceThatIsNullIsExplainedAsRemoved(t *testing.T) {
	_, _, text := load(t, "harbor-lab.yaml")
	text = strings.Replace(text, "bond0: {networks: ['!storage']}", "bond0: null", 1)
	docs, _ := design.Parse(design.Source{Name: "site.yaml", Data: []byte(text)})
	site, _ := design.Compile(docs)
	for _, field := range []string{"interfaces.bond0", "interfaces.bond0.slaves"} {
		got, err := explain.Node(docs, site, "harbor-n2", field)
		require.NoError(t, err)
		assert.Nil(t, got.Value)
		require.Len(t, got.Chain, 2, field)
		assert.Equal(t, explain.Removes, got.Chain[0].Effect)
		assert.Equal(t, "harbor-n2", got.Chain[0].Document.Name)
	}
}

func TestEachStepSaysWhatItOverrode(t *testing.T) {
	docs, site, _ := load(t, "harbor-lab.yaml")
	got, err := explain.Node(docs, site, "harbor-n2", "metadata.owner_data.role")
	require.NoError(t, err)
	require.NotNil(t, got.Chain[0].Overrode)
	assert.Equal(t, "generic", got.Chain[0].Overrode.Value)
	assert.Equal(t, "base", got.Chain[0].Overrode.Document.Name)
	assert.Nil(t, got.Chain[1].Overrode)
}

func TestThePartsOfAListNameTheDocumentThatEachIsFrom(t *testing.T) {
	docs, site, _ := load(t, "harbor-lab.yaml")
	got, err := explain.Node(docs, site, "harbor-n1", "metadata.tags")
	require.NoError(t, err)
	require.Len(t, got.Parts, 2)
	assert.Equal(t, []string{"control", "lab"}, []string{got.Parts[0].Value.(string), got.Parts[1].Value.(string)})
	assert.Equal(t, []string{"harbor-n1", "base"}, []string{got.Parts[0].Document.Name, got.Parts[1].Document.Name})
}

// What is explained has to be what the compiler made, for every scalar of every node of the public designs.
func TestEveryPartOfANodeIsExplainedByItsOwnField(t *testing.T) {
	for _, name := range []string{"harbor-lab.yaml", "airsloop.yaml", "seaworthy.yaml", "seaworthy-virt.yaml"} {
		docs, site, _ := load(t, name)
		for _, node := range site.Nodes {
			for _, section := range []string{"oob", "interfaces", "platform", "metadata", "addressing"} {
				whole, err := explain.Node(docs, site, node.Name, section)
				require.NoError(t, err)
				require.NotEmpty(t, whole.Parts)
				for _, part := range whole.Parts {
					assert.Positive(t, part.Line)
					one, err := explain.Node(docs, site, node.Name, part.Path)
					if part.Document.Name == node.Name { // positions in other documents are not those in the node
						require.NoError(t, err, part.Path)
						assert.Equal(t, part.Line, one.Chain[0].Line, part.Path)
					}
				}
			}
		}
	}
}

func TestNoExplanationShowsACredential(t *testing.T) {
	docs, site, text := load(t, "harbor-lab.yaml")
	require.Contains(t, text, "not-a-real-secret")
	for _, field := range []string{"oob", "oob.credential"} {
		got, err := explain.Node(docs, site, "harbor-n1", field)
		require.NoError(t, err)
		data, err := json.Marshal(got)
		require.NoError(t, err)
		assert.NotContains(t, string(data), "not-a-real-secret")
		assert.Contains(t, string(data), "[redacted]")
	}
}

func TestWhatIsNotThereIsSaidWithWhatIs(t *testing.T) {
	docs, site, _ := load(t, "harbor-lab.yaml")
	var notFound *explain.NotFoundError
	_, err := explain.Node(docs, site, "harbor-n9", "platform.image")
	require.ErrorAs(t, err, &notFound)
	assert.Contains(t, err.Error(), "harbor-n1, harbor-n2")
	_, err = explain.Node(docs, site, "harbor-n1", "platform.imag")
	require.ErrorAs(t, err, &notFound)
	assert.Contains(t, err.Error(), "platform has image, kernel, kernel_params")
	for _, field := range []string{"", "data.", "a..b", "a[", `a["b`, "a[0]b", "[]"} {
		_, err = explain.Node(docs, site, "harbor-n1", field)
		assert.ErrorIs(t, err, explain.ErrField, field)
	}
}

func TestAFieldIsReadAsMessagesWriteIt(t *testing.T) {
	got, err := explain.ParseField(`data.platform.kernel_params["a.b"]`)
	require.NoError(t, err)
	assert.Equal(t, []string{"platform", "kernel_params", "a.b"}, got)
	got, err = explain.ParseField("interfaces.bond0.networks[0]")
	require.NoError(t, err)
	assert.Equal(t, []string{"interfaces", "bond0", "networks", "0"}, got)
}

func FuzzExplainNeverPanicsAndNeverShowsACredential(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("..", "testdata", "harbor-lab.yaml"))
	require.NoError(f, err)
	docs, _ := design.Parse(design.Source{Name: "site.yaml", Data: data})
	site, _ := design.Compile(docs)
	for _, field := range []string{"oob.credential", "interfaces.bond0.networks[0]", `platform.kernel_params["quiet"]`, "storage.physical_devices.os_disk.partitions[root].size", "addressing[3].x", "a[\""} {
		f.Add(field)
	}
	f.Fuzz(func(t *testing.T, field string) {
		got, err := explain.Node(docs, site, "harbor-n2", field)
		if err != nil {
			return
		}
		text, err := json.Marshal(got)
		require.NoError(t, err)
		assert.NotContains(t, string(text), "not-a-real-secret")
		assert.NotEmpty(t, got.Chain)
	})
}
