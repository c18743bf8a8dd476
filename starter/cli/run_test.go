package cli

import (
	"encoding/json"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/starter"
	"drydock/workflows"
)

func success(nodes ...string) workflows.Result {
	r := workflows.Result{Status: workflows.StatusSuccess}
	for _, n := range nodes {
		r.Successes = append(r.Successes, workflows.NodeResult{Node: n, Rack: "r1", Outcome: "changed"})
	}
	return r
}

func TestRunStartsTheTaskThatTheFlagsDescribe(t *testing.T) {
	h := newHarness(t)
	h.memory.result = success("n1")
	got := h.run(t, "task", "run", "deploy-nodes", "--design", "site.yaml", "--node", "n1,n2", "--node", "n3", "--rack", "r1",
		"--tag", "blue", "--label", "a=1", "--label", "b=", "--on-failure", "wait", "--on-busy", "skip", "--max-parallel", "7", "--reason", "new rack")
	require.Equal(t, ExitDone, got.code, got.err)
	assert.Equal(t, workflows.Request{
		DesignRef: "file://" + h.design,
		NodeFilter: &design.NodeFilter{SetType: design.FilterIntersection, Set: []design.FilterTerm{
			nodes("n1", "n2", "n3"),
			{Type: design.FilterUnion, RackNames: []string{"r1"}},
			{Type: design.FilterUnion, NodeTags: []string{"blue"}},
			{Type: design.FilterUnion, NodeLabels: map[string]string{"a": "1"}},
			{Type: design.FilterUnion, NodeLabels: map[string]string{"b": ""}},
		}},
		Policy:      workflows.Policy{OnFailure: "wait", OnBusy: "skip", MaxParallel: 7},
		RequestedBy: "operator", Reason: "new rack",
	}, h.started(t))
}

func TestRunShowsProgressAsTalkAndTheOutcomeAsData(t *testing.T) {
	h := newHarness(t)
	h.memory.result = success("n1", "n2")
	text := h.run(t, "task", "run", "deploy_nodes", "--design", h.design, "--all")
	require.Equal(t, ExitDone, text.code, text.err)
	assert.Contains(t, text.err, "task new started\n0:01 site harbor: nodes\n")
	assert.Contains(t, text.out, " n1    r1    changed")
	assert.Contains(t, text.out, "task new: success: 2 nodes: 2 done, 0 failed, 0 skipped, in 1:00\n")
	assert.NotContains(t, text.out, "started")

	data := h.run(t, "task", "run", "DeployNodes", "--design", h.design, "--all", "-o", "json")
	require.Equal(t, ExitDone, data.code, data.err)
	var task starter.Task
	require.NoError(t, json.Unmarshal([]byte(data.out), &task))
	assert.Equal(t, "DeployNodes", task.Type)
	assert.True(t, task.Request.AllNodes)
	assert.Len(t, task.Result.Successes, 2)
}

func TestDetachPrintsTheIDOnly(t *testing.T) {
	h := newHarness(t)
	h.memory.runs = true
	got := h.run(t, "task", "run", "verify-nodes", "--design", h.design, "--detach")
	assert.Equal(t, ran{ExitDone, "new\n", "the task runs; look with: drydock task watch new\n"}, got)
}

func TestATaskThatFailedHasItsExitCode(t *testing.T) {
	invalid := workflows.Result{Findings: design.Messages{{Level: design.LevelError, Text: "no network oob", File: "site.yaml", Line: 3}}}
	for name, c := range map[string]struct {
		task starter.Task
		code int
		says string
	}{
		"for an invalid design": {starter.Task{State: starter.Failed, Failure: "the design is invalid", Result: &invalid}, ExitInvalidDesign,
			"site.yaml:3: error: no network oob"},
		"without a result": {starter.Task{State: starter.Failed, Failure: "the worker could not read it"}, ExitFailed, "the worker could not read it"},
		"by cancellation":  {starter.Task{State: starter.Canceled, Failure: "the task was cancelled"}, ExitFailed, "the task was cancelled"},
		"by force":         {starter.Task{State: starter.Terminated}, ExitFailed, "task old is terminated"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			c.task.ID = "old"
			h.memory.add(c.task)
			got := h.run(t, "task", "watch", "old")
			assert.Equal(t, c.code, got.code)
			assert.Contains(t, got.out, c.says)
		})
	}
}

