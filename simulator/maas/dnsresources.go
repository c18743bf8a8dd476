package maas

import (
	"net/netip"
	"strings"
)

// dnsResource is a name with addresses, dnsRecord any other record of a name.
type dnsResource struct {
	id     int
	label  string
	domain *domain
	ttl    any
	ips    []*reservation
}

type dnsRecord struct {
	id     int
	label  string
	domain *domain
	kind   string
	data   string
	ttl    any
}

func (r *dnsResource) fqdn() string {
	if r.label == "@" {
		return r.domain.name
	}
	return r.label + "." + r.domain.name
}

func (s *Server) nameBody(r *dnsResource) obj {
	return obj{"address_ttl": r.ttl, "resource_records": []obj{}, "fqdn": r.fqdn(), "id": r.id,
		"ip_addresses": listOf(r.ips, s.reservationBody), "resource_uri": text("%sdnsresources/%d/", apiRoot, r.id)}
}

// generatedName is one of the names that the region serves without anybody having made them a resource.
func generatedName(fqdn string, systemID, nodeType any, id any, ips []string) obj {
	records := []obj{}
	var user any
	if id != nil {
		user = 1 // the database id of whoever reserved the addresses
	}
	for _, ip := range ips {
		kind := "A"
		if strings.Contains(ip, ":") {
			kind = "AAAA"
		}
		records = append(records, obj{"system_id": systemID, "node_type": nodeType, "user_id": user, "dnsresource_id": id,
			"ttl": nil, "rrtype": kind, "rrdata": ip, "dnsdata_id": nil})
	}
	return obj{"address_ttl": nil, "resource_records": records, "fqdn": fqdn, "id": -1, "ip_addresses": nil,
		"resource_uri": apiRoot + "dnsresources/-1/"}
}

func (s *Server) listNames(c *call) (any, error) {
	out := []obj{}
	if c.flag("all") {
		for _, r := range s.net.names {
			ips := []string{}
			for _, x := range r.ips {
				ips = append(ips, x.ip.String())
			}
			out = append(out, generatedName(r.fqdn(), nil, nil, r.id, ips))
		}
		for _, m := range s.machines {
			ips := []string{}
			for _, i := range m.interfaces {
				for _, l := range i.links {
					if l.ip.IsValid() {
						ips = append(ips, l.ip.String())
					}
				}
			}
			if len(ips) > 0 {
				out = append(out, generatedName(m.fqdn(), m.systemID, 0, nil, ips))
			}
		}
	}
	out = append(out, listOf(s.net.names, s.nameBody)...)
	kept := []obj{}
	for _, b := range out {
		fqdn := b["fqdn"].(string)
		label, rest, _ := strings.Cut(fqdn, ".")
		if d := c.get("domain"); d != "" && rest != d && fqdn != d {
			continue
		}
		if n := c.get("name"); n != "" && n != label {
			continue
		}
		kept = append(kept, b)
	}
	return kept, nil
}

// nameField reads fqdn, or name and domain.
func (s *Server) nameField(c *call, v *invalid) (string, *domain, error) {
	label, d := strings.TrimSpace(c.get("name")), s.defaultDomain()
	if fqdn := strings.TrimSpace(c.get("fqdn")); fqdn != "" {
		if d = s.domainByName(fqdn); d != nil {
			return "@", d, nil
		}
		var rest string
		label, rest, _ = strings.Cut(fqdn, ".")
		if d = s.domainByName(rest); d == nil {
			return "", nil, notFound("Domain")
		}
		return label, d, nil
	}
	if x := c.get("domain"); x != "" {
		if d = s.domainBySpec(x); d == nil {
			return "", nil, notFound("Domain")
		}
	}
	if label == "" {
		v.add("name", fieldRequired)
	}
	return label, d, nil
}

func (s *Server) editAddresses(c *call, r *dnsResource, v *invalid) []netip.Addr {
	var out []netip.Addr
	for _, x := range c.words("ip_addresses") {
		ip, err := netip.ParseAddr(x)
		if err != nil {
			v.add("ip_addresses", "Enter a valid IPv4 or IPv6 address.")
		}
		out = append(out, ip)
	}
	return out
}

// setAddresses reserves what is new for the user and frees what is no longer used.
func (s *Server) setAddresses(u *user, r *dnsResource, ips []netip.Addr) {
	for _, old := range r.ips {
		s.net.reserved = remove(s.net.reserved, old)
	}
	r.ips = nil
	for _, ip := range ips {
		r.ips = append(r.ips, s.reserve(ip, u))
	}
}

