package workflows_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"drydock/activities"
	"drydock/design"
	"drydock/drivers"
	"drydock/workflows"
	"drydock/workflows/plan"
)

// site plays the activities: it records what was called, and fails where the test says so.
type site struct {
	mu      sync.Mutex
	nodes   []activities.Target
	invalid design.Messages
	calls   []string
	// fail is asked before an action on a node succeeds; attempt counts from 1.
	fail    func(action, node string, attempt int) error
	plan    func(node string) plan.Plan
	counts  map[string]int
	leftAs  map[string]string
	locked  bool
	unlocks int
}

func newSite(nodes ...string) *site {
	s := &site{counts: map[string]int{}, leftAs: map[string]string{}, fail: func(string, string, int) error { return nil }}
	for _, n := range nodes {
		s.nodes = append(s.nodes, activities.Target{Node: n, Rack: "r1"})
	}
	s.plan = func(node string) plan.Plan {
		return plan.Plan{Node: node, Steps: []plan.Step{
			{ID: "01-SetNodeBoot", Action: drivers.SetNodeBoot, Boot: &drivers.BootTarget{Device: drivers.BootPXE, Once: true}},
			{ID: "02-PowerCycleNode", Action: drivers.PowerCycleNode, Effect: plan.EffectReboot},
			{ID: "03-DeployNode", Action: drivers.DeployNode, Effect: plan.EffectWipe},
		}}
	}
	return s
}

func (s *site) called(action, node string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := action + " " + node
	s.calls = append(s.calls, key)
	s.counts[key]++
	return s.fail(action, node, s.counts[key])
}

func (s *site) count(action, node string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[action+" "+node]
}

func (s *site) environment(t *testing.T) *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(30 * time.Second)
	workflows.Register(env)
	act := func(name string, fn any) {
		env.RegisterActivityWithOptions(fn, activity.RegisterOptions{Name: name})
	}
	act(activities.LoadDesign, func(_ context.Context, in activities.LoadInput) (activities.Loaded, error) {
		if err := s.called(activities.LoadDesign, ""); err != nil {
			return activities.Loaded{}, err
		}
		return activities.Loaded{Site: "harbor", Digest: "sha256:1", Valid: s.invalid == nil, Errors: len(s.invalid),
			Findings: s.invalid, Nodes: s.nodes, All: true}, nil
	})
	act(activities.PlanNode, func(_ context.Context, in activities.PlanNodeInput) (plan.Plan, error) {
		return s.plan(in.Node), s.called(activities.PlanNode, in.Node)
	})
	act(activities.PlanSite, func(_ context.Context, in activities.PlanSiteInput) (plan.Plan, error) {
		return plan.Site(in.Verify, in.Prepare, nil), nil
	})
	act(activities.LockSite, func(context.Context, activities.LockInput) error { s.locked = true; return nil })
	act(activities.UnlockSite, func(context.Context, activities.LockInput) error { s.locked = false; s.unlocks++; return nil })
	act(activities.RecordLeftAs, func(_ context.Context, in activities.LeftAsInput) (string, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.leftAs[in.Node] = in.LeftAs
		return in.LeftAs, nil
	})
	for _, a := range []drivers.Action{drivers.SetNodeBoot, drivers.PowerCycleNode, drivers.DeployNode} {
		act(string(a), func(_ context.Context, in activities.NodeInput) (activities.Output, error) {
			return activities.Output{Outcome: drivers.Changed}, s.called(string(a), in.Node)
		})
	}
	for _, a := range []drivers.Action{drivers.ValidateNodeServices, drivers.CreateNetworkTemplate, drivers.ConfigureNodeProvisioner,
		drivers.ConfigureUserCredentials, drivers.CreateBootMedia, drivers.CreateStorageTemplate, drivers.PrepareHardwareConfig} {
		act(string(a), func(context.Context, activities.SiteInput) (activities.Output, error) {
			return activities.Output{Outcome: drivers.Already}, s.called(string(a), "")
		})
	}
	t.Cleanup(func() { env.AssertExpectations(t) })
	return env
}

