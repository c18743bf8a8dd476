package maas

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"drydock/simulator/world"
)

const cpuModel = "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz"

// node is an element of lshw's XML.
type lshwNode struct {
	XMLName     xml.Name    `xml:"node"`
	ID          string      `xml:"id,attr"`
	Claimed     string      `xml:"claimed,attr,omitempty"`
	Class       string      `xml:"class,attr"`
	Handle      string      `xml:"handle,attr,omitempty"`
	Description string      `xml:"description,omitempty"`
	Product     string      `xml:"product,omitempty"`
	Vendor      string      `xml:"vendor,omitempty"`
	PhysID      string      `xml:"physid,omitempty"`
	BusInfo     string      `xml:"businfo,omitempty"`
	LogicalName string      `xml:"logicalname,omitempty"`
	Version     string      `xml:"version,omitempty"`
	Serial      string      `xml:"serial,omitempty"`
	Size        *lshwSize   `xml:"size,omitempty"`
	Capacity    *lshwSize   `xml:"capacity,omitempty"`
	Width       *lshwSize   `xml:"width,omitempty"`
	Config      *lshwConfig `xml:"configuration,omitempty"`
	Children    []lshwNode
}

type lshwSize struct {
	Units string `xml:"units,attr"`
	Value string `xml:",chardata"`
}

type lshwConfig struct {
	Settings []lshwSetting `xml:"setting"`
}

type lshwSetting struct {
	ID    string `xml:"id,attr"`
	Value string `xml:"value,attr"`
}

func units(kind string, n int64) *lshwSize { return &lshwSize{kind, strconv.FormatInt(n, 10)} }

func configuration(pairs ...string) *lshwConfig {
	c := &lshwConfig{}
	for i := 0; i+1 < len(pairs); i += 2 {
		c.Settings = append(c.Settings, lshwSetting{pairs[i], pairs[i+1]})
	}
	return c
}

// lshwXML is what lshw -xml prints on such a machine: the tree of core, processors, memory, and PCI with NICs and disks.
func lshwXML(hostname string, h world.Hardware) []byte {
	pci := lshwNode{ID: "pci", Claimed: "true", Class: "bridge", Handle: "PCIBUS:0000:00", Description: "Host bridge",
		Vendor: "Intel Corporation", PhysID: "100", BusInfo: "pci@0000:00:00.0", Width: units("bits", 32)}
	for n, nic := range h.NICs {
		pci.Children = append(pci.Children, lshwNode{ID: indexed("network", n), Claimed: "true", Class: "network",
			Handle: "PCI:" + nic.PCI, Description: "Ethernet interface", Product: nic.Product, Vendor: nic.Vendor,
			PhysID: strconv.Itoa(n), BusInfo: "pci@" + nic.PCI, LogicalName: nic.Name, Serial: nic.MAC,
			Size: units("bit/s", int64(nic.SpeedMbps)*1e6), Capacity: units("bit/s", int64(nic.SpeedMbps)*1e6),
			Config: configuration("autonegotiation", "on", "broadcast", "yes", "duplex", "full", "link", "yes", "multicast", "yes")})
	}
	scsi := map[string]*lshwNode{}
	var controllers []string
	for n, d := range h.Disks {
		kind, address, _ := strings.Cut(d.Bus, "@")
		host, _, _ := strings.Cut(address, ":")
		node := lshwNode{ID: indexed("disk", n), Claimed: "true", Class: "disk", Handle: strings.ToUpper(kind) + ":" + address,
			Description: "SCSI Disk", Product: d.Model, Vendor: firstWord(d.Model), PhysID: text("0.%d.0", n), BusInfo: d.Bus,
			LogicalName: "/dev/" + d.Name, Version: "1.0", Serial: d.Serial, Size: units("bytes", d.SizeBytes),
			Config: configuration("ansiversion", "6", "logicalsectorsize", "512", "sectorsize", "512", "wwn", d.WWN)}
		if kind != "scsi" {
			pci.Children = append(pci.Children, nvme(n, d))
			continue
		}
		key := "scsi" + host
		if scsi[key] == nil {
			scsi[key] = &lshwNode{ID: indexed("storage", len(controllers)), Claimed: "true", Class: "storage", Description: "Serial Attached SCSI controller",
				Product: "MegaRAID SAS-3 3108", Vendor: "Broadcom / LSI", PhysID: strconv.Itoa(len(controllers)), LogicalName: key,
				Config: configuration("driver", "megaraid_sas", "latency", "0")}
			controllers = append(controllers, key)
		}
		scsi[key].Children = append(scsi[key].Children, node)
	}
	for _, key := range controllers {
		pci.Children = append(pci.Children, *scsi[key])
	}
	core := lshwNode{ID: "core", Claimed: "true", Class: "bus", Handle: "DMI:0002", Description: "Motherboard", Product: h.Model,
		Vendor: h.Manufacturer, PhysID: "0", Serial: h.Serial, Children: []lshwNode{
			{ID: "firmware", Claimed: "true", Class: "memory", Description: "BIOS", Vendor: h.Manufacturer, PhysID: "0", Version: h.BIOSVersion},
			{ID: "cpu", Claimed: "true", Class: "processor", Handle: "DMI:0400", Description: "CPU", Product: cpuModel, Vendor: "Intel Corp.",
				PhysID: "400", BusInfo: "cpu@0", Size: units("Hz", 2e9), Width: units("bits", 64),
				Config: configuration("cores", strconv.Itoa(h.CPUs), "enabledcores", strconv.Itoa(h.CPUs), "threads", strconv.Itoa(h.CPUs))},
			{ID: "memory", Claimed: "true", Class: "memory", Handle: "DMI:1000", Description: "System Memory", PhysID: "1000",
				Size: units("bytes", int64(h.MemoryMiB)*mebibyte)},
			pci,
		}}
	root := lshwNode{ID: hostname, Claimed: "true", Class: "system", Handle: "DMI:0001", Description: "Rack Mount Chassis", Product: h.Model,
		Vendor: h.Manufacturer, Serial: h.Serial, Width: units("bits", 64),
		Config: configuration("boot", "normal", "chassis", "rackmount", "uuid", h.UUID), Children: []lshwNode{core}}
	out, err := xml.MarshalIndent(struct {
		XMLName xml.Name `xml:"list"`
		Root    lshwNode
	}{Root: root}, "", "  ")
	if err != nil {
		return []byte(fmt.Sprintf("<!-- %v -->", err))
	}
	return append([]byte(xml.Header), out...)
}

