package endtoend

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/simulator/world"
	"drydock/starter"
	"drydock/workflows"
)

// counters of all machines, by name.
func (s *stack) counters() map[string]world.Counters {
	all := map[string]world.Counters{}
	for _, m := range s.sim.World.Machines() {
		all[m.Name()] = m.Counters()
	}
	return all
}

// requireDoneOnce: each named machine was cycled, commissioned and deployed exactly once.
func (s *stack) requireDoneOnce(names ...string) {
	s.t.Helper()
	all := s.counters()
	for _, name := range names {
		c := all[name]
		assert.Equal(s.t, 1, c.PowerCycles+c.PowerOns, "%s: starts through the BMC", name)
		assert.Equal(s.t, 1, c.Enlistments, "%s: enlistments", name)
		assert.Equal(s.t, 1, c.Commissions, "%s: commissions", name)
		assert.Equal(s.t, 1, c.Deploys, "%s: deploys", name)
		assert.Zero(s.t, c.Erases, "%s: erases", name)
	}
}

func (s *stack) names() []string {
	names := []string{}
	for _, n := range s.site.Nodes {
		names = append(names, n.Name)
	}
	return names
}

func requireAll(t testing.TB, task starter.Task, outcome string, names ...string) {
	t.Helper()
	require.NotNil(t, task.Result, "%s: %s", task.State, task.Failure)
	for _, f := range task.Result.Failures {
		t.Errorf("%s failed at %s: %s: %s", f.Node, f.Step, f.Class, f.Reason)
	}
	got := []string{}
	for _, n := range task.Result.Successes {
		got = append(got, n.Node)
		assert.Equal(t, outcome, n.Outcome, "%s: %s", n.Node, n.Reason)
	}
	require.ElementsMatch(t, names, got, "message: %s", task.Result.Message)
	require.Equal(t, workflows.StatusSuccess, task.Result.Status)
}

func TestTheExampleSiteIsDeployedOnceAndThenAlready(t *testing.T) {
	s := start(t, options{})
	task := s.wait(s.submit(workflows.DeploySite, nil).ID)
	requireAll(t, task, "changed", s.names()...)
	s.requireDoneOnce(s.names()...)
	for _, m := range s.sim.World.Machines() {
		assert.Equal(t, "disk", m.Running(), m.Name())
	}

	before := s.counters()
	again := s.wait(s.submit(workflows.DeploySite, nil).ID)
	requireAll(t, again, "already", s.names()...)
	assert.Equal(t, before, s.counters(), "no counter has moved")
	for _, step := range again.Result.Steps {
		assert.Equal(t, "already", step.Outcome, "%s: %v", step.Action, step.Messages)
	}
}

func TestTheTasksOneByOneComeToTheSame(t *testing.T) {
	s := start(t, options{})
	four := s.names()[:4]
	some := func(r *workflows.Request) { r.NodeFilter, r.AllNodes = design.FilterNodes(four...), false }

	validated := s.wait(s.submit(workflows.ValidateDesign, nil).ID)
	require.NotNil(t, validated.Result)
	require.Equal(t, workflows.StatusSuccess, validated.Result.Status)
	for _, kind := range []workflows.Kind{workflows.PrepareSite, workflows.VerifySite} {
		task := s.wait(s.submit(kind, nil).ID)
		require.NotNil(t, task.Result)
		require.Equal(t, workflows.StatusSuccess, task.Result.Status, "%s: %s", kind.Type, task.Result.Message)
	}
	requireAll(t, s.wait(s.submit(workflows.VerifyNodes, some).ID), "already", four...)
	assert.Zero(t, s.counters()[four[0]].PowerCycles+s.counters()[four[0]].PowerOns, "verifying touches nothing")
	requireAll(t, s.wait(s.submit(workflows.PrepareNodes, some).ID), "changed", four...)
	assert.Zero(t, s.counters()[four[0]].Deploys, "preparing deploys nothing")
	requireAll(t, s.wait(s.submit(workflows.DeployNodes, some).ID), "changed", four...)
	s.requireDoneOnce(four...)
	assert.Zero(t, s.counters()[s.names()[5]].Netboots, "nodes that were not selected are not touched")

	requireAll(t, s.wait(s.submit(workflows.DestroyNodes, some).ID), "changed", four...)
	for _, name := range four {
		assert.Equal(t, 1, s.counters()[name].Erases, name)
		m, _ := s.sim.World.Machine(name)
		assert.Empty(t, m.System(), "nothing is left on the disks of %s", name)
	}
	requireAll(t, s.wait(s.submit(workflows.DestroyNodes, some).ID), "already", four...)
	requireAll(t, s.wait(s.submit(workflows.DeploySite, some).ID), "changed", four...)
	assert.Equal(t, 2, s.counters()[four[0]].Deploys, "a destroyed node is deployed again")
}

// TestTheDesignsOfTheField deploys real site designs, unchanged.
func TestTheDesignsOfTheField(t *testing.T) {
	for _, name := range []string{"seaworthy.yaml", "airsloop.yaml"} {
		t.Run(name, func(t *testing.T) {
			s := start(t, options{design: filepath.Join(root(), "design", "testdata", name)})
			requireAll(t, s.wait(s.submit(workflows.DeploySite, nil).ID), "changed", s.names()...)
			s.requireDoneOnce(s.names()...)
			for _, id := range nodeIDs(s, s.names()) {
				s.requireSmall(id)
			}
		})
	}
}
