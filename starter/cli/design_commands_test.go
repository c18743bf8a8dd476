package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/diff"
	"drydock/design/explain"
	"drydock/design/validate"
)

func TestExplainShowsTheChainOfDocuments(t *testing.T) {
	h := newHarness(t)
	h.write(t, "lab.yaml", lab(t))
	text := h.run(t, "design", "explain", "lab.yaml", "--node", "harbor-n2", "metadata.owner_data.role")
	require.Equal(t, ExitDone, text.code, text.err)
	assert.Equal(t, "metadata.owner_data.role of node harbor-n2: worker\n\n"+
		"document            at            effect    value    instead of\n"+
		"HostProfile worker  lab.yaml:138  replaces  worker   generic of HostProfile base\n"+
		"HostProfile base    lab.yaml:126  sets      generic\n", text.out)
	assert.Empty(t, text.err)

	list := h.run(t, "design", "explain", "lab.yaml", "--node", "harbor-n2", "interfaces.bond0.networks")
	assert.Contains(t, list.out, `interfaces.bond0.networks of node harbor-n2: ["mgmt"]`)
	assert.Contains(t, list.out, `BaremetalNode harbor-n2  lab.yaml:156  merges  ["!storage"]`)
	assert.Contains(t, list.out, `interfaces.bond0.networks[0]  mgmt   HostProfile base  lab.yaml:106`)

	data := h.run(t, "design", "explain", "lab.yaml", "--node", "harbor-n2", "platform.kernel_params.quiet", "-o", "json")
	require.Equal(t, ExitDone, data.code, data.err)
	var e explain.Explanation
	require.NoError(t, json.Unmarshal([]byte(data.out), &e))
	assert.Nil(t, e.Value)
	assert.Equal(t, explain.Removes, e.Chain[0].Effect)
	assert.Equal(t, true, e.Chain[0].Overrode.Value)
}

func TestExplainSaysWhatItCannotExplain(t *testing.T) {
	h := newHarness(t)
	h.write(t, "lab.yaml", lab(t))
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"an unknown node":     {[]string{"lab.yaml", "--node", "n9", "platform.image"}, ExitConflict, "harbor-n1, harbor-n2"},
		"an unknown field":    {[]string{"lab.yaml", "--node", "harbor-n1", "platform.imag"}, ExitConflict, "platform has image, kernel"},
		"no field":            {[]string{"lab.yaml", "--node", "harbor-n1"}, ExitUsage, "at least 2 arg"},
		"no node":             {[]string{"lab.yaml", "platform.image"}, ExitUsage, "node"},
		"a field that is odd": {[]string{"lab.yaml", "--node", "harbor-n1", "a..b"}, ExitUsage, "a key is empty"},
		"an unreadable path":  {[]string{"none.yaml", "--node", "harbor-n1", "platform"}, ExitUsage, "none.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			got := h.run(t, append([]string{"design", "explain"}, c.args...)...)
			assert.Equal(t, c.code, got.code, got.err)
			assert.Contains(t, got.err, c.says)
			assert.Empty(t, got.out)
		})
	}
}

func TestExplainHidesCredentials(t *testing.T) {
	h := newHarness(t)
	h.write(t, "lab.yaml", lab(t))
	for _, format := range []string{"text", "json"} {
		got := h.run(t, "design", "explain", "lab.yaml", "--node", "harbor-n2", "oob", "-o", format)
		assert.Equal(t, ExitDone, got.code)
		assert.NotContains(t, got.out, "not-a-real-secret")
		assert.Contains(t, got.out, "[redacted]")
	}
}