func broken(class drivers.Class, text string) error {
	return temporal.NewApplicationErrorWithOptions(text, string(class), temporal.ApplicationErrorOptions{
		NonRetryable: class.Disposition() != drivers.Retry})
}

func request() workflows.Request {
	return workflows.Request{DesignRef: "file:///site.yaml", AllNodes: true}
}

func names(list []workflows.NodeResult) []string {
	out := []string{}
	for _, n := range list {
		out = append(out, n.Node)
	}
	return out
}

// failedResult is the result in the failure of a task.
func failedResult(t *testing.T, err error) workflows.Result {
	t.Helper()
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	var r workflows.Result
	require.NoError(t, app.Details(&r))
	return r
}

func TestDeploySiteBringsEveryNodeTheWholeWay(t *testing.T) {
	s := newSite("n1", "n2", "n3")
	env := s.environment(t)
	env.ExecuteWorkflow(workflows.DeploySite.Type, request())
	require.NoError(t, env.GetWorkflowError())
	var r workflows.Result
	require.NoError(t, env.GetWorkflowResult(&r))

	assert.Equal(t, workflows.StatusSuccess, r.Status)
	assert.Equal(t, []string{"n1", "n2", "n3"}, names(r.Successes))
	assert.Empty(t, r.Failures)
	assert.Equal(t, "changed", r.Successes[0].Outcome)
	assert.Len(t, r.Steps, 7, "verify and prepare the site")
	for _, n := range []string{"n1", "n2", "n3"} {
		assert.Equal(t, 1, s.count("PowerCycleNode", n))
	}
	assert.Equal(t, 1, s.unlocks, "the site's design is unlocked again")
}

func TestOneFailedNodeHoldsUpNoOther(t *testing.T) {
	s := newSite("n1", "n2", "n3")
	s.fail = func(action, node string, _ int) error {
		if action == "DeployNode" && node == "n2" {
			return broken(drivers.HardwareFault, "DeployNode node n2: the installer failed")
		}
		return nil
	}
	env := s.environment(t)
	env.ExecuteWorkflow(workflows.DeployNodes.Type, request())
	require.NoError(t, env.GetWorkflowError())
	var r workflows.Result
	require.NoError(t, env.GetWorkflowResult(&r))

	assert.Equal(t, workflows.StatusPartialSuccess, r.Status)
	assert.Equal(t, []string{"n1", "n3"}, names(r.Successes))
	require.Equal(t, []string{"n2"}, names(r.Failures))
	f := r.Failures[0]
	assert.Equal(t, "HardwareFault", f.Class)
	assert.Equal(t, "DeployNode", f.Step)
	assert.Contains(t, f.Reason, "the installer failed")
	assert.Contains(t, f.LeftAs, "deploy failed at DeployNode")
	assert.Equal(t, "deploy failed at DeployNode", s.leftAs["n2"])
}

func TestATaskWhoseNodesAllFailHasFailed(t *testing.T) {
	s := newSite("n1", "n2")
	s.fail = func(action, _ string, _ int) error {
		if action == "SetNodeBoot" {
			return broken(drivers.AuthFailed, "SetNodeBoot: login refused")
		}
		return nil
	}
	env := s.environment(t)
	env.ExecuteWorkflow(workflows.DeployNodes.Type, request())
	r := failedResult(t, env.GetWorkflowError())
	assert.Equal(t, workflows.StatusFailure, r.Status)
	assert.Equal(t, []string{"n1", "n2"}, names(r.Failures))
	assert.Zero(t, s.count("PowerCycleNode", "n1"), "nothing after the failed step is done")
}