func TestALostConnectionSaysThatTheTaskGoesOn(t *testing.T) {
	h := newHarness(t)
	h.memory.watchErr = &starter.Error{Kind: starter.Unreachable, Text: "read task new: refused"}
	got := h.run(t, "task", "run", "deploy-nodes", "--design", h.design, "--all")
	assert.Equal(t, ExitUnreachable, got.code)
	assert.Contains(t, got.err, "lost sight of task new, which goes on without us; look again with: drydock task watch new\nerror: read task new: refused\n")
}

func TestTheResultDecidesTheExitCode(t *testing.T) {
	failed := []workflows.NodeResult{{Node: "n2", Reason: "the BMC does not answer"}}
	for name, c := range map[string]struct {
		result workflows.Result
		code   int
	}{
		"success is 0":              {success("n1"), ExitDone},
		"partial success is 3":      {workflows.Result{Status: workflows.StatusPartialSuccess, Failures: failed}, ExitPartial},
		"failure is 1":              {workflows.Result{Status: workflows.StatusFailure, Failures: failed}, ExitFailed},
		"an invalid design is 4":    {workflows.Result{Status: workflows.StatusFailure, Findings: design.Messages{{Level: design.LevelError}}}, ExitInvalidDesign},
		"a warning makes nothing 4": {workflows.Result{Status: workflows.StatusFailure, Findings: design.Messages{{Level: design.LevelWarning}}}, ExitFailed},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.memory.result = c.result
			got := h.run(t, "task", "run", "deploy-nodes", "--design", h.design, "--all")
			assert.Equal(t, c.code, got.code, got.err)
			if len(c.result.Failures) > 0 {
				assert.Contains(t, got.err, "drydock task retry new")
			}
		})
	}
}

func TestMistakesInASelectionStartNothing(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		says []string
	}{
		"a task that touches machines wants a selection": {
			[]string{"deploy-nodes"}, []string{"deploy-nodes may reboot or wipe machines", "--all"}},
		"all contradicts a selection": {
			[]string{"deploy-nodes", "--all", "--rack", "r1"}, []string{"--all contradicts"}},
		"a task of the site selects no nodes": {
			[]string{"prepare-site", "--node", "n1"}, []string{"prepare-site is about the site"}},
		"every mistake is told at once": {
			[]string{"destroy-nodes", "--label", "x", "--all", "--max-parallel", "-1"},
			[]string{"--label x: must be key=value", "--max-parallel must not be negative", "--all contradicts"}},
		"an unknown kind lists the kinds": {
			[]string{"reboot"}, []string{`there is no kind of task "reboot"`, "deploy-nodes", "verify-site"}},
		"a policy is one of its words": {
			[]string{"deploy-nodes", "--all", "--on-failure", "ignore"}, []string{"must be one of fail, wait"}},
		"an unknown flag": {
			[]string{"deploy-nodes", "--everything"}, []string{"unknown flag: --everything", "see: drydock task run --help"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			got := h.run(t, append([]string{"task", "run", "--design", h.design}, c.args...)...)
			assert.Equal(t, ExitUsage, got.code)
			for _, text := range c.says {
				assert.Contains(t, got.err, text)
			}
			assert.Empty(t, got.out)
			assert.Empty(t, h.memory.order)
		})
	}
}

