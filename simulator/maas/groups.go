package maas

import "strings"

// zone is an availability zone, pool a resource pool: names to sort machines by.
type zone struct {
	id                int
	name, description string
}

type pool struct {
	id                int
	name, description string
}

func (z *zone) body() obj {
	return obj{"name": z.name, "description": z.description, "id": z.id, "resource_uri": apiRoot + "zones/" + z.name + "/"}
}

func (p *pool) body() obj {
	return obj{"name": p.name, "description": p.description, "id": p.id, "resource_uri": text("%sresourcepool/%d/", apiRoot, p.id)}
}

func (s *Server) zoneByName(name string) *zone {
	for _, z := range s.zones {
		if z.name == name {
			return z
		}
	}
	return nil
}

func (s *Server) poolByName(name string) *pool {
	for _, p := range s.pools {
		if p.name == name {
			return p
		}
	}
	return nil
}

// groupName reads the name of a zone or pool; taken is what to say of one that exists.
func groupName(c *call, old string, exists bool, taken string) (string, error) {
	name := strings.TrimSpace(c.get("name"))
	switch {
	case name == "" && old == "":
		return "", badField("name", fieldRequired)
	case name == "":
		return old, nil
	case name != old && exists:
		return "", badField("name", "%s", taken)
	case !fabricName.MatchString(strings.ReplaceAll(name, ".", "-")):
		return "", badField("name", "Invalid name.")
	}
	return name, nil
}

func (s *Server) routeZones(t *router) {
	const all, one, taken = "zones/", "zones/{name}/", "Physical zone with this Name already exists."
	t.on(all, "GET", "", users, func(*call) (any, error) { return listOf(s.zones, (*zone).body), nil })
	t.on(all, "POST", "", admins, func(c *call) (any, error) {
		name, err := groupName(c, "", s.zoneByName(c.get("name")) != nil, taken)
		if err != nil {
			return nil, err
		}
		z := &zone{id: s.id("zone"), name: name, description: c.get("description")}
		s.zones = append(s.zones, z)
		return z.body(), nil
	})
	t.on(one, "GET", "", users, func(c *call) (any, error) {
		if z := s.zoneByName(c.vars["name"]); z != nil {
			return z.body(), nil
		}
		return nil, notFound("Zone")
	})
	t.on(one, "PUT", "", admins, func(c *call) (any, error) {
		z := s.zoneByName(c.vars["name"])
		if z == nil {
			return nil, notFound("Zone")
		}
		name, err := groupName(c, z.name, s.zoneByName(c.get("name")) != nil, taken)
		if err != nil {
			return nil, err
		}
		z.name = name
		c.textOf("description", &z.description)
		return z.body(), nil
	})
	t.on(one, "DELETE", "", admins, func(c *call) (any, error) {
		z := s.zoneByName(c.vars["name"])
		switch {
		case z == nil: // deleting what is not there succeeds, as at a real region
			return noContent(), nil
		case z == s.zones[0]:
			return nil, refuse(400, "This zone is the default zone, it cannot be deleted.")
		}
		s.zones = remove(s.zones, z)
		for _, m := range s.machines {
			if m.zone == z {
				m.zone = s.zones[0]
			}
		}
		return noContent(), nil
	})
}

func (s *Server) routePools(t *router) {
	const all, one, taken = "resourcepools/", "resourcepool/{id}/", "Resource pool with this Name already exists."
	t.on(all, "GET", "", users, func(*call) (any, error) { return listOf(s.pools, (*pool).body), nil })
	t.on(all, "POST", "", admins, func(c *call) (any, error) {
		name, err := groupName(c, "", s.poolByName(c.get("name")) != nil, taken)
		if err != nil {
			return nil, err
		}
		p := &pool{id: s.id("pool"), name: name, description: c.get("description")}
		s.pools = append(s.pools, p)
		return p.body(), nil
	})
	find := func(f func(*call, *pool) (any, error)) handler {
		return func(c *call) (any, error) {
			for _, p := range s.pools {
				if p.id == c.idVar("id") {
					return f(c, p)
				}
			}
			return nil, notFound("ResourcePool")
		}
	}
	t.on(one, "GET", "", users, find(func(_ *call, p *pool) (any, error) { return p.body(), nil }))
	t.on(one, "PUT", "", admins, find(func(c *call, p *pool) (any, error) {
		name, err := groupName(c, p.name, s.poolByName(c.get("name")) != nil, taken)
		if err != nil {
			return nil, err
		}
		p.name = name
		c.textOf("description", &p.description)
		return p.body(), nil
	}))
	t.on(one, "DELETE", "", admins, find(func(_ *call, p *pool) (any, error) {
		if p == s.pools[0] {
			return nil, refuse(400, "This is the default pool, it cannot be deleted.")
		}
		for _, m := range s.machines {
			if m.pool == p {
				return nil, refuse(400, "Resource pool %s has machines associated, it cannot be deleted.", p.name)
			}
		}
		s.pools = remove(s.pools, p)
		return noContent(), nil
	}))
}
