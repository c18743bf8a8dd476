package verify_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/build"
	"drydock/design/verify"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// machine is one that matches its profile in everything.
func machine() (*design.Node, build.Node) {
	node := &design.Node{Name: "n1", HardwareProfile: &design.HardwareProfile{
		Name: "hw", Vendor: "DELL", Generation: "14", HWVersion: "3", BIOSVersion: "2.9.1", BootMode: "uefi", PXEInterface: 0,
		Aliases: []design.Alias{
			{Name: "boot", BusType: "scsi", Address: "2:0.0.0"},
			{Name: "nic", BusType: "pci", DevType: "25G NIC", Address: "0000:41:00.0"},
			{Name: "any", BusType: "pci", Address: "regexp:0000:4[0-9]"},
		},
	}}
	return node, build.Node{
		Identity: build.Identity{Manufacturer: "Dell Inc.", Model: "PowerEdge R740 14G v3"},
		OOB: build.OOB{BIOSVersion: "2.10.2", BootMode: "uefi", Health: build.HealthOK, Drives: []build.Drive{
			{Name: "Drive 0", Serial: "S0", Health: build.HealthOK}, {Name: "Drive 1", Serial: "S1", Health: build.HealthOK},
		}},
		NICs:  []build.NIC{{Name: "eno1", MAC: "aa:bb:cc:00:11:22", PCI: "0000:41:00.0"}},
		Disks: []build.Disk{{Name: "sda", Bus: "scsi@2:0.0.0"}},
		Devices: []build.Device{
			{Class: "memory", Firmware: "2.10.2"},
			{Class: "storage", Bus: "pci@0000:01:00.0", Product: "MegaRAID"},
			{Class: "network", Bus: "pci@0000:41:00.0", Name: "eno1", Product: "Ethernet E810"},
			{Class: "disk", Bus: "scsi@2:0.0.0", Name: "sda"},
		},
	}
}

// present takes what only the operating system tells from a machine.
func present(b *build.Node) {
	b.Devices, b.Disks = nil, nil
	b.NICs = []build.NIC{{MAC: "aa:bb:cc:00:11:22", LinkUp: true}}
}

func row(t *testing.T, v build.Verification, name string) build.Check {
	t.Helper()
	for _, r := range v.Rows {
		if r.Name == name {
			return r
		}
	}
	require.Fail(t, "no row", "%s in\n%s", name, verify.Table(v))
	return build.Check{}
}