func TestDesignReferencesBecomeWhatTheWorkerCanResolve(t *testing.T) {
	h := newHarness(t)
	h.memory.result = success()
	for name, c := range map[string]struct{ given, want string }{
		"a relative path becomes absolute": {"site.yaml", "file://" + h.design},
		"a directory":                      {".", "file://" + h.Dir},
		"a digest stays":                   {"design:sha256:00", "design:sha256:00"},
		"a URL stays":                      {"http://store/design", "http://store/design"},
		"a deckhand URL stays":             {"deckhand+https://store/r/1", "deckhand+https://store/r/1"},
		"a path that only the worker has":  {"file:///elsewhere/site.yaml", "file:///elsewhere/site.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			got := h.run(t, "task", "run", "validate-design", "--design", c.given)
			require.Equal(t, ExitDone, got.code, got.err)
			assert.Equal(t, c.want, h.started(t).DesignRef)
		})
	}
	for name, c := range map[string]struct{ given, says string }{
		"standard input belongs to this process": {"-", "the worker reads the design"},
		"a file that is not there":               {"none.yaml", "--design none.yaml: no such file or directory"},
		"a reference with a password":            {"http://user:CANARY@store/design", "must not hold a user or password"},
		"a reference that is no URL":             {"http://user:CANARY@[store", "no valid URL"},
	} {
		t.Run(name, func(t *testing.T) {
			got := h.run(t, "task", "run", "validate-design", "--design", c.given)
			assert.Equal(t, ExitUsage, got.code)
			assert.Contains(t, got.err, c.says)
			assert.NotContains(t, got.err, "CANARY")
		})
	}
}

func TestErrorsOfTheStarterHaveTheirExitCodes(t *testing.T) {
	for name, c := range map[string]struct {
		kind starter.ErrorKind
		code int
	}{
		"not found":   {starter.NotFound, ExitConflict},
		"conflict":    {starter.Conflict, ExitConflict},
		"denied":      {starter.Denied, ExitDenied},
		"invalid":     {starter.Invalid, ExitUsage},
		"unreachable": {starter.Unreachable, ExitUnreachable},
		"other":       {starter.Other, ExitFailed},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.memory.err = &starter.Error{Kind: c.kind, Text: "connect to Temporal at 10.0.0.1:7233: refused", Advice: "see that it runs"}
			got := h.run(t, "task", "run", "deploy-nodes", "--design", h.design, "--all")
			assert.Equal(t, ran{c.code, "", "error: connect to Temporal at 10.0.0.1:7233: refused: see that it runs\n"}, got)
		})
	}
}

// interruptible makes started tasks run on, and delivers Ctrl-C when told.
func interruptible(t *testing.T) (*harness, chan os.Signal) {
	t.Helper()
	h := newHarness(t)
	signals := make(chan os.Signal, 2)
	h.Interrupts = signals
	h.memory.runs, h.memory.watching = true, make(chan struct{})
	return h, signals
}

func TestCtrlCDetachesAndLeavesTheTaskRunning(t *testing.T) {
	h, signals := interruptible(t)
	h.Grace = time.Millisecond
	go func() { <-h.memory.watching; signals <- syscall.SIGINT }()
	got := h.run(t, "task", "run", "deploy-nodes", "--design", h.design, "--all")
	assert.Equal(t, ExitInterrupted, got.code)
	assert.Contains(t, got.err, "task new still runs; look again with: drydock task watch new")
	assert.Empty(t, h.memory.canceled)
}

func TestASecondCtrlCAsksTheTaskToCancel(t *testing.T) {
	h, signals := interruptible(t)
	h.Grace = time.Minute
	go func() { <-h.memory.watching; signals <- syscall.SIGINT; signals <- syscall.SIGINT }()
	got := h.run(t, "task", "run", "deploy-nodes", "--design", h.design, "--all")
	assert.Equal(t, ExitInterrupted, got.code)
	assert.Equal(t, []string{"new interrupted by operator"}, h.memory.canceled)
}

func TestATimeoutLeavesTheTaskRunning(t *testing.T) {
	h := newHarness(t)
	h.memory.runs = true
	got := h.run(t, "task", "run", "deploy-nodes", "--design", h.design, "--all", "--timeout", "10ms")
	assert.Equal(t, ExitTimeout, got.code)
	assert.Contains(t, got.err, "waited 10ms for task new, which still runs; look again with: drydock task watch new")
	assert.Empty(t, h.memory.canceled)
}
