package maas

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

type staticRoute struct {
	id          int
	source      *subnet
	destination *subnet
	gateway     netip.Addr
	metric      int
}

func (s *Server) routeBody(r *staticRoute) obj {
	return obj{"source": s.subnetBody(r.source), "destination": s.subnetBody(r.destination), "gateway_ip": r.gateway.String(),
		"metric": r.metric, "id": r.id, "resource_uri": text("%sstatic-routes/%d/", apiRoot, r.id)}
}

func (s *Server) routeStaticRoutes(t *router) {
	const all, one = "static-routes/", "static-routes/{id}/"
	t.on(all, "GET", "", users, func(*call) (any, error) { return listOf(s.net.routes, s.routeBody), nil })
	t.on(all, "POST", "", admins, func(c *call) (any, error) {
		r := &staticRoute{}
		if err := s.editRoute(c, r, true); err != nil {
			return nil, err
		}
		r.id = s.id("route")
		s.net.routes = append(s.net.routes, r)
		return s.routeBody(r), nil
	})
	find := func(f func(*call, *staticRoute) (any, error)) handler {
		return func(c *call) (any, error) {
			for _, r := range s.net.routes {
				if r.id == c.idVar("id") {
					return f(c, r)
				}
			}
			return nil, notFound("StaticRoute")
		}
	}
	t.on(one, "GET", "", users, find(func(_ *call, r *staticRoute) (any, error) { return s.routeBody(r), nil }))
	t.on(one, "PUT", "", admins, find(func(c *call, r *staticRoute) (any, error) {
		if err := s.editRoute(c, r, false); err != nil {
			return nil, err
		}
		return s.routeBody(r), nil
	}))
	t.on(one, "DELETE", "", admins, find(func(_ *call, r *staticRoute) (any, error) {
		s.net.routes = remove(s.net.routes, r)
		return noContent(), nil
	}))
}

func (s *Server) editRoute(c *call, target *staticRoute, create bool) error {
	var v invalid
	draft := *target
	if create {
		c.required(&v, "source", "destination", "gateway_ip")
	}
	for field, into := range map[string]**subnet{"source": &draft.source, "destination": &draft.destination} {
		if x := c.get(field); x != "" {
			if *into = s.subnetBySpec(x); *into == nil {
				v.add(field, noThatChoice)
			}
		}
	}
	if x := c.get("gateway_ip"); x != "" {
		ip, err := netip.ParseAddr(x)
		if err != nil {
			v.add("gateway_ip", "Enter a valid IPv4 or IPv6 address.")
		} else if draft.source != nil && !draft.source.cidr.Contains(ip) {
			v.add("gateway_ip", "Enter an IP address in %s.", draft.source.cidr)
			v.add(fieldAll, "gateway_ip must be with in the source subnet.")
		}
		draft.gateway = ip
	}
	if n, ok := c.number("metric", &v); ok {
		if n < 0 {
			v.add("metric", "Ensure this value is greater than or equal to 0.")
		}
		draft.metric = n
	}
	if err := v.err(); err != nil {
		return err
	}
	for _, r := range s.net.routes {
		if r != target && r.source == draft.source && r.destination == draft.destination && r.gateway == draft.gateway {
			return badModel(fieldAll, "Static route with this Source, Destination and Gateway IP already exists.")
		}
	}
	*target = draft
	return nil
}

func (s *Server) spaceBySpec(spec string) *space {
	for _, x := range s.net.spaces {
		if strconv.Itoa(x.id) == spec || x.name == strings.TrimPrefix(spec, "name:") {
			return x
		}
	}
	return nil
}

// spaceBody shows a space; nil is the one for what belongs to none.
func (s *Server) spaceBody(x *space) obj {
	b := obj{"id": -1, "name": "undefined", "resource_uri": apiRoot + "spaces/undefined/",
		"description": "Backward compatibility object to ensure objects not associated with a space can be found."}
	if x != nil {
		b = obj{"id": x.id, "name": x.name, "description": x.description, "resource_uri": text("%sspaces/%d/", apiRoot, x.id)}
	}
	vlans, subnets := []obj{}, []obj{}
	for _, v := range s.net.vlans {
		if v.space == x {
			vlans = append(vlans, s.vlanBody(v))
		}
	}
	for _, sub := range s.net.subnets {
		if sub.vlan.space == x {
			subnets = append(subnets, s.subnetBody(sub))
		}
	}
	b["vlans"], b["subnets"] = vlans, subnets
	return b
}

