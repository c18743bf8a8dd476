package maas

import (
	"encoding/xml"
	"io"
	"sort"
	"strings"

	"drydock/design"
	"drydock/design/build"
	aliases "drydock/design/hardware"
	"drydock/drivers"
)

// device is an element of lshw's XML.
type device struct {
	ID       string   `xml:"id,attr"`
	Class    string   `xml:"class,attr"`
	BusInfo  string   `xml:"businfo"`
	Names    []string `xml:"logicalname"`
	Serial   string   `xml:"serial"`
	Product  string   `xml:"product"`
	Version  string   `xml:"version"`
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

// at finds the devices of an alias: those with its bus address or, for a pattern, the first that matches.
func (hw *hardware) at(a design.Alias) ([]device, error) {
	is, err := aliases.At(a)
	if err != nil {
		return nil, err
	}
	var out []device
	for _, d := range hw.devices {
		if is(d.Class, d.BusInfo) {
			out = append(out, d)
			if strings.HasPrefix(a.Address, "regexp:") {
				break // the format says: the first match wins
			}
		}
	}
	return out, nil
}

// listed are the devices that a design may mean, and the firmware.
func (hw *hardware) listed() []build.Device {
	var out []build.Device
	for _, d := range hw.devices {
		b := build.Device{Class: d.Class, Bus: d.BusInfo, Name: d.name(), Product: strings.TrimSpace(d.Product)}
		if d.ID == "firmware" {
			b.Firmware = strings.TrimSpace(d.Version)
		}
		if b.Bus != "" || b.Firmware != "" {
			out = append(out, b)
		}
	}
	return out
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
