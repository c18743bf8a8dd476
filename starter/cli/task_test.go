package cli

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"drydock/drivers"
	"drydock/starter"
	"drydock/workflows"
	"drydock/workflows/plan"
)

// twoTasks is one task that runs and one that is over.
func twoTasks(h *harness) {
	result := workflows.Result{Status: workflows.StatusPartialSuccess, Site: "harbor",
		Successes: []workflows.NodeResult{{Node: "n1", Rack: "r1", Outcome: "already", Reason: "it is deployed"}},
		Failures:  []workflows.NodeResult{{Node: "n2", Rack: "r1", Step: "PowerCycleNode", Reason: "the BMC does not answer"}}}
	h.memory.add(starter.Task{ID: "old", Type: "DeployNodes", State: starter.Completed, Started: start, Closed: start.Add(time.Hour), Result: &result,
		Request: workflows.Request{DesignRef: "design:sha256:00", RequestedBy: "operator", Reason: "first rack"}})
	h.memory.add(starter.Task{ID: "young", Type: "VerifySite", State: starter.Running, Started: start.Add(90 * time.Minute)})
}

func TestListAsTableNamesAndJSON(t *testing.T) {
	h := newHarness(t)
	twoTasks(h)
	assert.Equal(t, ran{ExitDone, "" +
		"ID     KIND          STATE                        STARTED  TOOK     BY        REASON\n" +
		"young  verify-site   running                      30m ago  30:00\n" +
		"old    deploy-nodes  completed (partial_success)  2h ago   1:00:00  operator  first rack\n", ""},
		h.run(t, "task", "list"))
	assert.Equal(t, "young\nold\n", h.run(t, "task", "list", "-o", "name").out)
	assert.Equal(t, "young\n", h.run(t, "task", "list", "-o", "name", "--limit", "1").out)

	var list []map[string]any
	require.NoError(t, json.Unmarshal([]byte(h.run(t, "task", "list", "-o", "json").out), &list))
	require.Len(t, list, 2)
	assert.Equal(t, "young", list[0]["task_id"])
	assert.Equal(t, "2026-05-04T10:00:00Z", list[1]["started"])
}

func TestAnEmptyListIsEmptyDataNotTalk(t *testing.T) {
	h := newHarness(t)
	assert.Equal(t, ran{ExitDone, "", "no tasks\n"}, h.run(t, "task", "list"))
	assert.Equal(t, "[]\n", h.run(t, "task", "list", "-o", "json").out)
	assert.Equal(t, ExitUsage, h.run(t, "task", "list", "--limit", "0").code)
}

func TestShowOfAClosedTaskTellsWhatItCameTo(t *testing.T) {
	h := newHarness(t)
	twoTasks(h)
	text := h.run(t, "task", "show", "old")
	require.Equal(t, ExitDone, text.code, text.err)
	for _, want := range []string{
		"task       old\nkind       deploy-nodes\nstate      completed (partial_success)\ndesign     design:sha256:00\n",
		"started    2026-05-04T10:00:00Z (2h ago)\nclosed     2026-05-04T11:00:00Z\n",
		" n2    r1    failed         PowerCycleNode: the BMC does not answer\n",
		" n1    r1    already        it is deployed\n",
	} {
		assert.Contains(t, text.out, want)
	}

	var data map[string]any
	require.NoError(t, json.Unmarshal([]byte(h.run(t, "task", "show", "old", "-o", "json").out), &data))
	assert.Equal(t, "partial_success", data["result"].(map[string]any)["status"])
	assert.NotContains(t, data, "progress")

	out := h.run(t, "task", "show", "old", "-o", "yaml").out
	assert.Contains(t, out, "task_id: old\n")
	var asYAML map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(out), &asYAML))
	assert.Equal(t, "2026-05-04T10:00:00Z", asYAML["started"], "a time stays text")
}

func TestShowOfARunningTaskTellsWhatItDoes(t *testing.T) {
	h := newHarness(t)
	twoTasks(h)
	text := h.run(t, "task", "show", "young")
	assert.Contains(t, text.out, "rack r1  0 of 1 done, 1 running\n  ▸ n1  DeployNode")
	var data shown
	require.NoError(t, json.Unmarshal([]byte(h.run(t, "task", "show", "young", "-o", "json").out), &data))
	assert.Equal(t, "DeployNode", data.Nodes["n1"].Step)
	assert.Equal(t, "harbor", data.Progress.Site)
}

func TestCommandsAboutATaskThatIsNotThereEndWith6(t *testing.T) {
	for _, verb := range []string{"show", "watch", "cancel", "retry", "skip"} {
		t.Run(verb, func(t *testing.T) {
			assert.Equal(t, ran{ExitConflict, "", "error: there is no task none\n"}, newHarness(t).run(t, "task", verb, "none"))
		})
	}
}