func (s *Server) routeSpaces(t *router) {
	const all, one = "spaces/", "spaces/{id}/"
	t.on(all, "GET", "", users, func(*call) (any, error) {
		out := []obj{s.spaceBody(nil)}
		return append(out, listOf(s.net.spaces, s.spaceBody)...), nil
	})
	check := func(c *call, self *space, v *invalid) {
		name := strings.TrimSpace(c.get("name"))
		if x := s.spaceBySpec("name:" + name); name != "" && x != nil && x != self {
			v.add("name", "Space with this Name already exists.")
		}
		if name != "" && (!fabricName.MatchString(name) || name == "undefined") {
			v.add("name", "Invalid space name: %s.", name)
		}
	}
	t.on(all, "POST", "", admins, func(c *call) (any, error) {
		var v invalid
		check(c, nil, &v)
		if err := v.err(); err != nil {
			return nil, err
		}
		x := &space{id: s.id("space"), name: strings.TrimSpace(c.get("name")), description: c.get("description")}
		if x.name == "" {
			x.name = text("space-%d", x.id)
		}
		s.net.spaces = append(s.net.spaces, x)
		return s.spaceBody(x), nil
	})
	find := func(f func(*call, *space) (any, error)) handler {
		return func(c *call) (any, error) {
			if c.vars["id"] == "undefined" || c.vars["id"] == "-1" {
				if c.request.Method == "GET" {
					return s.spaceBody(nil), nil
				}
				return nil, refuse(400, "Space 0 cannot be modified.")
			}
			x := s.spaceBySpec(c.vars["id"])
			if x == nil {
				return nil, notFound("Space")
			}
			return f(c, x)
		}
	}
	t.on(one, "GET", "", users, find(func(_ *call, x *space) (any, error) { return s.spaceBody(x), nil }))
	t.on(one, "PUT", "", admins, find(func(c *call, x *space) (any, error) {
		var v invalid
		check(c, x, &v)
		if err := v.err(); err != nil {
			return nil, err
		}
		if c.get("name") != "" {
			x.name = strings.TrimSpace(c.get("name"))
		}
		c.textOf("description", &x.description)
		return s.spaceBody(x), nil
	}))
	t.on(one, "DELETE", "", admins, find(func(_ *call, x *space) (any, error) {
		s.net.spaces = remove(s.net.spaces, x)
		for _, v := range s.net.vlans {
			if v.space == x {
				v.space = nil
			}
		}
		return noContent(), nil
	}))
}

func (s *Server) reservationBody(r *reservation) obj {
	b := obj{"created": modelTime(r.created), "ip": r.ip.String(), "alloc_type": 4, "alloc_type_name": "User reserved",
		"subnet": nil, "owner": r.owner.body(), "interface_set": []obj{}, "resource_uri": apiRoot + "ipaddresses/"}
	sub := r.subnet
	if sub == nil {
		sub = s.narrowest(r.ip)
	}
	if sub != nil {
		b["subnet"] = s.subnetBody(sub)
	}
	return b
}

// modelTime is how models show times: UTC, without a zone.
func modelTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000") }

func (s *Server) reserve(ip netip.Addr, u *user) *reservation {
	r := &reservation{ip: ip, owner: u, created: time.Now()}
	s.net.reserved = append(s.net.reserved, r)
	return r
}

func (s *Server) routeAddresses(t *router) {
	const all = "ipaddresses/"
	t.on(all, "GET", "", users, func(c *call) (any, error) {
		out := []obj{}
		for _, r := range s.net.reserved {
			if r.owner == c.user && (c.get("ip") == "" || c.get("ip") == r.ip.String()) {
				out = append(out, s.reservationBody(r))
			}
		}
		return out, nil
	})
	t.on(all, "POST", "reserve", users, func(c *call) (any, error) {
		var sub *subnet
		if x := c.get("subnet"); x != "" {
			if sub = s.subnetBySpec(x); sub == nil {
				return nil, notFound("Subnet")
			}
		}
		given := c.get("ip")
		if given == "" {
			given = c.get("ip_address")
		}
		if given == "" {
			if sub == nil {
				return nil, refuse(400, "subnet or ip is required")
			}
			ip := s.freeAddress(sub)
			if !ip.IsValid() {
				return nil, refuse(409, "No more IPs available in subnet: %s.", sub.cidr)
			}
			r := s.reserve(ip, c.user)
			r.subnet = sub
			return s.reservationBody(r), nil
		}
		ip, err := netip.ParseAddr(given)
		switch {
		case err != nil:
			return nil, badField("ip_address", "Enter a valid IPv4 or IPv6 address.")
		case s.addressUsed(ip):
			return nil, refuse(404, "The IP address %s is already in use.", ip)
		}
		return s.reservationBody(s.reserve(ip, c.user)), nil
	})
	t.on(all, "POST", "release", users, func(c *call) (any, error) {
		for _, r := range s.net.reserved {
			if r.ip.String() == c.get("ip") && (r.owner == c.user || c.user.admin && c.flag("force")) {
				s.net.reserved = remove(s.net.reserved, r)
				return noContent(), nil
			}
		}
		return nil, refuse(400, "IP address %s does not exist, is not the correct type of address, or does not belong to the requesting user.\nIf you are sure you want to release this address, use force=true as a MAAS administrator.", c.get("ip"))
	})
}
