package maas

import (
	"encoding/xml"
	"io"
	"regexp"
	"slices"
	"sort"
	"strings"

	"drydock/design"
	"drydock/design/build"
	"drydock/drivers"
)

// device is an element of lshw's XML.
type device struct {
	Class    string   `xml:"class,attr"`
	BusInfo  string   `xml:"businfo"`
	Names    []string `xml:"logicalname"`
	Serial   string   `xml:"serial"`
	Product  string   `xml:"product"`
	Children []device `xml:"node"`
}

// name is the OS name: the last component of the last logical name, as /dev/sda or eno1.
func (d device) name() string {
	if len(d.Names) == 0 {
		return ""
	}
	n := strings.TrimSpace(d.Names[len(d.Names)-1])
	return n[strings.LastIndex(n, "/")+1:]
}

// hardware is what commissioning found in a machine (op=details).
type hardware struct {
	lshw, lldp string
	devices    []device
}

// hardware reads op=details of the machine; it is empty when the machine was never commissioned.
func (s *session) hardware(m *machine) (*hardware, error) {
	details, err := s.gmc.Machine.Details(m.SystemID)
	if err != nil {
		return nil, s.fail(err, "read hardware data of machine %s", m)
	}
	hw := &hardware{lshw: details.LSHW, lldp: details.LLDP}
	if hw.lshw == "" {
		return hw, nil
	}
	if hw.devices, err = parseLSHW(hw.lshw); err != nil {
		return nil, s.errorf(drivers.Internal, "Commission the machine again so that MAAS gets new hardware data.", "read lshw data of machine %s: %w", m, err)
	}
	return hw, nil
}

// parseLSHW flattens lshw's XML, whose root is a node or a list of nodes.
func parseLSHW(text string) ([]device, error) {
	dec := xml.NewDecoder(strings.NewReader(text))
	dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var out []device
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		start, ok := tok.(xml.StartElement)
		if !ok || start.Name.Local != "node" {
			continue
		}
		var root device
		if err := dec.DecodeElement(&root, &start); err != nil {
			return nil, err
		}
		out = flatten(out, root)
	}
}

func flatten(into []device, d device) []device {
	into = append(into, d)
	for _, c := range d.Children {
		into = flatten(into, c)
	}
	return into
}

// at finds the devices of an alias: those with its bus address or, for "regexp:", the network devices whose PCI address
// matches from its start.
func (hw *hardware) at(a design.Alias) ([]device, error) {
	if pattern, ok := strings.CutPrefix(a.Address, "regexp:"); ok {
		re, err := regexp.Compile("^(?:" + pattern + ")")
		if err != nil {
			return nil, err
		}
		for _, d := range hw.devices {
			if addr, ok := strings.CutPrefix(d.BusInfo, "pci@"); ok && d.Class == "network" && re.MatchString(addr) {
				return []device{d}, nil // the format says: the first match wins
			}
		}
		return nil, nil
	}
	var out []device
	for _, d := range hw.devices {
		if strings.EqualFold(d.BusInfo, a.BusType+"@"+a.Address) {
			out = append(out, d)
		}
	}
	return out, nil
}

// nics are the physical interfaces, with the PCI address of lshw and the neighbour of lldp.
func (hw *hardware) nics(m *machine) []build.NIC {
	var out []build.NIC
	neighbours := hw.neighbours()
	for _, n := range m.Interfaces {
		if n.Type != "physical" {
			continue
		}
		b := build.NIC{Name: n.Name, MAC: strings.ToLower(n.MAC), LinkUp: n.LinkUp}
		for _, d := range hw.devices {
			if d.Class == "network" && strings.EqualFold(d.Serial, n.MAC) {
				b.PCI, _ = strings.CutPrefix(d.BusInfo, "pci@")
				b.Neighbor = neighbours[d.name()]
				break
			}
		}
		fill(&b.Neighbor, neighbours[n.Name])
		out = append(out, b)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// disks are the physical disks, with the bus address of lshw.
func (hw *hardware) disks(m *machine) []build.Disk {
	var out []build.Disk
	for _, bd := range m.Disks {
		b := build.Disk{Name: bd.Name, Serial: bd.Serial, Model: bd.Model, Size: int64(bd.Size)}
		if i := strings.Index(bd.IDPath, "wwn-"); i >= 0 {
			b.WWN = bd.IDPath[i+len("wwn-"):]
		}
		for _, d := range hw.devices {
			if d.Class == "disk" && (d.name() == bd.Name || bd.Serial != "" && d.Serial == bd.Serial) {
				b.Bus = d.BusInfo
				break
			}
		}
		out = append(out, b)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// neighbours reads from lldp's XML which switch and port each interface is plugged into.
func (hw *hardware) neighbours() map[string]string {
	var doc struct {
		Interfaces []struct {
			Name    string `xml:"name,attr"`
			Chassis struct {
				Name string `xml:"name"`
				ID   string `xml:"id"`
			} `xml:"chassis"`
			Port struct {
				ID    string `xml:"id"`
				Descr string `xml:"descr"`
			} `xml:"port"`
		} `xml:"interface"`
	}
	out := map[string]string{}
	if hw.lldp == "" || xml.Unmarshal([]byte(hw.lldp), &doc) != nil {
		return out // no neighbour is known; not a reason to fail
	}
	for _, i := range doc.Interfaces {
		who, port := i.Chassis.Name, i.Port.ID
		fill(&who, i.Chassis.ID)
		fill(&port, i.Port.Descr)
		if who != "" {
			out[i.Name] = strings.TrimSpace(who + " " + port)
		}
	}
	return out
}

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
