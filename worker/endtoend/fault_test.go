package endtoend

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/simulator/world"
	"drydock/starter"
	"drydock/workflows"
)

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// four are the nodes of tests that need not the whole site: both kinds of BMC are among them.
func (s *stack) four() []string {
	byType := map[string][]string{}
	for _, n := range s.site.Nodes {
		byType[n.OOB.Type] = append(byType[n.OOB.Type], n.Name)
	}
	return append(byType[design.OOBRedfish][:2:2], byType[design.OOBIPMI][:2]...)
}

func only(names ...string) func(*workflows.Request) {
	return func(r *workflows.Request) { r.NodeFilter, r.AllNodes = design.FilterNodes(names...), false }
}

// reached waits until what a machine has gone through satisfies the condition.
func (s *stack) reached(what string, condition func(map[string]world.Counters) bool) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return condition(s.counters()) }, 2*time.Minute, 5*time.Millisecond, what)
}

// The worker is killed as soon as the first machine is being cycled, commissioned, deployed. Every action must survive
// that: noted before it was begun, and never begun twice.
func TestAKilledWorkerLosesNothingAndRepeatsNothing(t *testing.T) {
	s := start(t, options{})
	nodes := s.four()
	task := s.submit(workflows.DeploySite, only(nodes...))
	for _, moment := range []struct {
		what string
		at   func(world.Counters) bool
	}{
		{"a machine is being started", func(c world.Counters) bool { return c.PowerCycles+c.PowerOns > 0 }},
		{"a machine is being commissioned", func(c world.Counters) bool { return c.Commissions > 0 }},
		{"a machine is being deployed", func(c world.Counters) bool { return c.Deploys > 0 }},
	} {
		s.reached(moment.what, func(all map[string]world.Counters) bool {
			for _, c := range all {
				if moment.at(c) {
					return true
				}
			}
			return false
		})
		s.worker.kill()
		s.startWorker()
	}
	requireAll(t, s.wait(task.ID), "changed", nodes...)
	s.requireDoneOnce(nodes...)
}

func TestAKilledTemporalServerLosesNothingAndRepeatsNothing(t *testing.T) {
	s := start(t, options{persistent: true})
	nodes := s.four()
	task := s.submit(workflows.DeploySite, only(nodes...))
	for _, stage := range []func(world.Counters) bool{
		func(c world.Counters) bool { return c.PowerCycles+c.PowerOns > 0 },
		func(c world.Counters) bool { return c.Deploys > 0 },
	} {
		s.reached("the stage", func(all map[string]world.Counters) bool {
			for _, c := range all {
				if stage(c) {
					return true
				}
			}
			return false
		})
		s.temporal.kill()
		s.startTemporal(true)
	}
	s.connect()
	requireAll(t, s.wait(task.ID), "changed", nodes...)
	s.requireDoneOnce(nodes...)
}

func TestFaultyNodesHoldUpNoOtherAndAreRetriedAlone(t *testing.T) {
	s := start(t, options{})
	nodes := s.four()
	dead, _ := s.sim.World.Machine(nodes[2]) // IPMI
	sick, _ := s.sim.World.Machine(nodes[0])
	dead.SetFault(world.FaultBMCSilent, true)
	sick.SetFault(world.FaultCommission, true)

	stdout, stderr, code := s.cli("task", "run", "deploy-site", "--design", s.design, "--node", strings.Join(nodes, ","), "-o", "json")
	require.Equal(t, 3, code, "partial success\n%s\n%s", stdout, stderr)
	var task starter.Task
	require.NoError(t, json.Unmarshal([]byte(stdout), &task), stdout)
	require.NotNil(t, task.Result)
	assert.Equal(t, workflows.StatusPartialSuccess, task.Result.Status)
	assert.Len(t, task.Result.Successes, 2)
	require.Len(t, task.Result.Failures, 2)
	failures := map[string]workflows.NodeResult{}
	for _, f := range task.Result.Failures {
		failures[f.Node] = f
	}
	f := failures[dead.Name()]
	assert.Equal(t, "Unreachable", f.Class)
	assert.Equal(t, "InterrogateOob", f.Step)
	assert.Contains(t, f.Reason, dead.Hardware().BMC.Address, "the reason names the address")
	f = failures[sick.Name()]
	assert.Equal(t, "HardwareFault", f.Class)
	assert.Equal(t, "ConfigureHardware", f.Step)
	assert.NotEmpty(t, f.LeftAs)
	t.Logf("reasons: %s | %s", failures[dead.Name()].Reason, f.Reason)
	before := s.counters()

	dead.SetFault(world.FaultBMCSilent, false)
	sick.SetFault(world.FaultCommission, false)
	stdout, stderr, code = s.cli("task", "retry", task.ID, "-o", "json", "--reason", "repaired")
	require.Equal(t, 0, code, "%s\n%s", stdout, stderr)
	var retried starter.Task
	require.NoError(t, json.Unmarshal([]byte(stdout), &retried), stdout)
	requireAll(t, retried, "changed", dead.Name(), sick.Name())
	assert.Equal(t, task.ID, retried.Request.RetryOf)
	after := s.counters()
	for _, name := range []string{nodes[1], nodes[3]} {
		assert.Equal(t, before[name], after[name], "%s was done already", name)
	}
	assert.Equal(t, 1, after[sick.Name()].PowerCycles+after[sick.Name()].PowerOns, "a machine that is known is not cycled again")
	assert.Equal(t, 2, after[sick.Name()].Commissions)
}

