package maas

import (
	"fmt"
	"net/netip"

	"drydock/design"
	"drydock/drivers"
)

// vlan, subnet and fabric are what the driver uses of MAAS's network model. gomaasclient can't tell a null VLAN from VLAN 0.
type vlan struct {
	ID          int    `json:"id"`
	VID         int    `json:"vid"`
	Name        string `json:"name"`
	MTU         int    `json:"mtu"`
	DHCPOn      bool   `json:"dhcp_on"`
	Fabric      string `json:"fabric"`
	FabricID    int    `json:"fabric_id"`
	PrimaryRack string `json:"primary_rack"`
	Secondary   string `json:"secondary_rack"`
	Space       string `json:"space"`
	Relay       *struct {
		ID int `json:"id"`
	} `json:"relay_vlan"`
}

type subnet struct {
	ID      int      `json:"id"`
	Name    string   `json:"name"`
	CIDR    string   `json:"cidr"`
	VLAN    vlan     `json:"vlan"`
	Gateway string   `json:"gateway_ip"`
	DNS     []string `json:"dns_servers"`
}

type fabric struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	VLANs []vlan `json:"vlans"`
}

func (f *fabric) vlan(vid int) *vlan {
	for i := range f.VLANs {
		if f.VLANs[i].VID == vid {
			return &f.VLANs[i]
		}
	}
	return nil
}

// wantedNIC is one interface as the machine is to have it. Objects of MAAS are meant by id.
type wantedNIC struct {
	name    string // of a bond; "" for a physical interface, which keeps its OS name
	parents []int  // physical interfaces: the slaves of a bond, or the interface itself
	bond    design.Bonding
	vlan    int // of the untagged network
	mtu     int // 0: whatever it is
	link    wantedLink
	tagged  []wantedVLAN
	source  string // interface of the design, for messages
}

// wantedVLAN is a VLAN interface on a wantedNIC.
type wantedVLAN struct {
	vlan, vid, mtu int
	link           wantedLink
}

// wantedLink is how an interface is addressed. The mode is static, dhcp, or link_up, which carries no subnet.
type wantedLink struct {
	mode    string
	subnet  int
	address netip.Addr
	gateway bool // the default gateway of the machine
}

func (w wantedNIC) bonded() bool { return w.name != "" }

// wantedNetwork makes the network configuration of the design in terms of the machine's interfaces and MAAS's objects.
// It changes nothing.
func (s *session) wantedNetwork(call drivers.NodeCall, m *machine) ([]wantedNIC, error) {
	var designed []design.Interface
	for _, i := range call.Node.Interfaces {
		if i.Link != nil && !i.Link.NoConfig() {
			designed = append(designed, i)
		}
	}
	if len(designed) == 0 {
		return nil, nil
	}
	hw, err := s.hardware(m)
	if err != nil {
		return nil, err
	}
	net, err := s.readNetworks()
	if err != nil {
		return nil, err
	}
	var out []wantedNIC
	taken := map[int]string{}
	for _, i := range designed {
		w, err := s.wantedInterface(call, m, hw, net, i)
		if err != nil {
			return nil, err
		}
		for _, p := range w.parents {
			if other := taken[p]; other != "" {
				return nil, s.errorf(drivers.InvalidDesign, "Give each device to one interface.", "interfaces %s and %s both use device %s", other, i.Name, m.nicName(p))
			}
			taken[p] = i.Name
		}
		out = append(out, w)
	}
	return out, nil
}

func (m *machine) nicName(id int) string {
	for _, n := range m.Interfaces {
		if n.ID == id {
			return n.Name
		}
	}
	return fmt.Sprintf("interface %d", id)
}

// networks is MAAS's network model, each collection read once.
type networks struct {
	fabrics []fabric
	subnets []subnet
}

func (s *session) readNetworks() (*networks, error) {
	var n networks
	if err := s.get("subnets/", "", nil, &n.subnets); err != nil {
		return nil, s.fail(err, "list subnets")
	}
	if err := s.get("fabrics/", "", nil, &n.fabrics); err != nil {
		return nil, s.fail(err, "list fabrics")
	}
	return &n, nil
}

func (n *networks) subnet(cidr netip.Prefix) *subnet {
	for i := range n.subnets {
		if p, err := netip.ParsePrefix(n.subnets[i].CIDR); err == nil && p.Masked() == cidr.Masked() {
			return &n.subnets[i]
		}
	}
	return nil
}

func (n *networks) fabric(name string) *fabric {
	for i := range n.fabrics {
		if n.fabrics[i].Name == name {
			return &n.fabrics[i]
		}
	}
	return nil
}

