package design_test

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"drydock/design"
)

func digest(t *testing.T, text string) string {
	t.Helper()
	docs, messages := design.Parse(source(text))
	require.Empty(t, messages.Errors())
	return docs.Digest()
}

var designs = []string{"airsloop.yaml", "seaworthy.yaml", "seaworthy-virt.yaml", "harbor-lab.yaml"}

func TestTheCanonicalFormIsTheSameDesign(t *testing.T) {
	for _, name := range designs {
		t.Run(name, func(t *testing.T) {
			docs, _ := design.Parse(design.Source{Name: name, Data: testdata(t, name)})
			site, _ := design.Compile(docs)
			again, messages := design.Parse(design.Source{Name: "canonical", Data: docs.Canonical()})
			require.Empty(t, messages)
			assert.Equal(t, string(docs.Canonical()), string(again.Canonical()))
			assert.Equal(t, docs.Digest(), again.Digest())
			assert.Equal(t, docs.Counts(), again.Counts())
			siteAgain, _ := design.Compile(again)
			assert.Equal(t, site, siteAgain)
			assert.Regexp(t, regexp.MustCompile(`^sha256:[0-9a-f]{64}$`), site.Digest)
			assert.NotContains(t, string(docs.Canonical()), "layeringDefinition")
		})
	}
}

func TestTheDigestDoesNotDependOnOrderCommentsAndFormat(t *testing.T) {
	for _, name := range designs {
		t.Run(name, func(t *testing.T) {
			data := testdata(t, name)
			original := digest(t, string(data))
			var documents []string
			decoder := yaml.NewDecoder(bytes.NewReader(data))
			for {
				var n yaml.Node
				if decoder.Decode(&n) != nil {
					break
				}
				turnAround(&n)
				n.HeadComment = "a comment"
				out, err := yaml.Marshal(&n)
				require.NoError(t, err)
				documents = append(documents, string(out))
			}
			slices.Reverse(documents)
			assert.Equal(t, original, digest(t, "# head\n"+strings.Join(documents, "---\n")))
		})
	}
}

// turnAround reverses the keys of all mappings and changes between block and flow style.
func turnAround(n *yaml.Node) {
	for _, c := range n.Content {
		turnAround(c)
	}
	if n.Kind == yaml.MappingNode {
		slices.Reverse(n.Content)
		for i := 0; i+1 < len(n.Content); i += 2 {
			n.Content[i], n.Content[i+1] = n.Content[i+1], n.Content[i]
		}
		n.Style ^= yaml.FlowStyle
	}
}

func TestTheDigestDependsOnEveryValue(t *testing.T) {
	base := document("Network", "n", "  cidr: 10.0.0.0/24\n  dns: {domain: a, servers: '1.1.1.1,2.2.2.2'}")
	for name, other := range map[string]string{
		"another address":        strings.Replace(base, "10.0.0.0", "10.0.1.0", 1),
		"another name":           strings.Replace(base, "name: n", "name: m", 1),
		"another order of text":  strings.Replace(base, "1.1.1.1,2.2.2.2", "2.2.2.2,1.1.1.1", 1),
		"one field more":         strings.Replace(base, "  dns", "  mtu: 1500\n  dns", 1),
		"another document":       base + document("Rack", "r", "  {}"),
		"another kind of scalar": strings.Replace(base, "domain: a", "domain: 'null'", 1),
	} {
		t.Run(name, func(t *testing.T) {
			assert.NotEqual(t, digest(t, base), digest(t, other))
		})
	}
	credential := func(s string) string { return document("HostProfile", "p", "  oob: {credential: "+s+"}") }
	assert.NotEqual(t, digest(t, credential("one")), digest(t, credential("two")), "a design with another credential is another design")
	list := func(s string) string { return document("HostProfile", "p", "  metadata: {tags: ["+s+"]}") }
	assert.NotEqual(t, digest(t, list("a, b")), digest(t, list("b, a")), "the order of a list has a meaning")
}

func TestEveryTextSurvivesTheCanonicalForm(t *testing.T) {
	for _, text := range []string{"plain", "null", "~", "yes", "on", "12", "0x1f", "1e3", "", " blank ", "a\nb\n", "\ttab", `"quoted" \ slash`, "- item",
		"a: b", "# no comment", "é ü 日本 🚢", "\u0085next\u2028line\ufeff", "\x7f\u0080", "!tag", "&a", "*a", "{{ node.hostname }}", "%", "---", "12:30:45", "2001-01-01", ".inf", "true", "\r\n"} {
		encoded, err := yaml.Marshal(map[string]string{"labels": text})
		require.NoError(t, err)
		docs, messages := design.Parse(source("schema: drydock/Rack/v1\nmetadata: {name: r}\ndata:\n  labels:\n    key: " + strings.TrimPrefix(strings.ReplaceAll(string(encoded), "\n", "\n    "), "labels: ")))
		require.Empty(t, messages, "%q", text)
		site, _ := design.Compile(docs)
		again, messages := design.Parse(design.Source{Name: "canonical", Data: docs.Canonical()})
		require.Empty(t, messages, "%q", text)
		siteAgain, _ := design.Compile(again)
		assert.Equal(t, text, site.Racks[0].Labels["key"])
		assert.Equal(t, text, siteAgain.Racks[0].Labels["key"])
	}
}

func TestOfSeveralRegionsTheLastIsTheDesign(t *testing.T) {
	a, b := document("Region", "a", "  authorized_keys: [a]"), document("Region", "b", "  authorized_keys: [b]")
	docs, _ := design.Parse(source(b + a))
	site, _ := design.Compile(docs)
	assert.Equal(t, "a", site.Name)
	assert.Equal(t, digest(t, a), docs.Digest())
}
