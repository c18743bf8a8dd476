package maas

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/design/build"
	"drydock/drivers"
	simulated "drydock/simulator/maas"
	"drydock/simulator/world"
)

func TestAFailureOfTheRegionAtAnActionIsSurvivedAndNothingIsDoneTwice(t *testing.T) {
	failures := map[string]simulated.Failure{
		"a conflict of parallel writers":                  {Status: 409, RetryAfter: 5},
		"a failure within the region":                     {Status: 500},
		"no rack controller connected for a moment":       {Status: 503, RetryAfter: 10},
		"a proxy that gives up, while the region does it": {Status: 504, Done: true},
		"a proxy that gives up before the region does it": {Status: 504},
	}
	for sentence, failure := range failures {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			const node = "harbor-n1"
			r := newRegion(t, testSite(), nil)
			r.prepareSite()
			r.boot(node)
			r.must(drivers.Changed, node, newMemory(), r.driver.IdentifyNode)
			m, _ := r.world.Machine(node)
			for _, step := range []struct {
				action     nodeAction
				operations []string
			}{
				{r.driver.ConfigureHardware, []string{"POST machines/{system_id}/ commission"}},
				{r.driver.DeployNode, []string{"POST machines/ allocate", "POST machines/{system_id}/ deploy"}},
				{r.driver.DestroyNode, []string{"POST machines/{system_id}/ release"}},
			} {
				for _, operation := range step.operations {
					r.maas.FailNext(operation, failure)
				}
				j := newMemory()
				_, err := step.action(context.Background(), r.call(node, j))
				var e *drivers.Error
				require.ErrorAs(t, err, &e, "the failure reaches the workflow, which has the patience")
				require.Equal(t, drivers.Retry, e.Class.Disposition(), "%v", err)
				require.Equal(t, time.Duration(failure.RetryAfter)*time.Second, e.After, "the pause is the region's")
				report, err := r.persist(node, j, step.action)
				require.NoError(t, err, step.operations)
				require.Equal(t, drivers.Changed, report.Outcome, step.operations)
			}
			require.Equal(t, 1, m.Counters().Commissions)
			require.Equal(t, 1, m.Counters().Deploys)
			require.Equal(t, 1, m.Counters().Erases)
		})
	}
}

// persist calls an action for as long as its errors may be tried again, as a workflow would.
func (r *region) persist(node string, j *memory, action nodeAction) (drivers.Report, error) {
	r.t.Helper()
	for deadline := time.Now().Add(waitFor); ; {
		report, err := action(context.Background(), r.call(node, j))
		if err == nil && report.Build != nil {
			r.build[node] = *report.Build
		}
		if err == nil || drivers.ClassOf(err).Disposition() != drivers.Retry || time.Now().After(deadline) {
			return report, err
		}
		<-time.After(tick) // the pause between two calls that the error asks for
	}
}

func TestALifeInARegionWhereEveryEighthRequestFailsEndsAsDesigned(t *testing.T) {
	const node = "harbor-n1"
	r := newRegion(t, testSite(), nil)
	r.prepareSite()
	r.boot(node)
	r.maas.SetFaults(simulated.Faults{Jitter: time.Millisecond, Conflicts: 0.03, Internals: 0.03, Unavailables: 0.03, Timeouts: 0.03})
	for _, action := range []nodeAction{
		r.driver.IdentifyNode, r.driver.ConfigureHardware, r.driver.ApplyNodeNetworking, r.driver.ApplyNodeStorage, r.driver.ApplyNodePlatform, r.driver.DeployNode,
	} {
		_, err := r.persist(node, newMemory(), action)
		require.NoError(t, err)
	}
	r.maas.SetFaults(simulated.Faults{})
	for _, action := range []nodeAction{r.driver.ApplyNodeNetworking, r.driver.ApplyNodeStorage, r.driver.DeployNode} {
		require.Empty(t, r.must(drivers.Already, node, newMemory(), action))
	}
	m, _ := r.world.Machine(node)
	require.Equal(t, 1, m.Counters().Commissions)
	require.Equal(t, 1, m.Counters().Deploys)
}

func TestAMachineThatHangsIsWaitedForUntilTheRegionGivesItUp(t *testing.T) {
	const node = "harbor-n1"
	r := newRegion(t, testSite(), nil)
	r.prepareSite()
	r.boot(node)
	r.must(drivers.Changed, node, newMemory(), r.driver.IdentifyNode)
	require.NoError(t, r.admin("").setConfig("node_timeout", "1"))
	r.maas.Freeze(node, true)
	j := newMemory()
	_, err := r.driver.ConfigureHardware(context.Background(), r.call(node, j))
	classed(t, err, drivers.NotReady)
	_, err = r.finish(node, j, r.driver.ConfigureHardware)
	require.Contains(t, classed(t, err, drivers.HardwareFault).Error(), "timed out after 1 minutes")
	r.maas.Freeze(node, false)
	require.NoError(t, r.admin("").setConfig("node_timeout", "30"))
	r.must(drivers.Changed, node, newMemory(), r.driver.ConfigureHardware)
}

