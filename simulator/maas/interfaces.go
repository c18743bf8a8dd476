package maas

import (
	"net/netip"
	"strconv"
)

// Kinds of interfaces.
const (
	kindPhysical = "physical"
	kindBond     = "bond"
	kindBridge   = "bridge"
	kindVLAN     = "vlan"
)

// iface is a network interface of a machine, rack or device.
type iface struct {
	id        int
	name      string
	kind      string
	mac       string
	vlan      *vlan
	parents   []*iface
	links     []*link
	params    obj
	tags      []string
	speed     int
	vendor    string
	product   string
	firmware  string
	connected bool
	lacksNUMA bool // devices have no NUMA node
}

// Link modes.
const (
	modeAuto   = "auto"
	modeDHCP   = "dhcp"
	modeStatic = "static"
	modeLinkUp = "link_up"
)

// link is how an interface is addressed on a subnet.
type link struct {
	id     int
	mode   string
	subnet *subnet
	ip     netip.Addr
}

func (s *Server) addInterface(m *machine, i *iface) {
	i.id = s.id("interface")
	if i.params == nil {
		i.params = obj{}
	}
	m.interfaces = append(m.interfaces, i)
}

func (m *machine) interfaceByMAC(mac string) *iface {
	for _, i := range m.interfaces {
		if i.mac == mac && i.kind == kindPhysical {
			return i
		}
	}
	return nil
}

func (m *machine) interfaceByID(id int) *iface {
	for _, i := range m.interfaces {
		if i.id == id {
			return i
		}
	}
	return nil
}

func (m *machine) interfaceByName(name string) *iface {
	for _, i := range m.interfaces {
		if i.name == name {
			return i
		}
	}
	return nil
}

func (m *machine) children(i *iface) []*iface {
	var out []*iface
	for _, x := range m.interfaces {
		for _, p := range x.parents {
			if p == i {
				out = append(out, x)
			}
		}
	}
	return out
}

// mtu is the interface's own, or its VLAN's, and never less than that of a VLAN interface on it.
func (m *machine) mtu(i *iface) int {
	if n, ok := i.params["mtu"].(int); ok {
		mtu := n
		for _, c := range m.children(i) {
			if c.kind == kindVLAN {
				mtu = max(mtu, m.mtu(c))
			}
		}
		return mtu
	}
	mtu := 1500
	if i.vlan != nil {
		mtu = i.vlan.mtu
	}
	for _, c := range m.children(i) {
		mtu = max(mtu, m.mtu(c))
	}
	return mtu
}

func namesOf(list []*iface) []string {
	out := []string{}
	for _, i := range list {
		out = append(out, i.name)
	}
	return out
}

// interfaceBody is the interface as the API shows it. Parents and children are names.
func (s *Server) interfaceBody(m *machine, i *iface) obj {
	links := []obj{}
	for _, l := range i.links {
		b := obj{"id": l.id, "mode": l.mode}
		if l.ip.IsValid() {
			b["ip_address"] = l.ip.String()
		}
		if l.subnet != nil {
			b["subnet"] = s.subnetBody(l.subnet)
		}
		links = append(links, b)
	}
	b := obj{
		"id": i.id, "name": i.name, "type": i.kind, "mac_address": i.mac, "enabled": true, "system_id": m.systemID,
		"vlan": nil, "links": links, "parents": namesOf(i.parents), "children": namesOf(m.children(i)),
		"params": i.params, "tags": orEmpty(i.tags), "effective_mtu": m.mtu(i), "discovered": nil,
		"vendor": orNull(i.vendor), "product": orNull(i.product), "firmware_version": orNull(i.firmware),
		"link_connected": i.connected, "link_speed": i.speed, "interface_speed": i.speed, "sriov_max_vf": 0,
		"numa_node": nil, "resource_uri": text("%snodes/%s/interfaces/%d/", apiRoot, m.systemID, i.id),
	}
	if i.kind == kindPhysical && !i.lacksNUMA {
		b["numa_node"] = 0
	}
	if i.vlan != nil {
		b["vlan"] = s.vlanBody(i.vlan)
	}
	return b
}

// onAny reports whether the interface is on one of the named fabrics, VLANs or subnets.
func (i *iface) onAny(what string, values []string) bool {
	if i.vlan == nil {
		return false
	}
	switch what {
	case "fabrics":
		return contains(values, i.vlan.fabric.name) || contains(values, strconv.Itoa(i.vlan.fabric.id))
	case "vlans":
		return contains(values, strconv.Itoa(i.vlan.id)) || contains(values, text("vid:%d", i.vlan.vid))
	}
	for _, l := range i.links {
		if l.subnet != nil && (contains(values, strconv.Itoa(l.subnet.id)) || contains(values, l.subnet.name) ||
			contains(values, l.subnet.cidr.String())) {
			return true
		}
	}
	return false
}