func TestWatchEndsWithTheExitCodeOfTheTask(t *testing.T) {
	h := newHarness(t)
	twoTasks(h)
	got := h.run(t, "task", "watch", "old")
	assert.Equal(t, ExitPartial, got.code)
	assert.Contains(t, got.out, "task old: partial success: 2 nodes: 1 done (1 already), 1 failed, 0 skipped, in 1:00:00\n")
	assert.Equal(t, ExitPartial, h.run(t, "task", "watch", "old", "-o", "json").code)
}

func TestSteeringCarriesNodesReasonAndWho(t *testing.T) {
	h := newHarness(t)
	twoTasks(h)
	want := workflows.Steer{Nodes: []string{"n1", "n2"}, Reason: "cable", By: "operator"}

	got := h.run(t, "task", "skip", "young", "--node", "n1,n2", "--reason", "cable")
	require.Equal(t, ExitDone, got.code, got.err)
	assert.Empty(t, got.out)

	got = h.run(t, "task", "retry", "young", "--node", "n1", "--node", "n2", "--reason", "cable")
	assert.Equal(t, ran{ExitDone, "young\n", "task young tries again; look with: drydock task watch young\n"}, got)
	assert.Equal(t, []workflows.Steer{want, want}, h.memory.steers)

	require.Equal(t, ExitDone, h.run(t, "task", "cancel", "young", "--reason", "wrong rack").code)
	assert.Equal(t, []string{"young wrong rack by operator"}, h.memory.canceled)
}

func TestRetryOfAClosedTaskFollowsTheNewOne(t *testing.T) {
	h := newHarness(t)
	twoTasks(h)
	h.memory.result = success("n2")
	got := h.run(t, "task", "retry", "old")
	require.Equal(t, ExitDone, got.code, got.err)
	assert.Contains(t, got.out, "task new: success: 1 node: 1 done")
	assert.Equal(t, "old", h.started(t).RetryOf)
}

func somePlan() starter.Plan {
	return starter.Plan{Site: "harbor", Design: "sha256:00",
		Steps: []plan.Step{{ID: "01-ValidateNodeServices", Action: "ValidateNodeServices", Effect: plan.EffectNone, Reason: "is MAAS healthy?"}},
		Nodes: []plan.Plan{
			{Node: "n1", Rack: "r1", Operation: plan.Deploy, Observed: "ready at maas", Steps: []plan.Step{
				{Action: "ApplyNodePlatform", Effect: plan.EffectNone, Reason: "kernel parameters"},
				{Action: "DeployNode", Effect: plan.EffectWipe, Reason: "install jammy"}}},
			{Node: "n2", Rack: "r1", Operation: plan.Deploy, Already: "deployed with this design"},
			{Node: "n3", Operation: plan.Deploy, Refused: &plan.Refusal{Class: drivers.Conflict, Reason: "another machine answers", Advice: "see its BMC address"}},
		}}
}

func TestPlanAsTextMarksWhatStepsDo(t *testing.T) {
	h := newHarness(t)
	h.memory.plan = somePlan()
	assert.Equal(t, ran{ExitDone, `site harbor, design sha256:00

site
  [none]   ValidateNodeServices         is MAAS healthy?

node n1 (rack r1): ready at maas
  [none]   ApplyNodePlatform            kernel parameters
  [wipe]   DeployNode                   install jammy

node n2 (rack r1)
  already: deployed with this design

node n3
  refused: Conflict: another machine answers
  what to do: see its BMC address

3 nodes: 1 to work on, 1 already, 1 refused
steps: 1 none, 0 port, 0 reboot, 1 wipe
`, ""}, h.run(t, "task", "plan", "deploy-nodes", "--design", h.design, "--all"))
	assert.True(t, h.started(t).AllNodes)

	var data starter.Plan
	require.NoError(t, json.Unmarshal([]byte(h.run(t, "task", "plan", "deploy-nodes", "--design", h.design, "--rack", "r1", "-o", "json").out), &data))
	assert.Equal(t, somePlan(), data)
}

func TestPlanTellsByItsExitCodeWhetherThereIsSomethingToDo(t *testing.T) {
	h := newHarness(t)
	args := []string{"task", "plan", "deploy-nodes", "--design", h.design, "--all", "--detailed-exitcode"}
	h.memory.plan = somePlan()
	assert.Equal(t, ExitChanges, h.run(t, args...).code)
	h.memory.plan.Nodes = h.memory.plan.Nodes[1:] // already, and refused
	assert.Equal(t, ExitDone, h.run(t, args...).code)
}
