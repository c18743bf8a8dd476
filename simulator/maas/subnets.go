package maas

import (
	"net/netip"
	"strconv"
	"strings"
)

type subnet struct {
	id          int
	name        string
	description string
	cidr        netip.Prefix
	vlan        *vlan
	gateway     netip.Addr
	gatewayText string // what a create answers for no gateway
	servers     []string
	managed     bool
	dns         bool
	proxy       bool
	discovery   bool
	rdns        int
	disabled    []string
}

func (sub *subnet) label() string { return sub.name }

// subnetBySpec finds a subnet by id, CIDR or name, with or without its prefix as a specifier.
func (s *Server) subnetBySpec(spec string) *subnet {
	kind, value, has := strings.Cut(spec, ":")
	if !has || (kind != "id" && kind != "cidr" && kind != "name" && kind != "ip" && kind != "vlan") {
		kind, value = "", spec
	}
	for _, x := range s.net.subnets {
		switch kind {
		case "id":
			if strconv.Itoa(x.id) == value {
				return x
			}
		case "cidr":
			if x.cidr.String() == value {
				return x
			}
		case "name":
			if x.name == value {
				return x
			}
		case "":
			if strconv.Itoa(x.id) == value || x.cidr.String() == value || x.name == value {
				return x
			}
		}
	}
	return nil
}

func (s *Server) subnetBody(x *subnet) obj {
	var gateway any
	if x.gateway.IsValid() {
		gateway = x.gateway.String()
	}
	return obj{"name": x.name, "description": x.description, "vlan": s.vlanBody(x.vlan), "cidr": x.cidr.String(),
		"rdns_mode": x.rdns, "gateway_ip": gateway, "dns_servers": orEmpty(x.servers), "allow_dns": x.dns,
		"allow_proxy": x.proxy, "active_discovery": x.discovery, "managed": x.managed,
		"disabled_boot_architectures": orEmpty(x.disabled), "space": x.vlan.spaceName(), "id": x.id,
		"resource_uri": text("%ssubnets/%d/", apiRoot, x.id)}
}

func (s *Server) routeSubnets(t *router) {
	const all = "subnets/"
	t.on(all, "GET", "", users, func(*call) (any, error) { return listOf(s.net.subnets, s.subnetBody), nil })
	t.on(all, "POST", "", admins, func(c *call) (any, error) {
		x := &subnet{managed: true, dns: true, proxy: true, rdns: 2}
		if err := s.editSubnet(c, x, true); err != nil {
			return nil, err
		}
		x.id = s.id("subnet")
		s.net.subnets = append(s.net.subnets, x)
		b := s.subnetBody(x)
		if !x.gateway.IsValid() {
			b["gateway_ip"] = "" // as created; read back it is null
		}
		return b, nil
	})
	for _, one := range []string{"subnets/{id}/", "subnets/{id}/{bits}/"} {
		t.on(one, "GET", "", users, s.onSubnet(func(*call, *subnet) (any, error) { return nil, nil }))
		t.on(one, "PUT", "", admins, s.onSubnet(func(c *call, x *subnet) (any, error) { return nil, s.editSubnet(c, x, false) }))
		t.on(one, "DELETE", "", admins, s.onSubnet(s.deleteSubnet))
		t.on(one, "GET", "statistics", users, s.onSubnet(s.subnetStatistics))
		t.on(one, "GET", "unreserved_ip_ranges", users, s.onSubnet(s.unreservedRanges))
		t.on(one, "GET", "reserved_ip_ranges", users, s.onSubnet(s.reservedRanges))
		t.on(one, "GET", "ip_addresses", users, s.onSubnet(s.subnetAddresses))
	}
}

func (s *Server) onSubnet(f func(*call, *subnet) (any, error)) handler {
	return func(c *call) (any, error) {
		spec := c.vars["id"]
		if bits := c.vars["bits"]; bits != "" {
			spec += "/" + bits
		}
		x := s.subnetBySpec(spec)
		if x == nil {
			return nil, notFound("Subnet")
		}
		a, err := f(c, x)
		if a == nil && err == nil {
			return s.subnetBody(x), nil
		}
		return a, err
	}
}

