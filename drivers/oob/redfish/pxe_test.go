package redfish_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/redfish"
	simbmc "drydock/simulator/bmc"
	quirky "drydock/simulator/bmc/redfish"
	"drydock/simulator/world"
	"drydock/simulator/world/worldtest"
)

// firmwareSite is a simulated site whose Redfish BMCs have the quirks.
type firmwareSite struct {
	machine *world.Machine
	asked   chan world.Netboot
	driver  *redfish.Driver
	config  redfish.Config // of the driver
	call    drivers.NodeCall
}

// newFirmwareSite has the node with a boot_mac.
func newFirmwareSite(t *testing.T, q quirky.Quirks, lasts ...world.Durations) *firmwareSite {
	t.Helper()
	site := worldtest.Site()
	o := world.Options{Seed: 1, Speed: 10000}
	for _, d := range lasts {
		o.Speed, o.Durations = 1, d
	}
	w := world.New(site, o)
	t.Cleanup(w.Close)
	bmcs, err := simbmc.StartWith(w, simbmc.Options{Quirks: func(*world.Machine) quirky.Quirks { return q }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, bmcs.Close()) })
	s := &firmwareSite{asked: make(chan world.Netboot, 8), call: drivers.NodeCall{Site: site, Node: site.Node(worldtest.SecondNode), Journal: conformance.NewJournal()}}
	s.machine, _ = w.Machine(worldtest.SecondNode)
	w.SetNetboot(func(n world.Netboot) world.Environment {
		s.asked <- n
		return world.Environment{}
	})
	s.config = redfish.Config{
		Addresses: bmcs.Addresses(), Insecure: true, Gap: time.Millisecond, PollInterval: 5 * time.Millisecond,
		SettleTimeout: 100 * time.Millisecond, PowerTimeout: 5 * time.Second, ReadBackTimeout: 100 * time.Millisecond,
	}
	s.driver = s.with(t, func(*redfish.Config) {})
	return s
}

// with is another driver for the site.
func (s *firmwareSite) with(t *testing.T, change func(*redfish.Config)) *redfish.Driver {
	config := s.config
	change(&config)
	d, err := redfish.New(config)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	return d
}

func words(rep drivers.Report) string { return strings.Join(rep.Messages, " ") }

// TestConfigNodePxeMakesAMachineBootTheRightNICInTheRightMode takes a machine through what PrepareNodes does: as it ships, it
// would ask another network in legacy mode.
func TestConfigNodePxeMakesAMachineBootTheRightNICInTheRightMode(t *testing.T) {
	for name, q := range map[string]quirky.Quirks{
		"a service of the common kind":     {},
		"a service with strict ETags":      {RequireIfMatch: true},
		"a service with a settings object": {SettingsOnly: true},
		"a service without sessions":       {NoSessions: true},
	} {
		t.Run(name, func(t *testing.T) {
			q.ShipsUnprepared = true
			s := newFirmwareSite(t, q)
			before := s.machine.Firmware()
			require.False(t, before.UEFI)
			require.NotContains(t, before.PXE, worldtest.SecondMAC)

			rep, err := s.driver.ConfigNodePxe(short(t), s.call)
			require.NoError(t, err)
			assert.Equal(t, drivers.Changed, rep.Outcome)
			assert.Contains(t, words(rep), "BootMode was set to Uefi, which takes effect with the next reset")
			assert.Contains(t, words(rep), "boots by PXE from the next reset on")
			assert.NotContains(t, words(rep), "warning")
			assert.Equal(t, before, s.machine.Firmware(), "nothing is in force before the reset")

			rep, err = s.driver.ConfigNodePxe(short(t), s.call)
			require.NoError(t, err)
			assert.Equal(t, drivers.Already, rep.Outcome, "what waits for the reset is not written again: %v", rep.Messages)

			s.call.Boot = drivers.BootTarget{Device: drivers.BootPXE, Once: true}
			_, err = s.driver.SetNodeBoot(short(t), s.call)
			require.NoError(t, err)
			_, err = s.driver.PowerCycleNode(short(t), s.call)
			require.NoError(t, err)
			n := <-s.asked
			assert.True(t, n.UEFI)

			// The boot option of the NIC exists since that POST, and comes after those that were there.
			rep, err = s.driver.ConfigNodePxe(short(t), s.call)
			require.NoError(t, err)
			assert.Equal(t, drivers.Changed, rep.Outcome)
			assert.Contains(t, words(rep), "Of the NICs in the boot order, "+worldtest.SecondMAC+" is the first")
			_, err = s.driver.SetNodeBoot(short(t), s.call)
			require.NoError(t, err)
			s.call.Journal = conformance.NewJournal()
			_, err = s.driver.PowerCycleNode(short(t), s.call)
			require.NoError(t, err)
			assert.Equal(t, worldtest.SecondMAC, (<-s.asked).MAC)

			rep, err = s.driver.ConfigNodePxe(short(t), s.call)
			require.NoError(t, err)
			assert.Equal(t, drivers.Already, rep.Outcome, "%v", rep.Messages)
		})
	}
}

