package verify

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"drydock/design"
	"drydock/design/build"
)

// profile compares what the hardware profile says. Vendor, generation and hardware version are descriptions, for which
// designs in the field carry approximate and placeholder values, so they never stop a machine.
func profile(node *design.Node, known build.Node) []build.Check {
	p := node.HardwareProfile
	rows := []build.Check{
		described("vendor", p.Vendor, known.Identity.Manufacturer, sameVendor),
		described("generation", p.Generation, known.Identity.Model, statesGeneration),
		described("hw_version", p.HWVersion, known.Identity.Model, statesVersion),
		bios(p.BIOSVersion, firmwareVersion(known)),
		described("boot_mode", p.BootMode, cmp.Or(known.OOB.BootMode, known.Provisioner.BootMode), equal),
		pxe(p.PXEInterface, node.BootMAC, known),
	}
	for _, a := range p.Aliases {
		rows = append(rows, alias(a, known))
	}
	return rows
}

// described compares a description; same returns Match, Mismatch or Unknown for values that are both there.
func described(name, designed, found string, same func(designed, found string) string) build.Check {
	row := build.Check{Name: name, Designed: designed, Found: found, Verdict: Unknown}
	if designed != "" && found != "" {
		row.Verdict = same(designed, found)
	}
	return row
}

func equal(designed, found string) string {
	if strings.EqualFold(designed, found) {
		return Match
	}
	return Mismatch
}

// forms are the legal forms and trades in names of makers, which say nothing about who it is.
var forms = map[string]bool{
	"inc": true, "incorporated": true, "corp": true, "corporation": true, "co": true, "company": true, "ltd": true, "limited": true,
	"llc": true, "gmbh": true, "ag": true, "sa": true, "bv": true, "technologies": true, "technology": true, "computer": true,
	"computers": true, "systems": true, "emc": true, "international": true, "group": true, "the": true, "r": true, "tm": true,
}

// makers are names of one maker that share no word.
var makers = map[string]string{
	"hp": "hewlett packard", "hpe": "hewlett packard", "hewlett packard enterprise": "hewlett packard",
	"hewlettpackard": "hewlett packard", "super micro": "supermicro", "super micro computer": "supermicro", "smc": "supermicro",
	"ibm lenovo": "lenovo", "lnvo": "lenovo",
}

// sameVendor compares makers: "DELL" is "Dell Inc." and "HP" is "Hewlett Packard Enterprise".
func sameVendor(designed, found string) string {
	d, f := maker(designed), maker(found)
	if d == f || strings.HasPrefix(f+" ", d+" ") || strings.HasPrefix(d+" ", f+" ") {
		return Match
	}
	return Mismatch
}

func maker(name string) string {
	var words []string
	for _, w := range splitWords(name) {
		if !forms[w] {
			words = append(words, w)
		}
	}
	joined := strings.Join(words, " ")
	if one, ok := makers[joined]; ok {
		return one
	}
	if joined == "" {
		return strings.ToLower(strings.TrimSpace(name))
	}
	return joined
}

func splitWords(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
}

// stated finds the generation in the name of a model: "DL380 Gen10", "14G", "G9".
var stated = regexp.MustCompile(`(?i)\b(?:gen(?:eration)?[ -]?(\d+)|(\d+)g|g(\d+))\b`)

// statesGeneration compares with the generation that the model's name states. A BMC has no field for it, so that a name
// which states none says nothing.
func statesGeneration(designed, model string) string {
	if containsWord(model, designed) {
		return Match
	}
	m := stated.FindStringSubmatch(model)
	if m == nil {
		return Unknown
	}
	want := regexp.MustCompile(`\d+`).FindString(designed)
	if found := m[1] + m[2] + m[3]; want != "" && found != want {
		return Mismatch
	}
	return Match
}

var statedVersion = regexp.MustCompile(`(?i)\b(?:v|rev\.?|version)[ -]?(\d+)\b`)

func statesVersion(designed, model string) string {
	if containsWord(model, designed) {
		return Match
	}
	m := statedVersion.FindStringSubmatch(model)
	if m == nil {
		return Unknown
	}
	if want := regexp.MustCompile(`\d+`).FindString(designed); want != "" && m[1] != want {
		return Mismatch
	}
	return Match
}

// containsWord reports whether a text has the words of another in a row.
func containsWord(text, words string) bool {
	inner := strings.Join(splitWords(words), " ")
	return inner != "" && strings.Contains(" "+strings.Join(splitWords(text), " ")+" ", " "+inner+" ")
}

// bios holds the BIOS to the version of the profile as a minimum.
func bios(designed, found string) build.Check {
	row := build.Check{Name: "bios_version", Designed: designed, Found: found, Verdict: Unknown}
	if designed == "" || found == "" {
		return row
	}
	row.Designed = "at least " + designed
	order, ok := CompareVersions(found, designed)
	switch {
	case !ok && strings.EqualFold(strings.TrimSpace(designed), strings.TrimSpace(found)):
		row.Verdict = Match
	case !ok:
		row.Verdict = Mismatch
	case order < 0:
		row.Verdict = Violation
	default:
		row.Verdict = Match
	}
	return row
}

// firmwareVersion is the version of the BIOS: what the BMC tells now, else what lshw found.
func firmwareVersion(known build.Node) string {
	if known.OOB.BIOSVersion != "" {
		return known.OOB.BIOSVersion
	}
	for _, d := range known.Devices {
		if d.Firmware != "" {
			return d.Firmware
		}
	}
	return ""
}

// pxe says whether the NIC that the machine boots from exists: that with the boot MAC of the node, else the one that the
// profile names, counted from 0. A BMC may tell some NICs only, so that none is missed before the machine is prepared.
func pxe(index int, bootMAC string, known build.Node) build.Check {
	row := build.Check{Name: "pxe_interface", Designed: fmt.Sprintf("interface %d", index), Verdict: Unknown}
	n := len(known.NICs)
	if bootMAC != "" {
		row.Designed = "interface " + strings.ToLower(bootMAC)
		index = slices.IndexFunc(known.NICs, func(nic build.NIC) bool { return strings.EqualFold(nic.MAC, bootMAC) })
	}
	switch {
	case n == 0:
	case bootMAC != "" && index >= 0:
		nic := known.NICs[index]
		row.Found, row.Verdict = strings.TrimSpace(nic.Name+" "+nic.MAC), Match
		if nic.Neighbor != "" {
			row.Found += " at " + nic.Neighbor
		}
	case index >= 0 && index < n:
		row.Found, row.Verdict = fmt.Sprintf("%d interfaces", n), Match
	default:
		row.Found = fmt.Sprintf("%d interfaces, and not this one", n)
		if levelOf(known) == Prepared {
			row.Verdict = Mismatch
		}
	}
	return row
}
