package maas

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

func (s *Server) newLink(mode string, sub *subnet) *link {
	return &link{id: s.id("link"), mode: mode, subnet: sub}
}

var linkModes = []string{modeAuto, modeDHCP, modeStatic, modeLinkUp}

// linkSubnet is op=link_subnet. AUTO gets its address when the machine is deployed.
func (s *Server) linkSubnet(c *call, m *machine, i *iface) error {
	var v invalid
	mode := strings.ToLower(strings.TrimSpace(c.get("mode")))
	switch {
	case mode == "":
		v.add("mode", fieldRequired)
	case !contains(linkModes, mode):
		v.add("mode", "'%s' is not a valid mode.  It should be one of: %s.", mode, quotedList(linkModes))
	}
	var sub *subnet
	if spec := strings.TrimSpace(c.get("subnet")); spec != "" {
		if sub = s.subnetBySpec(spec); sub == nil || sub.vlan != i.vlan {
			sub = nil
			field := spec
			if n, err := strconv.Atoi(spec); err == nil {
				field = text("id=%d", n)
			}
			v.add("subnet", "None found with %s.", field)
		}
	}
	force := c.flag("force")
	switch mode {
	case modeAuto, modeStatic:
		if sub == nil {
			v.add("subnet", fieldRequired)
		}
	case modeDHCP:
		for _, l := range i.links {
			if l.mode == modeDHCP && !force {
				v.add("mode", "Interface is already set to DHCP.")
				break
			}
		}
	case modeLinkUp:
		if !force && i.hasRealLinks() {
			v.add("mode", "Cannot configure interface to link up (with no IP address) while other links are already configured. Specify force=True to override this behavior and delete all links.")
		}
	}
	ip, err := s.linkAddress(c, m, mode, sub, &v)
	if e := v.err(); e != nil {
		return e
	}
	if err != nil {
		return err
	}
	if c.flag("default_gateway") && (sub == nil || !sub.gateway.IsValid()) {
		return badField("default_gateway", "Cannot set as default gateway because subnet has no gateway IP.")
	}
	if force && (mode == modeDHCP || mode == modeLinkUp) || !i.hasRealLinks() {
		s.forgetGateways(m, i)
		i.links = nil
	}
	l := s.newLink(mode, sub)
	l.ip = ip
	i.links = append(i.links, l)
	if c.flag("default_gateway") {
		m.gateways[ipVersion(sub.gateway)] = l
	}
	return nil
}

// linkAddress checks or picks the address of a STATIC link.
func (s *Server) linkAddress(c *call, m *machine, mode string, sub *subnet, v *invalid) (netip.Addr, error) {
	given := strings.TrimSpace(c.get("ip_address"))
	if mode != modeStatic || sub == nil {
		return netip.Addr{}, nil
	}
	if given == "" {
		ip := s.freeAddress(sub)
		if !ip.IsValid() {
			return ip, refuse(http.StatusConflict, "No more IPs available in subnet: %s.", sub.cidr)
		}
		return ip, nil
	}
	ip, err := netip.ParseAddr(given)
	if err != nil {
		v.add("ip_address", "Enter a valid IPv4 or IPv6 address.")
		return ip, nil
	}
	if !sub.cidr.Contains(ip) {
		v.add("ip_address", "IP address is not in the given subnet '%s:%s(vid=%d)'.", sub.name, sub.cidr, sub.vlan.vid)
		return ip, nil
	}
	for _, r := range s.net.ranges {
		if r.subnet == sub && r.kind == rangeDynamic && r.contains(ip) {
			v.add("ip_address", "IP address is inside a dynamic range %s to %s.", r.start, r.end)
			return ip, nil
		}
	}
	if s.addressUsed(ip) {
		return ip, refuse(http.StatusNotFound, "IP address is already in use.")
	}
	return ip, nil
}

func (i *iface) hasRealLinks() bool {
	for _, l := range i.links {
		if l.mode != modeLinkUp {
			return true
		}
	}
	return false
}

