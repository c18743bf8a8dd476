package progress

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/starter"
	"drydock/workflows"
)

var start = time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)

// at is a snapshot of a task of the site harbor so many seconds after its start.
func at(seconds int, phase string, nodes ...workflows.NodeProgress) starter.Snapshot {
	return starter.Snapshot{
		Task:     starter.Task{ID: "t1", Type: "DeploySite", State: starter.Running, Started: start},
		Progress: workflows.Progress{Site: "harbor", Phase: phase, Nodes: nodes},
		Nodes:    map[string]starter.NodeSnapshot{},
		At:       start.Add(time.Duration(seconds) * time.Second),
	}
}

func node(name, rack, phase string) workflows.NodeProgress {
	return workflows.NodeProgress{Node: name, Rack: rack, Phase: phase}
}

func TestWithoutATerminalEachChangeIsOneLine(t *testing.T) {
	var out bytes.Buffer
	view := New(&out, Options{})

	view.Show(at(0, "loading"))
	s := at(1, "verifying site")
	s.Progress.Steps = []workflows.StepResult{{ID: "01", Action: "ValidateNodeServices", Outcome: "already"}}
	view.Show(s)
	view.Show(s)
	s = at(5, "nodes", node("n1", "r1", workflows.PhaseRunning), node("n2", "r1", workflows.PhaseWaiting))
	s.Nodes["n1"] = starter.NodeSnapshot{Step: "DeployNode", Attempt: 1}
	view.Show(s)
	s.At = start.Add(7 * time.Second)
	s.Nodes["n1"] = starter.NodeSnapshot{Step: "DeployNode", Attempt: 2, Waits: "DeployNode node n1: deploying: 40 %"}
	view.Show(s)
	s.Nodes["n1"] = starter.NodeSnapshot{Step: "DeployNode", Attempt: 3, Waits: "deploying: 55 %"}
	view.Show(s) // only a number moved
	s = at(65, "nodes", node("n1", "r1", workflows.PhaseDone), node("n2", "r1", workflows.PhaseGate))
	s.Progress.Nodes[0].Outcome = "changed"
	s.Progress.Nodes[1].Reason = "bmc\x1b[2J refuses\nthe password"
	view.Show(s)
	s = at(3723, "done", s.Progress.Nodes[0], node("n2", "", workflows.PhaseFailed))
	s.Progress.Nodes[1].Reason = "PowerCycleNode node n2: aborted"
	view.Show(s)
	view.Close()

	assert.Equal(t, strings.Join([]string{
		"0:00 site harbor: loading",
		"0:01 site harbor: ValidateNodeServices already",
		"0:01 site harbor: verifying site",
		"0:05 site harbor: nodes",
		"0:05 site harbor: 2 nodes",
		"0:05 r1/n1: DeployNode",
		"0:07 r1/n1: DeployNode: deploying: 40 %",
		"1:05 r1/n1: changed",
		"1:05 r1/n2: starting: waits for a person: bmc [2J refuses the password",
		"1:02:03 site harbor: done",
		"1:02:03 n2: failed: PowerCycleNode: aborted",
		"",
	}, "\n"), out.String())
}

func texts(rows []row) []string {
	lines := make([]string, 0, len(rows))
	for _, r := range rows {
		lines = append(lines, r.text)
	}
	return lines
}

func TestTheTreeShowsWhoDoesWhatSinceWhenAndWhyItWaits(t *testing.T) {
	s := at(90, "nodes",
		node("n1", "r1", workflows.PhaseDone), node("n2", "r1", workflows.PhaseRunning), node("n10", "r1", workflows.PhaseFailed),
		node("n3", "r2", workflows.PhaseWaiting), node("n4", "r2", workflows.PhaseGate), node("n5", "r2", workflows.PhaseSkipped))
	s.Progress.Nodes[2].Reason = "commissioning failed: look at its log in MAAS"
	s.Progress.Steps = []workflows.StepResult{{Action: "CreateNetworkTemplate", Outcome: "changed"}}
	s.Nodes["n2"] = starter.NodeSnapshot{Step: "DeployNode", Since: start.Add(30 * time.Second), Attempt: 4, Waits: "deploying"}
	s.Nodes["n4"] = starter.NodeSnapshot{Step: "PowerCycleNode", Since: start, Gate: true, Waits: "the BMC refuses the password"}

	assert.Equal(t, []string{
		"site harbor · DeploySite · nodes · 1:40",
		"  6 nodes: 1 of 6 done, 1 running, 1 waiting for a person, 1 failed, 1 skipped, 1 waiting",
		"rack r1  1 of 3 done, 1 running, 1 failed",
		"  ▸ n2   DeployNode              1:10  deploying (attempt 4)",
		"  ✗ n10  failed: commissioning failed: look at its log in MAAS",
		"rack r2  0 of 3 done, 1 waiting for a person, 1 skipped, 1 waiting",
		"  ! n4  PowerCycleNode          1:40  waits for a person: the BMC refuses the password",
	}, texts(tree(s, start.Add(100*time.Second), 50)))
}

