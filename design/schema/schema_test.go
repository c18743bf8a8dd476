package schema_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"drydock/design"
	"drydock/design/schema"
)

// validators compiles the schemas with a validator that is not ours.
func validators(t testing.TB) map[string]*jsonschema.Schema {
	t.Helper()
	out := make(map[string]*jsonschema.Schema)
	for _, kind := range design.Kinds() {
		text, err := schema.Of(kind)
		require.NoError(t, err)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		require.NoError(t, err)
		c := jsonschema.NewCompiler()
		require.NoError(t, c.AddResource(kind+".json", doc))
		out[kind], err = c.Compile(kind + ".json")
		require.NoError(t, err)
	}
	return out
}

// documents are those of an example, as trees, with their kinds.
func documents(t testing.TB, path string) map[*yaml.Node]string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	out := make(map[*yaml.Node]string)
	for d := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var n yaml.Node
		if err := d.Decode(&n); err != nil {
			break
		}
		var envelope struct{ Schema string }
		require.NoError(t, n.Decode(&envelope))
		if parts := strings.Split(envelope.Schema, "/"); len(parts) == 3 && parts[0] == "drydock" {
			out[&n] = parts[1]
		}
	}
	require.NotEmpty(t, out)
	return out
}

// asJSON is a document as an editor sees it: dates are text, numbers are numbers.
func asJSON(t testing.TB, n *yaml.Node) any {
	t.Helper()
	var v any
	require.NoError(t, n.Decode(&v))
	return withoutTimes(v)
}

func withoutTimes(v any) any {
	switch x := v.(type) {
	case time.Time:
		return x.String()
	case map[string]any:
		for k := range x {
			x[k] = withoutTimes(x[k])
		}
	case []any:
		for i := range x {
			x[i] = withoutTimes(x[i])
		}
	}
	return v
}

func examples(t testing.TB) []string {
	t.Helper()
	out := []string{filepath.Join("..", "..", "deploy", "examples", "harbor.yaml")}
	for _, name := range []string{"harbor-lab", "airsloop", "seaworthy", "seaworthy-virt"} {
		out = append(out, filepath.Join("..", "testdata", name+".yaml"))
	}
	return out
}

func TestAnEditorsValidatorAcceptsThePublicDesigns(t *testing.T) {
	all := validators(t)
	seen := make(map[string]bool)
	for _, path := range examples(t) {
		for n, kind := range documents(t, path) {
			seen[kind] = true
			assert.NoError(t, all[kind].Validate(asJSON(t, n)), "%s, line %d", path, n.Line)
		}
	}
	assert.Len(t, seen, len(design.Kinds()), "the examples have documents of every kind")
}

// ofTheForm are the rules of the reader that a schema knows of.
var ofTheForm = []string{"unknown-field", "wrong-type", "wrong-value", "missing-field", "document-envelope"}

// refused reports whether the reader finds a fault of form in a document.
func refused(t testing.TB, n *yaml.Node) (design.Messages, bool) {
	t.Helper()
	text, err := yaml.Marshal(n)
	require.NoError(t, err)
	_, messages := design.Parse(design.Source{Name: "x", Data: text})
	return messages, slices.ContainsFunc(messages, func(m design.Message) bool { return slices.Contains(ofTheForm, m.Rule) })
}

// Every value of an example is replaced by each of these, one at a time.
var replacements = []string{"7", "1.5", "true", "word", "'!'", "-1", "[x]", "{}", "null"}