func TestDiffShowsWhatChangesOnEachMachine(t *testing.T) {
	h := newHarness(t)
	h.write(t, "a.yaml", lab(t))
	h.write(t, "b.yaml", lab(t, "{network: mgmt, address: 10.40.3.12}", "{network: mgmt, address: 10.40.3.13}", "tags: [control]", "tags: [control, new]", "components: [stable]", "components: [next]"))
	text := h.run(t, "design", "diff", "a.yaml", "b.yaml")
	require.Equal(t, ExitDone, text.code, text.err)
	assert.Contains(t, text.out, "node harbor-n1: changed\n  area  field  from          to                 redeploy\n  tags  tags   control, lab  control, lab, new  no\n")
	assert.Contains(t, text.out, "node harbor-n2: changed, needs to be deployed again\n")
	assert.Contains(t, text.out, "  network  bond0.mgmt.address  10.40.3.12  10.40.3.13  yes\n")
	assert.Contains(t, text.out, "site: changed, takes effect with prepare-site\n")
	assert.Equal(t, "2 nodes, 1 to be deployed\n", text.err)

	data := h.run(t, "design", "diff", "a.yaml", "b.yaml", "-o", "json")
	require.Equal(t, ExitDone, data.code, data.err)
	var report diff.Report
	require.NoError(t, json.Unmarshal([]byte(data.out), &report))
	require.Len(t, report.Nodes, 2)
	assert.False(t, report.Nodes[0].Redeploy)
	assert.True(t, report.Nodes[1].Redeploy)

	same := h.run(t, "design", "diff", "a.yaml", "a.yaml")
	assert.Equal(t, ran{ExitDone, "", "no machine changes\n"}, same)
}

func TestDiffRefusesAnInvalidDesign(t *testing.T) {
	h := newHarness(t)
	h.write(t, "a.yaml", lab(t))
	h.write(t, "b.yaml", lab(t, "size: 40g", "size: 4g"))
	got := h.run(t, "design", "diff", "a.yaml", "b.yaml")
	assert.Equal(t, ExitInvalidDesign, got.code)
	assert.Contains(t, got.err, "b.yaml:112: error: ")
	assert.Equal(t, ExitUsage, h.run(t, "design", "diff", "a.yaml").code)
}

func TestRulesAreListedWithTheirReasons(t *testing.T) {
	h := newHarness(t)
	table := h.run(t, "design", "rules")
	require.Equal(t, ExitDone, table.code)
	data := h.run(t, "design", "rules", "-o", "json")
	var entries []validate.Entry
	require.NoError(t, json.Unmarshal([]byte(data.out), &entries))
	assert.Equal(t, validate.Catalog(), entries)
	for _, e := range entries {
		assert.Contains(t, table.out, e.Slug)
		assert.Contains(t, table.out, e.Why)
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "design", "rules.md"))
	require.NoError(t, err)
	assert.Equal(t, string(page), h.run(t, "design", "rules", "-o", "markdown").out)
}

func TestSchemaPrintsASchemaThatAValidatorReads(t *testing.T) {
	h := newHarness(t)
	for _, kind := range []string{design.KindNetwork, "baremetalnode"} {
		got := h.run(t, "design", "schema", kind)
		require.Equal(t, ExitDone, got.code, got.err)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(got.out)))
		require.NoError(t, err)
		c := jsonschema.NewCompiler()
		require.NoError(t, c.AddResource("kind.json", doc))
		s, err := c.Compile("kind.json")
		require.NoError(t, err)
		assert.Equal(t, 2020, s.DraftVersion)
	}
	unknown := h.run(t, "design", "schema", "node")
	assert.Equal(t, ExitUsage, unknown.code)
	assert.Contains(t, unknown.err, strings.Join(design.Kinds(), ", "))
}

func TestNodesAndKindsAreCompleted(t *testing.T) {
	h := newHarness(t)
	h.write(t, "lab.yaml", lab(t))
	for _, verb := range []string{"explain", "render"} {
		assert.Contains(t, h.run(t, "__complete", "design", verb, "lab.yaml", "--node", "").out, "harbor-n1\nharbor-n2\n")
	}
	assert.Contains(t, h.run(t, "__complete", "design", "schema", "").out, "BaremetalNode\n")
}
