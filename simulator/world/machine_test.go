package world_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"drydock/simulator/world"
	"drydock/simulator/world/worldtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	soon  = 5 * time.Second
	often = time.Millisecond
)

// fast makes a world in which a boot takes milliseconds.
func fast(t *testing.T) (*world.World, *world.Machine) {
	t.Helper()
	w := world.New(worldtest.Site(), world.Options{Seed: 1, Speed: 10000})
	t.Cleanup(w.Close)
	m, ok := w.Machine(worldtest.Redfish)
	require.True(t, ok)
	return w, m
}

// at makes a world in which time practically stands still after the given durations.
func at(t *testing.T, d world.Durations) (*world.World, *world.Machine) {
	t.Helper()
	w := world.New(worldtest.Site(), world.Options{Seed: 1, Durations: d})
	t.Cleanup(w.Close)
	m, ok := w.Machine(worldtest.Redfish)
	require.True(t, ok)
	return w, m
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	require.Eventually(t, f, soon, often, what)
}

func runs(m *world.Machine, what string) func() bool {
	return func() bool { return m.Running() == what }
}

func command(t *testing.T, m *world.Machine, c world.PowerCommand) {
	t.Helper()
	require.NoError(t, m.Command(world.OriginBMC, c))
}

func TestAMachineBootsItsSystemFromDisk(t *testing.T) {
	_, m := fast(t)
	var boots atomic.Int32
	m.OnSystemBoot(func() { boots.Add(1) })
	m.InstallSystem("jammy")
	require.Equal(t, world.PowerOff, m.Power())
	require.True(t, m.LastReset().IsZero())

	command(t, m, world.CommandOn)
	eventually(t, "the system runs", runs(m, "disk"))
	eventually(t, "it is told", func() bool { return boots.Load() == 1 })
	require.Equal(t, world.PowerOn, m.Power())
	require.False(t, m.LastReset().IsZero())
	require.Zero(t, m.Counters().Netboots)
	require.Equal(t, 1, m.Counters().PowerOns)
}

func TestAMachineWithoutSystemAsksTheNetworkAndRunsWhatItIsGiven(t *testing.T) {
	w, m := fast(t)
	events := make(chan string, 4)
	w.SetNetboot(func(n world.Netboot) world.Environment {
		assert.Same(t, m, n.Machine)
		assert.Equal(t, m.Hardware().PXENIC, n.MAC)
		assert.True(t, n.UEFI)
		return world.Environment{
			Kind:    world.EnvCommission,
			Then:    world.AfterPowerOff,
			Started: func() { events <- m.Running() },
			Done: func(ok bool, reason string) {
				assert.True(t, ok)
				assert.Empty(t, reason)
				events <- "done"
			},
		}
	})
	command(t, m, world.CommandOn)
	require.Equal(t, "commission", <-events)
	require.Equal(t, "done", <-events)
	eventually(t, "off by itself", func() bool { return m.Power() == world.PowerOff })
	c := m.Counters()
	require.Equal(t, world.Counters{PowerOns: 1, Netboots: 1, Commissions: 1}, c)
}

func TestAnOverrideForOnceIsConsumedByOneBoot(t *testing.T) {
	w, m := fast(t)
	var asked atomic.Int32
	w.SetNetboot(func(world.Netboot) world.Environment {
		asked.Add(1)
		return world.Environment{Kind: world.EnvLocal}
	})
	m.InstallSystem("jammy")
	m.SetBootOverride(world.BootOverride{Target: world.BootPXE, Once: true, UEFI: true})
	command(t, m, world.CommandOn)
	eventually(t, "local boot", runs(m, "disk"))
	require.Equal(t, int32(1), asked.Load())
	require.Equal(t, world.BootOverride{}, m.BootOverride())

	command(t, m, world.CommandReset)
	require.NotEqual(t, "disk", m.Running())
	eventually(t, "boots again", runs(m, "disk"))
	require.Equal(t, int32(1), asked.Load(), "the second boot asks nobody")
}

