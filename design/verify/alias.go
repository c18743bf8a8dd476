package verify

import (
	"slices"
	"strings"

	"drydock/design"
	"drydock/design/build"
	"drydock/design/hardware"
)

// alias looks for the device of an alias among all devices that lshw found. Before the machine was commissioned there is
// no such list, and what is not among the few devices that a BMC tells may exist all the same.
func alias(a design.Alias, known build.Node) build.Check {
	row := build.Check{Name: "alias:" + a.Name, Designed: a.BusType + "@" + a.Address, Verdict: Unknown}
	if a.DevType != "" {
		row.Designed += " (" + a.DevType + ")"
	}
	at, err := hardware.At(a)
	if err != nil {
		row.Found, row.Verdict = "the pattern is no regular expression", Mismatch
		return row
	}
	devices, complete := known.Devices, len(known.Devices) > 0
	if !complete {
		devices = told(known)
	}
	var found []build.Device
	for _, d := range devices {
		if d.Bus != "" && at(d.Class, d.Bus) {
			found = append(found, d)
		}
	}
	fits := slices.IndexFunc(found, func(d build.Device) bool { return !otherKind(a.DevType, d.Class) })
	switch {
	case fits >= 0:
		row.Found, row.Verdict = deviceWords(found[fits]), Match
	case len(found) > 0:
		row.Found, row.Verdict = deviceWords(found[0])+", which is of class "+found[0].Class, Mismatch
	case complete:
		row.Found, row.Verdict = "no such device", Mismatch
	}
	return row
}

// told are the devices whose bus address is known without lshw.
func told(known build.Node) []build.Device {
	var out []build.Device
	for _, n := range known.NICs {
		if n.PCI != "" {
			out = append(out, build.Device{Class: "network", Bus: "pci@" + n.PCI, Name: n.Name})
		}
	}
	for _, d := range known.Disks {
		out = append(out, build.Device{Class: "disk", Bus: d.Bus, Name: d.Name, Product: d.Model})
	}
	for _, d := range known.OOB.PCI {
		if d.Address != "" {
			out = append(out, build.Device{Bus: "pci@" + d.Address, Product: strings.TrimSpace(d.Name + " " + d.Model)})
		}
	}
	return out
}

func deviceWords(d build.Device) string {
	return strings.Join(strings.Fields(d.Product+" "+d.Name+" at "+d.Bus), " ")
}

// kinds are words by which a dev_type, which is free text such as "25G NIC" or "VBOX HARDDISK", says what a device is.
var kinds = map[string]string{
	"nic": "network", "ethernet": "network", "network": "network", "lan": "network",
	"ssd": "disk", "hdd": "disk", "disk": "disk", "harddisk": "disk", "nvme": "disk", "drive": "disk",
}

// otherKind is whether a device is surely not of the kind that a dev_type says: a disk where a NIC is designed, or a NIC
// where a disk is.
func otherKind(devType, class string) bool {
	for _, w := range splitWords(devType) {
		switch kinds[w] {
		case "network":
			return class == "disk" || class == "storage"
		case "disk":
			return class == "network"
		}
	}
	return false
}
