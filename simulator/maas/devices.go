package maas

import "strings"

// device is something with addresses that the region does not control: a machine's record with little in it.
type device struct {
	machine
	parent string
}

func (s *Server) deviceByID(id string) *device {
	for _, d := range s.devices {
		if d.systemID == id {
			return d
		}
	}
	return nil
}

func (s *Server) deviceObject(d *device) obj {
	b := obj{"node_type": 1, "node_type_name": "Device", "system_id": d.systemID, "hostname": d.hostname, "fqdn": d.fqdn(),
		"owner": nil, "owner_data": d.owned, "workload_annotations": d.owned, "tag_names": orEmpty(s.tagNames(&d.machine)),
		"domain": s.domainBody(d.domain), "zone": d.zone.body(), "description": d.description, "parent": orNull(d.parent), "address_ttl": nil,
		"interface_set": listOf(d.interfaces, func(i *iface) obj { return s.interfaceBody(&d.machine, i) }),
		"resource_uri":  apiRoot + "devices/" + d.systemID + "/"}
	if d.owner != nil {
		b["owner"] = d.owner.name
	}
	s.addressFields(b, &d.machine)
	return b
}

func (s *Server) routeOtherDevices(t *router) {
	const all, one = "devices/", "devices/{system_id}/"
	t.on(all, "GET", "", users, func(c *call) (any, error) {
		out := []obj{}
		for _, d := range s.devices {
			if names := c.list("hostname"); len(names) > 0 && !contains(names, d.hostname) {
				continue
			}
			if ids := c.list("id"); len(ids) > 0 && !contains(ids, d.systemID) {
				continue
			}
			out = append(out, s.deviceObject(d))
		}
		return out, nil
	})
	t.on(all, "POST", "", users, func(c *call) (any, error) {
		var v invalid
		c.required(&v, "mac_addresses")
		d := &device{machine: *s.newMachine(), parent: c.get("parent")}
		d.owner = c.user
		s.editMachine(c, &d.machine, &v, true)
		for n, mac := range c.list("mac_addresses") {
			mac = strings.ToLower(mac)
			if !isMAC(mac) {
				v.add("mac_addresses", "'%s' is not a valid MAC address.", mac)
				continue
			}
			if m := s.machineByMAC(mac); m != nil {
				v.add("mac_addresses", "MAC address %s already in use on %s.", mac, m.hostname)
				continue
			}
			s.addInterface(&d.machine, &iface{name: text("eth%d", n), kind: kindPhysical, mac: mac, connected: true, lacksNUMA: true})
		}
		if err := v.err(); err != nil {
			return nil, err
		}
		if d.hostname == "" {
			d.hostname = s.newHostname()
		}
		s.devices = append(s.devices, d)
		return s.deviceObject(d), nil
	})
	find := func(f func(*call, *device) (any, error)) handler {
		return func(c *call) (any, error) {
			d := s.deviceByID(c.vars["system_id"])
			if d == nil {
				return nil, notFound("Device")
			}
			return f(c, d)
		}
	}
	t.on(one, "GET", "", users, find(func(_ *call, d *device) (any, error) { return s.deviceObject(d), nil }))
	t.missing(one, "PUT", "")
	t.on(one, "DELETE", "", users, find(func(_ *call, d *device) (any, error) {
		s.devices = remove(s.devices, d)
		return noContent(), nil
	}))
}
