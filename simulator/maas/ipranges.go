package maas

import (
	"math/big"
	"net/netip"
	"sort"
	"strings"
)

const (
	rangeDynamic  = "dynamic"
	rangeReserved = "reserved"
)

type ipRange struct {
	id         int
	kind       string
	start, end netip.Addr
	subnet     *subnet
	user       *user
	comment    string
}

func (r *ipRange) contains(ip netip.Addr) bool { return !ip.Less(r.start) && !r.end.Less(ip) }

func (s *Server) rangeBody(r *ipRange) obj {
	b := obj{"subnet": s.subnetBody(r.subnet), "type": r.kind, "start_ip": r.start.String(), "end_ip": r.end.String(),
		"user": nil, "comment": r.comment, "id": r.id, "resource_uri": text("%sipranges/%d/", apiRoot, r.id)}
	if r.user != nil {
		b["user"] = r.user.body()
	}
	return b
}

func (s *Server) routeRanges(t *router) {
	const all, one = "ipranges/", "ipranges/{id}/"
	t.on(all, "GET", "", users, func(*call) (any, error) { return listOf(s.net.ranges, s.rangeBody), nil })
	t.on(all, "POST", "", users, func(c *call) (any, error) {
		if c.get("type") == rangeDynamic && !c.user.admin {
			return nil, refuse(403, "Unable to create dynamic IP range. You don't have sufficient privileges.")
		}
		r := &ipRange{user: c.user}
		if err := s.editRange(c, r, true); err != nil {
			return nil, err
		}
		r.id = s.id("iprange")
		s.net.ranges = append(s.net.ranges, r)
		return s.rangeBody(r), nil
	})
	find := func(f func(*call, *ipRange) (any, error)) handler {
		return func(c *call) (any, error) {
			for _, r := range s.net.ranges {
				if r.id == c.idVar("id") {
					if !c.user.admin && r.user != c.user && c.request.Method != "GET" {
						return nil, refuse(403, "Unauthorized")
					}
					return f(c, r)
				}
			}
			return nil, notFound("IPRange")
		}
	}
	t.on(one, "GET", "", users, find(func(_ *call, r *ipRange) (any, error) { return s.rangeBody(r), nil }))
	t.on(one, "PUT", "", users, find(func(c *call, r *ipRange) (any, error) {
		if err := s.editRange(c, r, false); err != nil {
			return nil, err
		}
		return s.rangeBody(r), nil
	}))
	t.on(one, "DELETE", "", users, find(func(_ *call, r *ipRange) (any, error) {
		s.net.ranges = remove(s.net.ranges, r)
		return noContent(), nil
	}))
}

func (s *Server) editRange(c *call, target *ipRange, create bool) error {
	var v invalid
	draft := *target
	if create {
		c.required(&v, "type", "start_ip", "end_ip")
	}
	if k := c.get("type"); k != "" {
		draft.kind = k
		if k != rangeDynamic && k != rangeReserved {
			v.add("type", noSuchChoice, k)
		}
	}
	for field, into := range map[string]*netip.Addr{"start_ip": &draft.start, "end_ip": &draft.end} {
		if x := strings.TrimSpace(c.get(field)); x != "" {
			ip, err := netip.ParseAddr(x)
			if err != nil {
				v.add(field, "Enter a valid IPv4 or IPv6 address.")
			}
			*into = ip
		}
	}
	c.textOf("comment", &draft.comment)
	if x := c.get("subnet"); x != "" {
		if draft.subnet = s.subnetBySpec(x); draft.subnet == nil {
			v.add("subnet", noThatChoice)
		}
	}
	if err := v.err(); err != nil {
		return err
	}
	if draft.subnet == nil {
		if draft.subnet = s.narrowest(draft.start); draft.subnet == nil {
			return badField(fieldAll, "Unable to find a subnet that contains the range.")
		}
	}
	s.checkRange(target, &draft, &v)
	if err := v.err(); err != nil {
		return err
	}
	*target = draft
	return nil
}

func (s *Server) checkRange(target, r *ipRange, v *invalid) {
	in := r.subnet.cidr
	switch start, end := in.Contains(r.start), in.Contains(r.end); {
	case !start && !end:
		v.add("start_ip", "IP addresses must be within subnet: %s.", in)
		v.add("end_ip", "IP addresses must be within subnet: %s.", in)
	case !start:
		v.add("start_ip", "Start IP address must be within subnet: %s.", in)
	case !end:
		v.add("end_ip", "End IP address must be within subnet: %s.", in)
	case r.end.Less(r.start):
		v.add("end_ip", "End IP address must not be less than Start IP address.")
	default:
		for _, x := range s.net.ranges {
			if x != target && x.subnet == r.subnet && !r.end.Less(x.start) && !x.end.Less(r.start) {
				message := text("Requested %s range conflicts with an existing range.", r.kind)
				v.add("start_ip", "%s", message)
				v.add("end_ip", "%s", message)
				return
			}
		}
	}
}