func TestABusyNodeSaysWhichTaskHoldsIt(t *testing.T) {
	s := start(t, options{speed: 20})
	node := s.four()[0]
	first := s.submit(workflows.DeploySite, only(node))
	s.reached("the node is under way", func(all map[string]world.Counters) bool { return all[node].Netboots > 0 })

	second := s.wait(s.submit(workflows.VerifyNodes, only(node)).ID)
	require.NotNil(t, second.Result)
	require.Len(t, second.Result.Failures, 1)
	assert.Equal(t, "Conflict", second.Result.Failures[0].Class)
	assert.Contains(t, second.Result.Failures[0].Reason, first.ID, "the reason names the task")
	_, stderr, code := s.cli("task", "run", "verify-nodes", "--design", s.design, "--node", node)
	assert.Equal(t, 6, code, stderr)

	_, stderr, code = s.cli("node", "forget", node, "--yes")
	assert.Equal(t, 6, code, stderr)
	assert.Contains(t, stderr, "a task works on it")

	third := s.wait(s.submit(workflows.VerifyNodes, func(r *workflows.Request) {
		only(node)(r)
		r.Policy.OnBusy = workflows.PolicySkip
	}).ID)
	require.NotNil(t, third.Result)
	require.Len(t, third.Result.Skipped, 1)
	fourth := s.submit(workflows.VerifyNodes, func(r *workflows.Request) {
		only(node)(r)
		r.Policy.OnBusy = workflows.PolicyWait
	})
	requireAll(t, s.wait(first.ID), "changed", node)
	requireAll(t, s.wait(fourth.ID), "already", node)
}

func TestACancelledTaskLeavesTheNodeInARecordedState(t *testing.T) {
	s := start(t, options{speed: 20})
	node := s.four()[0]
	task := s.submit(workflows.DeploySite, only(node))
	s.reached("the node is commissioning", func(all map[string]world.Counters) bool { return all[node].Commissions > 0 })
	require.NoError(t, s.tasks.Cancel(t.Context(), task.ID, workflows.Steer{By: "ops", Reason: "changed our minds"}))
	ended := s.wait(task.ID)
	assert.Equal(t, starter.Canceled, ended.State)
	require.NotNil(t, ended.Result)
	assert.Contains(t, ended.Result.Message, "cancelled by ops (changed our minds)")
	require.Len(t, ended.Result.Failures, 1)
	assert.Contains(t, ended.Result.Failures[0].LeftAs, "was cancelled at ConfigureHardware")
	assert.Contains(t, ended.Result.Failures[0].LeftAs, "the bootstrapper says: commissioning")

	retried, err := s.tasks.Retry(t.Context(), task.ID, workflows.Steer{})
	require.NoError(t, err)
	requireAll(t, s.wait(retried.ID), "changed", node)
	s.requireDoneOnce(node)
}

func TestWaitingForAPersonAndGoingOn(t *testing.T) {
	s := start(t, options{})
	node := s.four()[1]
	m, _ := s.sim.World.Machine(node)
	m.SetFault(world.FaultCommission, true)
	task := s.submit(workflows.DeploySite, func(r *workflows.Request) {
		only(node)(r)
		r.Policy.OnFailure = workflows.PolicyWait
	})
	require.Eventually(t, func() bool {
		snapshot, err := s.tasks.Snapshot(t.Context(), task.ID)
		return err == nil && snapshot.Nodes[node].Gate
	}, 2*time.Minute, 100*time.Millisecond)
	m.SetFault(world.FaultCommission, false)
	_, stderr, code := s.cli("task", "retry", task.ID, "--detach")
	require.Zero(t, code, stderr)
	requireAll(t, s.wait(task.ID), "changed", node)
}

