package conformance_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/ipmi"
	"drydock/drivers/oob/redfish"
	"drydock/simulator/bmc"
	simredfish "drydock/simulator/bmc/redfish"
	"drydock/simulator/world"
	"drydock/simulator/world/worldtest"
)

// speed is simulated seconds per second.
const speed = 500

func redfishDriver(t *testing.T, b *bmc.BMCs) drivers.OOB {
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, b.Certificates()[worldtest.RedfishBMC], 0o600))
	d, err := redfish.New(redfish.Config{
		Addresses: b.Addresses(), CAFile: file, Timeout: time.Second, ConnectTimeout: time.Second, PollInterval: 5 * time.Millisecond,
		PowerTimeout: 5 * time.Second, GracefulTimeout: 200 * time.Millisecond, SettleTimeout: 200 * time.Millisecond, ReadBackTimeout: 100 * time.Millisecond,
	})
	require.NoError(t, err)
	return d
}

func ipmiDriver(t *testing.T, b *bmc.BMCs) drivers.OOB {
	d, err := ipmi.New(ipmi.Config{
		Addresses: b.Addresses(), Timeout: 200 * time.Millisecond, Retries: 2, Gap: time.Millisecond, PollInterval: 5 * time.Millisecond,
		PowerTimeout: 5 * time.Second, GracefulTimeout: 200 * time.Millisecond, SettleTimeout: 200 * time.Millisecond,
	})
	require.NoError(t, err)
	return d
}

// TestDriversAgainstTheSimulatedSite runs the contract against the simulator's controllers, which share no code with the
// drivers.
func TestDriversAgainstTheSimulatedSite(t *testing.T) {
	for _, c := range []struct {
		name   string
		node   string
		driver func(*testing.T, *bmc.BMCs) drivers.OOB
		quirks simredfish.Quirks
	}{
		{name: "ipmi", node: worldtest.IPMI, driver: ipmiDriver},
		{name: "redfish", node: worldtest.Redfish, driver: redfishDriver},
		{name: "redfish with required If-Match and tasks", node: worldtest.Redfish, driver: redfishDriver,
			quirks: simredfish.Quirks{RequireIfMatch: true, AsyncReset: true}},
		{name: "redfish without sessions, cycle and mode", node: worldtest.Redfish, driver: redfishDriver,
			quirks: simredfish.Quirks{NoSessions: true, NoPowerCycle: true, NoMode: true}},
		{name: "redfish with a settings object", node: worldtest.Redfish, driver: redfishDriver,
			quirks: simredfish.Quirks{SettingsOnly: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conformance.OOB(t, func(t *testing.T) conformance.OOBTarget {
				site := worldtest.Site()
				w := world.New(site, world.Options{Seed: 1, Speed: speed})
				b, err := bmc.StartWith(w, bmc.Options{Quirks: func(*world.Machine) simredfish.Quirks { return c.quirks }})
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, b.Close()) })
				m, ok := w.Machine(c.node)
				require.True(t, ok)
				return simulated(t, c.driver(t, b), b, m, drivers.NodeCall{Site: site, Node: site.Node(c.node)})
			})
		})
	}
}

func simulated(t *testing.T, d drivers.OOB, b *bmc.BMCs, m *world.Machine, call drivers.NodeCall) conformance.OOBTarget {
	return conformance.OOBTarget{
		Driver: d, Call: call,
		Power: func() bool { return m.Power() == world.PowerOn },
		SetPower: func(on bool) {
			command, state := world.CommandOff, world.PowerOff
			if on {
				command, state = world.CommandOn, world.PowerOn
			}
			require.NoError(t, m.Command(world.OriginPerson, command))
			require.Eventually(t, func() bool { return m.Power() == state }, 5*time.Second, time.Millisecond)
		},
		Starts: func() int { c := m.Counters(); return c.PowerOns + c.PowerCycles },
		Boot: func() drivers.BootTarget {
			o := m.BootOverride()
			return drivers.BootTarget{Device: drivers.BootDevice(o.Target), Once: o.Target != "" && o.Once}
		},
		Sessions:       func() int { return b.Sessions(m.Name()) },
		LoseNextAnswer: func() { m.SetFault(world.FaultAnswerLost, true) },
		Silence:        func() { m.SetFault(world.FaultBMCSilent, true) },
		SilentWithin:   5 * time.Second,
	}
}