// nvme is a controller with one namespace: a PCI address is the controller's, the block device is the namespace's.
func nvme(n int, d world.Disk) lshwNode {
	controller, _, _ := strings.Cut(strings.TrimPrefix(d.Name, "nvme"), "n")
	pci, bus := d.Bus, text("nvme@%s:1", controller)
	if strings.HasPrefix(d.Bus, "nvme@") {
		pci, bus = "", d.Bus
	}
	return lshwNode{ID: indexed("nvme", n), Claimed: "true", Class: "storage", Description: "NVMe device", Product: d.Model,
		Vendor: firstWord(d.Model), PhysID: "0", BusInfo: pci, LogicalName: "/dev/nvme" + controller, Version: "1.0",
		Serial: d.Serial, Config: configuration("driver", "nvme"),
		Children: []lshwNode{{ID: "namespace", Claimed: "true", Class: "disk", Description: "NVMe disk", PhysID: "1",
			BusInfo: bus, LogicalName: "/dev/" + d.Name, Size: units("bytes", d.SizeBytes),
			Config: configuration("logicalsectorsize", "512", "sectorsize", "512", "wwid", d.WWN)}}}
}

func indexed(kind string, n int) string {
	if n == 0 {
		return kind
	}
	return text("%s:%d", kind, n)
}

func firstWord(t string) string {
	w, _, _ := strings.Cut(t, " ")
	return w
}

// lldpXML is what lldpctl -f xml prints: a neighbour per NIC whose switch is known.
func lldpXML(h world.Hardware) []byte {
	type value struct {
		Label string `xml:"label,attr"`
		Type  string `xml:"type,attr,omitempty"`
		Text  string `xml:",chardata"`
	}
	type neighbour struct {
		XMLName xml.Name `xml:"interface"`
		Label   string   `xml:"label,attr"`
		Name    string   `xml:"name,attr"`
		Via     string   `xml:"via,attr"`
		RID     int      `xml:"rid,attr"`
		Chassis struct {
			Label string `xml:"label,attr"`
			Name  value  `xml:"name"`
		} `xml:"chassis"`
		Port struct {
			Label string `xml:"label,attr"`
			ID    value  `xml:"id"`
			Descr value  `xml:"descr"`
		} `xml:"port"`
	}
	doc := struct {
		XMLName    xml.Name `xml:"lldp"`
		Label      string   `xml:"label,attr"`
		Interfaces []neighbour
	}{Label: "LLDP neighbors"}
	for n, nic := range h.NICs {
		if nic.Switch == "" {
			continue
		}
		x := neighbour{Label: "Interface", Name: nic.Name, Via: "LLDP", RID: n + 1}
		x.Chassis.Label, x.Chassis.Name = "Chassis", value{Label: "SysName", Text: nic.Switch}
		x.Port.Label, x.Port.ID, x.Port.Descr = "Port", value{"PortID", "ifname", nic.Port}, value{Label: "PortDescr", Text: nic.Port}
		doc.Interfaces = append(doc.Interfaces, x)
	}
	out, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return []byte(fmt.Sprintf("<!-- %v -->", err))
	}
	return append([]byte(xml.Header), out...)
}
