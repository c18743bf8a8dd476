package maas

import "strings"

// controllerBody is what rack and region controllers have in common.
func (s *Server) controllerBody(id, hostname, kind string, nodeType int) obj {
	hardware := obj{}
	for _, f := range hardwareFields {
		hardware[f] = "Unknown"
	}
	b := obj{"system_id": id, "hostname": hostname, "fqdn": hostname + "." + s.net.domains[0].name, "description": "",
		"architecture": "amd64/generic", "cpu_count": 8, "cpu_speed": 0, "memory": 32768, "swap_size": nil,
		"domain": s.domainBody(s.net.domains[0]), "zone": s.zones[0].body(), "hardware_uuid": nil, "hardware_info": hardware,
		"interface_set": []obj{}, "node_type": nodeType, "node_type_name": kind, "osystem": "ubuntu", "distro_series": "jammy",
		"power_state": "unknown", "power_type": "", "status_action": nil, "tag_names": []string{},
		"version": s.version.build(), "current_commissioning_result_id": nil, "current_installation_result_id": nil,
		"current_testing_result_id": nil, "resource_uri": apiRoot + strings.ToLower(strings.ReplaceAll(kind, " ", "")) + "s/" + id + "/"}
	for _, k := range []string{"commissioning", "testing", "cpu_test", "memory_test", "storage_test", "network_test", "interface_test", "other_test"} {
		b[k+"_status"], b[k+"_status_name"] = -1, "Unknown"
	}
	return b
}

func (s *Server) rackBody() obj {
	b := s.controllerBody(s.rackID, "rack1", "Rack controller", 2)
	s.addressFields(b, s.net.rack)
	b["hardware_uuid"] = "00000000-0000-1000-8000-000000000001"
	b["interface_set"] = listOf(s.net.rack.interfaces, func(i *iface) obj {
		x := s.interfaceBody(s.net.rack, i)
		x["params"] = "" // what was never set, on a controller
		return x
	})
	state := "running"
	if !s.rackUp {
		state = "dead"
	}
	services := []obj{}
	for _, name := range []string{"rackd", "tftp", "http", "dhcpd", "dhcpd6", "ntp_rack", "proxy_rack", "dns_rack", "syslog_rack"} {
		x := obj{"name": name, "status": state, "status_info": ""}
		if s.rackUp && strings.HasPrefix(name, "dhcpd") && !s.anyDHCP() {
			x["status"] = "off"
		}
		services = append(services, x)
	}
	b["service_set"] = services
	return b
}

func (s *Server) anyDHCP() bool {
	for _, v := range s.net.vlans {
		if v.dhcp {
			return true
		}
	}
	return false
}

func (s *Server) regionBody() obj {
	b := s.controllerBody(s.regionID, "region1", "Region controller", 3)
	b["commissioning_status"], b["commissioning_status_name"] = 0, "Pending"
	return b
}

// bootImages is which images the rack has: its own copy follows the region's.
func (s *Server) bootImages() obj {
	list := []obj{}
	status := "synced"
	switch {
	case !s.rackUp:
		return obj{"images": list, "connected": false, "status": "unknown"}
	case s.images.importing:
		status = "region-importing"
	}
	for _, name := range s.releases() {
		kernels := []string{"generic"}
		for _, r := range s.images.resources {
			if r.name == name {
				kernels = append(kernels, strings.TrimPrefix(r.arch, "amd64/"))
			}
		}
		list = append(list, obj{"name": name, "architecture": "amd64", "subarches": sorted(kernels)})
	}
	return obj{"images": list, "connected": true, "status": status}
}

func (s *Server) routeControllers(t *router) {
	const racks, rack = "rackcontrollers/", "rackcontrollers/{system_id}/"
	t.on(racks, "GET", "", users, func(c *call) (any, error) {
		if ids := c.list("id"); len(ids) > 0 && !contains(ids, s.rackID) {
			return []obj{}, nil
		}
		if names := c.list("hostname"); len(names) > 0 && !contains(names, "rack1") {
			return []obj{}, nil
		}
		return []obj{s.rackBody()}, nil
	})
	t.on(racks, "GET", "power_parameters", admins, func(*call) (any, error) { return obj{s.rackID: obj{}}, nil })
	t.on(racks, "GET", "describe_power_types", users, func(*call) (any, error) {
		out := []obj{}
		for i := range powerTypes {
			out = append(out, powerTypes[i].body())
		}
		return out, nil
	})
	t.on(racks, "POST", "import_boot_images", admins, func(*call) (any, error) {
		return textReply(202, typeText, "Import of boot images started on all rack controllers"), nil
	})
	one := func(f func() any) handler {
		return func(c *call) (any, error) {
			if c.vars["system_id"] != s.rackID {
				return nil, notFound("RackController")
			}
			return f(), nil
		}
	}
	t.on(rack, "GET", "", users, one(func() any { return s.rackBody() }))
	t.on(rack, "GET", "list_boot_images", admins, one(func() any { return s.bootImages() }))
	t.on(rack, "GET", "power_parameters", admins, one(func() any { return obj{} }))
	t.missing(rack, "PUT", "")
	t.missing(rack, "DELETE", "")
	t.missing(rack, "POST", "import_boot_images", "power_on", "power_off", "test", "abort")
	t.on("regioncontrollers/", "GET", "", users, func(*call) (any, error) { return []obj{s.regionBody()}, nil })
	t.on("regioncontrollers/{system_id}/", "GET", "", users, func(c *call) (any, error) {
		if c.vars["system_id"] != s.regionID {
			return nil, notFound("RegionController")
		}
		return s.regionBody(), nil
	})
	t.on("version/", "GET", "", anybody, func(*call) (any, error) {
		a := jsonReply(200, s.versionBody())
		a.vary = "Authorization"
		return a, nil
	})
}
