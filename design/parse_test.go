package design_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
)

// testdata reads a design of the test data.
func testdata(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return data
}

func source(text string) design.Source { return design.Source{Name: "site.yaml", Data: []byte(text)} }

// document is a document around data, which begins on line 4.
func document(kind, name, data string) string {
	return "schema: drydock/" + kind + "/v1\nmetadata: {name: " + name + "}\ndata:\n" + data + "\n---\n"
}

// compile reads a design and expects it to be without errors.
func compile(t testing.TB, text string) *design.Site {
	t.Helper()
	docs, messages := design.Parse(source(text))
	site, more := design.Compile(docs)
	require.Empty(t, append(messages, more...).Errors())
	return site
}

func TestParseReportsMistakesWithFileAndLine(t *testing.T) {
	network := func(data string) string { return document("Network", "n", data) }
	tests := map[string]struct {
		text   string
		rule   string
		line   int
		path   string
		level  design.Level
		within string // of the text or hint
	}{
		"a line without a colon is no YAML":                     {"schema: drydock/Network/v1\nmetadata:\n  name: n\n  foo\ndata: {}\n", "yaml-syntax", 4, "", design.LevelError, "not valid YAML"},
		"a tab can't indent":                                    {"schema: x\nmetadata:\n\tname: n\n", "yaml-syntax", 3, "", design.LevelError, "not valid YAML"},
		"a bracket stays open":                                  {"schema: x\nlist: [a, b\nother: 1\n", "yaml-syntax", 2, "", design.LevelError, "not valid YAML"},
		"a quote stays open":                                    {"schema: x\nname: \"n\nother: 1\n", "yaml-syntax", 2, "", design.LevelError, "not valid YAML"},
		"a second document is broken":                           {network("  cidr: 10.0.0.0/24") + "a: b: c\n", "yaml-syntax", 6, "", design.LevelError, "mapping values"},
		"an alias refers to nothing":                            {"schema: x\nname: *nothing\n", "yaml-syntax", 2, "", design.LevelError, "alias"},
		"an alias contains itself":                              {"a: &a\n  b: *a\n", "yaml-syntax", 1, "", design.LevelError, "contains the alias"},
		"a document is a list":                                  {"- a\n- b\n", "document-envelope", 1, "", design.LevelError, "list"},
		"a document is an error page":                           {"\n<html>not found</html>\n", "document-envelope", 2, "", design.LevelError, "text"},
		"a document has no schema":                              {"metadata: {name: n}\ndata: {}\n", "document-without-schema", 1, "", design.LevelError, "schema"},
		"a schema has two parts":                                {"metadata: {name: n}\nschema: drydock/Network\n", "document-without-schema", 2, "schema", design.LevelError, "three parts"},
		"a namespace is misspelled":                             {"schema: drydok/Network/v1\n", "unknown-namespace", 1, "schema", design.LevelWarning, "did you mean drydock?"},
		"a kind is unknown":                                     {"schema: drydock/Netwerk/v1\nmetadata: {name: n}\n", "unknown-kind", 1, "schema", design.LevelError, "did you mean Network?"},
		"a version is unknown":                                  {"schema: drydock/Network/v2\nmetadata: {name: n}\n", "unknown-kind", 1, "schema", design.LevelError, `"v2"`},
		"a document has no name":                                {"schema: drydock/Network/v1\nmetadata: {}\ndata: {cidr: 10.0.0.0/24}\n", "missing-field", 1, "", design.LevelError, "no name"},
		"a name is a list":                                      {"schema: drydock/Network/v1\nmetadata:\n  name: [n]\ndata: {cidr: 10.0.0.0/24}\n", "wrong-type", 3, "metadata.name", design.LevelError, "not a text"},
		"a document has no data":                                {"schema: drydock/Rack/v1\nmetadata: {name: r}\n", "missing-field", 1, "", design.LevelError, "no data"},
		"data is text":                                          {"schema: drydock/Rack/v1\nmetadata: {name: r}\ndata: nothing\n", "wrong-type", 3, "data", design.LevelError, "mapping"},
		"a document has a further key":                          {"schema: drydock/Rack/v1\nmetadata: {name: r}\ndata: {}\ndatta: {}\n", "unknown-field", 4, "datta", design.LevelError, "did you mean data?"},
		"a name is taken":                                       {document("Rack", "r", "  {}") + document("Rack", "r", "  {}"), "duplicate-document", 7, "metadata.name", design.LevelError, "site.yaml:1"},
		"a field is unknown":                                    {network("  cidr: 10.0.0.0/24\n  mtuu: 1500"), "unknown-field", 5, "data.mtuu", design.LevelError, "did you mean mtu?"},
		"a nested field is unknown":                             {network("  cidr: 10.0.0.0/24\n  dns:\n    server: 10.0.0.1"), "unknown-field", 6, "data.dns.server", design.LevelError, "did you mean servers?"},
		"a required field is missing":                           {network("  mtu: 1500"), "missing-field", 4, "data", design.LevelError, "data.cidr is missing"},
		"a required field in a list is missing":                 {network("  cidr: 10.0.0.0/24\n  ranges:\n  - {type: dhcp, start: 10.0.0.1}"), "missing-field", 6, "data.ranges[0]", design.LevelError, "data.ranges[0].end"},
		"a field stands twice":                                  {network("  cidr: 10.0.0.0/24\n  cidr: 10.0.1.0/24"), "duplicate-key", 5, "data.cidr", design.LevelError, "first on line 4"},
		"a vlan is a number":                                    {network("  cidr: 10.0.0.0/24\n  vlan: 20"), "wrong-type", 5, "data.vlan", design.LevelError, "put it in quotes"},
		"a vlan is no number":                                   {network("  cidr: 10.0.0.0/24\n  vlan: twenty"), "wrong-value", 5, "data.vlan", design.LevelError, "string of digits"},
		"an mtu is text":                                        {network("  cidr: 10.0.0.0/24\n  mtu: '1500'"), "wrong-type", 5, "data.mtu", design.LevelError, "without quotes"},
		"an mtu is a fraction":                                  {network("  cidr: 10.0.0.0/24\n  mtu: 1500.5"), "wrong-type", 5, "data.mtu", design.LevelError, "whole number"},
		"a list is a text":                                      {network("  cidr: 10.0.0.0/24\n  ranges: none"), "wrong-type", 5, "data.ranges", design.LevelError, "list"},
		"a mapping is null":                                     {network("  cidr: 10.0.0.0/24\n  dns:"), "wrong-type", 5, "data.dns", design.LevelError, "leave the key out"},
		"a word is unknown":                                     {network("  cidr: 10.0.0.0/24\n  ranges:\n  - {type: dynamic, start: 10.0.0.1, end: 10.0.0.2}"), "wrong-value", 6, "data.ranges[0].type", design.LevelError, "static, dhcp, reserved"},
		"a bond mode is unknown":                                {document("NetworkLink", "l", "  allowed_networks: []\n  bonding: {mode: balanced-rr}"), "wrong-value", 5, "data.bonding.mode", design.LevelError, "balance-rr"},
		"a link allows nothing":                                 {document("NetworkLink", "l", "  mtu: 1500"), "missing-field", 4, "data", design.LevelError, "allowed_networks"},
		"a node has no addresses":                               {document("BaremetalNode", "n", "  host_profile: p"), "missing-field", 4, "data", design.LevelError, "addressing"},
		"a node has an empty list of addresses":                 {document("BaremetalNode", "n", "  addressing: []"), "missing-field", 4, "data.addressing", design.LevelError, "at least one"},
		"a removal has no quotes and so is a tag":               {document("BaremetalNode", "n", "  addressing: [{network: a, address: dhcp}]\n  metadata:\n    tags:\n    - !lab"), "wrong-type", 7, "data.metadata.tags[0]", design.LevelError, "needs quotes"},
		"a removal in a list has no quotes":                     {document("BaremetalNode", "n", "  interfaces:\n    e: {networks: [!lab]}"), "yaml-syntax", 5, "", design.LevelError, "needs quotes"},
		"a name steers the terminal":                            {document("Rack", "\"\\e[31m\"", "  foo: 1"), "unknown-field", 4, "data.foo", design.LevelError, `Rack "\x1b[31m"`},
		"a package stands twice in a list":                      {document("BootAction", "b", "  assets:\n  - {type: pkg_list, data: {a: null, a: 1.0-1}}"), "duplicate-key", 5, "data.assets[0].data.a", design.LevelError, "remove one"},
		"an asset has no type":                                  {document("BootAction", "b", "  assets:\n  - path: /a"), "missing-field", 5, "data.assets[0]", design.LevelError, "type"},
		"a path is relative":                                    {document("BootAction", "b", "  assets:\n  - {type: file, path: etc/a}"), "wrong-value", 5, "data.assets[0].path", design.LevelError, "absolute"},
		"permissions are a number":                              {document("BootAction", "b", "  assets:\n  - {type: file, path: /a, permissions: 0644}"), "wrong-type", 5, "data.assets[0].permissions", design.LevelError, "quotes"},
		"permissions are no digits":                             {document("BootAction", "b", "  assets:\n  - {type: file, path: /a, permissions: u+x}"), "wrong-value", 5, "data.assets[0].permissions", design.LevelError, "octal"},
		"a step of a pipeline is unknown":                       {document("BootAction", "b", "  assets:\n  - {type: file, path: /a, data_pipeline: [gzip]}"), "wrong-value", 5, "data.assets[0].data_pipeline[0]", design.LevelError, "base64_decode"},
		"a filter type is unknown":                              {document("BootAction", "b", "  node_filter:\n    filter_set_type: any"), "wrong-value", 5, "data.node_filter.filter_set_type", design.LevelError, "intersection"},
		"a repository has no address":                           {document("Region", "r", "  repositories:\n    tools: {repo_type: apt}"), "missing-field", 5, "data.repositories.tools", design.LevelError, "url"},
		"a path with a dot in a key can be read in one way":     {document("Rack", "r", "  labels:\n    a.b/c: []"), "wrong-type", 5, `data.labels["a.b/c"]`, design.LevelError, "text, a number or a boolean"},
		"a position counts the lines of documents before it":    {"# a comment\n\n---\n" + network("  cidr: 10.0.0.0/24") + network("  cidr: 7"), "wrong-type", 12, "data.cidr", design.LevelError, "quotes"},
		"a document after the end marker is not forgotten":      {"schema: other/Thing/v1\n...\nschema: drydock/Nothing/v1\n", "unknown-kind", 3, "schema", design.LevelError, "Nothing"},
		"windows line ends and a byte order mark do not matter": {"\xef\xbb\xbfschema: drydock/Rack/v1\r\nmetadata: {name: r}\r\ndata:\r\n  lables: {}\r\n", "unknown-field", 4, "data.lables", design.LevelError, "labels"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, messages := design.Parse(source(test.text))
			require.NotEmpty(t, messages)
			var found *design.Message
			for i, m := range messages {
				if m.Rule == test.rule {
					found = &messages[i]
					break
				}
			}
			require.NotNil(t, found, "messages: %v", messages)
			assert.Equal(t, test.line, found.Line, found.String())
			assert.Equal(t, test.path, found.Path)
			assert.Equal(t, test.level, found.Level)
			assert.Equal(t, "site.yaml", found.File)
			assert.Contains(t, found.Text+" "+found.Hint, test.within)
			assert.Positive(t, found.Column)
		})
	}
}