func (n *networks) fabricByID(id int) *fabric {
	for i := range n.fabrics {
		if n.fabrics[i].ID == id {
			return &n.fabrics[i]
		}
	}
	return nil
}

func (s *session) wantedInterface(call drivers.NodeCall, m *machine, hw *hardware, net *networks, i design.Interface) (wantedNIC, error) {
	w := wantedNIC{source: i.Name, mtu: i.Link.MTU, link: wantedLink{mode: "link_up"}}
	if i.Link.Bonding.Enabled() {
		w.name, w.bond = i.Name, i.Link.Bonding
	} else if len(i.Slaves) != 1 {
		return w, s.errorf(drivers.InvalidDesign, "Give the interface one slave, or its link a bonding mode.", "interface %s has %d slaves on link %s, which has no bonding", i.Name, len(i.Slaves), i.LinkName)
	}
	for _, slave := range i.Slaves {
		n, err := s.findNIC(call, m, hw, slave)
		if err != nil {
			return w, err
		}
		w.parents = append(w.parents, n.ID)
	}
	if len(w.parents) == 0 {
		return w, s.errorf(drivers.InvalidDesign, "Give the interface a slave.", "interface %s has no slave", i.Name)
	}
	for _, name := range i.Networks {
		n := call.Site.Network(name)
		if n == nil {
			return w, s.errorf(drivers.InvalidDesign, "Define the network.", "interface %s is on network %s, which the design does not have", i.Name, name)
		}
		sub := net.subnet(n.CIDR)
		if sub == nil {
			return w, s.errorf(drivers.NotFound, "Run PrepareSite, which makes the networks of the design at MAAS.", "MAAS has no subnet %s for network %s", n.CIDR, name)
		}
		l := linkOf(call.Node, n, sub)
		if name == i.Link.DefaultNetwork {
			if sub.VLAN.VID != 0 {
				return w, s.errorf(drivers.Conflict, "Run PrepareSite, which puts the subnet on the untagged VLAN of its link.", "network %s is untagged on link %s, but its subnet is on VLAN %d of fabric %s at MAAS", name, i.LinkName, sub.VLAN.VID, sub.VLAN.Fabric)
			}
			w.vlan, w.link = sub.VLAN.ID, l
			continue
		}
		if n.VLAN == 0 || sub.VLAN.VID != n.VLAN {
			return w, s.errorf(drivers.Conflict, "Run PrepareSite, which puts the subnet on the VLAN of the design.", "network %s has VLAN %d, but its subnet is on VLAN %d of fabric %s at MAAS", name, n.VLAN, sub.VLAN.VID, sub.VLAN.Fabric)
		}
		w.tagged = append(w.tagged, wantedVLAN{vlan: sub.VLAN.ID, vid: n.VLAN, mtu: n.MTU, link: l})
	}
	return w, s.fillVLAN(call, net, i, &w)
}

// fillVLAN finds the untagged VLAN of an interface that is on no untagged network.
func (s *session) fillVLAN(call drivers.NodeCall, net *networks, i design.Interface, w *wantedNIC) error {
	if w.vlan != 0 {
		return nil
	}
	if n := call.Site.Network(i.Link.DefaultNetwork); n != nil {
		if sub := net.subnet(n.CIDR); sub != nil && sub.VLAN.VID == 0 {
			w.vlan = sub.VLAN.ID
			return nil
		}
	}
	f := net.fabric(fabricName(i.LinkName))
	if f == nil {
		for _, name := range i.Networks {
			if n := call.Site.Network(name); n != nil {
				if sub := net.subnet(n.CIDR); sub != nil {
					f = net.fabricByID(sub.VLAN.FabricID)
				}
			}
		}
	}
	if f == nil || f.vlan(0) == nil {
		return s.errorf(drivers.NotFound, "Run PrepareSite, which makes a fabric for each link.", "MAAS has no fabric for link %s of interface %s", i.LinkName, i.Name)
	}
	w.vlan = f.vlan(0).ID
	return nil
}

// linkOf is how the node is addressed on a network: as its addressing says, and link-up only where it says nothing.
func linkOf(node *design.Node, n *design.Network, sub *subnet) wantedLink {
	a, ok := node.Address(n.Name)
	switch {
	case !ok:
		return wantedLink{mode: "link_up"}
	case a.DHCP:
		return wantedLink{mode: "dhcp", subnet: sub.ID}
	}
	return wantedLink{
		mode: "static", subnet: sub.ID, address: a.IP,
		gateway: n.Name == node.PrimaryNetwork && n.Gateway().IsValid(),
	}
}