func TestAMachineThatMatchesHasNoOtherVerdict(t *testing.T) {
	node, known := machine()
	v := verify.Node(node, known, nil, noon)
	assert.Len(t, verify.Having(v, verify.Match), len(v.Rows), verify.Table(v))
	assert.Equal(t, verify.Prepared, v.Level)
	assert.Equal(t, noon, v.At)
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*design.Node, *build.Node)
		row     string
		verdict string
	}{
		{"another maker is a mismatch", func(_ *design.Node, b *build.Node) { b.Identity.Manufacturer = "Contoso" }, "vendor", verify.Mismatch},
		{"a maker by its long name is a match", func(n *design.Node, b *build.Node) {
			n.HardwareProfile.Vendor, b.Identity.Manufacturer = "HP", "Hewlett Packard Enterprise"
		}, "vendor", verify.Match},
		{"a maker that is not told is unknown", func(_ *design.Node, b *build.Node) { b.Identity.Manufacturer = "" }, "vendor", verify.Unknown},
		{"another generation is a mismatch", func(n *design.Node, _ *build.Node) { n.HardwareProfile.Generation = "Gen10" }, "generation", verify.Mismatch},
		{"a generation that the model does not name is unknown", func(_ *design.Node, b *build.Node) { b.Identity.Model = "R740" }, "generation", verify.Unknown},
		{"another hardware version is a mismatch", func(n *design.Node, _ *build.Node) { n.HardwareProfile.HWVersion = "4" }, "hw_version", verify.Mismatch},
		{"a BIOS older by number is a violation", func(_ *design.Node, b *build.Node) { b.OOB.BIOSVersion = "2.9.0" }, "bios_version", verify.Violation},
		{"a BIOS of another family is a mismatch", func(n *design.Node, b *build.Node) {
			n.HardwareProfile.BIOSVersion, b.OOB.BIOSVersion = "U30 v2.1", "P79 v2.2"
		}, "bios_version", verify.Mismatch},
		{"a BIOS that the BMC does not tell is that of the commissioning", func(_ *design.Node, b *build.Node) {
			b.OOB.BIOSVersion, b.Devices[0].Firmware = "", "2.8.0"
		}, "bios_version", verify.Violation},
		{"a BIOS that nobody tells is unknown", func(_ *design.Node, b *build.Node) {
			b.OOB.BIOSVersion, b.Devices[0].Firmware = "", ""
		}, "bios_version", verify.Unknown},
		{"a boot mode that the BMC does not tell is that of the boot from the network", func(_ *design.Node, b *build.Node) {
			b.OOB.BootMode, b.Provisioner.BootMode = "", "bios"
		}, "boot_mode", verify.Mismatch},
		{"a boot mode that is not told is unknown", func(_ *design.Node, b *build.Node) { b.OOB.BootMode = "" }, "boot_mode", verify.Unknown},
		{"a health that is not told is unknown", func(_ *design.Node, b *build.Node) { b.OOB.Health = "" }, "health", verify.Unknown},
		{"another boot mode is a mismatch", func(_ *design.Node, b *build.Node) { b.OOB.BootMode = "bios" }, "boot_mode", verify.Mismatch},
		{"a PXE interface beyond the last is a mismatch", func(n *design.Node, _ *build.Node) { n.HardwareProfile.PXEInterface = 4 }, "pxe_interface", verify.Mismatch},
		{"a PXE interface by the boot MAC of the node is a match", func(n *design.Node, _ *build.Node) { n.BootMAC = "aa:bb:cc:00:11:22" }, "pxe_interface", verify.Match},
		{"a boot MAC that no interface has is a mismatch", func(n *design.Node, _ *build.Node) { n.BootMAC = "aa:bb:cc:00:11:23" }, "pxe_interface", verify.Mismatch},
		{"a boot MAC that a BMC does not list is unknown", func(n *design.Node, b *build.Node) {
			present(b)
			n.BootMAC = "aa:bb:cc:00:11:23"
		}, "pxe_interface", verify.Unknown},
		{"a PXE interface is unknown where no interface was told", func(_ *design.Node, b *build.Node) { b.NICs = nil }, "pxe_interface", verify.Unknown},
		{"an alias without its device is a mismatch", func(_ *design.Node, b *build.Node) { b.Devices[2].Bus = "pci@0000:05:00.0" }, "alias:nic", verify.Mismatch},
		{"an alias of a controller is a match by the list of all devices", func(n *design.Node, _ *build.Node) {
			n.HardwareProfile.Aliases[1] = design.Alias{Name: "nic", BusType: "pci", Address: "0000:01:00.0"}
		}, "alias:nic", verify.Match},
		{"a disk where a NIC is designed is a mismatch", func(_ *design.Node, b *build.Node) { b.Devices[2].Class = "storage" }, "alias:nic", verify.Mismatch},
		{"a NIC where a disk is designed is a mismatch", func(n *design.Node, b *build.Node) {
			n.HardwareProfile.Aliases[0].DevType, b.Devices[3].Class = "VBOX HARDDISK", "network"
		}, "alias:boot", verify.Mismatch},
		{"a NIC beside another function at its address is a match", func(_ *design.Node, b *build.Node) {
			b.Devices = append([]build.Device{{Class: "storage", Bus: "pci@0000:41:00.0"}}, b.Devices...)
		}, "alias:nic", verify.Match},
		{"a dev_type that says no kind is compared with nothing", func(n *design.Node, _ *build.Node) { n.HardwareProfile.Aliases[1].DevType = "MT27800" }, "alias:nic", verify.Match},
		{"a pattern without a device is a mismatch", func(_ *design.Node, b *build.Node) { b.Devices[2].Bus = "pci@0000:05:00.0" }, "alias:any", verify.Mismatch},
		{"a pattern that is none is a mismatch", func(n *design.Node, _ *build.Node) { n.HardwareProfile.Aliases[2].Address = "regexp:(" }, "alias:any", verify.Mismatch},
		{"an alias is unknown as long as only the BMC was asked", func(_ *design.Node, b *build.Node) { present(b) }, "alias:boot", verify.Unknown},
		{"an alias that the BMC does not list is unknown", func(_ *design.Node, b *build.Node) {
			present(b)
			b.OOB.PCI = []build.PCIDevice{{Name: "slot 1", Address: "0000:05:00.0"}}
		}, "alias:nic", verify.Unknown},
		{"an alias that the BMC lists is a match", func(_ *design.Node, b *build.Node) {
			present(b)
			b.OOB.PCI = []build.PCIDevice{{Name: "slot 1", Address: "0000:41:00.0"}}
		}, "alias:nic", verify.Match},
		{"a critical alarm is a violation", func(_ *design.Node, b *build.Node) { b.OOB.Health = build.HealthCritical }, "health", verify.Violation},
		{"a warning is a mismatch", func(_ *design.Node, b *build.Node) { b.OOB.Health = build.HealthWarning }, "health", verify.Mismatch},
		{"a critical sensor is a violation", func(_ *design.Node, b *build.Node) {
			b.OOB.Sensors = []build.Sensor{{Name: "CPU1 Temp", Value: 98, Unit: "Cel", Health: build.HealthCritical}}
		}, "sensor:CPU1 Temp", verify.Violation},
		{"a failed drive is a violation", func(_ *design.Node, b *build.Node) { b.OOB.Drives[1].Health = build.HealthCritical }, "drive:S1", verify.Violation},
		{"a drive that predicts its failure is a mismatch", func(_ *design.Node, b *build.Node) { b.OOB.Drives[1].PredictedFailure = true }, "drive:S1", verify.Mismatch},
		{"drives that are not told are unknown", func(_ *design.Node, b *build.Node) { b.OOB.Drives = nil }, "drives", verify.Unknown},
		{"a critical event of the past is a mismatch", func(_ *design.Node, b *build.Node) {
			b.OOB.Log = []build.LogEntry{{ID: "1", Severity: build.HealthCritical, Text: "power lost"}}
		}, "event_log", verify.Mismatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			node, known := machine()
			c.change(node, &known)
			assert.Equal(t, c.verdict, row(t, verify.Node(node, known, nil, noon), c.row).Verdict)
		})
	}
}

