package conformance

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/drivers"
)

func lockedMachine(t *testing.T, n *nodeRun) {
	if n.Lock == nil {
		t.Skip("the counterpart can't lock a machine")
	}
	n.reach("DestroyNode")
	n.Lock()
	e := n.refused(n.step("DestroyNode"), drivers.Conflict)
	assert.Contains(t, e.Error(), "locked")
	assert.True(t, n.observe().Provisioner.Locked)
	rep, err := n.finish(n.Driver.DeployNode, NewJournal())
	require.NoError(t, err)
	assert.Equal(t, drivers.Already, rep.Outcome, "what runs as designed is no conflict")
}

func takenMachine(t *testing.T, n *nodeRun) {
	if n.Take == nil {
		t.Skip("the counterpart has one user only")
	}
	n.reach("DeployNode")
	owner := n.Take()
	for _, name := range []string{"ConfigureHardware", "ApplyNodeNetworking", "ApplyNodeStorage", "ApplyNodePlatform", "DeployNode", "DestroyNode"} {
		e := n.refused(n.step(name), drivers.Conflict)
		assert.Contains(t, e.Error(), owner, name)
	}
	b := n.observe()
	assert.Equal(t, owner, b.Provisioner.Owner)
	assert.False(t, b.Provisioner.Ours)
}

func otherBMC(t *testing.T, n *nodeRun) {
	if n.ChangeBMC == nil {
		t.Skip("the counterpart does not control power")
	}
	n.reach("DeployNode")
	n.ChangeBMC()
	for _, name := range []string{"DeployNode", "DestroyNode"} {
		n.refused(n.step(name), drivers.Conflict)
	}
}

func otherUUID(t *testing.T, n *nodeRun) {
	n.reach("DeployNode")
	if n.Call.Build.Identity.UUID == "" {
		t.Skip("the counterpart tells no UUID")
	}
	n.Call.Build.Identity.UUID = "0f0f0f0f-1111-4222-8333-444455556666"
	for _, name := range []string{"DeployNode", "DestroyNode"} {
		e := n.refused(n.step(name), drivers.Conflict)
		assert.Contains(t, e.Error(), "0f0f0f0f-1111-4222-8333-444455556666", name)
	}
}

func emptyCall(t *testing.T, n *nodeRun) {
	for _, s := range n.life() {
		_, err := s.act(within(t), drivers.NodeCall{Journal: NewJournal()})
		var e *drivers.Error
		require.ErrorAs(t, err, &e, s.name)
	}
	for name, act := range n.siteActions() {
		_, err := act(within(t), drivers.SiteCall{Journal: NewJournal()})
		var e *drivers.Error
		require.ErrorAs(t, err, &e, name)
	}
	assert.Zero(t, n.Writes())
}
