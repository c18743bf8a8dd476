package maas

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/build"
	"drydock/drivers"
	"drydock/simulator/world"
)

func TestANodeLivesFromEnlistmentToDestructionAndEveryActionTwiceWritesOnce(t *testing.T) {
	for _, node := range []string{"harbor-n1", "harbor-n2"} {
		t.Run(node, func(t *testing.T) {
			t.Parallel()
			r := newRegion(t, testSite(), nil)
			r.prepareSite()

			b, err := r.driver.Observe(context.Background(), r.call(node, newMemory()))
			require.NoError(t, err)
			require.Equal(t, build.StatusAbsent, b.Provisioner.Status)

			_, err = r.driver.IdentifyNode(context.Background(), r.call(node, newMemory()))
			require.Equal(t, r.config.PollInterval, classed(t, err, drivers.NotReady).After)
			r.boot(node)
			r.twice(node, r.driver.IdentifyNode)
			r.twice(node, r.driver.ConfigureHardware)
			require.Empty(t, r.must(drivers.Already, node, newMemory(), r.driver.InterrogateNode))
			require.NotEmpty(t, r.build[node].NICs)
			require.NotEmpty(t, r.build[node].Disks)
			r.twice(node, r.driver.ApplyNodeNetworking)
			r.twice(node, r.driver.ApplyNodeStorage)
			r.twice(node, r.driver.ApplyNodePlatform)
			r.twice(node, r.driver.DeployNode)

			b, err = r.driver.Observe(context.Background(), r.call(node, newMemory()))
			require.NoError(t, err)
			require.Equal(t, build.StatusDeployed, b.Provisioner.Status)
			require.True(t, b.Provisioner.Ours)
			require.Equal(t, "jammy", b.Provisioner.Image)
			require.Equal(t, "sha256:feed", b.Provisioner.Design)
			m, _ := r.world.Machine(node)
			require.Equal(t, 1, m.Counters().Deploys)
			for _, action := range []nodeAction{r.driver.ApplyNodeNetworking, r.driver.ApplyNodeStorage, r.driver.ApplyNodePlatform} {
				require.Empty(t, r.must(drivers.Already, node, newMemory(), action))
			}

			r.twice(node, r.driver.DestroyNode)
			require.Empty(t, m.System())
			require.Equal(t, 1, m.Counters().Erases)
			require.Zero(t, r.maas.UnfilteredLists())
		})
	}
}

func TestAFailedCommissioningOfOursIsAHardwareFaultAndOneFromBeforeIsTriedAgain(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.prepareSite()
	r.boot("harbor-n1")
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.IdentifyNode)
	m, _ := r.world.Machine("harbor-n1")
	m.SetFault(world.FaultCommission, true)

	j := newMemory()
	_, err := r.finish("harbor-n1", j, r.driver.ConfigureHardware)
	classed(t, err, drivers.HardwareFault)
	require.Contains(t, err.Error(), "commissioning of machine harbor-n1")
	commissionings := m.Counters().Commissions
	_, err = r.finish("harbor-n1", j, r.driver.ConfigureHardware)
	classed(t, err, drivers.HardwareFault)
	require.Equal(t, commissionings, m.Counters().Commissions, "the same task must not commission twice")

	m.SetFault(world.FaultCommission, false)
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.ConfigureHardware)
}

func TestAFailedTestNamesTheScriptAndALaterTaskTestsAgain(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.prepareSite()
	r.boot("harbor-n1")
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.IdentifyNode)
	m, _ := r.world.Machine("harbor-n1")
	m.SetFault(world.FaultTest, true)
	_, err := r.finish("harbor-n1", newMemory(), r.driver.ConfigureHardware)
	classed(t, err, drivers.HardwareFault)
	require.Contains(t, err.Error(), "smartctl-validate")

	m.SetFault(world.FaultTest, false)
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.ConfigureHardware)
}

func TestAFailedDeploymentTellsTheReasonAndALaterTaskReleasesAndDeploysAgain(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.ready("harbor-n1", true)
	m, _ := r.world.Machine("harbor-n1")
	m.SetFault(world.FaultInstall, true)
	j := newMemory()
	_, err := r.finish("harbor-n1", j, r.driver.DeployNode)
	classed(t, err, drivers.HardwareFault)
	require.Contains(t, err.Error(), "no space left on device")
	_, err = r.finish("harbor-n1", j, r.driver.DeployNode)
	classed(t, err, drivers.HardwareFault)
	require.Equal(t, 1, m.Counters().Deploys, "the same task must not install twice")

	m.SetFault(world.FaultInstall, false)
	writes := r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.DeployNode)
	id := r.build["harbor-n1"].Provisioner.ID
	require.Contains(t, writes, "POST machines/"+id+"/ release")
	require.Equal(t, "jammy", r.build["harbor-n1"].Provisioner.Image)
}

func TestUserDataReachesTheDeployment(t *testing.T) {
	asked := make(chan string, 10)
	r := newRegion(t, testSite(), func(c *Config) {
		c.UserData = func(_ *design.Site, n *design.Node) ([]byte, []string, error) {
			asked <- n.Name
			return []byte("#cloud-config\n{}\n"), []string{"one boot action"}, nil
		}
	})
	r.ready("harbor-n1", true)
	report, err := r.finish("harbor-n1", newMemory(), r.driver.DeployNode)
	require.NoError(t, err)
	require.Contains(t, report.Messages, "one boot action", "what is said of the user data is said at the end")
	require.Equal(t, "harbor-n1", <-asked)
}
