package maas

import (
	"slices"
	"sort"
	"strings"

	"drydock/drivers"
)

// findNIC finds the physical interface that a design calls by alias, OS name or MAC. Exactly one has to match.
func (s *session) findNIC(call drivers.NodeCall, m *machine, hw *hardware, name string) (*nic, error) {
	alias, isAlias := call.Node.HardwareProfile.Alias(name)
	if !isAlias {
		if n := m.physical(func(n *nic) bool { return n.Name == name || strings.EqualFold(n.MAC, name) }); n != nil {
			return n, nil
		}
		return nil, s.errorf(drivers.Conflict, "Name an alias of the hardware profile or an interface that the machine has.",
			"machine %s has no physical interface %s; it has %s", m, name, m.nicNames())
	}
	found, err := hw.at(alias)
	if err != nil {
		return nil, s.errorf(drivers.InvalidDesign, "Correct the pattern in the hardware profile.", "device alias %s: %w", name, err)
	}
	if len(found) > 1 {
		// A card may show other functions at the same address.
		found = slices.DeleteFunc(found, func(d device) bool { return d.Class != "network" })
	}
	if len(found) == 0 {
		// Without lshw data the build model may know the addresses from an earlier interrogation.
		for _, b := range call.Build.NICs {
			if b.PCI != "" && alias.BusType == "pci" && strings.EqualFold(b.PCI, alias.Address) {
				found = append(found, device{Names: []string{b.Name}, Serial: b.MAC})
			}
		}
	}
	if len(found) == 0 && len(hw.devices) == 0 {
		// The format lets the alias stand for the OS name where no hardware data can tell.
		found = append(found, device{Names: []string{name}})
	}
	if len(found) != 1 {
		return nil, s.errorf(drivers.Conflict, "Correct the address in the hardware profile, or commission the machine again if its hardware changed.",
			"device alias %s is %s@%s, where machine %s has %d devices", name, alias.BusType, alias.Address, m, len(found))
	}
	// The MAC is the NIC; the OS name may have changed with the kernel that looked.
	if n := m.physical(func(n *nic) bool { return found[0].Serial != "" && strings.EqualFold(n.MAC, found[0].Serial) }); n != nil {
		return n, nil
	}
	if n := m.physical(func(n *nic) bool { return n.Name == found[0].name() }); n != nil {
		return n, nil
	}
	return nil, s.errorf(drivers.Conflict, "Commission the machine again so that MAAS knows its interfaces.",
		"device alias %s is interface %s at %s@%s, which MAAS does not list for machine %s", name, found[0].name(), alias.BusType, alias.Address, m)
}

func (m *machine) physical(is func(*nic) bool) *nic {
	for i := range m.Interfaces {
		if n := &m.Interfaces[i]; n.Type == "physical" && is(n) {
			return n
		}
	}
	return nil
}

func (m *machine) nicNames() string {
	var out []string
	for _, n := range m.Interfaces {
		if n.Type == "physical" {
			out = append(out, n.Name)
		}
	}
	if len(out) == 0 {
		return "none"
	}
	sort.Strings(out)
	return strings.Join(out, ", ")
}

// findDisk finds the physical disk that a design calls by alias, OS name, serial number or WWN. Exactly one has to match.
func (s *session) findDisk(call drivers.NodeCall, m *machine, hw *hardware, name string) (*disk, error) {
	var match []*disk
	alias, isAlias := call.Node.HardwareProfile.Alias(name)
	if isAlias {
		found, err := hw.at(alias)
		if err != nil {
			return nil, s.errorf(drivers.InvalidDesign, "Correct the pattern in the hardware profile.", "device alias %s: %w", name, err)
		}
		found = disksOf(found)
		if len(found) == 0 {
			for _, b := range call.Build.Disks {
				if strings.EqualFold(b.Bus, alias.BusType+"@"+alias.Address) {
					found = append(found, device{Names: []string{b.Name}, Serial: b.Serial})
				}
			}
		}
		if len(found) == 0 && len(hw.devices) == 0 {
			found = append(found, device{Names: []string{name}})
		}
		for i := range m.Disks {
			for _, f := range found {
				if m.Disks[i].is(f.name(), f.Serial) {
					match = append(match, &m.Disks[i])
					break
				}
			}
		}
	} else {
		for i := range m.Disks {
			d := &m.Disks[i]
			if d.Name == name || d.Serial != "" && strings.EqualFold(d.Serial, name) || wwn(d) != "" && strings.EqualFold(wwn(d), strings.TrimPrefix(name, "wwn-")) {
				match = append(match, d)
			}
		}
	}
	if len(match) == 1 {
		return match[0], nil
	}
	where := ""
	if isAlias {
		where = ", which is " + alias.BusType + "@" + alias.Address + ","
	}
	return nil, s.errorf(drivers.Conflict, "Correct the address in the hardware profile, or commission the machine again if its hardware changed.",
		"%d disks of machine %s match %s%s and exactly one must; it has %s", len(match), m, name, where, m.diskNames())
}

// disksOf goes from controllers to the disks on them: the bus address of an NVMe disk is that of its controller.
func disksOf(found []device) []device {
	var out []device
	for _, d := range found {
		if d.Class != "storage" {
			out = append(out, d)
			continue
		}
		for _, c := range flatten(nil, d)[1:] {
			if c.Class == "disk" && c.name() != "" && !strings.HasPrefix(c.name(), "hwmon") && !strings.HasPrefix(c.name(), "ng") {
				out = append(out, c)
			}
		}
	}
	return out
}

// is compares serial numbers where both are known, as OS names may change from boot to boot.
func (d *disk) is(name, serial string) bool {
	if d.Serial != "" && serial != "" {
		return d.Serial == serial
	}
	return name != "" && d.Name == name
}

func wwn(d *disk) string {
	if i := strings.Index(d.IDPath, "wwn-"); i >= 0 {
		return d.IDPath[i+len("wwn-"):]
	}
	return ""
}

func (m *machine) diskNames() string {
	var out []string
	for _, d := range m.Disks {
		out = append(out, d.Name)
	}
	if len(out) == 0 {
		return "none"
	}
	sort.Strings(out)
	return strings.Join(out, ", ")
}