func TestConfigNodePxeWhereTheServiceFallsShort(t *testing.T) {
	for _, c := range []struct {
		name    string
		quirks  quirky.Quirks
		outcome drivers.Outcome
		says    []string
		pending func(world.Firmware) bool
	}{
		{"a boot mode that is read-only is a warning, and the rest is done", quirky.Quirks{FixedBootMode: true}, drivers.Changed,
			[]string{"warning: The firmware's own boot mode can't be set", "read-only", "boots by PXE from the next reset on"},
			func(f world.Firmware) bool { return !f.UEFI }},
		{"an answer of success with a message at the attribute is no success", quirky.Quirks{PartialBIOS: true}, drivers.Changed,
			[]string{"warning: The firmware's own boot mode can't be set", "took the request and not all of it: BootMode: ", "[PropertyNotWritable]"},
			func(f world.Firmware) bool { return !f.UEFI }},
		{"a BIOS without a settings object that takes no changes is a warning", quirky.Quirks{NoBIOSSettings: true}, drivers.Changed,
			[]string{"warning: The firmware's own boot mode can't be set", "405"},
			func(f world.Firmware) bool { return !f.UEFI }},
		{"a service that shows no firmware has no way for the NIC", quirky.Quirks{NoBIOS: true}, drivers.Already,
			[]string{"SetNodeBoot asks for UEFI", "warning: The BMC offers no way to make NIC " + worldtest.SecondMAC + " boot from the network", "see in the firmware setup"},
			func(f world.Firmware) bool { return !f.UEFI }},
		{"a service that shows neither firmware nor mode can't do it at all", quirky.Quirks{NoBIOS: true, NoMode: true}, drivers.Unsupported,
			[]string{"does not show the boot mode", "offers no way to make NIC"},
			func(f world.Firmware) bool { return !f.UEFI }},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.quirks.ShipsUnprepared = true
			s := newFirmwareSite(t, c.quirks)
			rep, err := s.driver.ConfigNodePxe(short(t), s.call)
			require.NoError(t, err)
			assert.Equal(t, c.outcome, rep.Outcome, "%v", rep.Messages)
			for _, text := range c.says {
				assert.Contains(t, words(rep), text)
			}
			assert.True(t, c.pending(s.machine.PendingFirmware()))
			assert.Zero(t, s.machine.Counters())
		})
	}
}

func TestFirmwareInPOSTIsBusy(t *testing.T) {
	s := newFirmwareSite(t, quirky.Quirks{ShipsUnprepared: true, LockedDuringPOST: true},
		world.Durations{PowerOn: time.Millisecond, POST: time.Hour})
	require.NoError(t, s.machine.Command(world.OriginPerson, world.CommandOn))
	require.Eventually(t, func() bool { return s.machine.Running() == "post" }, 5*time.Second, time.Millisecond)
	_, err := s.driver.ConfigNodePxe(short(t), s.call)
	e := requireFault(t, drivers.Busy, "UnableToModifyDuringSystemPOST", err)
	assert.Equal(t, 30*time.Second, e.After)
}

// TestBootNICOfTheNode configures a machine by what names its NIC, and never by a position.
func TestBootNICOfTheNode(t *testing.T) {
	told := func(s *firmwareSite) {
		for _, n := range s.machine.Hardware().NICs {
			s.call.Build.NICs = append(s.call.Build.NICs, build.NIC{Name: n.Name, MAC: n.MAC, PCI: n.PCI})
		}
	}
	for _, c := range []struct {
		name  string
		given func(*firmwareSite, *design.Node)
		found bool
	}{
		{"the boot_mac of the design names it", func(*firmwareSite, *design.Node) {}, true},
		{"so does the alias of the interface with DHCP, once the operating system told the bus addresses", func(s *firmwareSite, n *design.Node) {
			n.BootMAC = ""
			told(s)
		}, true},
		{"so does the name of the interface's slave", func(s *firmwareSite, n *design.Node) {
			n.BootMAC = ""
			told(s)
			for _, nic := range s.machine.Hardware().NICs {
				if nic.MAC == worldtest.SecondMAC {
					n.Interfaces[1].Slaves = []string{nic.Name}
				}
			}
		}, true},
		{"a bond has two, so neither", func(s *firmwareSite, n *design.Node) {
			n.BootMAC = ""
			told(s)
			n.Interfaces[0].Networks = append(n.Interfaces[0].Networks, "pxe")
		}, false},
		{"nothing names it before the operating system ran", func(_ *firmwareSite, n *design.Node) { n.BootMAC = "" }, false},
		{"the profile's pxe_interface is a number and names nothing", func(_ *firmwareSite, n *design.Node) {
			n.BootMAC, n.HardwareProfile.PXEInterface = "", 1
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newFirmwareSite(t, quirky.Quirks{ShipsUnprepared: true})
			c.given(s, s.call.Node)
			rep, err := s.driver.ConfigNodePxe(short(t), s.call)
			require.NoError(t, err)
			if c.found {
				assert.Contains(t, s.machine.PendingFirmware().PXE, worldtest.SecondMAC)
				return
			}
			assert.Equal(t, s.machine.Firmware().PXE, s.machine.PendingFirmware().PXE)
			assert.Contains(t, words(rep), "the node has no boot_mac in the design")
		})
	}
}