func TestAPersistentOverrideHoldsForEveryBoot(t *testing.T) {
	w, m := fast(t)
	w.SetNetboot(func(world.Netboot) world.Environment { return world.Environment{} })
	m.InstallSystem("jammy")
	m.SetBootOverride(world.BootOverride{Target: world.BootPXE, UEFI: true})
	command(t, m, world.CommandOn)
	eventually(t, "no answer, so from disk", runs(m, "disk"))
	command(t, m, world.CommandReset)
	eventually(t, "second boot", func() bool { return m.Counters().Netboots == 2 })
	require.Equal(t, world.BootPXE, m.BootOverride().Target)
}

func TestTheSetupScreenStaysUntilTheNextReset(t *testing.T) {
	_, m := fast(t)
	m.InstallSystem("jammy")
	m.SetBootOverride(world.BootOverride{Target: world.BootBIOS, Once: true})
	command(t, m, world.CommandOn)
	eventually(t, "in setup", runs(m, "bios"))
	command(t, m, world.CommandReset)
	eventually(t, "boots", runs(m, "disk"))
}

func TestNothingBootsOnAMachineWithoutSystemAndAnswer(t *testing.T) {
	w, m := fast(t)
	var asked atomic.Int32
	w.SetNetboot(func(world.Netboot) world.Environment {
		asked.Add(1)
		return world.Environment{Kind: world.EnvEnlist}
	})
	m.SetFault(world.FaultNoNetboot, true)
	command(t, m, world.CommandOn)
	eventually(t, "it has asked", func() bool { return m.Counters().Netboots == 1 })
	require.Zero(t, asked.Load())
	require.Empty(t, m.Running())
	require.Equal(t, world.PowerOn, m.Power())
}

func TestAnInstallationReplacesTheSystemAndReboots(t *testing.T) {
	w, m := fast(t)
	m.InstallSystem("focal")
	during := make(chan string, 1)
	w.SetNetboot(func(world.Netboot) world.Environment {
		return world.Environment{
			Kind: world.EnvInstall, Then: world.AfterReboot,
			Started: func() { during <- m.System() },
			Done:    func(bool, string) { m.InstallSystem("jammy") },
		}
	})
	m.SetBootOverride(world.BootOverride{Target: world.BootPXE, Once: true})
	command(t, m, world.CommandOn)
	require.Empty(t, <-during, "an installer destroys what is there before it writes")
	eventually(t, "runs the new system", runs(m, "disk"))
	require.Equal(t, "jammy", m.System())
	require.Equal(t, 1, m.Counters().Deploys)
}

func TestFaultsOfAMachineFailItsEnvironment(t *testing.T) {
	for name, c := range map[string]struct {
		kind  world.EnvironmentKind
		fault world.Fault
		runs  string // afterwards
	}{
		"commissioning fails and the machine stays up": {world.EnvCommission, world.FaultCommission, "commission"},
		"testing fails and the machine stays up":       {world.EnvTest, world.FaultTest, "test"},
		"a failed installer does not reboot":           {world.EnvInstall, world.FaultInstall, "install"},
		"erasing fails and the machine stays up":       {world.EnvErase, world.FaultErase, "erase"},
	} {
		t.Run(name, func(t *testing.T) {
			w, m := fast(t)
			reasons := make(chan string, 1)
			then := world.AfterStay
			if c.kind == world.EnvInstall {
				then = world.AfterReboot
			}
			w.SetNetboot(func(world.Netboot) world.Environment {
				return world.Environment{Kind: c.kind, Then: then, Done: func(ok bool, reason string) {
					assert.False(t, ok)
					reasons <- reason
				}}
			})
			m.SetFault(c.fault, true)
			command(t, m, world.CommandOn)
			require.NotEmpty(t, <-reasons)
			require.Equal(t, c.runs, m.Running())
			require.Equal(t, world.PowerOn, m.Power())
		})
	}
}

