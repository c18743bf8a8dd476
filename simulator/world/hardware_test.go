package world_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/simulator/world"
	"drydock/simulator/world/worldtest"
)

func hardware(t *testing.T, site *design.Site, name string, seed int64) world.Hardware {
	t.Helper()
	w := world.New(site, world.Options{Seed: seed})
	t.Cleanup(w.Close)
	m, ok := w.Machine(name)
	require.True(t, ok)
	return m.Hardware()
}

func TestNICsAreWhereTheAliasesSay(t *testing.T) {
	h := hardware(t, worldtest.Site(), worldtest.Redfish, 1)
	require.Len(t, h.NICs, 3)

	require.Equal(t, "0000:02:00.0", h.NICs[0].PCI)
	require.Equal(t, "eno1", h.NICs[0].Name)
	require.Equal(t, "pxe", h.NICs[0].Network)
	require.Equal(t, 1000, h.NICs[0].SpeedMbps)
	require.Equal(t, h.NICs[0].MAC, h.PXENIC, "the NIC on the network with DHCP boots")

	require.Equal(t, "0000:41:00.0", h.NICs[1].PCI)
	require.Equal(t, "enp65s0f0", h.NICs[1].Name)
	require.Equal(t, "mgmt", h.NICs[1].Network)
	require.Equal(t, 25000, h.NICs[1].SpeedMbps)

	require.Regexp(t, regexp.MustCompile(`^0000:(41|42):00\.1$`), h.NICs[2].PCI)
	require.NotEqual(t, h.NICs[1].Switch, h.NICs[2].Switch, "the slaves of a bond go to different switches")
}

func TestPatternsOfAliasesFindFittingAddresses(t *testing.T) {
	for name, pattern := range map[string]string{
		"a pattern of the whole address":           `0000:(41|42):00\.1`,
		"an anchored pattern":                      `^0000:d8:00\.[01]$`,
		"a pattern with a class and a repetition":  `0000:[3-5][0-9a-f]:0{2}\.1`,
		"a pattern of a part only":                 `41:00\.[0-1]`,
		"a pattern with a wildcard":                `0000:.1:00\.0`,
		"a pattern with anything behind the bus":   `0000:65:.*`,
		"a pattern that leaves the domain open":    `[0-9a-f]{4}:17:00\.0`,
		"a pattern with digits by their class":     `0000:[89]\d:00\.0`,
		"a pattern with an optional second number": `0000:4?a:00\.0`,
	} {
		t.Run(name, func(t *testing.T) {
			site := worldtest.Site()
			for i := range site.HardwareProfiles[0].Aliases {
				if a := &site.HardwareProfiles[0].Aliases[i]; a.Name == "data_b" {
					a.Address = "regexp:" + pattern
				}
			}
			matching := 0
			for _, nic := range hardware(t, site, worldtest.Redfish, 1).NICs {
				if regexp.MustCompile(pattern).MatchString(nic.PCI) && nic.PCI != "0000:41:00.0" {
					matching++
				}
			}
			require.Equal(t, 1, matching)
		})
	}
}

func TestTwoAliasesWithTheSamePatternAreTwoNICs(t *testing.T) {
	site := worldtest.Site()
	aliases := site.HardwareProfiles[0].Aliases
	for i := range aliases {
		if aliases[i].Name == "data_a" {
			aliases[i].Address = `regexp:0000:(41|42):00\.[0-1]`
		}
	}
	seen := map[string]bool{}
	for _, nic := range hardware(t, site, worldtest.Redfish, 1).NICs {
		require.False(t, seen[nic.PCI], "address %s twice", nic.PCI)
		seen[nic.PCI] = true
	}
	require.Len(t, seen, 3)
}

func TestSlavesThatAreNoAliasesKeepTheirName(t *testing.T) {
	site := worldtest.Site()
	site.Nodes[0].Interfaces[1].Slaves = []string{"enp24s0f1"}
	for _, nic := range hardware(t, site, worldtest.Redfish, 1).NICs {
		if nic.Name == "enp24s0f1" {
			require.Equal(t, "0000:18:00.1", nic.PCI)
			return
		}
	}
	require.Fail(t, "no NIC of that name")
}

