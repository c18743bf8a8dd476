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