// A node that is operated by hand has its work done by a person, who says so with Temporal's own command line.
func TestANodeWithoutABMCIsStartedByAPerson(t *testing.T) {
	s := start(t, options{manual: true})
	node := s.four()[0]
	m, _ := s.sim.World.Machine(node)
	require.Equal(t, starter.Completed, s.wait(s.submit(workflows.PrepareSite, nil).ID).State)
	task := s.submit(workflows.PrepareNodes, only(node))
	skip := func(step string, byHand func()) {
		t.Helper()
		require.Eventually(t, func() bool {
			snapshot, err := s.tasks.Snapshot(t.Context(), task.ID)
			return err == nil && snapshot.Nodes[node].Gate && strings.Contains(snapshot.Nodes[node].Waits, step)
		}, time.Minute, 50*time.Millisecond, "a person is asked for %s", step)
		byHand()
		out, err := exec.Command(temporalCLI(t), "workflow", "signal", "-w", workflows.NodeWorkflowID(s.site.Name, node), "--name", workflows.Skip,
			"--input", `{"reason": "done by hand"}`, "--address", s.address).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	skip("SetNodeBoot", func() { m.SetBootOverride(world.BootOverride{Target: "pxe", Once: true}) })
	skip("PowerCycleNode", func() { require.NoError(t, m.Command(world.OriginPerson, world.CommandOn)) })
	done := s.wait(task.ID)
	requireAll(t, done, "changed", node)
	assert.Len(t, done.Result.Successes[0].Warnings, 2, "what was skipped is said")
}

func TestPlanShowsEverythingAndTouchesNothing(t *testing.T) {
	s := start(t, options{})
	nodes := s.four()
	stdout, stderr, code := s.cli("task", "plan", "deploy-site", "--design", s.design, "--node", strings.Join(nodes, ","), "-o", "json")
	require.Zero(t, code, stderr)
	var plan starter.Plan
	require.NoError(t, json.Unmarshal([]byte(stdout), &plan))
	require.Len(t, plan.Nodes, 4)
	assert.Equal(t, "absent", plan.Nodes[0].Observed)
	assert.NotEmpty(t, plan.Nodes[0].Steps)
	for name, c := range s.counters() {
		assert.Equal(t, world.Counters{}, c, name)
	}
}

// A task that would wipe says no to an empty selection, however it is started.
func TestNothingIsEverTakenForAllNodes(t *testing.T) {
	s := start(t, options{})
	for _, kind := range []workflows.Kind{workflows.PrepareNodes, workflows.DeployNodes, workflows.DestroyNodes, workflows.DeploySite} {
		task := s.wait(s.submit(kind, func(r *workflows.Request) { r.AllNodes = false }).ID)
		assert.Equal(t, starter.Failed, task.State)
		assert.Contains(t, task.Failure, "no nodes were selected", kind.Type)
		_, stderr, code := s.cli("task", "run", kind.Word(), "--design", s.design)
		assert.Equal(t, 2, code, "%s: %s", kind.Type, stderr)
	}
	for name, c := range s.counters() {
		assert.Equal(t, world.Counters{}, c, name)
	}
}

func TestAStoppedWorkerHandsOver(t *testing.T) {
	s := start(t, options{})
	nodes := s.four()[:2]
	task := s.submit(workflows.DeploySite, only(nodes...))
	s.reached("a machine netboots", func(all map[string]world.Counters) bool { return all[nodes[0]].Netboots > 0 })
	require.NoError(t, s.worker.cmd.Process.Signal(syscall.SIGTERM))
	<-s.worker.done
	assert.Zero(t, s.worker.cmd.ProcessState.ExitCode(), "a worker that is asked to stop ends well")
	s.startWorker()
	requireAll(t, s.wait(task.ID), "changed", nodes...)
	s.requireDoneOnce(nodes...)
}

func TestUnreachableServicesAreNamed(t *testing.T) {
	s := start(t, options{})
	region := s.sim.MAASURL()
	require.NoError(t, s.sim.Close())
	stdout, stderr, code := s.cli("task", "run", "verify-site", "--design", s.design)
	assert.Equal(t, 7, code, stderr)
	host := strings.TrimSuffix(strings.TrimPrefix(region, "http://"), "/MAAS")
	assert.Contains(t, stdout, host, "the address of MAAS is named")
	assert.NotContains(t, stdout+stderr, "goroutine")

	port := freePort(t)
	defer func(address string) { s.address = address }(s.address)
	s.address = fmt.Sprintf("127.0.0.1:%d", port)
	_, stderr, code = s.cli("task", "list")
	assert.Equal(t, 7, code)
	assert.Contains(t, stderr, s.address)
	assert.Contains(t, stderr, "TEMPORAL_ADDRESS")
	assert.NotContains(t, stderr, "goroutine")
}
