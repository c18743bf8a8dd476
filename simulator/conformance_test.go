package simulator_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/ipmi"
	"drydock/drivers/oob/redfish"
	"drydock/simulator/bmc"
	simulated "drydock/simulator/bmc/redfish"
	"drydock/simulator/world"
	"drydock/simulator/world/worldtest"
)

// brisk is a world that is fast enough for a test, and slow enough to be seen in transition.
var brisk = world.Options{Seed: 1, Speed: 2000}

// target is one machine of a fresh site, as the suite of the drivers wants it.
func target(t *testing.T, node string, q simulated.Quirks) (conformance.OOBTarget, *bmc.BMCs) {
	t.Helper()
	site := worldtest.Site()
	w := world.New(site, brisk)
	t.Cleanup(w.Close)
	bmcs, err := bmc.StartWith(w, bmc.Options{Quirks: func(*world.Machine) simulated.Quirks { return q }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, bmcs.Close()) })
	m, ok := w.Machine(node)
	require.True(t, ok)
	m.InstallSystem("jammy")
	h := m.Hardware()
	return conformance.OOBTarget{
		// The machine has been seen before: what it is, is on record.
		Call: drivers.NodeCall{Site: site, Node: site.Node(node), Build: build.Node{
			Name: node, Identity: build.Identity{Serial: h.Serial, UUID: h.UUID},
		}},
		Power: func() bool { return m.Power() != world.PowerOff },
		SetPower: func(on bool) {
			command, want := world.CommandOff, world.PowerOff
			if on {
				command, want = world.CommandOn, world.PowerOn
			}
			require.NoError(t, m.Command(world.OriginPerson, command))
			require.Eventually(t, func() bool { return m.Power() == want && (!on || m.Running() == "disk") },
				5*time.Second, time.Millisecond)
		},
		Starts: func() int { return m.Counters().PowerOns + m.Counters().PowerCycles },
		Boot: func() drivers.BootTarget {
			o := m.BootOverride()
			return drivers.BootTarget{Device: drivers.BootDevice(o.Target), Once: o.Once}
		},
		Sessions:       func() int { return bmcs.Sessions(node) },
		LoseNextAnswer: func() { m.SetFault(world.FaultAnswerLost, true) },
		Silence:        func() { m.SetFault(world.FaultBMCSilent, true) },
	}, bmcs
}

// The simulator and the drivers were written apart from each other: where they differ about a protocol, one is wrong.
func TestTheDriversKeepTheirContractAgainstSimulatedBMCs(t *testing.T) {
	for name, q := range map[string]simulated.Quirks{
		"a plain service": {},
		"a service that takes boot settings elsewhere, and with ETags only": {SettingsOnly: true, RequireIfMatch: true},
		"a service without sessions, power cycle and boot mode":             {NoSessions: true, NoPowerCycle: true, NoMode: true},
		"an enclosure that answers resets with tasks":                       {AsyncReset: true, Sibling: true},
	} {
		t.Run("redfish against "+name, func(t *testing.T) {
			t.Parallel()
			conformance.OOB(t, func(t *testing.T) conformance.OOBTarget {
				o, bmcs := target(t, worldtest.Redfish, q)
				block, _ := pem.Decode(bmcs.Certificates()[worldtest.RedfishBMC])
				sum := sha256.Sum256(block.Bytes)
				driver, err := redfish.New(redfish.Config{
					Addresses: bmcs.Addresses(), Fingerprints: map[string]string{worldtest.RedfishBMC: hex.EncodeToString(sum[:])},
					ConnectTimeout: time.Second, Timeout: time.Second, PowerTimeout: 5 * time.Second,
					GracefulTimeout: time.Second, SettleTimeout: time.Second, ReadBackTimeout: time.Second,
					PollInterval: 5 * time.Millisecond,
				})
				require.NoError(t, err)
				o.Driver = driver
				return o
			})
		})
	}
	t.Run("ipmi", func(t *testing.T) {
		t.Parallel()
		conformance.OOB(t, func(t *testing.T) conformance.OOBTarget {
			o, bmcs := target(t, worldtest.IPMI, simulated.Quirks{})
			driver, err := ipmi.New(ipmi.Config{
				Addresses: bmcs.Addresses(), Timeout: 200 * time.Millisecond, Retries: 1, PowerTimeout: 5 * time.Second,
				GracefulTimeout: time.Second, SettleTimeout: time.Second, PollInterval: 5 * time.Millisecond,
			})
			require.NoError(t, err)
			o.Driver = driver
			return o
		})
	})
}
