package cli

import (
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"drydock/design/build"
	"drydock/design/verify"
	"drydock/starter"
	"drydock/workflows"
)

func verified() workflows.NodeRecord {
	return workflows.NodeRecord{Site: "harbor", Node: build.Node{
		Name: "n1", Task: "t1", LeftAs: "deploy failed at DeployNode",
		Identity:    build.Identity{Serial: "4F7X", UUID: "4c4c4544-0000-1000-8000-000000000001", Manufacturer: "Dell Inc.", Model: "R740", MACs: []string{"aa:00:00:00:00:01", "aa:00:00:00:00:02"}},
		OOB:         build.OOB{Power: build.PowerOn, ObservedAt: start},
		Provisioner: build.Provisioner{Status: build.StatusReady, ObservedAt: start},
		Verification: &build.Verification{At: start.Add(time.Hour), Level: verify.Present, Rows: []build.Check{
			{Name: "vendor", Designed: "DELL", Found: "Dell Inc.", Verdict: verify.Match},
			{Name: "bios_version", Designed: "at least 2.9.1", Found: "2.8.0", Verdict: verify.Violation},
			{Name: "boot_mode", Designed: "uefi", Found: "bios", Verdict: verify.Mismatch},
			{Name: "drive:S1", Designed: "not failed", Found: "Critical\x1b[2J", Verdict: verify.Waived, Waiver: "violation waived: spare ordered"},
			{Name: "alias:nic", Designed: "pci@0000:41:00.0", Verdict: verify.Unknown},
		}},
	}}
}

func TestNodeShowPrintsTheTable(t *testing.T) {
	h := newHarness(t)
	h.memory.node = verified()
	r := h.run(t, "node", "show", "n1")
	require.Equal(t, ExitDone, r.code, r.err)
	for _, line := range []string{
		`node +n1`, `site +harbor`, `machine +Dell Inc\. R740, serial number 4F7X, UUID 4c4c4544-0000-1000-8000-000000000001`,
		`MACs +aa:00:00:00:00:01 aa:00:00:00:00:02`, `power +on, 2h ago`, `bootstrapper +ready, 2h ago`, `task +t1`,
		`left as +deploy failed at DeployNode`, `verified +present, 1h ago`,
		`CHECK +DESIGNED +FOUND +VERDICT`, `vendor +DELL +Dell Inc\. +match`, `bios_version +at least 2\.9\.1 +2\.8\.0 +violation`,
		`boot_mode +uefi +bios +mismatch`, `drive:S1 +not failed +Critical·\[2J +violation waived: spare ordered`, `alias:nic +pci@0000:41:00\.0 +- +unknown`,
		`5 checks, 1 match, 1 unknown, 1 mismatch, 1 violation, 1 waived`,
	} {
		assert.Regexp(t, `(?m)^`+line+`$`, r.out)
	}
	assert.NotContains(t, r.out, "\x1b", "no colour without a terminal, and none that a BMC sends")
}

func TestNodeShowColoursVerdictsOnATerminal(t *testing.T) {
	h := newHarness(t)
	h.memory.node = verified()
	h.Terminal = func(io.Writer) (int, int, bool) { return 120, 40, true }
	r := h.run(t, "node", "show", "n1")
	require.Equal(t, ExitDone, r.code, r.err)
	seen := map[string]bool{}
	for _, r := range verified().Verification.Rows {
		colours := verdictColors[r.Verdict]
		require.NotEmpty(t, colours, r.Verdict)
		word := r.Verdict
		if r.Waiver != "" {
			word = r.Waiver
		}
		painted := colours.Sprint(word)
		require.NotEqual(t, word, painted)
		seen[painted] = true
	}
	for painted := range seen {
		assert.Contains(t, r.out, painted)
	}
	h.Environ = []string{"NO_COLOR=1"}
	assert.NotContains(t, h.run(t, "node", "show", "n1").out, "\x1b")
}

func TestNodeShowAsData(t *testing.T) {
	h := newHarness(t)
	h.memory.node = verified()
	var byJSON workflows.NodeRecord
	require.NoError(t, json.Unmarshal([]byte(h.run(t, "node", "show", "n1", "-o", "json").out), &byJSON))
	assert.Equal(t, verified(), byJSON)
	var byYAML struct {
		Site         string
		Verification struct{ Rows []map[string]string }
	}
	require.NoError(t, yaml.Unmarshal([]byte(h.run(t, "node", "show", "n1", "-o", "yaml").out), &byYAML))
	assert.Equal(t, "harbor", byYAML.Site)
	require.Len(t, byYAML.Verification.Rows, 5)
	assert.Equal(t, "violation waived: spare ordered", byYAML.Verification.Rows[3]["waiver"])
}

func TestNodeShowOfWhatIsNotKnown(t *testing.T) {
	h := newHarness(t)
	h.memory.node = workflows.NodeRecord{Site: "harbor", Node: build.Node{Name: "n1"}}
	r := h.run(t, "node", "show", "n1")
	assert.Equal(t, ExitDone, r.code)
	assert.Regexp(t, `(?m)^machine +not identified yet$`, r.out)
	assert.NotContains(t, r.out, "CHECK")
	assert.Contains(t, r.err, "drydock task run verify-nodes --node n1")

	r = h.run(t, "node", "show", "n9")
	assert.Equal(t, ExitConflict, r.code)
	assert.Contains(t, r.err, "error: show node n9")
	r = h.run(t, "node", "show")
	assert.Equal(t, ExitUsage, r.code)
	assert.Contains(t, r.err, "say which node")
}

func TestNodeForgetWantsToBeMeant(t *testing.T) {
	h := newHarness(t)
	h.memory.node = verified()
	r := h.run(t, "node", "forget", "n1")
	assert.Equal(t, ExitUsage, r.code)
	assert.Contains(t, r.err, "serial number 4F7X", "it says what would be forgotten")
	assert.Contains(t, r.err, "--yes")
	assert.Empty(t, h.memory.forgot)

	r = h.run(t, "node", "forget", "n1", "--yes", "--reason", "mainboard replaced")
	assert.Equal(t, ExitDone, r.code, r.err)
	assert.Equal(t, []workflows.Forgetting{{NodeRef: workflows.NodeRef{Site: "harbor", Node: "n1"}, By: "operator", Reason: "mainboard replaced"}}, h.memory.forgot)
	assert.Contains(t, r.err, "serial number 4F7X")
	assert.Contains(t, r.err, "verify-nodes --node n1")
	assert.Empty(t, r.out)

	h.memory.err = &starter.Error{Kind: starter.Conflict, Text: "forget node n1: a task works on it"}
	assert.Equal(t, ExitConflict, h.run(t, "node", "forget", "n1", "--yes").code)
}