func TestAnInvalidDesignEndsTheTaskWithItsFindings(t *testing.T) {
	for _, kind := range workflows.Kinds() {
		t.Run(kind.Type, func(t *testing.T) {
			s := newSite("n1")
			s.invalid = design.Messages{{Code: "DD001", Level: design.LevelError, Text: "wrong", File: "site.yaml", Line: 7}}
			env := s.environment(t)
			env.ExecuteWorkflow(kind.Type, request())
			r := failedResult(t, env.GetWorkflowError())
			assert.Equal(t, workflows.StatusFailure, r.Status)
			require.Len(t, r.Findings, 1)
			assert.Equal(t, 7, r.Findings[0].Line)
			assert.Equal(t, []string{"LoadDesign "}, s.calls, "nothing else is done")
		})
	}
}

func TestAPlanThatIsAlreadyThereDoesNothing(t *testing.T) {
	s := newSite("n1")
	s.plan = func(node string) plan.Plan {
		return plan.Plan{Node: node, Already: "the machine is deployed"}
	}
	env := s.environment(t)
	env.ExecuteWorkflow(workflows.DeployNodes.Type, request())
	require.NoError(t, env.GetWorkflowError())
	var r workflows.Result
	require.NoError(t, env.GetWorkflowResult(&r))
	require.Len(t, r.Successes, 1)
	assert.Equal(t, "already", r.Successes[0].Outcome)
	assert.Equal(t, "the machine is deployed", r.Successes[0].Reason)
	assert.Zero(t, s.count("PowerCycleNode", "n1"))
}

func TestARefusedPlanFailsTheNodeWithItsAdvice(t *testing.T) {
	s := newSite("n1", "n2")
	whole := s.plan
	s.plan = func(node string) plan.Plan {
		if node == "n1" {
			return plan.Plan{Node: node, Refused: &plan.Refusal{Class: drivers.Conflict, Reason: "owned by bob", Advice: "ask bob"}}
		}
		return whole(node)
	}
	env := s.environment(t)
	env.ExecuteWorkflow(workflows.DeployNodes.Type, request())
	require.NoError(t, env.GetWorkflowError())
	var r workflows.Result
	require.NoError(t, env.GetWorkflowResult(&r))
	require.Equal(t, []string{"n1"}, names(r.Failures))
	assert.Equal(t, "Conflict", r.Failures[0].Class)
	assert.Contains(t, r.Failures[0].Reason, "owned by bob: ask bob")
}

// atGate runs steer once the named node waits at its gate.
func atGate(t *testing.T, env *testsuite.TestWorkflowEnvironment, node string, steer func()) {
	var look func()
	look = func() {
		value, err := env.QueryWorkflow(workflows.QueryStatus)
		require.NoError(t, err)
		var p workflows.Progress
		require.NoError(t, value.Get(&p))
		for _, n := range p.Nodes {
			if n.Node == node && n.Phase == workflows.PhaseGate {
				steer()
				return
			}
		}
		env.RegisterDelayedCallback(look, time.Minute)
	}
	env.RegisterDelayedCallback(look, time.Minute)
}

func waiting() workflows.Request {
	r := request()
	r.Policy.OnFailure = workflows.PolicyWait
	return r
}

func TestAFailedStepWaitsForAPersonAndIsRetried(t *testing.T) {
	s := newSite("n1", "n2")
	s.fail = func(action, node string, attempt int) error {
		if action == "DeployNode" && node == "n1" && attempt == 1 {
			return broken(drivers.HardwareFault, "no disk")
		}
		return nil
	}
	env := s.environment(t)
	answered := false
	atGate(t, env, "n1", func() {
		env.UpdateWorkflow(workflows.Retry, "u1", &testsuite.TestUpdateCallback{
			OnAccept: func() {}, OnReject: func(err error) { assert.NoError(t, err) },
			OnComplete: func(r any, err error) {
				assert.NoError(t, err)
				assert.Equal(t, []string{"n1"}, r)
				answered = true
			},
		}, workflows.Steer{Reason: "disk replaced"})
	})
	env.ExecuteWorkflow(workflows.DeployNodes.Type, waiting())
	require.NoError(t, env.GetWorkflowError())
	var r workflows.Result
	require.NoError(t, env.GetWorkflowResult(&r))
	assert.Equal(t, []string{"n1", "n2"}, names(r.Successes))
	assert.True(t, answered)
	assert.Equal(t, 2, s.count("DeployNode", "n1"))
	assert.Equal(t, 1, s.count("PowerCycleNode", "n1"), "only the failed step is done again")
}

