package endtoend

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/simulator/world"
	"drydock/workflows"
)

// TestVerifyNodesKnowsTheHardware gives one machine a failed drive and another one that predicts its failure.
func TestVerifyNodesKnowsTheHardware(t *testing.T) {
	s := start(t, options{})
	nodes := s.four()
	failed, _ := s.sim.World.Machine(nodes[0])
	worn, _ := s.sim.World.Machine(nodes[1])
	failed.SetFault(world.FaultDriveFailed, true)
	worn.SetFault(world.FaultDriveWorn, true)
	task := s.wait(s.submit(workflows.VerifyNodes, only(nodes...)).ID)
	require.NotNil(t, task.Result, task.Failure)
	require.Len(t, task.Result.Failures, 1)
	f := task.Result.Failures[0]
	assert.Equal(t, failed.Name(), f.Node)
	assert.Equal(t, "HardwareFault", f.Class)
	assert.Equal(t, "VerifyHardware", f.Step)
	assert.Contains(t, f.Reason, "drive:"+failed.Hardware().Disks[0].Serial)
	assert.Len(t, task.Result.Successes, len(nodes)-1)
	for _, n := range task.Result.Successes {
		if n.Node == worn.Name() {
			assert.Contains(t, strings.Join(n.Warnings, "\n"), "predicts its failure")
		}
	}
	for _, name := range nodes {
		assert.Zero(t, s.counters()[name].PowerCycles, "verifying moves no power")
	}
}
