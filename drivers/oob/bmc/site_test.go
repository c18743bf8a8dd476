package bmc_test

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/ipmi"
	"drydock/drivers/oob/redfish"
	simbmc "drydock/simulator/bmc"
	"drydock/simulator/world"
	"drydock/simulator/world/worldtest"
)

// simulated is a running site and the drivers for it.
type simulated struct {
	site  *design.Site
	world *world.World
	bmcs  *simbmc.BMCs
}

func simulate(t testing.TB, site *design.Site, o world.Options) simulated {
	s := simulated{site: site, world: world.New(site, o)}
	var err error
	s.bmcs, err = simbmc.Start(s.world)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.bmcs.Close()) })
	return s
}

func (s simulated) machine(t testing.TB, name string) *world.Machine {
	m, ok := s.world.Machine(name)
	require.True(t, ok)
	return m
}

func (s simulated) call(name string) drivers.NodeCall {
	return drivers.NodeCall{Site: s.site, Node: s.site.Node(name), Journal: conformance.NewJournal()}
}

// quick are the drivers with short times, by the node of worldtest that they drive.
func (s simulated) quick(t testing.TB) map[string]drivers.OOB {
	r, err := redfish.New(redfish.Config{
		Addresses: s.bmcs.Addresses(), Insecure: true, Timeout: time.Second, ConnectTimeout: 400 * time.Millisecond, Gap: time.Millisecond,
		PollInterval: 5 * time.Millisecond, PowerTimeout: 2 * time.Second, GracefulTimeout: 100 * time.Millisecond, SettleTimeout: 200 * time.Millisecond,
	})
	require.NoError(t, err)
	i, err := ipmi.New(ipmi.Config{
		Addresses: s.bmcs.Addresses(), Timeout: 250 * time.Millisecond, Retries: 1, Gap: time.Millisecond,
		PollInterval: 5 * time.Millisecond, PowerTimeout: 2 * time.Second, GracefulTimeout: 100 * time.Millisecond, SettleTimeout: 200 * time.Millisecond,
	})
	require.NoError(t, err)
	all := map[string]drivers.OOB{worldtest.Redfish: r, worldtest.IPMI: i}
	for _, d := range all {
		t.Cleanup(func() { assert.NoError(t, d.(io.Closer).Close()) })
	}
	return all
}

func fast() world.Options { return world.Options{Seed: 1, Speed: 1000} }

func TestRedfishInterrogationFindsTheWholeMachine(t *testing.T) {
	s := simulate(t, worldtest.Site(), fast())
	m, d := s.machine(t, worldtest.Redfish), s.quick(t)[worldtest.Redfish]
	m.SetFault(world.FaultDriveFailed, true)
	m.SetFault(world.FaultDriveWorn, true)
	m.SetFault(world.FaultOverheated, true)
	rep, err := d.InterrogateOob(t.Context(), s.call(worldtest.Redfish))
	require.NoError(t, err)
	b, h := rep.Build, m.Hardware()
	assert.Equal(t, h.Serial, b.Identity.Serial)
	assert.Equal(t, h.UUID, b.Identity.UUID)
	assert.Equal(t, h.Manufacturer, b.Identity.Manufacturer)
	assert.Equal(t, h.Model, b.Identity.Model)
	assert.Equal(t, h.BIOSVersion, b.OOB.BIOSVersion)
	assert.Equal(t, "2.14.3", b.OOB.BMCVersion)
	assert.Equal(t, "uefi", b.OOB.BootMode)
	assert.Equal(t, build.PowerOff, b.OOB.Power)
	assert.Equal(t, 2, b.OOB.Processors)
	assert.NotEmpty(t, b.OOB.ProcessorModel)
	assert.Equal(t, h.MemoryMiB, b.OOB.MemoryMiB)
	require.Len(t, b.OOB.Drives, len(h.Disks))
	for i, drive := range b.OOB.Drives {
		assert.Equal(t, h.Disks[i].Serial, drive.Serial)
		assert.Equal(t, h.Disks[i].SizeBytes, drive.Size)
		assert.Equal(t, i == 0, drive.PredictedFailure)
		assert.Equal(t, i == 0, drive.Health == build.HealthCritical)
	}
	assert.Equal(t, h.Disks[0].WWN, "0x"+b.OOB.Drives[0].WWN)
	assert.Len(t, b.NICs, len(h.NICs))
	assert.Len(t, b.OOB.PCI, len(h.NICs))
	assert.Contains(t, b.OOB.Sensors, build.Sensor{Name: "CPU1 Temp", Value: 98, Unit: "Cel", Health: build.HealthCritical})
	assert.Equal(t, build.HealthCritical, b.OOB.Health)
	assert.Len(t, b.OOB.Alarms, 3)
	require.Len(t, b.OOB.Log, 3, "information is left out")
	assert.Equal(t, build.HealthCritical, b.OOB.Log[0].Severity)
	assert.False(t, b.OOB.Log[0].At.IsZero())
	assert.False(t, b.OOB.ObservedAt.IsZero())
}

func TestIPMIInterrogationFindsWhatIPMIHas(t *testing.T) {
	s := simulate(t, worldtest.Site(), fast())
	m, d := s.machine(t, worldtest.IPMI), s.quick(t)[worldtest.IPMI]
	m.SetFault(world.FaultDriveFailed, true)
	m.SetFault(world.FaultOverheated, true)
	rep, err := d.InterrogateOob(t.Context(), s.call(worldtest.IPMI))
	require.NoError(t, err)
	b, h := rep.Build, m.Hardware()
	assert.Equal(t, h.Serial, b.Identity.Serial)
	assert.Equal(t, h.UUID, b.Identity.UUID)
	assert.Equal(t, h.Manufacturer, b.Identity.Manufacturer)
	assert.Equal(t, "2.14", b.OOB.BMCVersion)
	require.Len(t, b.OOB.Log, 2, "%v", rep.Messages)
	for _, e := range b.OOB.Log {
		assert.NotEmpty(t, e.Text)
		assert.False(t, e.Cleared)
		assert.False(t, e.At.IsZero())
		assert.NotEmpty(t, e.Severity)
	}
	assert.Contains(t, rep.Messages, "The BMC does not report its sensors.", "and the rest is there")
}

