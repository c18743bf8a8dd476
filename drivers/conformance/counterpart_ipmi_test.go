package conformance_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/bmclib"
	"drydock/drivers/oob/ipmi/ipmitest"
)

func ipmiOnSim(t *testing.T) conformance.OOBTarget {
	s := ipmitest.StartSim(t, ":")
	n := ipmitest.NewNetwork(t, s.Address)
	s.Address = n.Address
	return n.Target(s.Target(t, s.Driver(t)))
}

func ipmiOnPyghmi(t *testing.T) conformance.OOBTarget {
	s := ipmitest.StartPyghmi(t)
	n := ipmitest.NewNetwork(t, s.Address)
	s.Address = n.Address
	o := n.Target(s.Target(t, s.Driver(t)))
	o.Sessions = nil // it has no command for them
	return o
}

func ipmiOnReference(t *testing.T) conformance.OOBTarget {
	r := ipmitest.NewReference(t, ipmitest.Options{})
	return r.Target(ipmitest.Driver(t, r.Address))
}

// ipmitoolOnSim is the ipmitool provider of bmclib, which starts a program for every command.
func ipmitoolOnSim(t *testing.T) conformance.OOBTarget {
	conformance.Program(t, "ipmitool")
	s := ipmitest.StartSim(t, ":")
	n := ipmitest.NewNetwork(t, s.Address)
	s.Address = n.Address
	return lingering(n.Target(s.Target(t, ipmitoolAt(t, map[string]string{ipmitest.BMCAddress: s.Address}, 3))))
}

func ipmitoolOnReference(t *testing.T) conformance.OOBTarget {
	r := ipmitest.NewReference(t, ipmitest.Options{})
	return lingering(r.Target(ipmitoolAt(t, map[string]string{ipmitest.BMCAddress: r.Address}, 17)))
}

// lingering is for ipmitool 1.8.19, which leaves a login that it has found wrong without a word to the BMC.
func lingering(o conformance.OOBTarget) conformance.OOBTarget {
	o.Lingers = "ipmitool does not give it up"
	return o
}

func ipmitoolAt(t *testing.T, addresses map[string]string, suites ...int) drivers.OOB {
	d, err := bmclib.New(bmclib.Config{
		Addresses: addresses, Provider: "ipmitool", CipherSuites: suites,
		Timeout: 2 * time.Second, PollInterval: 20 * time.Millisecond, PowerTimeout: 10 * time.Second,
		GracefulTimeout: 200 * time.Millisecond, SettleTimeout: 2 * time.Second,
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// TestASilentBMCIsNotTakenForAShutdown: bmclib's ipmitool provider answers a graceful shutdown with success then.
func TestASilentBMCIsNotTakenForAShutdown(t *testing.T) {
	o := ipmitoolOnSim(t)
	o.Call.Journal = conformance.NewJournal()
	o.SetPower(true)
	o.Silence()
	_, err := o.Driver.PowerOffNode(t.Context(), o.Call)
	require.Error(t, err)
	require.Equal(t, drivers.Unreachable, drivers.ClassOf(err), err.Error())
	require.True(t, o.Power())
}
