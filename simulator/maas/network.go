package maas

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// network is the region's model of the site's networks.
type network struct {
	fabrics  []*fabric
	vlans    []*vlan
	subnets  []*subnet
	ranges   []*ipRange
	routes   []*staticRoute
	spaces   []*space
	domains  []*domain
	names    []*dnsResource
	records  []*dnsRecord
	reserved []*reservation
	kept     []*reservedIP // for a MAC, from 3.6
	rack     *machine      // the rack controller's interfaces
}

type fabric struct {
	id        int
	name      string
	class     string
	untagged  *vlan
	isDefault bool
}

type vlan struct {
	id        int
	vid       int
	name      string
	mtu       int
	dhcp      bool
	relay     *vlan
	fabric    *fabric
	space     *space
	primary   string
	secondary string
}

type space struct {
	id          int
	name        string
	description string
}

// reservation is an address that a user holds.
type reservation struct {
	subnet  *subnet // that it was asked of; nil for the narrowest
	ip      netip.Addr
	owner   *user
	created time.Time
}

func (s *Server) seedNetwork(prefixes []netip.Prefix) {
	s.ids["fabric"], s.ids["vlan"] = -1, 5000
	s.net.domains = []*domain{{id: 0, name: "maas", authoritative: true, isDefault: true}}
	s.net.rack = &machine{systemID: s.rackID}
	s.newFabric("", "").isDefault = true
	for n, p := range prefixes {
		f := s.net.fabrics[0]
		if n > 0 {
			f = s.newFabric("", "")
		}
		p = p.Masked()
		sub := &subnet{id: s.id("subnet"), name: p.String(), cidr: p, vlan: f.untagged, managed: true, dns: true, proxy: true, rdns: 2}
		s.net.subnets = append(s.net.subnets, sub)
		l := s.newLink(modeStatic, sub)
		l.ip = s.rackAddress(p)
		s.addInterface(s.net.rack, &iface{name: text("eth%d", n), kind: kindPhysical, vendor: "Example", product: "Ethernet", mac: text("52:54:00:ca:fe:%02x", n%256),
			vlan: f.untagged, links: []*link{l}, connected: true, speed: 10000})
	}
}

// rackAddress is where the rack sits on a network: an address that the design has not given to anything else.
func (s *Server) rackAddress(p netip.Prefix) netip.Addr {
	taken := map[netip.Addr]bool{}
	for _, n := range s.world.Site().Nodes {
		for _, a := range n.Addresses {
			taken[a.IP] = true
		}
	}
	for _, n := range s.world.Site().Networks {
		for _, r := range n.Routes {
			taken[r.Gateway] = true
		}
	}
	ip := p.Addr().Next().Next()
	for taken[ip] && p.Contains(ip.Next()) {
		ip = ip.Next()
	}
	return ip
}

func (s *Server) newFabric(name, class string) *fabric {
	f := &fabric{id: s.id("fabric"), name: name, class: class}
	if f.name == "" {
		f.name = text("fabric-%d", f.id)
	}
	f.untagged = &vlan{id: s.id("vlan"), name: "untagged", mtu: 1500, fabric: f}
	s.net.fabrics = append(s.net.fabrics, f)
	s.net.vlans = append(s.net.vlans, f.untagged)
	return f
}

func (s *Server) fabricBySpec(spec string) *fabric {
	for _, f := range s.net.fabrics {
		if strconv.Itoa(f.id) == spec || f.name == strings.TrimPrefix(spec, "name:") {
			return f
		}
	}
	return nil
}

func (s *Server) fabricVLANs(f *fabric) []*vlan {
	var out []*vlan
	for _, v := range s.net.vlans {
		if v.fabric == f {
			out = append(out, v)
		}
	}
	return out
}

func (s *Server) fabricBody(f *fabric) obj {
	return obj{"class_type": orNull(f.class), "vlans": listOf(s.fabricVLANs(f), s.vlanBody), "id": f.id, "name": f.name,
		"resource_uri": text("%sfabrics/%d/", apiRoot, f.id)}
}

var fabricName = regexp.MustCompile(`^[ \w-]+$`)

func (s *Server) editFabric(c *call, f *fabric, v *invalid) {
	if name := strings.TrimSpace(c.get("name")); name != "" {
		for _, x := range s.net.fabrics {
			if x.name == name && x != f {
				v.add("name", "Fabric with this Name already exists.")
			}
		}
		if !fabricName.MatchString(name) {
			v.add("name", "Invalid fabric name: %s.", name)
		}
	}
}

func (s *Server) routeFabrics(t *router) {
	const all, one = "fabrics/", "fabrics/{id}/"
	t.on(all, "GET", "", users, func(*call) (any, error) { return listOf(s.net.fabrics, s.fabricBody), nil })
	t.on(all, "POST", "", admins, func(c *call) (any, error) {
		var v invalid
		s.editFabric(c, nil, &v)
		if err := v.err(); err != nil {
			return nil, err
		}
		return s.fabricBody(s.newFabric(strings.TrimSpace(c.get("name")), c.get("class_type"))), nil
	})
	t.on(one, "GET", "", users, s.onFabric(func(*call, *fabric) (any, error) { return nil, nil }))
	t.on(one, "PUT", "", admins, s.onFabric(func(c *call, f *fabric) (any, error) {
		var v invalid
		s.editFabric(c, f, &v)
		if err := v.err(); err != nil {
			return nil, err
		}
		if c.get("name") != "" {
			f.name = strings.TrimSpace(c.get("name"))
		}
		c.textOf("class_type", &f.class)
		return nil, nil
	}))
	t.on(one, "DELETE", "", admins, s.onFabric(func(_ *call, f *fabric) (any, error) {
		if f.isDefault {
			return nil, refuse(400, "This fabric is the default fabric, it cannot be deleted.")
		}
		for _, sub := range s.net.subnets {
			if sub.vlan.fabric == f {
				return nil, refuse(400, "Can't delete fabric; the following subnets are still present: %s", sub.label())
			}
		}
		for _, m := range append([]*machine{s.net.rack}, s.machines...) {
			for _, i := range m.interfaces {
				if i.vlan != nil && i.vlan.fabric == f && i.kind == kindPhysical {
					return nil, refuse(400, "Can't delete fabric; the following interfaces are still connected: %s (%s) on %s", i.name, i.kind, m.hostname)
				}
			}
		}
		s.net.fabrics = remove(s.net.fabrics, f)
		for _, v := range s.fabricVLANs(f) {
			s.net.vlans = remove(s.net.vlans, v)
		}
		return noContent(), nil
	}))
}

// onFabric makes a handler on the fabric of the path; a handler that returns nothing answers with the fabric.
func (s *Server) onFabric(f func(*call, *fabric) (any, error)) handler {
	return func(c *call) (any, error) {
		x := s.fabricBySpec(c.vars["id"])
		if x == nil {
			return nil, notFound("Fabric")
		}
		a, err := f(c, x)
		if a == nil && err == nil {
			return s.fabricBody(x), nil
		}
		return a, err
	}
}

func remove[T comparable](list []T, x T) []T {
	out := make([]T, 0, len(list))
	for _, y := range list {
		if y != x {
			out = append(out, y)
		}
	}
	return out
}

func parseNumber(s string) (float64, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return n, err == nil
}
