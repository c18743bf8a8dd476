package maas

import (
	"strconv"
	"strings"
)

type domain struct {
	id            int
	name          string
	authoritative bool
	ttl           any
	isDefault     bool
}

func (s *Server) defaultDomain() *domain {
	for _, d := range s.net.domains {
		if d.isDefault {
			return d
		}
	}
	return s.net.domains[0]
}

func (s *Server) domainByName(name string) *domain {
	for _, d := range s.net.domains {
		if d.name == name {
			return d
		}
	}
	return nil
}

func (s *Server) domainBySpec(spec string) *domain {
	for _, d := range s.net.domains {
		if strconv.Itoa(d.id) == spec {
			return d
		}
	}
	return s.domainByName(strings.TrimPrefix(spec, "name:"))
}

func (s *Server) domainBody(d *domain) obj {
	n := 0
	for _, r := range s.net.names {
		if r.domain == d {
			n += len(r.ips)
		}
	}
	for _, r := range s.net.records {
		if r.domain == d {
			n++
		}
	}
	return obj{"authoritative": d.authoritative, "ttl": d.ttl, "id": d.id, "resource_record_count": n, "name": d.name,
		"is_default": d.isDefault, "resource_uri": text("%sdomains/%d/", apiRoot, d.id)}
}

func (s *Server) editDomain(c *call, target *domain, create bool) error {
	var v invalid
	draft := *target
	if name := strings.TrimSpace(c.get("name")); name != "" {
		if x := s.domainByName(name); x != nil && x != target {
			v.add("name", "Domain with this Name already exists.")
		}
		for _, label := range strings.Split(name, ".") {
			if !labelPattern.MatchString(label) {
				v.add("name", "Domain name contains invalid characters.")
				v.add("name", "Label contains disallowed characters: '%s'.", label)
				break
			}
		}
		draft.name = name
	} else if create {
		v.add("name", fieldRequired)
	}
	c.flagOf("authoritative", &draft.authoritative)
	if n, ok := c.number("ttl", &v); ok {
		if n < 1 || n > 604800 {
			v.add("ttl", "Ensure this value is less than or equal to 604800.")
		}
		draft.ttl = n
	} else if c.has("ttl") && c.get("ttl") == "" {
		draft.ttl = nil
	}
	if err := v.err(); err != nil {
		return err
	}
	*target = draft
	return nil
}

func (s *Server) routeDomains(t *router) {
	const all, one = "domains/", "domains/{id}/"
	t.on(all, "GET", "", users, func(*call) (any, error) { return listOf(s.net.domains, s.domainBody), nil })
	t.on(all, "POST", "", admins, func(c *call) (any, error) {
		d := &domain{authoritative: true}
		if err := s.editDomain(c, d, true); err != nil {
			return nil, err
		}
		d.id = s.id("domain")
		s.net.domains = append(s.net.domains, d)
		return s.domainBody(d), nil
	})
	t.missing(all, "POST", "set_serial")
	find := func(f func(*call, *domain) (any, error)) handler {
		return func(c *call) (any, error) {
			d := s.domainBySpec(c.vars["id"])
			if d == nil {
				return nil, notFound("Domain")
			}
			a, err := f(c, d)
			if a == nil && err == nil {
				return s.domainBody(d), nil
			}
			return a, err
		}
	}
	t.on(one, "GET", "", users, find(func(*call, *domain) (any, error) { return nil, nil }))
	t.on(one, "PUT", "", admins, find(func(c *call, d *domain) (any, error) { return nil, s.editDomain(c, d, false) }))
	t.on(one, "POST", "set_default", admins, find(func(_ *call, d *domain) (any, error) {
		s.defaultDomain().isDefault = false
		d.isDefault = true
		return nil, nil
	}))
	t.on(one, "DELETE", "", admins, find(func(_ *call, d *domain) (any, error) {
		if d.isDefault {
			return nil, refuse(400, "This domain is the default domain, it cannot be deleted.")
		}
		for _, r := range s.net.names {
			if r.domain == d {
				return nil, refuse(400, "There are resources in this domain")
			}
		}
		for _, m := range s.machines {
			if m.domain == d {
				m.domain = s.defaultDomain()
			}
		}
		s.net.domains = remove(s.net.domains, d)
		return noContent(), nil
	}))
}