func TestAFailedStepIsSkippedOrAborted(t *testing.T) {
	for verb, successes := range map[string][]string{workflows.Skip: {"n1", "n2"}, workflows.Abort: {"n2"}} {
		t.Run(verb, func(t *testing.T) {
			s := newSite("n1", "n2")
			s.fail = func(action, node string, _ int) error {
				if action == "SetNodeBoot" && node == "n1" {
					return broken(drivers.NotSupported, "no such boot device")
				}
				return nil
			}
			env := s.environment(t)
			atGate(t, env, "n1", func() {
				env.SignalWorkflow(verb, workflows.Steer{Nodes: []string{"n1"}, By: "ops", Reason: "set by hand"})
			})
			env.ExecuteWorkflow(workflows.DeployNodes.Type, waiting())
			require.NoError(t, env.GetWorkflowError())
			var r workflows.Result
			require.NoError(t, env.GetWorkflowResult(&r))
			assert.Equal(t, successes, names(r.Successes))
			if verb == workflows.Skip {
				require.NotEmpty(t, r.Successes[0].Warnings)
				assert.Contains(t, r.Successes[0].Warnings[0], "SetNodeBoot was skipped by ops (set by hand)")
			}
		})
	}
}

func TestWorkForAPersonWaitsWhateverThePolicy(t *testing.T) {
	s := newSite("n1")
	s.fail = func(action, _ string, _ int) error {
		if action == "PowerCycleNode" {
			return broken(drivers.NeedsPerson, "power-cycle node n1 by hand")
		}
		return nil
	}
	env := s.environment(t)
	atGate(t, env, "n1", func() { env.SignalWorkflow(workflows.Skip, workflows.Steer{}) })
	env.ExecuteWorkflow(workflows.DeployNodes.Type, request())
	require.NoError(t, env.GetWorkflowError())
	var r workflows.Result
	require.NoError(t, env.GetWorkflowResult(&r))
	assert.Equal(t, []string{"n1"}, names(r.Successes))
	assert.Equal(t, 1, s.count("DeployNode", "n1"))
}

func TestSteeringIsRefusedWhileNothingWaits(t *testing.T) {
	s := newSite("n1")
	env := s.environment(t)
	var refused error
	env.RegisterDelayedCallback(func() {
		env.UpdateWorkflow(workflows.Retry, "u1", &testsuite.TestUpdateCallback{
			OnAccept: func() { assert.Fail(t, "accepted") }, OnReject: func(err error) { refused = err },
			OnComplete: func(any, error) {},
		}, workflows.Steer{})
	}, 0)
	env.ExecuteWorkflow(workflows.DeployNodes.Type, request())
	require.NoError(t, env.GetWorkflowError())
	require.Error(t, refused)
	assert.Contains(t, refused.Error(), "no node of the task waits")
}

func TestACancelledTaskLeavesNodesInARecordedState(t *testing.T) {
	s := newSite("n1", "n2")
	s.fail = func(action, _ string, _ int) error {
		if action == "DeployNode" {
			return temporal.NewApplicationErrorWithOptions("deploying: 40 %", string(drivers.NotReady),
				temporal.ApplicationErrorOptions{NextRetryDelay: time.Minute})
		}
		return nil
	}
	env := s.environment(t)
	env.RegisterDelayedCallback(env.CancelWorkflow, 5*time.Minute)
	r := request()
	r.Policy.MaxParallel = 1
	env.ExecuteWorkflow(workflows.DeployNodes.Type, r)
	err := env.GetWorkflowError()
	require.Error(t, err)
	var canceled *temporal.CanceledError
	require.ErrorAs(t, err, &canceled)
	var result workflows.Result
	require.NoError(t, canceled.Details(&result))
	require.Equal(t, []string{"n1"}, names(result.Failures))
	assert.Equal(t, "deploy was cancelled at DeployNode", result.Failures[0].LeftAs)
	assert.Equal(t, []string{"n2"}, names(result.Skipped), "the node that had no turn yet is skipped, not failed")
	assert.Equal(t, "deploy was cancelled at DeployNode", s.leftAs["n1"])
	assert.Empty(t, s.leftAs["n2"])
}