// The BMC of a machine that is present tells no more than this, so a table of it never says more.
func TestNothingThatWasNotToldIsAMatch(t *testing.T) {
	node, _ := machine()
	v := verify.Node(node, build.Node{}, nil, noon)
	assert.Equal(t, verify.Present, v.Level)
	assert.Len(t, verify.Having(v, verify.Unknown), len(v.Rows), verify.Table(v))
	var names []string
	for _, r := range v.Rows {
		names = append(names, r.Name)
	}
	assert.Equal(t, []string{"vendor", "generation", "hw_version", "bios_version", "boot_mode", "pxe_interface",
		"alias:boot", "alias:nic", "alias:any", "health", "drives"}, names)
}

func TestWaivers(t *testing.T) {
	for _, c := range []struct {
		name   string
		waiver verify.Waiver
		want   string
	}{
		{"the check of the node", verify.Waiver{Nodes: []string{"n1"}, Checks: []string{"drive:S1"}, Reason: "spare ordered"}, verify.Waived},
		{"all checks of its kind", verify.Waiver{Nodes: []string{"n0", "n1"}, Checks: []string{"drive"}, Reason: "spare ordered"}, verify.Waived},
		{"not another node", verify.Waiver{Nodes: []string{"n2"}, Checks: []string{"drive"}, Reason: "spare ordered"}, verify.Violation},
		{"not another check", verify.Waiver{Nodes: []string{"n1"}, Checks: []string{"drive:S0"}, Reason: "spare ordered"}, verify.Violation},
		{"nothing without a reason", verify.Waiver{Nodes: []string{"n1"}, Checks: []string{"drive"}}, verify.Violation},
	} {
		t.Run(c.name, func(t *testing.T) {
			node, known := machine()
			known.OOB.Drives[1].Health = build.HealthCritical
			v := verify.Node(node, known, []verify.Waiver{c.waiver}, noon)
			r := row(t, v, "drive:S1")
			assert.Equal(t, c.want, r.Verdict)
			if c.want == verify.Waived {
				assert.Contains(t, verify.Table(v), "violation waived: spare ordered")
			}
		})
	}
}

func TestVersionsAreComparedAsNumbers(t *testing.T) {
	for _, c := range []struct {
		name, a, b string
		order      int
		ok         bool
	}{
		{"ten is later than nine", "2.10", "2.9", 1, true},
		{"a missing number is zero", "2.1", "2.1.0", 0, true},
		{"a leading zero says nothing", "1.02", "1.2", 0, true},
		{"the family is no number", "U30 v2.32 (03/09/2020)", "U30 v2.40", -1, true},
		{"a family may be left out", "P79 v1.33", "1.30", 1, true},
		{"another family can't be compared", "P79 v1.33", "U30 v1.30", 0, false},
		{"a letter counts behind its number", "F14b", "F14", 1, true},
		{"a number counts before a letter", "F15", "F14b", 1, true},
		{"no number can't be compared", "latest", "2.0", 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			order, ok := verify.CompareVersions(c.a, c.b)
			assert.Equal(t, c.ok, ok)
			assert.Equal(t, c.order, order)
			back, _ := verify.CompareVersions(c.b, c.a)
			assert.Equal(t, -c.order, back)
		})
	}
}

func TestTableHasColumns(t *testing.T) {
	node, known := machine()
	text := verify.Table(verify.Node(node, known, nil, noon))
	assert.Regexp(t, `(?m)^CHECK +DESIGNED +FOUND +VERDICT$`, text)
	assert.Regexp(t, `(?m)^bios_version +at least 2\.9\.1 +2\.10\.2 +match$`, text)
}
