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
			{Name: "nic", BusType: "pci", Address: "0000:41:00.0"},
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
	}
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
		change  func(*design.HardwareProfile, *build.Node)
		row     string
		verdict string
	}{
		{"another maker is a mismatch", func(_ *design.HardwareProfile, b *build.Node) { b.Identity.Manufacturer = "Contoso" }, "vendor", verify.Mismatch},
		{"a maker by its long name is a match", func(p *design.HardwareProfile, b *build.Node) {
			p.Vendor, b.Identity.Manufacturer = "HP", "Hewlett Packard Enterprise"
		}, "vendor", verify.Match},
		{"a maker that is not told is unknown", func(_ *design.HardwareProfile, b *build.Node) { b.Identity.Manufacturer = "" }, "vendor", verify.Unknown},
		{"another generation is a mismatch", func(p *design.HardwareProfile, _ *build.Node) { p.Generation = "Gen10" }, "generation", verify.Mismatch},
		{"a generation that the model does not name is unknown", func(_ *design.HardwareProfile, b *build.Node) { b.Identity.Model = "R740" }, "generation", verify.Unknown},
		{"another hardware version is a mismatch", func(p *design.HardwareProfile, _ *build.Node) { p.HWVersion = "4" }, "hw_version", verify.Mismatch},
		{"a BIOS older by number is a violation", func(_ *design.HardwareProfile, b *build.Node) { b.OOB.BIOSVersion = "2.9.0" }, "bios_version", verify.Violation},
		{"a BIOS of another family is a mismatch", func(p *design.HardwareProfile, b *build.Node) {
			p.BIOSVersion, b.OOB.BIOSVersion = "U30 v2.1", "P79 v2.2"
		}, "bios_version", verify.Mismatch},
		{"a BIOS that is not told is unknown", func(_ *design.HardwareProfile, b *build.Node) { b.OOB.BIOSVersion = "" }, "bios_version", verify.Unknown},
		{"another boot mode is a mismatch", func(_ *design.HardwareProfile, b *build.Node) { b.OOB.BootMode = "bios" }, "boot_mode", verify.Mismatch},
		{"a PXE interface beyond the last is a mismatch", func(p *design.HardwareProfile, _ *build.Node) { p.PXEInterface = 4 }, "pxe_interface", verify.Mismatch},
		{"an alias without its device is a mismatch", func(_ *design.HardwareProfile, b *build.Node) { b.NICs[0].PCI = "0000:01:00.0" }, "alias:nic", verify.Mismatch},
		{"a pattern without a device is a mismatch", func(_ *design.HardwareProfile, b *build.Node) { b.NICs[0].PCI = "0000:01:00.0" }, "alias:any", verify.Mismatch},
		{"an alias is unknown as long as only the BMC was asked", func(_ *design.HardwareProfile, b *build.Node) {
			b.NICs[0].PCI, b.Disks = "", nil
		}, "alias:boot", verify.Unknown},
		{"a critical alarm is a violation", func(_ *design.HardwareProfile, b *build.Node) { b.OOB.Health = build.HealthCritical }, "health", verify.Violation},
		{"a warning is a mismatch", func(_ *design.HardwareProfile, b *build.Node) { b.OOB.Health = build.HealthWarning }, "health", verify.Mismatch},
		{"a critical sensor is a violation", func(_ *design.HardwareProfile, b *build.Node) {
			b.OOB.Sensors = []build.Sensor{{Name: "CPU1 Temp", Value: 98, Unit: "Cel", Health: build.HealthCritical}}
		}, "sensor:CPU1 Temp", verify.Violation},
		{"a failed drive is a violation", func(_ *design.HardwareProfile, b *build.Node) { b.OOB.Drives[1].Health = build.HealthCritical }, "drive:S1", verify.Violation},
		{"a drive that predicts its failure is a mismatch", func(_ *design.HardwareProfile, b *build.Node) { b.OOB.Drives[1].PredictedFailure = true }, "drive:S1", verify.Mismatch},
		{"drives that are not told are unknown", func(_ *design.HardwareProfile, b *build.Node) { b.OOB.Drives = nil }, "drives", verify.Unknown},
		{"a critical event of the past is a mismatch", func(_ *design.HardwareProfile, b *build.Node) {
			b.OOB.Log = []build.LogEntry{{ID: "1", Severity: build.HealthCritical, Text: "power lost"}}
		}, "event_log", verify.Mismatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			node, known := machine()
			c.change(node.HardwareProfile, &known)
			assert.Equal(t, c.verdict, row(t, verify.Node(node, known, nil, noon), c.row).Verdict)
		})
	}
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