func TestAnEnvironmentEndsForGoodWhenPowerGoes(t *testing.T) {
	// Commissioning takes an hour, all else no time: the power goes in its midst.
	quick := time.Millisecond
	w, m := at(t, world.Durations{PowerOn: quick, PowerOff: quick, POST: quick, Boot: quick, Commission: time.Hour})
	started := make(chan struct{}, 1)
	var done atomic.Bool
	w.SetNetboot(func(world.Netboot) world.Environment {
		return world.Environment{
			Kind: world.EnvCommission, Started: func() { started <- struct{}{} },
			Done: func(bool, string) { done.Store(true) },
		}
	})
	command(t, m, world.CommandOn)
	<-started
	command(t, m, world.CommandOff)
	eventually(t, "off", func() bool { return m.Power() == world.PowerOff })
	require.Empty(t, m.Running())
	w.Close()
	require.False(t, done.Load())
}

func TestCommandsThatMakeNoSense(t *testing.T) {
	// Each transition takes an hour, so that the machine is caught in it.
	cases := map[string]struct {
		durations world.Durations
		before    []world.PowerCommand
		state     world.PowerState
		refused   []world.PowerCommand
		accepted  []world.PowerCommand
	}{
		"of a machine that is off": {
			state:    world.PowerOff,
			refused:  []world.PowerCommand{world.CommandCycle, world.CommandReset},
			accepted: []world.PowerCommand{world.CommandOff, world.CommandSoftOff},
		},
		"of a machine that is powering on": {
			durations: world.Durations{PowerOn: time.Hour},
			before:    []world.PowerCommand{world.CommandOn},
			state:     world.PoweringOn,
			refused:   []world.PowerCommand{world.CommandCycle, world.CommandReset, world.CommandSoftOff},
			accepted:  []world.PowerCommand{world.CommandOn},
		},
		"of a machine that is powering off": {
			durations: world.Durations{PowerOn: time.Hour, PowerOff: time.Hour},
			before:    []world.PowerCommand{world.CommandOn, world.CommandOff},
			state:     world.PoweringOff,
			refused:   []world.PowerCommand{world.CommandCycle, world.CommandReset, world.CommandOn},
			accepted:  []world.PowerCommand{world.CommandOff, world.CommandSoftOff},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, m := at(t, c.durations)
			for _, b := range c.before {
				command(t, m, b)
			}
			before := m.Counters()
			for _, r := range c.refused {
				require.ErrorIs(t, m.Command(world.OriginBMC, r), world.ErrPowerState, "%s", r)
			}
			for _, a := range c.accepted {
				require.NoError(t, m.Command(world.OriginBMC, a), "%s", a)
			}
			require.Equal(t, c.state, m.Power())
			require.Equal(t, before, m.Counters(), "nothing has moved")
		})
	}
}

func TestASoftOffNeedsASystemThatListens(t *testing.T) {
	quick := time.Millisecond
	_, m := at(t, world.Durations{PowerOn: quick, PowerOff: quick, SoftOff: quick, Boot: quick, POST: time.Hour})
	command(t, m, world.CommandOn)
	eventually(t, "in POST", runs(m, "post"))
	command(t, m, world.CommandSoftOff)
	require.Equal(t, world.PowerOn, m.Power())
	command(t, m, world.CommandOff)
	eventually(t, "off by force", func() bool { return m.Power() == world.PowerOff })

	_, m = fast(t)
	m.InstallSystem("jammy")
	command(t, m, world.CommandOn)
	eventually(t, "system runs", runs(m, "disk"))
	m.SetFault(world.FaultSoftOffIgnored, true)
	command(t, m, world.CommandSoftOff)
	require.Equal(t, world.PowerOn, m.Power())
	m.SetFault(world.FaultSoftOffIgnored, false)
	command(t, m, world.CommandSoftOff)
	eventually(t, "off by itself", func() bool { return m.Power() == world.PowerOff })
}