func (s *Server) unlinkSubnet(c *call, m *machine, i *iface) error {
	id := strings.TrimSpace(c.get("id"))
	if id == "" {
		return badField("id", fieldRequired)
	}
	ids := []string{}
	for n, l := range i.links {
		if strconv.Itoa(l.id) == id {
			for v, g := range m.gateways {
				if g == l {
					delete(m.gateways, v)
				}
			}
			i.links = append(i.links[:n:n], i.links[n+1:]...)
			if len(i.links) == 0 && i.vlan != nil {
				i.links = []*link{s.newLink(modeLinkUp, nil)}
			}
			return nil
		}
		ids = append(ids, strconv.Itoa(l.id))
	}
	return badField("id", "'%s' is not a valid id.  It should be one of: %s.", id, quotedList(ids))
}

// disconnect takes the links and the VLAN.
func (s *Server) disconnect(_ *call, m *machine, i *iface) error {
	s.forgetGateways(m, i)
	i.links, i.vlan = nil, nil
	return nil
}

func (s *Server) setDefaultGateway(c *call, m *machine, i *iface) error {
	usable := func(l *link) bool {
		return l.subnet != nil && l.subnet.gateway.IsValid() && (l.mode == modeAuto || l.mode == modeStatic)
	}
	var found []*link
	for _, l := range i.links {
		if usable(l) {
			found = append(found, l)
		}
	}
	if len(found) == 0 {
		return badField(fieldAll, "This interface has no usable gateways.")
	}
	if id := strings.TrimSpace(c.get("link_id")); id != "" {
		ids := []string{}
		for _, l := range found {
			if strconv.Itoa(l.id) == id {
				m.gateways[ipVersion(l.subnet.gateway)] = l
				return nil
			}
			ids = append(ids, strconv.Itoa(l.id))
		}
		return badField("link_id", "'%s' is not a valid link_id.  It should be one of: %s.", id, quotedList(ids))
	}
	for _, l := range found {
		m.gateways[ipVersion(l.subnet.gateway)] = l
	}
	return nil
}

// claimAddresses gives AUTO links their addresses, at deployment. A full subnet refuses with 409 and claims nothing.
func (s *Server) claimAddresses(m *machine) error {
	var claimed []*link
	for _, i := range m.interfaces {
		for _, l := range i.links {
			if l.mode != modeAuto || l.ip.IsValid() {
				continue
			}
			l.ip = s.freeAddress(l.subnet)
			if !l.ip.IsValid() {
				for _, x := range claimed {
					x.ip = netip.Addr{}
				}
				return refuse(http.StatusConflict, "No more IPs available in subnet: %s.", l.subnet.cidr)
			}
			claimed = append(claimed, l)
		}
	}
	return nil
}

func (s *Server) freeAddresses(m *machine) {
	for _, i := range m.interfaces {
		for _, l := range i.links {
			if l.mode == modeAuto {
				l.ip = netip.Addr{}
			}
		}
	}
}

// addressUsed reports whether an address belongs to a link, a gateway, the rack, or was reserved.
func (s *Server) addressUsed(ip netip.Addr) bool {
	for _, sub := range s.net.subnets {
		if sub.gateway == ip {
			return true
		}
	}
	for _, r := range s.net.reserved {
		if r.ip == ip {
			return true
		}
	}
	for _, r := range s.net.kept {
		if r.ip == ip {
			return true
		}
	}
	for _, m := range s.machines {
		if m.uses(ip) {
			return true
		}
	}
	for _, d := range s.devices {
		if d.uses(ip) {
			return true
		}
	}
	return s.net.rack.uses(ip)
}

func (m *machine) uses(ip netip.Addr) bool {
	for _, i := range m.interfaces {
		for _, l := range i.links {
			if l.ip == ip {
				return true
			}
		}
	}
	return false
}

// freeAddress is the lowest address of a subnet that nothing uses or reserves; the zero Addr when there is none.
func (s *Server) freeAddress(sub *subnet) netip.Addr {
	last := lastAddr(sub.cidr)
	for ip := sub.cidr.Addr().Next(); ip.IsValid() && ip.Less(last); ip = ip.Next() {
		blocked := false
		for _, r := range s.net.ranges {
			if r.subnet == sub && r.contains(ip) {
				ip, blocked = r.end, true
				break
			}
		}
		if !blocked && !s.addressUsed(ip) {
			return ip
		}
	}
	return netip.Addr{}
}

func ipVersion(ip netip.Addr) int {
	if ip.Is4() {
		return 4
	}
	return 6
}

func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for n := p.Bits(); n < len(b)*8; n++ {
		b[n/8] |= 1 << (7 - n%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