func (s *Server) routeNames(t *router) {
	const all, one = "dnsresources/", "dnsresources/{id}/"
	t.on(all, "GET", "", users, s.listNames)
	t.on(all, "POST", "", users, func(c *call) (any, error) {
		var v invalid
		label, d, err := s.nameField(c, &v)
		if err != nil {
			return nil, err
		}
		for _, r := range s.net.names {
			if r.label == label && r.domain == d {
				v.add(fieldAll, "Labels must be unique within their zone.")
			}
		}
		r := &dnsResource{label: label, domain: d}
		ips := s.editAddresses(c, r, &v)
		if n, ok := c.number("address_ttl", &v); ok {
			r.ttl = n
		}
		if err := v.err(); err != nil {
			return nil, err
		}
		r.id = s.id("dnsresource")
		s.setAddresses(c.user, r, ips)
		s.net.names = append(s.net.names, r)
		return s.nameBody(r), nil
	})
	find := func(f func(*call, *dnsResource) (any, error)) handler {
		return func(c *call) (any, error) {
			for _, r := range s.net.names {
				if r.id == c.idVar("id") {
					return f(c, r)
				}
			}
			return nil, notFound("DNSResource")
		}
	}
	t.on(one, "GET", "", users, find(func(_ *call, r *dnsResource) (any, error) { return s.nameBody(r), nil }))
	t.on(one, "PUT", "", users, find(func(c *call, r *dnsResource) (any, error) {
		var v invalid
		ips := s.editAddresses(c, r, &v)
		if n, ok := c.number("address_ttl", &v); ok {
			r.ttl = n
		}
		if err := v.err(); err != nil {
			return nil, err
		}
		if c.has("ip_addresses") {
			s.setAddresses(c.user, r, ips)
		}
		return s.nameBody(r), nil
	}))
	t.on(one, "DELETE", "", users, find(func(c *call, r *dnsResource) (any, error) {
		s.setAddresses(c.user, r, nil)
		s.net.names = remove(s.net.names, r)
		return noContent(), nil
	}))
	s.routeRecords(t)
}

func (s *Server) recordBody(r *dnsRecord) obj {
	return obj{"ttl": r.ttl, "rrtype": r.kind, "rrdata": r.data, "fqdn": (&dnsResource{label: r.label, domain: r.domain}).fqdn(),
		"id": r.id, "resource_uri": text("%sdnsresourcerecords/%d/", apiRoot, r.id)}
}

var recordKinds = []string{"CNAME", "MX", "NS", "SRV", "SSHFP", "TXT"}

func (s *Server) routeRecords(t *router) {
	const all, one = "dnsresourcerecords/", "dnsresourcerecords/{id}/"
	t.on(all, "GET", "", users, func(*call) (any, error) { return listOf(s.net.records, s.recordBody), nil })
	edit := func(c *call, r *dnsRecord, v *invalid) {
		c.textOf("rrdata", &r.data)
		if k := strings.ToUpper(c.get("rrtype")); k != "" {
			if !contains(recordKinds, k) {
				v.add("rrtype", "%s is not one of %s.", k, strings.Join(recordKinds, " "))
			}
			r.kind = k
		}
		if n, ok := c.number("ttl", v); ok {
			r.ttl = n
		}
	}
	t.on(all, "POST", "", users, func(c *call) (any, error) {
		var v invalid
		label, d, err := s.nameField(c, &v)
		if err != nil {
			return nil, err
		}
		c.required(&v, "rrtype", "rrdata")
		r := &dnsRecord{label: label, domain: d}
		edit(c, r, &v)
		if err := v.err(); err != nil {
			return nil, err
		}
		r.id = s.id("dnsrecord")
		s.net.records = append(s.net.records, r)
		return s.recordBody(r), nil
	})
	find := func(f func(*call, *dnsRecord) (any, error)) handler {
		return func(c *call) (any, error) {
			for _, r := range s.net.records {
				if r.id == c.idVar("id") {
					return f(c, r)
				}
			}
			return nil, notFound("DNSData")
		}
	}
	t.on(one, "GET", "", users, find(func(_ *call, r *dnsRecord) (any, error) { return s.recordBody(r), nil }))
	t.on(one, "PUT", "", users, find(func(c *call, r *dnsRecord) (any, error) {
		var v invalid
		draft := *r
		edit(c, &draft, &v)
		if err := v.err(); err != nil {
			return nil, err
		}
		*r = draft
		return s.recordBody(r), nil
	}))
	t.on(one, "DELETE", "", users, find(func(_ *call, r *dnsRecord) (any, error) {
		s.net.records = remove(s.net.records, r)
		return noContent(), nil
	}))
}
