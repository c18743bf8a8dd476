package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"drydock/design"
)

func TestValidateOfAValidDesign(t *testing.T) {
	h := newHarness(t)
	text := h.run(t, "design", "validate", "site.yaml")
	require.Equal(t, ExitDone, text.code, text.out+text.err)
	assert.Regexp(t, `^site \S+ is valid: 12 nodes, 0 errors, \d+ warnings?\n$`, text.err)

	data := h.run(t, "design", "validate", h.design, "-o", "json")
	require.Equal(t, ExitDone, data.code, data.err)
	var answer checked
	require.NoError(t, json.Unmarshal([]byte(data.out), &answer))
	assert.True(t, answer.Valid)
	assert.Equal(t, 12, answer.Documents[design.KindBaremetalNode])
	assert.Regexp(t, `^sha256:[0-9a-f]{64}$`, answer.Digest)
	assert.Empty(t, data.err)
}

func TestValidateOfAnInvalidDesignTellsFileAndLine(t *testing.T) {
	h := newHarness(t)
	path := filepath.Join(h.Dir, "wrong.yaml")
	require.NoError(t, os.WriteFile(path, []byte("---\nschema: drydock/Network/v1\nmetadata: {name: oob}\ndata: {cidr: nonsense}\n"), 0o600))
	text := h.run(t, "design", "validate", path)
	assert.Equal(t, ExitInvalidDesign, text.code)
	assert.Contains(t, text.out, path+"\n  4:14: error: Network oob: data.cidr is \"nonsense\", which is not a network in CIDR form [DD2006 cidr-validity]\n"+
		"    4 | data: {cidr: nonsense}\n      |              ^\n      = write a network such as 10.1.2.0/24\n")
	assert.Contains(t, text.err, " is invalid: ")

	data := h.run(t, "design", "validate", path, "-o", "json")
	assert.Equal(t, ExitInvalidDesign, data.code)
	var answer checked
	require.NoError(t, json.Unmarshal([]byte(data.out), &answer))
	assert.False(t, answer.Valid)
	assert.NotEmpty(t, answer.Messages.Errors())

	render := h.run(t, "design", "render", path)
	assert.Equal(t, ExitInvalidDesign, render.code)
	assert.Contains(t, render.err, "error: the design is invalid")
	assert.Contains(t, render.err, path+":4: error: ")
	assert.Empty(t, render.out)
}

func TestValidateReadsStandardInput(t *testing.T) {
	h := newHarness(t)
	text, err := os.ReadFile(h.design)
	require.NoError(t, err)
	h.In = bytes.NewReader(text)
	got := h.run(t, "design", "validate", "-")
	assert.Equal(t, ExitDone, got.code, got.out+got.err)
}

func TestADesignThatCannotBeReadIsBadInput(t *testing.T) {
	got := newHarness(t).run(t, "design", "validate", "none.yaml")
	assert.Equal(t, ExitUsage, got.code)
	assert.Contains(t, got.err, "none.yaml")
	assert.Empty(t, got.out)
}

func TestRenderShowsOneNodeAsYAMLAndJSON(t *testing.T) {
	h := newHarness(t)
	all := h.run(t, "design", "render", h.design)
	require.Equal(t, ExitDone, all.code, all.err)
	rendered := filepath.Join(t.TempDir(), "rendered.yaml")
	require.NoError(t, os.WriteFile(rendered, []byte(all.out), 0o600))
	valid := h.run(t, "design", "validate", rendered)
	require.Equal(t, ExitDone, valid.code, valid.out)
	assert.Contains(t, valid.err, "12 nodes, 0 errors")
	again := h.run(t, "design", "render", rendered)
	assert.Equal(t, all.out, again.out)

	const name = "worker-a03"
	alone := h.run(t, "design", "render", h.design, "--node", name)
	require.Equal(t, ExitDone, alone.code, alone.err)
	var doc struct {
		Schema   string
		Metadata struct{ Name string }
	}
	require.NoError(t, yaml.Unmarshal([]byte(alone.out), &doc))
	assert.Equal(t, "drydock/BaremetalNode/v1 "+name, doc.Schema+" "+doc.Metadata.Name)
	one := h.run(t, "design", "render", h.design, "--node", name, "-o", "json")
	require.Equal(t, ExitDone, one.code, one.err)
	var data struct {
		Nodes []struct {
			Name string `json:"name"`
		} `json:"nodes"`
	}
	require.NoError(t, json.Unmarshal([]byte(one.out), &data))
	require.Len(t, data.Nodes, 1)
	assert.Equal(t, name, data.Nodes[0].Name)

	none := h.run(t, "design", "render", h.design, "--node", "nobody")
	assert.Equal(t, ExitConflict, none.code)
	assert.Contains(t, none.err, "no node of that name")
}

func TestRenderTellsNoSecret(t *testing.T) {
	h := newHarness(t)
	text, err := os.ReadFile(h.design)
	require.NoError(t, err)
	var secrets []string
	for line := range strings.SplitSeq(string(text), "\n") {
		if _, value, ok := strings.Cut(line, "credential: "); ok {
			secrets = append(secrets, strings.Trim(value, `"' `))
		}
	}
	require.NotEmpty(t, secrets, "the example has credentials")
	for _, format := range []string{"yaml", "json"} {
		got := h.run(t, "design", "render", h.design, "-o", format)
		require.Equal(t, ExitDone, got.code, got.err)
		for _, s := range secrets {
			assert.NotContains(t, got.out, s)
		}
	}
}