func TestASyntaxErrorHasLineAndColumn(t *testing.T) {
	for text, want := range map[string][2]int{
		"a: b: c\n":                                {1, 5},
		"# head\na: 1\nb:  x: y\n":                 {3, 6},
		"a: 1\nb: \"x\n":                           {2, 4},
		"---\n---\n---\nb: 1\n\tc: 2\n":            {5, 1},
		"{a: 1}\nb: 2\n":                           {2, 1},
		"[a]\nschema: drydock/Network/v1\n":        {2, 1},
		"a: *none\n":                               {1, 8},
		strings.Repeat("a: 1\n", 1000) + "b: c: d": {1001, 5},
	} {
		_, messages := design.Parse(source(text))
		require.NotEmpty(t, messages, text)
		assert.Equal(t, "yaml-syntax", messages[0].Rule, "%.50q", text)
		assert.Equal(t, want, [2]int{messages[0].Line, messages[0].Column}, "%.50q: %s", text, messages[0])
	}
}

func TestParsePassesOverWhatIsNotOurs(t *testing.T) {
	docs, messages := design.Parse(source("---\n---\n# nothing\n---\nschema: deckhand/Passphrase/v1\ndata: {a: [}\n---\nschema: deckhand/Passphrase/v1\ndata: secret\n---\n%YAML 1.2\n---\nnull\n---\n" + document("Rack", "r", "  {}")))
	require.Len(t, messages, 1, "only the document that is no YAML has a message")
	assert.Equal(t, "yaml-syntax", messages[0].Rule)
	assert.Equal(t, map[string]int{"Rack": 1}, docs.Counts())
}

