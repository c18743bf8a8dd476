package worker

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
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
	model "drydock/design/build"
	"drydock/design/state"
	"drydock/design/validate"
	"drydock/design/verify"
	"drydock/drivers"
	"drydock/simulator"
	"drydock/simulator/world"
	"drydock/starter/config"
)

// A life is a machine of a simulated site that is worked on by the real activities, with the real drivers and store.
type life struct {
	t       *testing.T
	sim     *simulator.Site
	store   *state.Store
	env     *testsuite.TestActivityEnvironment
	machine *world.Machine
	in      activities.NodeInput
}

func (l life) RegisterActivity(name string, fn any) {
	l.env.RegisterActivityWithOptions(fn, activity.RegisterOptions{Name: name})
}

func newLife(t *testing.T, oob string) life {
	text, err := os.ReadFile("../deploy/examples/harbor.yaml")
	require.NoError(t, err)
	loaded := validate.Load(design.Source{Name: "harbor.yaml", Data: text})
	require.True(t, loaded.Messages.Valid())
	site := loaded.Site
	l := life{t: t}
	l.sim, err = simulator.Start(t.Context(), site, simulator.Options{Seed: 1, Speed: 600})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.sim.Close()) })
	l.store, err = state.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "state.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.store.Close()) })

	c := config.Default().Drivers
	c.Addresses = l.sim.BMCAddresses()
	c.MAAS.URL, c.MAAS.APIKey, c.MAAS.PollInterval = l.sim.MAASURL(), design.Secret(l.sim.APIKey()), 20*time.Millisecond
	c.Redfish.Insecure, c.Redfish.PollInterval = true, 10*time.Millisecond
	c.IPMI.PollInterval = 10 * time.Millisecond
	chosen, err := newDrivers(c, config.Limits{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, chosen.Close()) })

	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	l.env = suite.NewTestActivityEnvironment()
	(&activities.Activities{Store: keeper{l.store}, Drivers: chosen, Log: slog.New(slog.DiscardHandler)}).Register(l)
	require.NoError(t, l.store.PutDesign(t.Context(), site.Digest, site.Name, loaded.Documents.Canonical()))
	for _, n := range site.Nodes {
		if n.OOB.Type == oob {
			l.in = activities.NodeInput{Site: site.Name, Node: n.Name, Design: site.Digest}
		}
	}
	l.machine, _ = l.sim.World.Machine(l.in.Node)
	require.NotNil(t, l.machine)
	l.keep(model.Node{Name: l.in.Node, Task: "t1"})
	return l
}

func (l life) known() model.Node {
	l.t.Helper()
	known, err := l.store.Build(l.t.Context(), l.in.Site, l.in.Node)
	require.NoError(l.t, err)
	return known
}

func (l life) keep(known model.Node) {
	l.t.Helper()
	require.NoError(l.t, l.store.PutBuild(l.t.Context(), l.in.Site, known))
}

func (l life) act(action drivers.Action) error {
	if action == drivers.CreateNetworkTemplate || action == drivers.CreateBootMedia {
		_, err := l.env.ExecuteActivity(string(action), activities.SiteInput{Site: l.in.Site, Design: l.in.Design, Nodes: []string{l.in.Node}})
		return err
	}
	in := l.in
	if action == drivers.SetNodeBoot {
		in.Boot = &drivers.BootTarget{Device: drivers.BootPXE, Once: true}
	}
	_, err := l.env.ExecuteActivity(string(action), in)
	return err
}

// done carries actions out, each as often as it waits for hardware.
func (l life) done(actions ...drivers.Action) {
	l.t.Helper()
	for _, action := range actions {
		var err error
		var app *temporal.ApplicationError
		require.Eventually(l.t, func() bool {
			err = l.act(action)
			return !errors.As(err, &app) || app.Type() != string(drivers.NotReady)
		}, time.Minute, 20*time.Millisecond, action)
		require.NoError(l.t, err, action)
	}
}

// touched is all by which a machine shows that it was touched: through its BMC, or by a request to MAAS that is no reading.
type touched struct {
	world.Counters
	Power  world.PowerState
	Boot   world.BootOverride
	Writes int
}

func (l life) touched() touched {
	t := touched{Counters: l.machine.Counters(), Power: l.machine.Power(), Boot: l.machine.BootOverride()}
	for call, n := range l.sim.MAAS.Calls() {
		if !strings.HasPrefix(call, "GET ") {
			t.Writes += n
		}
	}
	return t
}

// replaced are records that are not those of the machine that is there.
var replaced = map[string]func(*model.Identity){
	"UUID":   func(i *model.Identity) { i.UUID = "0f0f0f0f-1111-4222-8333-444455556666" },
	"serial": func(i *model.Identity) { i.Serial = "REPLACED-1" },
	"MACs": func(i *model.Identity) {
		i.MACs = []string{"02:00:5e:00:00:01", "02:00:5e:00:00:02"}
		i.BMCMACs, i.ProvisionerMACs = i.MACs, i.MACs
	},
}

