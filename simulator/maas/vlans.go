package maas

import (
	"strconv"
	"strings"
)

func (s *Server) vlanBySpec(spec string) *vlan {
	n, err := strconv.Atoi(strings.TrimSpace(spec))
	if err != nil {
		return nil
	}
	for _, v := range s.net.vlans {
		if v.id == n {
			return v
		}
	}
	return nil
}

func (v *vlan) spaceName() string {
	if v.space == nil {
		return "undefined"
	}
	return v.space.name
}

func (s *Server) vlanBody(v *vlan) obj {
	b := obj{"vid": v.vid, "mtu": v.mtu, "dhcp_on": v.dhcp, "external_dhcp": nil, "relay_vlan": nil, "id": v.id,
		"space": v.spaceName(), "primary_rack": orNull(v.primary), "name": v.name, "fabric_id": v.fabric.id,
		"fabric": v.fabric.name, "secondary_rack": orNull(v.secondary), "resource_uri": text("%svlans/%d/", apiRoot, v.id)}
	if v.relay != nil {
		b["relay_vlan"] = s.vlanBody(v.relay)
	}
	return b
}

func (s *Server) routeVLANs(t *router) {
	const all = "fabrics/{id}/vlans/"
	t.on(all, "GET", "", users, func(c *call) (any, error) {
		f := s.fabricBySpec(c.vars["id"])
		if f == nil {
			return nil, notFound("Fabric")
		}
		return listOf(s.fabricVLANs(f), s.vlanBody), nil
	})
	t.on(all, "POST", "", admins, func(c *call) (any, error) {
		f := s.fabricBySpec(c.vars["id"])
		if f == nil {
			return nil, notFound("Fabric")
		}
		v := &vlan{mtu: 1500, fabric: f}
		if err := s.editVLAN(c, v, true); err != nil {
			return nil, err
		}
		if v.name == "" {
			v.name = text("%d", v.vid)
		}
		v.id = s.id("vlan")
		s.net.vlans = append(s.net.vlans, v)
		return s.vlanBody(v), nil
	})
	for _, one := range []string{"fabrics/{id}/vlans/{vid}/", "vlans/{vlan_id}/"} {
		t.on(one, "GET", "", users, s.onVLAN(func(*call, *vlan) (any, error) { return nil, nil }))
		t.on(one, "PUT", "", admins, s.onVLAN(func(c *call, v *vlan) (any, error) { return nil, s.editVLAN(c, v, false) }))
		t.on(one, "DELETE", "", admins, s.onVLAN(s.deleteVLAN))
	}
}

func (s *Server) onVLAN(f func(*call, *vlan) (any, error)) handler {
	return func(c *call) (any, error) {
		var found *vlan
		for _, v := range s.net.vlans {
			if _, byID := c.vars["vlan_id"]; byID {
				if v.id == c.idVar("vlan_id") {
					found = v
				}
			} else if v.vid == c.idVar("vid") && v.fabric == s.fabricBySpec(c.vars["id"]) {
				found = v
			}
		}
		if found == nil {
			return nil, notFound("VLAN")
		}
		a, err := f(c, found)
		if a == nil && err == nil {
			return s.vlanBody(found), nil
		}
		return a, err
	}
}

// editVLAN applies a form; nothing is changed when a field is wrong.
func (s *Server) editVLAN(c *call, target *vlan, create bool) error {
	var v invalid
	draft := *target
	c.textOf("name", &draft.name)
	if n, ok := c.number("vid", &v); ok {
		if n < 0 || n > 4094 {
			v.add("vid", "VID must be between 0 and 4094.")
		}
		draft.vid = n
	} else if create && !v.has("vid") {
		v.add("vid", fieldRequired)
	}
	if n, ok := c.number("mtu", &v); ok {
		if n < 552 || n > 65535 {
			v.add("mtu", "MTU must be between 552 and 65535.")
		}
		draft.mtu = n
	}
	if c.has("space") {
		draft.space = nil
		if x := c.get("space"); x != "" && x != "undefined" {
			if draft.space = s.spaceBySpec(x); draft.space == nil {
				v.add("space", noThatChoice)
			}
		}
	}
	if c.has("fabric") && c.get("fabric") != "" {
		if f := s.fabricBySpec(c.get("fabric")); f != nil {
			draft.fabric = f
		} else {
			v.add("fabric", noThatChoice)
		}
	}
	for field, into := range map[string]*string{"primary_rack": &draft.primary, "secondary_rack": &draft.secondary} {
		if c.has(field) {
			*into = c.get(field)
			if *into != "" && *into != s.rackID {
				v.add(field, noThatChoice)
			}
		}
	}
	if c.has("relay_vlan") {
		draft.relay = nil
		if x := c.get("relay_vlan"); x != "" {
			if draft.relay = s.vlanBySpec(x); draft.relay == nil {
				v.add("relay_vlan", noThatChoice)
			}
		}
	}
	s.editDHCP(c, target, &draft, &v)
	if err := v.err(); err != nil {
		return err
	}
	for _, x := range s.net.vlans {
		if x != target && x.fabric == draft.fabric && x.vid == draft.vid {
			return badModel(fieldAll, "A VLAN with the specified VID already exists in the destination fabric.")
		}
	}
	*target = draft
	return nil
}

func (s *Server) editDHCP(c *call, target, draft *vlan, v *invalid) {
	c.flagOf("dhcp_on", &draft.dhcp)
	if !draft.dhcp {
		return
	}
	dynamic := false
	for _, r := range s.net.ranges {
		dynamic = dynamic || (r.kind == rangeDynamic && r.subnet.vlan == target)
	}
	switch {
	case draft.relay != nil && c.has("dhcp_on"):
		v.add("relay_vlan", "'relay_vlan' cannot be set when dhcp is on.")
	case !dynamic:
		v.add("dhcp_on", "dhcp can only be turned on when a dynamic IP range is defined.")
	case draft.primary == "":
		v.add("dhcp_on", "dhcp can only be turned on when a primary rack controller is set.")
	}
}

func (s *Server) deleteVLAN(_ *call, v *vlan) (any, error) {
	if v.fabric.untagged == v {
		return nil, refuse(400, "This VLAN is the default VLAN in the fabric, it cannot be deleted.")
	}
	s.net.vlans = remove(s.net.vlans, v)
	// Subnets fall back to the default VLAN; interfaces lose theirs.
	for _, sub := range s.net.subnets {
		if sub.vlan == v {
			sub.vlan = s.net.fabrics[0].untagged
		}
	}
	for _, x := range s.net.vlans {
		if x.relay == v {
			x.relay = nil
		}
	}
	for _, m := range s.machines {
		for _, i := range append([]*iface(nil), m.interfaces...) {
			if i.vlan == v {
				if i.kind == kindVLAN {
					s.removeInterface(m, i)
				} else {
					i.vlan, i.links = nil, nil
				}
			}
		}
	}
	return noContent(), nil
}
