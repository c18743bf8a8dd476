package validate

import (
	"regexp"
	"strings"

	"drydock/design"
)

var deviceAliases = Rule{
	Code: "DD1025", Slug: "device-aliases", Title: "Device aliases", Level: design.LevelError,
	Why:   "an alias that can be resolved to no device configures nothing",
	Hint:  "an alias has bus_type (pci or scsi), dev_type and address",
	check: checkDeviceAliases,
}

func checkDeviceAliases(r *run) {
	for _, h := range r.site.HardwareProfiles {
		for _, a := range h.Aliases {
			place := r.at(design.KindHardwareProfile, h.Name, "device_aliases", a.Name)
			for _, need := range [][2]string{{"bus_type", a.BusType}, {"dev_type", a.DevType}, {"address", a.Address}} {
				switch {
				case need[1] != "":
				case need[0] == "dev_type" && a.BusType != "pci":
					r.warn(place, "alias %s has no %s", a.Name, need[0]) // only looked at for network cards
				default:
					r.found(place, "alias %s has no %s", a.Name, need[0])
				}
			}
			if a.BusType != "" && a.BusType != "pci" && a.BusType != "scsi" {
				r.found(r.at(design.KindHardwareProfile, h.Name, "device_aliases", a.Name, "bus_type"), "the bus_type of alias %s is %q and must be pci or scsi", a.Name, a.BusType)
			}
			if pattern, ok := strings.CutPrefix(a.Address, "regexp:"); ok {
				if _, err := regexp.Compile(pattern); err != nil {
					r.found(r.at(design.KindHardwareProfile, h.Name, "device_aliases", a.Name, "address"), "the address of alias %s is not a regular expression that can be read", a.Name)
				}
			}
		}
	}
}