// TestFaultsOfBMCs is the list of faults: for each, what the power cycle ends with, and that the machine was restarted at
// most once over two attempts of it.
func TestFaultsOfBMCs(t *testing.T) {
	for _, c := range []struct {
		name   string
		fault  world.Fault
		class  drivers.Class
		says   map[string]string // by node
		second drivers.Class     // of the second attempt, after the fault is mended; "" for success
		starts int               // by the end
	}{
		{"a BMC that is silent, and comes back", world.FaultBMCSilent, drivers.Unreachable,
			map[string]string{worldtest.Redfish: "can't be reached|did not answer", worldtest.IPMI: "did not answer"}, "", 1},
		{"a wrong password, which is mended at the BMC", world.FaultBMCAuth, drivers.AuthFailed,
			map[string]string{worldtest.Redfish: "log in as provisioner", worldtest.IPMI: "account or password is wrong"}, drivers.AuthFailed, 0},
		{"a connection that breaks in mid-cycle", world.FaultAnswerLost, drivers.Unreachable,
			map[string]string{worldtest.Redfish: "connection broke|did not answer", worldtest.IPMI: "did not answer"}, "", 1},
		{"a BMC that is busy", world.FaultBMCBusy, drivers.Busy,
			map[string]string{worldtest.Redfish: "503", worldtest.IPMI: "C0h"}, "", 1},
		{"a session table that is full", world.FaultBMCFull, drivers.Busy,
			map[string]string{worldtest.Redfish: "log in as provisioner", worldtest.IPMI: "open a session"}, "", 1},
		{"power that is taken and does not move", world.FaultPowerStuck, drivers.NotReady,
			map[string]string{worldtest.Redfish: "is not on", worldtest.IPMI: "is not on"}, "", 2}, // the first power-on did nothing, and it was off still
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := simulate(t, worldtest.Site(), fast())
			for name, d := range s.quick(t) {
				m, call := s.machine(t, name), s.call(name)
				m.SetFault(c.fault, true)
				start := time.Now()
				_, err := d.PowerCycleNode(t.Context(), call)
				require.Error(t, err, name)
				assert.Equal(t, c.class, drivers.ClassOf(err), "%s: %v", name, err)
				assert.Regexp(t, c.says[name], err.Error(), name)
				assert.NotContains(t, err.Error(), worldtest.Credential)
				assert.Less(t, time.Since(start), 10*time.Second, "known in seconds")
				t.Logf("%s: %s: %v", name, drivers.ClassOf(err), err)

				m.SetFault(c.fault, false)
				_, err = d.PowerCycleNode(t.Context(), call)
				if c.second != "" {
					assert.Equal(t, c.second, drivers.ClassOf(err), "%s: %v", name, err)
					assert.Contains(t, err.Error(), "nothing has been sent to it since", name)
				} else {
					assert.NoError(t, err, name)
				}
				starts := m.Counters()
				assert.Equal(t, c.starts, starts.PowerOns+starts.PowerCycles, name)
			}
		})
	}
}

// TestPowerThatLies is a machine that goes on to show the state from before for 10 s of its time after the command was
// taken.
func TestPowerThatLies(t *testing.T) {
	o := fast()
	o.Speed = 100
	o.Durations.PowerOn = 10 * time.Second
	s := simulate(t, worldtest.Site(), o)
	for name, d := range s.quick(t) {
		m := s.machine(t, name)
		rep, err := d.PowerCycleNode(t.Context(), s.call(name))
		require.NoError(t, err, name)
		assert.Equal(t, drivers.Changed, rep.Outcome)
		if name == worldtest.Redfish { // IPMI shows power from the first moment and has no word for what is between
			assert.Equal(t, world.PowerOn, m.Power(), "on is believed when it is, not before")
		}
		c := m.Counters()
		assert.Equal(t, 1, c.PowerOns+c.PowerCycles, name)
	}
}

func TestADeadBMCHoldsUpNoOther(t *testing.T) {
	s := simulate(t, worldtest.Site(), fast())
	d := s.quick(t)[worldtest.Redfish]
	s.machine(t, worldtest.Redfish).SetFault(world.FaultBMCSilent, true)
	dead := make(chan error, 1)
	go func() {
		_, err := d.InterrogateOob(context.Background(), s.call(worldtest.Redfish))
		dead <- err
	}()
	_, err := d.InterrogateOob(t.Context(), s.call(worldtest.SecondNode))
	require.NoError(t, err)
	select {
	case err := <-dead:
		require.Fail(t, "the dead BMC was to be waited for still", "%v", err)
	default:
	}
	assert.Equal(t, drivers.Unreachable, drivers.ClassOf(<-dead))
}

// fleet is a site of so many machines with Redfish.
func fleet(n int) *design.Site {
	site := worldtest.Site()
	first := site.Node(worldtest.Redfish)
	site.Nodes = nil
	for i := range n {
		node := *first
		node.Name = fmt.Sprintf("harbor-f%04d", i)
		node.Addresses = []design.Address{{Network: "bmc", IP: netip.AddrFrom4([4]byte{10, 40, byte(100 + i/250), byte(1 + i%250)})}}
		site.Nodes = append(site.Nodes, &node)
	}
	return site
}
