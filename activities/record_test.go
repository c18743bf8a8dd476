package activities_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/activities"
	"drydock/design/build"
	"drydock/drivers"
	"drydock/workflows/plan"
)

const recorded = "4c4c4544-0000-1000-8000-000000000001"

func TestReadNode(t *testing.T) {
	h := newHarness(t, family{})
	h.store.builds["n1"] = build.Node{Name: "n1", Identity: build.Identity{UUID: recorded}, Devices: []build.Device{{Bus: "pci@0000:41:00.0"}}}
	for _, c := range []struct {
		name        string
		in          activities.NodeRef
		sites       []string // that know the name; nil: harbor alone
		class, says string
	}{
		{"the only site that knows the name is meant", activities.NodeRef{Node: "n1"}, nil, "", ""},
		{"a site that knows it may be named", activities.NodeRef{Site: "harbor", Node: "n1"}, nil, "", ""},
		{"a name that is not known", activities.NodeRef{Node: "n9"}, nil, "NotFound", "nothing is known of a node of this name"},
		{"another site", activities.NodeRef{Site: "quay", Node: "n1"}, nil, "NotFound", "site quay knows no node of this name; harbor has one"},
		{"no name", activities.NodeRef{}, nil, "InvalidRequest", "names no node"},
		{"a name that two sites know", activities.NodeRef{Node: "n1"}, []string{"harbor", "quay"}, "InvalidRequest", "the sites harbor, quay have a node of this name: say which site"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.store.sites = c.sites
			known, err := runUnder[activities.NodeRecord](h, "show/1", activities.ReadNode, c.in)
			if c.class != "" {
				app := appError(t, err)
				assert.Equal(t, c.class, app.Type())
				assert.Contains(t, app.Message(), c.says)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, "harbor", known.Site)
			assert.Equal(t, recorded, known.Identity.UUID)
			assert.Empty(t, known.Devices, "the list of all devices is long, and is in the evidence")
		})
	}
}

func TestForgetNode(t *testing.T) {
	h := newHarness(t, family{})
	known := build.Node{Name: "n1", Identity: build.Identity{Serial: "SN1", UUID: recorded, MACs: []string{"aa:00:00:00:00:01"}},
		NICs: []build.NIC{{MAC: "aa:00:00:00:00:01"}}, OOB: build.OOB{Power: build.PowerOn}, Port: build.Port{Purpose: "provisioning"}}
	h.store.builds["n1"] = known
	in := activities.Forgetting{NodeRef: activities.NodeRef{Site: "harbor", Node: "n1"}, By: "ops", Reason: "mainboard replaced"}

	_, err := runUnder[activities.NodeRecord](h, "another", activities.ForgetNode, in)
	assert.Equal(t, "InvalidRequest", appError(t, err).Type(), "only under the lock of the node")
	assert.Equal(t, known, h.store.builds["n1"])
	assert.Empty(t, h.store.evidence)

	was, err := runUnder[activities.NodeRecord](h, "node/harbor/n1", activities.ForgetNode, in)
	require.NoError(t, err)
	assert.Equal(t, known.Identity, was.Identity, "it answers with what was known")
	assert.Equal(t, build.Node{Name: "n1", Port: known.Port}, h.store.builds["n1"], "the switch port is no part of the machine")
	require.Len(t, h.store.evidence, 1)
	e := h.store.evidence[0]
	assert.Equal(t, activities.GeneratorIdentity, e.Generator)
	assert.False(t, e.Collected.IsZero())
	var data map[string]any
	require.NoError(t, json.Unmarshal([]byte(e.Data), &data))
	assert.Equal(t, map[string]any{"serial": "SN1", "uuid": recorded, "macs": []any{"aa:00:00:00:00:01"},
		"site": "harbor", "node": "n1", "by": "ops", "reason": "mainboard replaced"}, data)
}

// A driver may report what it likes: what was recorded at first sight stays.
func TestNoActionReplacesARecordedIdentity(t *testing.T) {
	h := newHarness(t, family{oob: oob{cycle: func(_ context.Context, call drivers.NodeCall) (drivers.Report, error) {
		seen := call.Build
		seen.Identity = build.Identity{Serial: "OTHER", UUID: "ffffffff-0000-1000-8000-000000000002", Model: "R740", MACs: []string{"bb:00:00:00:00:01"}}
		seen.NICs = []build.NIC{{MAC: "BB:00:00:00:00:02"}}
		return drivers.Report{Outcome: drivers.Already, Build: &seen}, nil
	}}})
	in := activities.NodeInput{Site: "harbor", Node: "n1", Design: h.load(t)}
	act := func() build.Identity {
		t.Helper()
		_, err := h.env.ExecuteActivity(string(drivers.PowerCycleNode), in)
		require.NoError(t, err)
		return h.store.builds["n1"].Identity
	}
	first := build.Identity{Serial: "SN1", UUID: recorded, MACs: []string{"aa:00:00:00:00:01"}}
	h.store.builds["n1"] = build.Node{Name: "n1", Identity: first}
	got := act()
	assert.Equal(t, "R740", got.Model, "what was not told before is filled in")
	got.Model = ""
	assert.Equal(t, first, got)

	delete(h.store.builds, "n1")
	assert.Equal(t, []string{"bb:00:00:00:00:01", "bb:00:00:00:00:02"}, act().MACs, "at first sight: of identity and NICs, in lower case")
}

func TestAPreviewKeepsNothing(t *testing.T) {
	h := newHarness(t, family{node: node{observe: func(call drivers.NodeCall) (build.Node, error) {
		known := call.Build
		known.Provisioner.Status, known.Identity.UUID = build.StatusReady, recorded
		return known, nil
	}}})
	in := activities.PlanNodeInput{NodeInput: activities.NodeInput{Site: "harbor", Node: "n1", Design: h.load(t)}, Operation: plan.Deploy, Preview: true}
	_, err := h.underID("another", in)
	require.NoError(t, err)
	assert.Empty(t, h.store.builds, "it is made without the lock of the node")
	in.Preview = false
	_, err = h.underID("node/harbor/n1", in)
	require.NoError(t, err)
	assert.Equal(t, recorded, h.store.builds["n1"].Identity.UUID)
}

func TestAMachineThatIsAnotherNodesIsAConflict(t *testing.T) {
	h := newHarness(t, family{oob: oob{cycle: func(_ context.Context, call drivers.NodeCall) (drivers.Report, error) {
		seen := call.Build
		seen.Identity.UUID = recorded
		return drivers.Report{Outcome: drivers.Already, Build: &seen}, nil
	}}})
	in := activities.NodeInput{Site: "harbor", Node: "n1", Design: h.load(t)}
	h.store.builds["n2"] = build.Node{Name: "n2", Identity: build.Identity{UUID: "44454c4c-0000-0010-8000-000000000001"}} // turned
	_, err := h.env.ExecuteActivity(string(drivers.PowerCycleNode), in)
	app := appError(t, err)
	assert.Equal(t, "Conflict", app.Type())
	assert.Contains(t, app.Message(), "PowerCycleNode node n1: the machine with the UUID "+recorded+" is node n2 already")
	assert.Contains(t, app.Message(), "drydock node forget n2")
	assert.Empty(t, h.store.builds["n1"].Identity, "nothing is recorded of it")
	delete(h.store.builds, "n2")
	_, err = h.env.ExecuteActivity(string(drivers.PowerCycleNode), in)
	require.NoError(t, err)
	assert.Equal(t, recorded, h.store.builds["n1"].Identity.UUID)
}