func (s *Server) editSubnet(c *call, target *subnet, create bool) error {
	var v invalid
	draft := *target
	if c.has("cidr") || create {
		given := strings.TrimSpace(c.get("cidr"))
		p, err := netip.ParsePrefix(given)
		switch {
		case given == "":
			v.add("cidr", fieldRequired)
		case err != nil:
			v.add("cidr", "Required format: <network>/<prefixlen>.")
		default:
			draft.cidr = p.Masked()
			for _, x := range s.net.subnets {
				if x != target && x.cidr == draft.cidr {
					v.add("cidr", "Subnet with this Cidr already exists.")
				}
			}
			if draft.name == "" {
				draft.name = given
			}
		}
	}
	if name := strings.TrimSpace(c.get("name")); name != "" {
		draft.name = name
	}
	c.textOf("description", &draft.description)
	s.editSubnetVLAN(c, &draft, create, &v)
	if c.has("gateway_ip") {
		draft.gateway = netip.Addr{}
		if x := strings.TrimSpace(c.get("gateway_ip")); x != "" {
			ip, err := netip.ParseAddr(x)
			switch {
			case err != nil:
				v.add("gateway_ip", "Enter a valid IPv4 or IPv6 address.")
			case draft.cidr.IsValid() && !draft.cidr.Contains(ip) && !ip.IsLinkLocalUnicast():
				v.add("gateway_ip", "Gateway IP must be within CIDR range.")
			}
			draft.gateway = ip
		}
	}
	if c.has("dns_servers") {
		draft.servers = nil
		for _, x := range c.words("dns_servers") {
			if _, err := netip.ParseAddr(x); err != nil {
				v.add("dns_servers", "Invalid IP address: %s; provide a list of space-separated IP addresses", x)
			}
			draft.servers = append(draft.servers, x)
		}
	}
	c.flagOf("managed", &draft.managed)
	c.flagOf("allow_dns", &draft.dns)
	c.flagOf("allow_proxy", &draft.proxy)
	c.flagOf("active_discovery", &draft.discovery)
	if n, ok := c.number("rdns_mode", &v); ok {
		if n < 0 || n > 2 {
			v.add("rdns_mode", noSuchChoice, c.get("rdns_mode"))
		}
		draft.rdns = n
	}
	if c.has("disabled_boot_architectures") {
		draft.disabled = c.words("disabled_boot_architectures")
	}
	if err := v.err(); err != nil {
		return err
	}
	*target = draft
	return nil
}

// editSubnetVLAN reads vlan, or fabric with vid; a new subnet without either is on the default VLAN.
func (s *Server) editSubnetVLAN(c *call, x *subnet, create bool, v *invalid) {
	if spec := strings.TrimSpace(c.get("vlan")); spec != "" {
		if y := s.vlanBySpec(spec); y != nil {
			x.vlan = y
		} else {
			v.add("vlan", noThatChoice)
		}
		return
	}
	if c.get("fabric") == "" && c.get("vid") == "" {
		if create {
			x.vlan = s.net.fabrics[0].untagged
		}
		return
	}
	f := s.net.fabrics[0]
	if spec := c.get("fabric"); spec != "" {
		if f = s.fabricBySpec(spec); f == nil {
			v.add("fabric", noThatChoice)
			return
		}
	}
	vid, _ := c.number("vid", v)
	for _, y := range s.fabricVLANs(f) {
		if y.vid == vid {
			x.vlan = y
			return
		}
	}
	v.add("vid", "No VLAN with vid %d in fabric %d.", vid, f.id)
}

func (s *Server) deleteSubnet(_ *call, x *subnet) (any, error) {
	s.net.subnets = remove(s.net.subnets, x)
	for _, r := range append([]*ipRange(nil), s.net.ranges...) {
		if r.subnet == x {
			s.net.ranges = remove(s.net.ranges, r)
		}
	}
	for _, r := range append([]*staticRoute(nil), s.net.routes...) {
		if r.source == x || r.destination == x {
			s.net.routes = remove(s.net.routes, r)
		}
	}
	for _, m := range s.machines {
		for _, i := range m.interfaces {
			for _, l := range append([]*link(nil), i.links...) {
				if l.subnet == x {
					i.links = remove(i.links, l)
					for version, g := range m.gateways {
						if g == l {
							delete(m.gateways, version)
						}
					}
				}
			}
			if len(i.links) == 0 && i.vlan != nil {
				i.links = []*link{s.newLink(modeLinkUp, nil)}
			}
		}
	}
	return noContent(), nil
}

// vlanOfNetwork is the VLAN of the subnet with a CIDR; nil when no such subnet is known.
func (s *Server) vlanOfNetwork(cidr netip.Prefix) (*vlan, *subnet) {
	for _, x := range s.net.subnets {
		if x.cidr == cidr.Masked() {
			return x.vlan, x
		}
	}
	return nil, nil
}