// refuses: where the record differs in a fact that the side tells, the action is a Conflict, and touches nothing.
func (l life) refuses(action drivers.Action, facts ...string) {
	l.t.Helper()
	require.Eventually(l.t, func() bool {
		p := l.machine.Power()
		return p == world.PowerOn || p == world.PowerOff
	}, time.Minute, 5*time.Millisecond, "the machine is at rest")
	known := l.known()
	for _, fact := range facts {
		other := known
		replaced[fact](&other.Identity)
		l.keep(other)
		before := l.touched()
		err := l.act(action)
		var app *temporal.ApplicationError
		if assert.ErrorAs(l.t, err, &app, "%s with another %s", action, fact) {
			assert.Equal(l.t, string(drivers.Conflict), app.Type(), "%s with another %s: %s", action, fact, app.Message())
			assert.True(l.t, app.NonRetryable())
			l.t.Logf("%s with another %s: %s", action, fact, app.Message())
		}
		assert.Equal(l.t, before, l.touched(), "%s with another %s", action, fact)
		assert.Equal(l.t, other.Identity, l.known().Identity, "the record stays")
	}
	l.keep(known)
}

// matchesPrepared: what lshw and the firmware told is compared with the design, whatever the BMC had no word for.
func (l life) matchesPrepared() {
	l.t.Helper()
	l.done(drivers.VerifyHardware)
	table := l.known().Verification
	require.NotNil(l.t, table)
	assert.Equal(l.t, verify.Prepared, table.Level)
	aliases := 0
	for _, r := range table.Rows {
		if strings.HasPrefix(r.Name, "alias:") {
			aliases++
			assert.Equal(l.t, verify.Match, r.Verdict, verify.Sentence(r))
		}
		if r.Name == "boot_mode" {
			assert.Equal(l.t, l.machine.Hardware().BootMode, r.Found)
		}
		if r.Name == "bios_version" {
			assert.Equal(l.t, l.machine.Hardware().BIOSVersion, r.Found)
		}
	}
	assert.Positive(l.t, aliases)
	l.t.Logf("\n%s", verify.Table(*table))
}

// TestAnotherMachineIsNeverRebootedOrWiped walks a machine through its life. Before each step that would really do
// something, the step is asked for with the record of another machine.
func TestAnotherMachineIsNeverRebootedOrWiped(t *testing.T) {
	for _, c := range []struct {
		oob     string
		tells   []string         // what the BMC tells before it acts
		actions []drivers.Action // that it can do before the machine is started
	}{
		{design.OOBRedfish, []string{"UUID", "serial", "MACs"},
			[]drivers.Action{drivers.InterrogateOob, drivers.ConfigNodePxe, drivers.SetNodeBoot, drivers.PowerOnNode, drivers.PowerCycleNode}},
		{design.OOBIPMI, []string{"UUID"},
			[]drivers.Action{drivers.InterrogateOob, drivers.SetNodeBoot, drivers.PowerOnNode, drivers.PowerCycleNode}},
	} {
		t.Run(c.oob, func(t *testing.T) {
			t.Parallel()
			l := newLife(t, c.oob)
			l.done(drivers.InterrogateOob)
			id := l.known().Identity
			assert.Equal(t, l.machine.Hardware().UUID, id.UUID, "recorded at first sight")
			assert.Equal(t, l.machine.Hardware().Serial, id.Serial)
			for _, action := range c.actions {
				l.refuses(action, c.tells...)
			}
			l.done(drivers.CreateNetworkTemplate, drivers.CreateBootMedia, drivers.SetNodeBoot, drivers.PowerCycleNode, drivers.IdentifyNode)
			l.refuses(drivers.ConfigureHardware, "UUID", "MACs")
			l.done(drivers.ConfigureHardware)
			l.refuses(drivers.ApplyNodeStorage, "UUID", "MACs")
			l.done(drivers.InterrogateNode, drivers.ApplyNodeNetworking, drivers.ApplyNodeStorage, drivers.ApplyNodePlatform)
			var nics []string
			for _, n := range l.machine.Hardware().NICs {
				nics = append(nics, n.MAC)
			}
			assert.ElementsMatch(t, nics, l.known().Identity.MACs, "recorded at first sight, by BMC or MAAS")
			l.matchesPrepared()
			l.refuses(drivers.DeployNode, "UUID", "MACs")
			l.done(drivers.DeployNode)
			l.refuses(drivers.DestroyNode, "UUID", "MACs")
			l.refuses(drivers.PowerOffNode, c.tells...)
			l.refuses(drivers.PowerCycleNode, c.tells...)
			l.done(drivers.DestroyNode)
			counters := l.machine.Counters()
			assert.Equal(t, []int{1, 1, 1}, []int{counters.Commissions, counters.Deploys, counters.Erases}, "each step would have done something")
		})
	}
}
