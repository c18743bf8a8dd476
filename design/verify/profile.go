package verify

import (
	"fmt"
	"regexp"
	"strings"

	"drydock/design"
	"drydock/design/build"
)

// profile compares what the hardware profile says. Vendor, generation and hardware version are descriptions, for which
// designs in the field carry approximate and placeholder values, so they never stop a machine.
func profile(p *design.HardwareProfile, known build.Node) []build.Check {
	rows := []build.Check{
		described("vendor", p.Vendor, known.Identity.Manufacturer, sameVendor),
		described("generation", p.Generation, known.Identity.Model, statesGeneration),
		described("hw_version", p.HWVersion, known.Identity.Model, statesVersion),
		bios(p.BIOSVersion, known.OOB.BIOSVersion),
		described("boot_mode", p.BootMode, known.OOB.BootMode, equal),
		pxe(p.PXEInterface, known.NICs),
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

// pxe says whether the NIC that the profile boots from, counted from 0, exists.
func pxe(index int, nics []build.NIC) build.Check {
	row := build.Check{Name: "pxe_interface", Designed: fmt.Sprintf("interface %d", index), Verdict: Unknown}
	switch n := len(nics); {
	case n == 0:
	case index >= 0 && index < n:
		row.Found, row.Verdict = fmt.Sprintf("%d interfaces", n), Match
	default:
		row.Found, row.Verdict = fmt.Sprintf("%d interfaces", n), Mismatch
	}
	return row
}

// alias looks for the device at a bus address. Only the operating system tells them.
func alias(a design.Alias, known build.Node) build.Check {
	row := build.Check{Name: "alias:" + a.Name, Designed: a.BusType + "@" + a.Address, Verdict: Unknown}
	pattern, isPattern := strings.CutPrefix(a.Address, "regexp:")
	var re *regexp.Regexp
	if isPattern {
		var err error
		if re, err = regexp.Compile("^(?:" + pattern + ")"); err != nil {
			row.Found, row.Verdict = "the pattern is no regular expression", Mismatch
			return row
		}
	}
	addresses := 0
	see := func(bus, name string) {
		if bus == "" {
			return
		}
		addresses++
		_, address, _ := strings.Cut(bus, "@")
		if re != nil && strings.HasPrefix(bus, "pci@") && re.MatchString(address) || re == nil && strings.EqualFold(bus, row.Designed) {
			row.Found, row.Verdict = strings.TrimSpace(name+" at "+bus), Match
		}
	}
	for _, n := range known.NICs {
		if n.PCI != "" {
			see("pci@"+n.PCI, n.Name)
		}
	}
	if re == nil {
		for _, d := range known.Disks {
			see(d.Bus, d.Name)
		}
		for _, d := range known.OOB.PCI {
			if d.Address != "" {
				see("pci@"+d.Address, d.Name)
			}
		}
	}
	if row.Verdict == Unknown && addresses > 0 {
		row.Found, row.Verdict = "no such device", Mismatch
	}
	return row
}