func TestNothingIsDroppedInSilence(t *testing.T) {
	for name, text := range map[string]string{
		"what stands after a flow mapping":                    "{schema: other/Thing/v1}\nschema: drydock/Rack/v1\nmetadata: {name: r}\ndata: {}\n",
		"a second document after a line end of old":           "schema: other/Thing/v1\r---\rschema: drydock/Rack/v1\rmetadata: {name: r}\rdata: {}\r",
		"a document after a comment with a line end of old":   "# comment\rschema: drydock/Nothing/v1\r",
		"a document that begins right after its start marker": "---#\n",
	} {
		t.Run(name, func(t *testing.T) {
			docs, messages := design.Parse(source(text))
			assert.Empty(t, docs.All())
			assert.NotEmpty(t, messages.Errors())
		})
	}
}

func TestOneMistakeDoesNotHideTheNext(t *testing.T) {
	_, messages := design.Parse(
		design.Source{Name: "a.yaml", Data: []byte("a: b: c\n---\n" + document("Network", "n", "  cidr: 1\n  vlan: 2\n  foo: 3"))},
		design.Source{Name: "b.yaml", Data: []byte(document("Network", "m", "  mtu: x"))})
	var at []string
	for _, m := range messages {
		at = append(at, m.File+" "+m.Rule)
	}
	assert.ElementsMatch(t, []string{"a.yaml yaml-syntax", "a.yaml wrong-type", "a.yaml wrong-type", "a.yaml unknown-field",
		"b.yaml wrong-type", "b.yaml missing-field"}, at)
}

