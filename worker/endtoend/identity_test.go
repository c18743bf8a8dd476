package endtoend

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/build"
	"drydock/simulator/world"
	"drydock/workflows"
)

// TestTwoNodesAreNeverOneMachine has the BMC addresses of two nodes lead to one BMC. The node that is seen first has the
// machine; the other one does not touch it, until a person says that the machine has another role now.
func TestTwoNodesAreNeverOneMachine(t *testing.T) {
	s := start(t, options{reach: func(site *design.Site, addresses map[string]string) {
		two := redfishNodes(site)
		addresses[two[1].BMCAddress()] = addresses[two[0].BMCAddress()]
	}})
	two := redfishNodes(s.site)
	one, other := two[0].Name, two[1].Name
	requireAll(t, s.wait(s.submit(workflows.VerifyNodes, only(one)).ID), "already", one)
	machine, _ := s.sim.World.Machine(one)
	uuid := machine.Hardware().UUID

	task := s.wait(s.submit(workflows.PrepareNodes, only(other)).ID)
	require.NotNil(t, task.Result, task.Failure)
	require.Len(t, task.Result.Failures, 1)
	f := task.Result.Failures[0]
	assert.Equal(t, "Conflict", f.Class)
	assert.Equal(t, "InterrogateOob", f.Step)
	assert.Contains(t, f.Reason, "the machine with the UUID "+uuid+" is node "+one+" already")
	t.Logf("%s: %s", f.Class, f.Reason)
	for name, c := range s.counters() {
		assert.Equal(t, world.Counters{}, c, "%s was not touched", name)
	}

	stdout, stderr, code := s.cli("node", "show", one)
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, uuid)
	assert.Regexp(t, `(?m)^vendor .* match$`, stdout)
	stdout, stderr, code = s.cli("node", "show", one, "-o", "json")
	require.Zero(t, code, stderr)
	var known workflows.NodeRecord
	require.NoError(t, json.Unmarshal([]byte(stdout), &known), stdout)
	require.NotNil(t, known.Verification)

	rest := s.startServer()
	status, _, text := rest.call("GET", "/api/v1.0/nodes/"+one+"/builddata?generator=verification&latest=true", nil)
	require.Equal(t, 200, status, text)
	var elements []struct {
		Data string `json:"data_element"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &elements))
	require.Len(t, elements, 1)
	var table build.Verification
	require.NoError(t, json.Unmarshal([]byte(elements[0].Data), &table))
	assert.Equal(t, *known.Verification, table, "API and command line show the same table")

	_, stderr, code = s.cli("node", "forget", one)
	assert.Equal(t, 2, code, stderr)
	_, stderr, code = s.cli("node", "forget", one, "--yes", "--reason", "the machine is "+other+" now")
	require.Zero(t, code, stderr)
	status, _, text = rest.call("GET", "/api/v1.0/nodes/"+one+"/builddata?generator=forgotten-identity", nil)
	require.Equal(t, 200, status, text)
	assert.Contains(t, text, uuid)
	assert.Contains(t, text, "is "+other+" now")
	requireAll(t, s.wait(s.submit(workflows.VerifyNodes, only(other)).ID), "already", other)
	stdout, _, _ = s.cli("node", "show", other)
	assert.Contains(t, stdout, uuid)
}

func redfishNodes(site *design.Site) (nodes []*design.Node) {
	for _, n := range site.Nodes {
		if n.OOB.Type == design.OOBRedfish {
			nodes = append(nodes, n)
		}
	}
	return nodes
}