func TestBootMACOfTheDesignIsThatOfTheNICThatBoots(t *testing.T) {
	h := hardware(t, worldtest.Site(), worldtest.SecondNode, 1)
	require.Equal(t, worldtest.SecondMAC, h.PXENIC)
	nic, ok := h.NIC(worldtest.SecondMAC)
	require.True(t, ok)
	require.Equal(t, "0000:02:00.0", nic.PCI)
}

func TestDisksHoldTheLayout(t *testing.T) {
	h := hardware(t, worldtest.Site(), worldtest.Redfish, 1)
	byBus := map[string]world.Disk{}
	for _, d := range h.Disks {
		byBus[d.Bus] = d
	}
	system, bulk := byBus["scsi@2:0.0.0"], byBus["scsi@2:0.1.0"]
	require.Equal(t, int64(480e9), system.SizeBytes)
	require.False(t, system.Rotary)
	require.True(t, bulk.Rotary)
	// 600 GB beside 40 % need 1000 GB.
	require.GreaterOrEqual(t, bulk.SizeBytes, int64(1000e9))
	require.NotEqual(t, system.Name, bulk.Name)
	require.Equal(t, "/dev/disk/by-id/wwn-"+system.WWN, system.IDPath)
}

func TestSomeMachinesHaveADiskThatTheDesignDoesNotKnow(t *testing.T) {
	site := worldtest.Site()
	template := *site.Nodes[0]
	site.Nodes = nil
	for _, letter := range "abcdefghijklmnopqrstuvwxyz" {
		n := template
		n.Name = "node-" + string(letter)
		site.Nodes = append(site.Nodes, &n)
	}
	w := world.New(site, world.Options{Seed: 3})
	t.Cleanup(w.Close)
	spare := 0
	for _, m := range w.Machines() {
		spare += len(m.Hardware().Disks) - 2
	}
	require.Greater(t, spare, 2)
	require.Less(t, spare, 18)
}

func TestMachineIsLargeEnoughForItsProfile(t *testing.T) {
	h := hardware(t, worldtest.Site(), worldtest.Redfish, 1)
	require.Equal(t, 48, h.CPUs, "the CPU set ends with 47")
	require.GreaterOrEqual(t, h.MemoryMiB, 2*48*1024, "48 huge pages of 1 GiB, and as much for the rest")
}

func TestEveryPartOfTheSiteIsUniqueAndRepeatable(t *testing.T) {
	first := world.New(worldtest.Site(), world.Options{Seed: 7})
	again := world.New(worldtest.Site(), world.Options{Seed: 7})
	other := world.New(worldtest.Site(), world.Options{Seed: 8})
	t.Cleanup(first.Close)
	t.Cleanup(again.Close)
	t.Cleanup(other.Close)

	seen := map[string]bool{}
	unique := func(s string) {
		require.False(t, seen[s], "%s twice", s)
		seen[s] = true
	}
	for i, m := range first.Machines() {
		h := m.Hardware()
		require.Equal(t, h, again.Machines()[i].Hardware())
		require.NotEqual(t, h.Serial, other.Machines()[i].Hardware().Serial)
		unique(h.Serial)
		unique(h.UUID)
		unique(h.BMC.MAC)
		for _, n := range h.NICs {
			unique(n.MAC)
		}
		for _, d := range h.Disks {
			unique(d.Serial)
			unique(d.WWN)
		}
	}
}

func TestLookUps(t *testing.T) {
	w := world.New(worldtest.Site(), world.Options{})
	t.Cleanup(w.Close)
	m, ok := w.MachineByMAC("3C:EC:EF:00:00:02")
	require.True(t, ok)
	require.Equal(t, worldtest.SecondNode, m.Name())
	m, ok = w.MachineByBMC(worldtest.IPMIBMC)
	require.True(t, ok)
	require.Equal(t, worldtest.IPMI, m.Name())
	_, ok = w.MachineByMAC(m.Hardware().BMC.MAC)
	require.False(t, ok, "a BMC never asks for a boot image")
	_, ok = w.Machine("nobody")
	require.False(t, ok)
}

func TestDesignWithoutDetailsStillMakesMachines(t *testing.T) {
	h := hardware(t, &design.Site{Name: "bare", Nodes: []*design.Node{{Name: "n1"}}}, "n1", 0)
	require.Len(t, h.NICs, 1)
	require.NotEmpty(t, h.Disks)
	require.Equal(t, h.NICs[0].MAC, h.PXENIC)
	require.Empty(t, h.BMC.Address)
}
