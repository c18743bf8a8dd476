package maas

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/simulator/world"
)

// failing is a region with a machine that is ready, and whose installation fails.
func failing(t *testing.T, policy FailedDeployment) (*region, *world.Machine) {
	t.Helper()
	r := newRegion(t, testSite(), func(c *Config) { c.FailedDeployment = policy })
	r.ready("harbor-n1", false)
	m, _ := r.world.Machine("harbor-n1")
	m.SetFault(world.FaultInstall, true)
	return r, m
}

func TestAFailedDeploymentIsKeptWhereThePolicySaysSoAndTheRefusalTellsWhatToDo(t *testing.T) {
	r, m := failing(t, FailedKeep)
	_, err := r.finish("harbor-n1", newMemory(), r.driver.DeployNode)
	classed(t, err, drivers.HardwareFault)
	m.SetFault(world.FaultInstall, false)
	e := r.refused(drivers.NeedsPerson, "harbor-n1", r.driver.DeployNode)
	require.Contains(t, e.Error(), "no space left on device")
	require.Contains(t, e.Advice, "Destroy the node, or release the machine at MAAS")
	require.Contains(t, e.Advice, "drivers.maas.failed_deployment")
	require.Equal(t, 1, m.Counters().Deploys)
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.DestroyNode)
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.DeployNode)
}

func TestAFailedDeploymentIsReleasedAtOnceWhereThePolicySaysSoAndIsAFailureAllTheSame(t *testing.T) {
	r, m := failing(t, FailedRelease)
	j := newMemory()
	r.meter.reset()
	_, err := r.finish("harbor-n1", j, r.driver.DeployNode)
	require.Contains(t, classed(t, err, drivers.HardwareFault).Error(), "no space left on device")
	require.Equal(t, "POST machines/"+r.build["harbor-n1"].Provisioner.ID+"/ release", last(r.meter.written()))
	r.reaches("harbor-n1", stReady)
	require.Zero(t, m.Counters().Erases, "its disks are written anew by the next installation")

	// Whoever asks the same task again gets the same failure, and no second installation.
	_, err = r.finish("harbor-n1", j, r.driver.DeployNode)
	require.Contains(t, classed(t, err, drivers.HardwareFault).Error(), "no space left on device")
	require.Equal(t, 1, m.Counters().Deploys)

	m.SetFault(world.FaultInstall, false)
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.DeployNode)
}

func last(list []string) string { return list[len(list)-1] }

// reaches waits until the machine of a node is in a state.
func (r *region) reaches(node string, status int) {
	r.t.Helper()
	s := r.admin("")
	require.Eventually(r.t, func() bool {
		m, err := s.machineByID(r.build[node].Provisioner.ID)
		return err == nil && m != nil && m.Status == status
	}, waitFor, tick)
}

func TestAReleaseAfterAFailureSurvivesTheLossOfAnySingleRequest(t *testing.T) {
	t.Parallel()
	r, m := failing(t, FailedRelease)
	losing(t, 100, func(t *testing.T, n int, after bool) bool {
		deploys := m.Counters().Deploys
		lost := false
		r.meter.reset()
		r.meter.cut = func(i int) (bool, bool) {
			if i == n {
				lost = true
				return !after, after
			}
			return false, false
		}
		_, err := r.persist("harbor-n1", newMemory(), r.driver.DeployNode)
		require.Contains(t, classed(t, err, drivers.HardwareFault).Error(), "deployment of machine harbor-n1", "request %d lost, after=%v", n, after)
		require.Equal(t, deploys+1, m.Counters().Deploys, "request %d lost, after=%v", n, after)
		r.reaches("harbor-n1", stReady)
		return lost
	})
}

func TestDestroyingAndDeletingSurvivesTheLossOfAnySingleRequest(t *testing.T) {
	t.Parallel()
	const node = "harbor-n1"
	r := newRegion(t, testSite(), func(c *Config) { c.DeleteReleased = true })
	r.prepareSite()
	m, _ := r.world.Machine(node)
	losing(t, 40, func(t *testing.T, n int, after bool) bool {
		r.enlistAnew(node)
		r.must(drivers.Changed, node, newMemory(), r.driver.IdentifyNode)
		r.must(drivers.Changed, node, newMemory(), r.driver.ConfigureHardware)
		r.must(drivers.Changed, node, newMemory(), r.driver.DeployNode)
		erases := m.Counters().Erases
		report, lost := r.survive(node, n, after, r.driver.DestroyNode)
		require.Equal(t, drivers.Changed, report.Outcome, "request %d lost, after=%v", n, after)
		require.Equal(t, build.StatusAbsent, report.Build.Provisioner.Status)
		require.Equal(t, erases+1, m.Counters().Erases, "request %d lost, after=%v", n, after)
		require.Empty(t, r.must(drivers.Already, node, newMemory(), r.driver.DestroyNode))
		return lost
	})
}

func TestACrashBetweenReleaseAndDeletionIsMadeGoodByTheRerun(t *testing.T) {
	const node = "harbor-n1"
	r := newRegion(t, testSite(), func(c *Config) { c.DeleteReleased = true })
	r.ready(node, false)
	r.must(drivers.Changed, node, newMemory(), r.driver.DeployNode)
	id := r.build[node].Provisioner.ID
	// The worker dies when it is about to delete: the context ends, and the request is never sent.
	ctx, die := context.WithCancel(context.Background())
	r.driver.wire.carrier = roundTrip(func(q *http.Request) (*http.Response, error) {
		if q.Method == http.MethodDelete {
			die()
			return nil, ctx.Err()
		}
		return r.meter.RoundTrip(q)
	})
	j := newMemory()
	for ctx.Err() == nil {
		_, err := r.driver.DestroyNode(ctx, r.call(node, j))
		require.Error(t, err)
		select {
		case <-ctx.Done():
		case <-time.After(tick): // the pause that the error asks for
		}
	}
	at, err := r.admin("").machineByID(id)
	require.NoError(t, err)
	require.Equal(t, stReady, at.Status, "released, and still there")

	r.driver.wire.carrier = r.meter
	r.meter.reset()
	report, err := r.finish(node, j, r.driver.DestroyNode)
	require.NoError(t, err)
	require.Equal(t, drivers.Changed, report.Outcome)
	require.Equal(t, []string{"DELETE machines/" + id + "/ "}, r.meter.written(), "it is not released a second time")
	require.Contains(t, strings.Join(report.Messages, " "), "deleted at MAAS")
	m, _ := r.world.Machine(node)
	require.Equal(t, 1, m.Counters().Erases)
}