func TestPrepareSiteUnlocksTheDesignWhateverHappens(t *testing.T) {
	s := newSite()
	s.fail = func(action, _ string, _ int) error {
		if action == "CreateBootMedia" {
			return broken(drivers.NotFound, "no such image")
		}
		return nil
	}
	env := s.environment(t)
	env.ExecuteWorkflow(workflows.PrepareSite.Type, request())
	r := failedResult(t, env.GetWorkflowError())
	assert.Equal(t, "no such image", r.Message)
	assert.False(t, s.locked)
	assert.Equal(t, "failed", r.Steps[len(r.Steps)-1].Outcome)
}

func TestAWrongPolicyIsRefusedBeforeAnythingIsDone(t *testing.T) {
	for text, p := range map[string]workflows.Policy{
		"policy.on_failure":   {OnFailure: "panic"},
		"policy.on_busy":      {OnBusy: "steal"},
		"policy.max_parallel": {MaxParallel: -1},
	} {
		s := newSite("n1")
		env := s.environment(t)
		r := request()
		r.Policy = p
		env.ExecuteWorkflow(workflows.DeployNodes.Type, r)
		require.ErrorContains(t, env.GetWorkflowError(), text)
		assert.Empty(t, s.calls)
	}
}

func TestPlanTaskShowsWhatWouldBeDoneAndDoesNothing(t *testing.T) {
	s := newSite("n1", "n2")
	s.fail = func(action, node string, _ int) error {
		if action == "PlanNode" && node == "n2" {
			return broken(drivers.AuthFailed, "MAAS refuses the key")
		}
		return nil
	}
	env := s.environment(t)
	env.ExecuteWorkflow(workflows.TypePlanTask, workflows.PlanRequest{Type: workflows.DeploySite.Type, Request: request()})
	require.NoError(t, env.GetWorkflowError())
	var r workflows.PlanResult
	require.NoError(t, env.GetWorkflowResult(&r))
	assert.Equal(t, "sha256:1", r.Design)
	assert.Len(t, r.Steps, 7)
	require.Len(t, r.Nodes, 2)
	assert.Len(t, r.Nodes[0].Steps, 3)
	require.NotNil(t, r.Nodes[1].Refused)
	assert.Contains(t, r.Nodes[1].Refused.Reason, "MAAS refuses the key")
	assert.Zero(t, s.count("PowerCycleNode", "n1"))
	assert.Zero(t, s.unlocks, "a preview takes no lock")
}

// TestCancelAtEveryStep cancels a node once at each of its steps: the steps after it are never begun.
func TestCancelAtEveryStep(t *testing.T) {
	steps := []string{"SetNodeBoot", "PowerCycleNode", "DeployNode"}
	for i, at := range steps {
		t.Run(at, func(t *testing.T) {
			s := newSite("n1")
			s.fail = func(action, _ string, _ int) error {
				if action == at {
					return temporal.NewApplicationErrorWithOptions("busy", string(drivers.NotReady), temporal.ApplicationErrorOptions{NextRetryDelay: time.Minute})
				}
				return nil
			}
			env := s.environment(t)
			env.RegisterDelayedCallback(env.CancelWorkflow, 5*time.Minute)
			env.ExecuteWorkflow(workflows.DeployNodes.Type, request())
			require.Error(t, env.GetWorkflowError())
			for _, later := range steps[i+1:] {
				assert.Zero(t, s.count(later, "n1"), fmt.Sprintf("%s after a cancellation at %s", later, at))
			}
			assert.Equal(t, "deploy was cancelled at "+at, s.leftAs["n1"])
		})
	}
}