// TestAnEditorAgreesWithTheReader changes every value of a document of every kind in every way above, adds an unknown key to every
// mapping and takes every key away, and compares the two verdicts.
func TestAnEditorAgreesWithTheReader(t *testing.T) {
	all := validators(t)
	compared, wrong := 0, 0
	for kind, doc := range largest(t, documents(t, filepath.Join("..", "testdata", "harbor-lab.yaml"))) {
		eachChange(mapping(doc.Content[0], "data"), func(what string) {
			messages, ours := refused(t, doc)
			theirs := all[kind].Validate(asJSON(t, doc)) != nil
			compared++
			if ours {
				wrong++
			}
			require.Equal(t, ours, theirs, "%s: %s: reader says %v", kind, what, messages)
		})
	}
	assert.Greater(t, compared, 1000)
	assert.Greater(t, wrong, compared/4)
	assert.Less(t, wrong, compared)
}

// largest is the document of each kind that says most.
func largest(t testing.TB, all map[*yaml.Node]string) map[string]*yaml.Node {
	t.Helper()
	out, size := make(map[string]*yaml.Node), make(map[string]int)
	for doc, kind := range all {
		text, err := yaml.Marshal(doc)
		require.NoError(t, err)
		if len(text) > size[kind] {
			out[kind], size[kind] = doc, len(text)
		}
	}
	return out
}

// eachChange makes one change after another below a value, and takes each back.
func eachChange(n *yaml.Node, look func(what string)) {
	for i, c := range n.Content {
		isKey := n.Kind == yaml.MappingNode && i%2 == 0
		if isKey {
			continue
		}
		for _, r := range replacements {
			var other yaml.Node
			if err := yaml.Unmarshal([]byte(r), &other); err != nil {
				panic(err)
			}
			n.Content[i] = other.Content[0]
			look(fmt.Sprintf("line %d is %s", c.Line, r))
		}
		n.Content[i] = c
		eachChange(c, look)
	}
	if n.Kind != yaml.MappingNode {
		return
	}
	before := n.Content
	n.Content = append(slices.Clone(before), &yaml.Node{Kind: yaml.ScalarNode, Value: "unheard_of"}, &yaml.Node{Kind: yaml.ScalarNode, Value: "x"})
	look(fmt.Sprintf("line %d has another key", n.Line))
	for i := 0; i < len(before); i += 2 {
		n.Content = slices.Delete(slices.Clone(before), i, i+2)
		look(fmt.Sprintf("line %d has no %s", n.Line, before[i].Value))
	}
	n.Content = before
}

func mapping(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return &yaml.Node{}
}

func TestASchemaKnowsTheEnvelope(t *testing.T) {
	all := validators(t)
	for name, c := range map[string]struct {
		text  string
		valid bool
	}{
		"a whole document":          {"{schema: drydock/Rack/v1, metadata: {name: r}, data: {}}", true},
		"layering metadata is fine": {"{schema: drydock/Rack/v1, metadata: {name: r, layeringDefinition: {layer: site}}, data: {}}", true},
		"another kind":              {"{schema: drydock/Region/v1, metadata: {name: r}, data: {}}", false},
		"no name":                   {"{schema: drydock/Rack/v1, metadata: {}, data: {}}", false},
		"no data":                   {"{schema: drydock/Rack/v1, metadata: {name: r}}", false},
		"another key":               {"{schema: drydock/Rack/v1, metadata: {name: r}, data: {}, date: {}}", false},
	} {
		t.Run(name, func(t *testing.T) {
			var n yaml.Node
			require.NoError(t, yaml.Unmarshal([]byte(c.text), &n))
			assert.Equal(t, c.valid, all[design.KindRack].Validate(asJSON(t, &n)) == nil)
		})
	}
}

func TestAKindIsFoundInAnyCaseOrRefusedByName(t *testing.T) {
	assert.Equal(t, design.KindBaremetalNode, schema.Kind("baremetalnode"))
	_, err := schema.Of(schema.Kind("nodes"))
	require.Error(t, err)
	assert.Contains(t, err.Error(), `"nodes"`)
	assert.Contains(t, err.Error(), "BaremetalNode, BootAction")
}

func TestASchemaMarksCredentials(t *testing.T) {
	text, err := schema.Of(design.KindHostProfile)
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(string(text), `"writeOnly": true`))
}