func TestAMachineWhoseBMCDiesFailsWithTheReasonOfMAAS(t *testing.T) {
	const node = "harbor-n1"
	r := newRegion(t, testSite(), nil)
	r.ready(node, false)
	m, _ := r.world.Machine(node)
	m.SetFault(world.FaultBMCSilent, true)
	j := newMemory()
	_, err := r.persist(node, j, r.driver.DeployNode)
	e := classed(t, err, drivers.HardwareFault)
	require.Contains(t, e.Error(), "deployment of machine harbor-n1")
	m.SetFault(world.FaultBMCSilent, false)
	_, err = r.persist(node, newMemory(), r.driver.DeployNode)
	require.NoError(t, err)
}

func TestARegionThatIsSlowIsAskedLess(t *testing.T) {
	const node = "harbor-n1"
	r := newRegion(t, testSite(), nil)
	r.prepareSite()
	r.boot(node)
	r.must(drivers.Changed, node, newMemory(), r.driver.IdentifyNode)
	r.maas.SetFaults(simulated.Faults{Latency: 10 * time.Millisecond})
	r.must(drivers.Changed, node, newMemory(), r.driver.ConfigureHardware)
	require.Greater(t, r.driver.watch.interval(), r.config.PollInterval)
}

func TestAMachineIsDeletedAfterItsReleaseWhereThatIsAskedFor(t *testing.T) {
	const node = "harbor-n1"
	r := newRegion(t, testSite(), func(c *Config) { c.DeleteReleased = true })
	r.ready(node, false)
	r.must(drivers.Changed, node, newMemory(), r.driver.DeployNode)
	id := r.build[node].Provisioner.ID
	writes := r.must(drivers.Changed, node, newMemory(), r.driver.DestroyNode)
	require.Equal(t, []string{"POST machines/" + id + "/ release", "DELETE machines/" + id + "/ "}, writes)
	require.Equal(t, build.StatusAbsent, r.build[node].Provisioner.Status)
	require.Empty(t, r.must(drivers.Already, node, newMemory(), r.driver.DestroyNode))
	m, _ := r.world.Machine(node)
	require.Equal(t, 1, m.Counters().Erases, "it was erased before it was forgotten")
}

func TestTheErasePolicyIsThatOfReleasesByHandToo(t *testing.T) {
	for policy, want := range map[Erase][3]string{
		EraseNone: {"false", "true", "false"}, EraseQuick: {"true", "false", "true"}, EraseSecure: {"true", "true", "true"},
		EraseFull: {"true", "false", "false"}, EraseRegion: {"false", "true", "false"},
	} {
		r := newRegion(t, testSite(), func(c *Config) { c.Erase = policy })
		_, err := r.driver.CreateStorageTemplate(context.Background(), r.siteCall())
		require.NoError(t, err)
		s := r.admin("")
		for i, setting := range []string{"enable_disk_erasing_on_release", "disk_erase_with_secure_erase", "disk_erase_with_quick_erase"} {
			have, err := s.config(setting)
			require.NoError(t, err)
			require.Equal(t, want[i], have, "%s with policy %s", setting, policy)
		}
	}
}

func TestClocksThatDifferAreAWarning(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	validate := func() (warnings []string) {
		report, err := r.driver.ValidateNodeServices(context.Background(), r.siteCall())
		require.NoError(t, err)
		for _, m := range report.Messages {
			if drivers.IsWarning(m) {
				warnings = append(warnings, m)
			}
		}
		return warnings
	}
	require.Empty(t, validate())
	r.driver.wire.now = func() time.Time { return time.Now().Add(-2 * time.Minute) }
	require.Len(t, validate(), 1)
	require.Contains(t, validate()[0], "clock of MAAS is")
	r.driver.wire.now = func() time.Time { return time.Now().Add(-time.Hour) }
	_, err := r.driver.ValidateNodeServices(context.Background(), r.siteCall())
	require.Contains(t, classed(t, err, drivers.AuthFailed).Advice, "clocks")
}

func TestNoSecretIsInAnErrorWhateverTheRegionAnswers(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 409, 429, 500, 503, 504} {
		d := against(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte("echo: " + r.Header.Get("Authorization") + " " + testBMCPassword))
		}, nil)
		site := testSite()
		_, err := d.IdentifyNode(context.Background(), drivers.NodeCall{Site: site, Node: site.Nodes[0], Journal: newMemory()})
		require.Error(t, err, status)
		require.NotContains(t, err.Error(), testBMCPassword)
		require.NotContains(t, err.Error(), d.wire.creds.secret)
	}
}
