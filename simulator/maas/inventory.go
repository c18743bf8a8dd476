package maas

import (
	"drydock/simulator/world"
)

// vlanOf is the VLAN of the known subnet that a NIC hangs on; nil when the region knows no such subnet.
func (s *Server) vlanOf(nic world.NIC) *vlan {
	v, _ := s.segment(nic)
	return v
}

func (s *Server) segment(nic world.NIC) (*vlan, *subnet) {
	n := s.world.Site().Network(nic.Network)
	if n == nil || !n.CIDR.IsValid() {
		return nil, nil
	}
	return s.vlanOfNetwork(n.CIDR)
}

// servesDHCP reports whether the rack would answer a network boot on the segment that it comes from.
func (s *Server) servesDHCP(n world.Netboot) bool {
	if !s.options.RequireDHCP {
		return true
	}
	nic, ok := n.Machine.Hardware().NIC(n.MAC)
	if !ok {
		return false
	}
	v := s.vlanOf(nic)
	return v != nil && (v.dhcp || v.relay != nil && v.relay.dhcp)
}

// inventory takes over what commissioning found: processors, memory, NICs, disks, lshw and LLDP data.
func (s *Server) inventory(m *machine, wm *world.Machine) {
	h := wm.Hardware()
	m.cpus, m.memory, m.uuid = h.CPUs, h.MemoryMiB, orNull(h.UUID)
	m.architecture = h.Arch + "/generic"
	m.hardware = map[string]string{"system_vendor": h.Manufacturer, "system_product": h.Model, "system_serial": h.Serial,
		"mainboard_vendor": h.Manufacturer, "mainboard_product": h.Model, "mainboard_serial": h.Serial,
		"mainboard_firmware_vendor": h.Manufacturer, "mainboard_firmware_version": h.BIOSVersion, "chassis_vendor": h.Manufacturer,
		"chassis_type": "Rack Mount Chassis", "chassis_serial": h.Serial, "cpu_model": cpuModel}
	m.lshw, m.lldp = lshwXML(m.hostname, h), lldpXML(h)
	first := !m.inventory
	m.inventory = true
	for _, r := range m.latest(setCommissioning).resultsOrNone() {
		switch r.script.name {
		case "maas-lshw":
			r.output = string(m.lshw)
		case "maas-capture-lldpd":
			r.output = string(m.lldp)
		}
	}
	if first || !m.afterwards.skipNetworking {
		s.discoverNICs(m, wm)
	}
	s.discoverDisks(m, h)
	if first || !m.afterwards.skipStorage {
		s.defaultLayout(m)
	}
	for _, t := range s.tags {
		s.evaluate(t, m)
	}
}

// discoverNICs makes the interfaces those of the hardware. A NIC that is known by its MAC keeps its identity; everything
// configured on top goes. A NIC on an unknown network gets a fabric of its own.
func (s *Server) discoverNICs(m *machine, wm *world.Machine) {
	h := wm.Hardware()
	old := m.interfaces
	m.interfaces, m.gateways = nil, map[int]*link{}
	find := func(mac string) *iface {
		for _, i := range old {
			if i.mac == mac && i.kind == kindPhysical {
				return i
			}
		}
		return nil
	}
	m.bootInterface = nil
	for _, nic := range h.NICs {
		i := find(nic.MAC)
		if i == nil {
			i = &iface{kind: kindPhysical, mac: nic.MAC}
			s.addInterface(m, i)
		} else {
			m.interfaces = append(m.interfaces, i)
		}
		i.name, i.vendor, i.product, i.speed, i.connected = nic.Name, nic.Vendor, nic.Product, nic.SpeedMbps, true
		i.params, i.links = obj{}, nil
		v, sub := s.segment(nic)
		switch {
		case v != nil:
			i.vlan = v
		case i.vlan == nil:
			i.vlan = s.newFabric("", "").untagged
		}
		mode := modeLinkUp
		if nic.MAC == h.PXENIC {
			m.bootInterface = i
			mode = modeDHCP
			if sub != nil && sub.vlan == i.vlan {
				mode = modeAuto
			}
		}
		if mode != modeAuto {
			sub = nil
		}
		i.links = []*link{s.newLink(mode, sub)}
	}
	if m.bootInterface == nil && len(m.interfaces) > 0 {
		m.bootInterface = m.interfaces[0]
	}
}

// discoverDisks makes the physical disks those of the hardware; a disk known by its serial number keeps its identity.
func (s *Server) discoverDisks(m *machine, h world.Hardware) {
	old := m.disks
	m.disks = nil
	kept := map[*blockDevice]bool{}
	for _, d := range h.Disks {
		var x *blockDevice
		for _, o := range old {
			if o.kind == devicePhysical && o.serial == d.Serial && o.title == d.Name {
				x = o
			}
		}
		if x == nil {
			x = &blockDevice{id: s.id("device"), kind: devicePhysical}
		}
		kept[x] = true
		x.title, x.size, x.blockSize, x.model, x.serial = d.Name, d.SizeBytes, 512, d.Model, d.Serial
		x.idPath = d.IDPath
		if x.idPath == "" {
			x.idPath = "/dev/" + d.Name
		}
		x.tags = diskTags(d)
		m.disks = append(m.disks, x)
	}
	for _, o := range old {
		if o.kind == deviceVirtual {
			m.disks = append(m.disks, o)
		}
	}
	if !kept[m.bootDisk] {
		m.bootDisk = nil
	}
}

func diskTags(d world.Disk) []string {
	tags := []string{"ssd"}
	if d.Rotary {
		tags = []string{"rotary", "7200rpm"}
	}
	if len(d.Name) > 1 && d.Name[:2] == "sd" {
		tags = append(tags, "sata")
	}
	return tags
}