func TestTheTreeFitsTheTerminalAndShowsTheUrgentFirst(t *testing.T) {
	var nodes []workflows.NodeProgress
	for rack := range 4 {
		for n := range 10 {
			phase := []string{workflows.PhaseDone, workflows.PhaseRunning, workflows.PhaseFailed}[n%3]
			nodes = append(nodes, node(fmt.Sprintf("n%d-%d", rack, n), fmt.Sprintf("r%d", rack), phase))
		}
	}
	nodes = append(nodes, node("stuck", "r3", workflows.PhaseGate))
	s := at(1, "nodes", nodes...)

	for height := 1; height < 60; height++ {
		rows := tree(s, s.At, height)
		require.LessOrEqual(t, len(rows), height)
		require.Equal(t, "site harbor · DeploySite · nodes · 0:01", rows[0].text)
		if height >= 5 {
			require.Contains(t, strings.Join(texts(rows), "\n"), "stuck", "height %d", height)
		}
	}
	assert.Equal(t, []string{
		"site harbor · DeploySite · nodes · 0:01",
		"  41 nodes: 16 of 41 done, 12 running, 1 waiting for a person, 12 failed",
		"rack r0  4 of 10 done, 3 running, 3 failed",
		"  ▸ n0-1  starting",
		"rack r3  4 of 11 done, 3 running, 1 waiting for a person, 3 failed",
		"  ! stuck  starting                      waits for a person",
		"… 23 more nodes, 2 more racks",
	}, texts(tree(s, s.At, 7))[:7])
}

func TestTheLiveViewRedrawsWithinTheWindow(t *testing.T) {
	m := newModel(&bytes.Buffer{}, Options{Now: func() time.Time { return start.Add(time.Minute) }})
	assert.Empty(t, m.View(), "nothing is known yet")
	s := at(1, "nodes", node("n1", "r1", workflows.PhaseRunning))
	s.Nodes["n1"] = starter.NodeSnapshot{Step: "DeployNode", Waits: strings.Repeat("long ", 40)}
	next, _ := m.Update(s)
	for _, line := range strings.Split(next.View(), "\n") {
		assert.LessOrEqual(t, len([]rune(line)), 80)
	}
	assert.Contains(t, next.View(), "1:00")
}

func TestTheLiveViewEndsWithItsLastPicture(t *testing.T) {
	var out bytes.Buffer
	view := New(&out, Options{Live: true})
	view.Show(at(1, "preparing site"))
	view.Close()
	assert.Contains(t, out.String(), "preparing site")
}

func TestSummaryListsFailuresFirstWithReasonAndTime(t *testing.T) {
	var times Times
	times.Observe(at(10, "nodes", node("n1", "r1", workflows.PhaseRunning), node("n2", "r1", workflows.PhaseWaiting)))
	times.Observe(at(70, "nodes", node("n1", "r1", workflows.PhaseDone), node("n2", "r1", workflows.PhaseFailed)))
	times.Observe(at(99, "done", node("n1", "r1", workflows.PhaseDone), node("n2", "r1", workflows.PhaseFailed)))
	task := starter.Task{ID: "t1", State: starter.Completed, Started: start, Closed: start.Add(70 * time.Second), Result: &workflows.Result{
		Status: workflows.StatusPartialSuccess, Message: "1 of 3 nodes failed",
		Findings: design.Messages{{Level: design.LevelWarning, Text: "no tag definitions"},
			{Level: design.LevelError, Text: "no network oob", File: "site.yaml", Line: 3, Code: "DD1001", Rule: "network-references"}},
		Steps:     []workflows.StepResult{{Action: "ValidateNodeServices", Outcome: "already"}},
		Successes: []workflows.NodeResult{{Node: "n1", Rack: "r1", Outcome: "changed"}},
		Failures:  []workflows.NodeResult{{Node: "n2", Rack: "r1", Reason: "the BMC does not answer: see its cable", Step: "PowerCycleNode", LeftAs: "powered off"}},
		Skipped:   []workflows.NodeResult{{Node: "n3", Reason: "held by task t0"}},
	}}
	var out bytes.Buffer
	Summary(&out, task, &times, 0)
	assert.Equal(t, strings.Join([]string{
		"site.yaml:3: error: no network oob [DD1001 network-references]",
		"the design has 1 warning: see them with: drydock design validate",
		"ValidateNodeServices already",
		" node  rack  outcome  time  reason",
		strings.Repeat("─", 105),
		" n2    r1    failed         PowerCycleNode: the BMC does not answer: see its cable; left as: powered off",
		" n3          skipped        held by task t0",
		" n1    r1    changed  1:00",
		"1 of 3 nodes failed",
		"task t1: partial success: 3 nodes: 1 done, 1 failed, 1 skipped, in 1:10",
		"",
	}, "\n"), out.String())
}

func TestSummaryOfATaskWithoutResultSaysWhy(t *testing.T) {
	var out bytes.Buffer
	Summary(&out, starter.Task{ID: "t1", State: starter.Terminated, Failure: "terminated by a person"}, nil, 80)
	assert.Equal(t, "task t1 is terminated\nterminated by a person\n", out.String())
}

func TestElapsedReadsLikeAClock(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0:00": -time.Second, "0:07": 7 * time.Second, "12:34": 754 * time.Second, "1:02:03": 3723 * time.Second,
	} {
		assert.Equal(t, want, Elapsed(d))
	}
}
