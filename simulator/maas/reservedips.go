package maas

import (
	"net/http"
	"net/netip"
	"strings"
)

// reservedIP is an address that is kept for the NIC with a MAC, which there is from 3.6.
type reservedIP struct {
	id           int
	ip           netip.Addr
	mac, comment string
	subnet       *subnet
}

func (s *Server) reservedIPBody(r *reservedIP) obj {
	return obj{"id": r.id, "ip": r.ip.String(), "mac_address": r.mac, "comment": r.comment, "subnet": s.subnetBody(r.subnet),
		"resource_uri": text("%sreservedips/%d/", apiRoot, r.id)}
}

// routeReservedIPs is there from 3.6. Its texts are from the sources; nothing of it was recorded.
func (s *Server) routeReservedIPs(t *router) {
	if !s.version.atLeast(6) {
		return
	}
	const all, one = "reservedips/", "reservedips/{id}/"
	t.on(all, "GET", "", users, func(*call) (any, error) { return listOf(s.net.kept, s.reservedIPBody), nil })
	t.on(all, "POST", "", users, s.keepIP)
	find := func(f func(*call, *reservedIP) (any, error)) handler {
		return func(c *call) (any, error) {
			for _, r := range s.net.kept {
				if r.id == c.idVar("id") {
					return f(c, r)
				}
			}
			return nil, notFound("ReservedIP")
		}
	}
	t.on(one, "GET", "", users, find(func(_ *call, r *reservedIP) (any, error) { return s.reservedIPBody(r), nil }))
	t.on(one, "PUT", "", users, find(func(c *call, r *reservedIP) (any, error) {
		for field, is := range map[string]string{"ip": r.ip.String(), "mac_address": r.mac, "subnet": text("%d", r.subnet.id)} {
			if given := strings.ToLower(strings.TrimSpace(c.get(field))); given != "" && given != is {
				return nil, badField(fieldAll, "The ip, mac_address and the subnet of a reserved ip are immutable. Please delete the entry and recreate it.")
			}
		}
		c.textOf("comment", &r.comment)
		return s.reservedIPBody(r), nil
	}))
	t.on(one, "DELETE", "", users, find(func(_ *call, r *reservedIP) (any, error) {
		s.net.kept = remove(s.net.kept, r)
		return noContent(), nil
	}))
}

// keepIP is POST reservedips/.
func (s *Server) keepIP(c *call) (any, error) {
	var v invalid
	c.required(&v, "ip", "mac_address")
	r := &reservedIP{mac: strings.ToLower(strings.TrimSpace(c.get("mac_address")))}
	c.textOf("comment", &r.comment)
	if r.mac != "" && !isMAC(r.mac) {
		v.add("mac_address", "'%s' is not a valid MAC address.", r.mac)
	}
	if !v.has("ip") {
		s.keepAddress(c, r, &v)
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	r.id = s.id("reservedip")
	s.net.kept = append(s.net.kept, r)
	return jsonReply(http.StatusOK, s.reservedIPBody(r)), nil
}

// keepAddress finds the subnet of the address: the one given, or the narrowest.
func (s *Server) keepAddress(c *call, r *reservedIP, v *invalid) {
	ip, err := netip.ParseAddr(strings.TrimSpace(c.get("ip")))
	if err != nil {
		v.add("ip", "Enter a valid IPv4 or IPv6 address.")
		return
	}
	r.ip = ip
	if given := c.get("subnet"); given != "" {
		if r.subnet = s.subnetBySpec(given); r.subnet == nil {
			v.add("subnet", noThatChoice)
			return
		}
	} else if r.subnet = s.narrowest(ip); r.subnet == nil {
		v.add("subnet", "Could not find a suitable subnet for %s. Please create the subnet first.", ip)
		return
	}
	switch {
	case !r.subnet.cidr.Contains(ip):
		v.add("ip", "The provided IP is not part of the subnet.")
	case ip == r.subnet.cidr.Masked().Addr():
		v.add("ip", "The network address cannot be a reserved IP.")
	case ip.Is4() && ip == lastAddr(r.subnet.cidr):
		v.add("ip", "The broadcast address cannot be a reserved IP.")
	case s.addressUsed(ip):
		v.add("ip", "The ip %s is already in use by another machine.", ip)
	}
	for _, other := range s.net.kept {
		if other.mac == r.mac && other.subnet == r.subnet {
			v.add(fieldAll, "Reserved IP with this MAC address and Subnet already exists.")
		}
	}
}