func TestAFirmwareThatIgnoresTheOverrideBootsFromDisk(t *testing.T) {
	_, m := fast(t)
	m.InstallSystem("jammy")
	m.SetFault(world.FaultBootIgnored, true)
	m.SetBootOverride(world.BootOverride{Target: world.BootPXE, Once: true})
	command(t, m, world.CommandOn)
	eventually(t, "boots from disk", runs(m, "disk"))
	require.Zero(t, m.Counters().Netboots)
	require.Equal(t, world.BootOverride{}, m.BootOverride())
}

func TestStuckPowerAcceptsCommandsAndDoesNothing(t *testing.T) {
	_, m := fast(t)
	m.SetFault(world.FaultPowerStuck, true)
	command(t, m, world.CommandOn)
	require.Equal(t, world.PowerOff, m.Power())
	require.Equal(t, 1, m.Counters().PowerOns)
}

func TestTheBootstrapperIsCountedApartAndFeelsFaultsOfTheBMC(t *testing.T) {
	_, m := fast(t)
	m.SetFault(world.FaultBMCSilent, true)
	require.ErrorIs(t, m.Command(world.OriginBootstrapper, world.CommandOn), world.ErrBMCSilent)
	m.SetFault(world.FaultBMCSilent, false)
	m.SetFault(world.FaultBMCAuth, true)
	require.ErrorIs(t, m.Command(world.OriginBootstrapper, world.CommandOn), world.ErrBMCAuth)
	require.Equal(t, []world.Fault{world.FaultBMCAuth}, m.Faults())
	m.SetFault(world.FaultBMCAuth, false)
	require.NoError(t, m.Command(world.OriginBootstrapper, world.CommandOn))
	require.Equal(t, world.Counters{BootstrapperPower: 1}, m.Counters())
}

func TestACycleGoesThroughOff(t *testing.T) {
	quick := time.Millisecond
	_, m := at(t, world.Durations{PowerOn: quick, PowerOff: time.Hour, POST: quick})
	command(t, m, world.CommandOn)
	eventually(t, "on", func() bool { return m.Power() == world.PowerOn })
	command(t, m, world.CommandCycle)
	require.Equal(t, world.PoweringOff, m.Power())
	require.Equal(t, 1, m.Counters().PowerCycles)

	_, m = fast(t)
	m.InstallSystem("jammy")
	command(t, m, world.CommandOn)
	eventually(t, "system runs", runs(m, "disk"))
	first := m.LastReset()
	command(t, m, world.CommandCycle)
	eventually(t, "system runs again", func() bool { return m.Running() == "disk" && m.LastReset().After(first) })
}

func TestTimeIsScaledAndEndsWithClose(t *testing.T) {
	w := world.New(worldtest.Site(), world.Options{Speed: 60})
	require.Equal(t, time.Second, w.Scale(time.Minute))
	fired := make(chan struct{})
	w.After(time.Millisecond, func() { close(fired) })
	<-fired

	var wrong atomic.Bool
	cancel := w.After(time.Minute/10, func() { wrong.Store(true) })
	cancel()
	w.After(time.Hour, func() { wrong.Store(true) })
	w.Close()
	w.After(0, func() { wrong.Store(true) })
	w.Close()
	require.False(t, wrong.Load())
}

func TestAWorldCanBeClosedWhileMachinesBoot(t *testing.T) {
	w := world.New(worldtest.Site(), world.Options{Speed: 100000})
	w.SetNetboot(func(world.Netboot) world.Environment {
		return world.Environment{Kind: world.EnvTest, Then: world.AfterReboot}
	})
	for _, m := range w.Machines() {
		require.NoError(t, m.Command(world.OriginPerson, world.CommandOn))
	}
	eventually(t, "they go round", func() bool { return w.Machines()[0].Counters().Tests >= 3 })
	w.Close()
	before := w.Machines()[0].Counters()
	require.Equal(t, before, w.Machines()[0].Counters())
}