func TestMessagesHoldNoCredential(t *testing.T) {
	for _, credential := range []string{"*hunter2", "!hunter2", "[hunter2]", "{hunter2: x}", "hunter2: 4", "&hunter2", "'hunter2", "\"hunter2\nx", "@hunter2", "%hunter2", "| hunter2", "!!int hunter2", "!!float hunter2", "!!binary hunter2", "!!bool hunter2"} {
		t.Run(credential, func(t *testing.T) {
			docs, messages := design.Parse(source(document("HostProfile", "p", "  oob:\n    type: ipmi\n    credential: "+credential)))
			_, more := design.Compile(docs)
			for _, m := range append(messages, more...) {
				assert.NotContains(t, m.String(), "hunter2")
			}
		})
	}
}

func TestAliasesAndMergeKeysAreExpanded(t *testing.T) {
	site := compile(t, document("Network", "a", "  cidr: 10.0.0.0/24\n  labels: &l\n    one: 1\n    two: 2\n  ranges: &r []")+
		"schema: drydock/Network/v1\nmetadata: {name: b}\ndata:\n  cidr: &c 10.0.1.0/24\n  labels:\n    <<: {one: x, three: 3}\n    one: 1\n  dns: {domain: d}\n  routes:\n  - {subnet: *c, gateway: 10.0.1.1}\n")
	assert.Equal(t, map[string]string{"one": "1", "three": "3"}, site.Network("b").Labels)
	assert.Equal(t, "10.0.1.0/24", site.Network("b").Routes[0].Subnet.String())
}

func TestAliasesCannotGrowWithoutBound(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 9 {
		b.WriteString("a" + string(rune('1'+i)) + ": &a" + string(rune('1'+i)) + " [" + strings.Repeat("*a"+string(rune('0'+i))+", ", 9) + "]\n")
	}
	_, messages := design.Parse(source(b.String()))
	require.Len(t, messages, 1)
	assert.Contains(t, messages[0].Text, "more than 500000 values")
}
