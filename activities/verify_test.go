package activities_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/activities"
	"drydock/design/build"
	"drydock/design/verify"
	"drydock/drivers"
)

func TestVerifyHardware(t *testing.T) {
	failed := build.OOB{Health: build.HealthOK, Drives: []build.Drive{{Name: "Drive 0", Serial: "S0", Health: build.HealthCritical}}}
	spare := verify.Waiver{Nodes: []string{"n1"}, Checks: []string{"drive"}, Reason: "spare ordered"}
	for _, c := range []struct {
		name    string
		known   build.Node
		waivers []verify.Waiver
		fails   string   // what the failure says; "" for success
		says    []string // parts of the messages
	}{
		{"a machine that matches has no warning", build.Node{Identity: build.Identity{Manufacturer: "ACME Corp."}, OOB: build.OOB{Health: build.HealthOK}}, nil, "",
			[]string{"checks of the machine that is present"}},
		{"another maker is a warning and no failure", build.Node{Identity: build.Identity{Manufacturer: "Contoso"}}, nil, "",
			[]string{"warning: 1 of 8 checks differ", "drydock node show n1", "warning: vendor: designed Acme, found Contoso"}},
		{"a failed drive is a failure", build.Node{OOB: failed}, nil, "drive:S0: designed not failed, found Critical", nil},
		{"a failed drive that is waived is a warning with the reason", build.Node{OOB: failed}, []verify.Waiver{spare}, "",
			[]string{"warning: drive:S0: designed not failed, found Critical (violation waived: spare ordered)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHarness(t, family{})
			h.activities.Waivers = c.waivers
			digest := h.load(t)
			c.known.Name = "n1"
			require.NoError(t, h.store.PutBuild(t.Context(), "harbor", c.known))
			value, err := h.env.ExecuteActivity(string(drivers.VerifyHardware), activities.NodeInput{Site: "harbor", Node: "n1", Design: digest})

			kept, errBuild := h.store.Build(t.Context(), "harbor", "n1")
			require.NoError(t, errBuild)
			require.NotNil(t, kept.Verification, "the table is kept, also of a failure")
			assert.NotEmpty(t, kept.Verification.Rows)
			assert.Contains(t, h.log.String(), "DESIGNED")
			require.Len(t, h.store.evidence, 1, "the build data of node and task show it")
			assert.Equal(t, verify.Generator, h.store.evidence[0].Generator)
			var shown build.Verification
			require.NoError(t, json.Unmarshal([]byte(h.store.evidence[0].Data), &shown))
			assert.Equal(t, *kept.Verification, shown)
			if c.fails != "" {
				app := appError(t, err)
				assert.Equal(t, string(drivers.HardwareFault), app.Type())
				assert.True(t, app.NonRetryable())
				assert.Contains(t, app.Message(), c.fails)
				assert.Contains(t, app.Message(), "verify.waivers")
				assert.Contains(t, app.Message(), "drydock node show n1")
				return
			}
			require.NoError(t, err)
			var out activities.Output
			require.NoError(t, value.Get(&out))
			assert.Equal(t, drivers.Already, out.Outcome)
			for _, s := range c.says {
				assert.Contains(t, joined(out.Messages), s)
			}
		})
	}
}

func joined(messages []string) string {
	all := ""
	for _, m := range messages {
		all += m + "\n"
	}
	return all
}

// A BMC may say anything, the password that it was sent included.
func TestAVerificationHoldsNoSecret(t *testing.T) {
	h := newHarness(t, family{})
	digest := h.load(t)
	require.NoError(t, h.store.PutBuild(t.Context(), "harbor", build.Node{Name: "n1", Disks: []build.Disk{{Name: "sda", Size: 1<<62 + 1}},
		OOB: build.OOB{Health: build.HealthWarning, Alarms: []string{"login admin/" + credential + " refused"}}}))
	_, err := h.env.ExecuteActivity(string(drivers.VerifyHardware), activities.NodeInput{Site: "harbor", Node: "n1", Design: digest})
	require.NoError(t, err)
	require.Len(t, h.store.evidence, 1)
	shown := h.store.evidence[0].Data + verify.Table(*h.store.builds["n1"].Verification) + h.log.String()
	assert.Contains(t, shown, "login admin/[redacted] refused")
	assert.NotContains(t, shown, credential)
	kept := h.store.builds["n1"]
	assert.Equal(t, []string{"login admin/[redacted] refused"}, kept.OOB.Alarms)
	assert.Equal(t, int64(1<<62+1), kept.Disks[0].Size, "all else stays as it was")
}