// narrowest is the smallest subnet that contains an address.
func (s *Server) narrowest(ip netip.Addr) *subnet {
	var best *subnet
	for _, x := range s.net.subnets {
		if x.cidr.Contains(ip) && (best == nil || x.cidr.Bits() > best.cidr.Bits()) {
			best = x
		}
	}
	return best
}

// span is a run of addresses with what it is used for.
type span struct {
	start, end netip.Addr
	purpose    string
}

func count(a, b netip.Addr) int {
	x, y := new(big.Int).SetBytes(a.AsSlice()), new(big.Int).SetBytes(b.AsSlice())
	n := y.Sub(y, x)
	if !n.IsInt64() || n.Int64() >= 1<<62 {
		return 1 << 62
	}
	return int(n.Int64()) + 1
}

// spans are the used runs of a subnet, sorted and without overlaps.
func (s *Server) spans(x *subnet) []span {
	var out []span
	if x.gateway.IsValid() && x.cidr.Contains(x.gateway) {
		out = append(out, span{x.gateway, x.gateway, "gateway-ip"})
	}
	for _, d := range x.servers {
		if ip, err := netip.ParseAddr(d); err == nil && x.cidr.Contains(ip) && ip != x.gateway {
			out = append(out, span{ip, ip, "dns-server"})
		}
	}
	for _, r := range s.net.ranges {
		if r.subnet == x {
			out = append(out, span{r.start, r.end, r.kind})
		}
	}
	for _, a := range s.addressesIn(x) {
		out = append(out, span{a, a, "assigned-ip"})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].start.Less(out[j].start) })
	var merged []span
	for _, y := range out {
		if n := len(merged); n > 0 && !merged[n-1].end.Less(y.start) {
			continue
		}
		merged = append(merged, y)
	}
	return merged
}

func (s *Server) addressesIn(x *subnet) []netip.Addr {
	var out []netip.Addr
	for _, m := range append([]*machine{s.net.rack}, s.machines...) {
		for _, i := range m.interfaces {
			for _, l := range i.links {
				if l.ip.IsValid() && x.cidr.Contains(l.ip) {
					out = append(out, l.ip)
				}
			}
		}
	}
	for _, r := range s.net.reserved {
		if x.cidr.Contains(r.ip) {
			out = append(out, r.ip)
		}
	}
	return out
}

func (s *Server) usable(x *subnet) (first, last netip.Addr) {
	first, last = x.cidr.Addr(), lastAddr(x.cidr)
	if first.Is4() && x.cidr.Bits() < 31 {
		first, last = first.Next(), last.Prev()
	}
	return first, last
}

func (s *Server) free(x *subnet) []span {
	first, last := s.usable(x)
	var out []span
	for _, u := range s.spans(x) {
		if first.Less(u.start) {
			out = append(out, span{start: first, end: u.start.Prev()})
		}
		if !u.end.Less(first) {
			first = u.end.Next()
		}
	}
	if first.IsValid() && !last.Less(first) {
		out = append(out, span{start: first, end: last})
	}
	return out
}

func (s *Server) unreservedRanges(_ *call, x *subnet) (any, error) {
	return listOf(s.free(x), func(f span) obj {
		return obj{"start": f.start.String(), "end": f.end.String(), "num_addresses": count(f.start, f.end)}
	}), nil
}

func (s *Server) reservedRanges(_ *call, x *subnet) (any, error) {
	return listOf(s.spans(x), func(f span) obj {
		return obj{"start": f.start.String(), "end": f.end.String(), "num_addresses": count(f.start, f.end), "purpose": []string{f.purpose}}
	}), nil
}

func (s *Server) subnetStatistics(_ *call, x *subnet) (any, error) {
	first, last := s.usable(x)
	total, available, largest := count(first, last), 0, 0
	for _, f := range s.free(x) {
		n := count(f.start, f.end)
		available += n
		largest = max(largest, n)
	}
	usage := float64(total-available) / float64(total)
	return obj{"num_available": available, "largest_available": largest, "num_unavailable": total - available,
		"total_addresses": total, "usage": usage, "usage_string": text("%.0f%%", usage*100),
		"available_string": text("%.0f%%", 100-usage*100), "first_address": first.String(), "last_address": last.String(),
		"ip_version": ipVersion(first)}, nil
}

func (s *Server) subnetAddresses(_ *call, x *subnet) (any, error) {
	out := []obj{}
	for _, m := range s.machines {
		for _, i := range m.interfaces {
			for _, l := range i.links {
				if l.ip.IsValid() && x.cidr.Contains(l.ip) {
					out = append(out, obj{"ip": l.ip.String(), "alloc_type": 1,
						"node_summary": obj{"system_id": m.systemID, "hostname": m.hostname, "fqdn": m.fqdn(), "via": i.name}})
				}
			}
		}
	}
	return out, nil
}
