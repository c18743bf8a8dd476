package validate

import (
	"net/netip"

	"drydock/design"
)

var rangeValidity = Rule{
	Code: "DD2015", Slug: "range-validity", Title: "Address ranges", Level: design.LevelError,
	Why:   "the bootstrapper refuses ranges that leave their network or share addresses",
	Hint:  "a range runs upward, lies in the network, and shares no address with another dhcp or reserved range",
	check: checkRangeValidity,
}

func checkRangeValidity(r *run) {
	for _, n := range r.site.Networks {
		for i, a := range n.Ranges {
			if !a.Start.IsValid() || !a.End.IsValid() {
				continue // malformed, which was reported when it was read
			}
			outside(r, n, i, "start", a.Start)
			outside(r, n, i, "end", a.End)
			if a.End.Less(a.Start) {
				r.found(r.at(design.KindNetwork, n.Name, "ranges", i, "end"), "the %s range ends at %s before it starts at %s", a.Type, a.End, a.Start)
				continue
			}
			// Static ranges are for people only; the others become ranges of the bootstrapper, which refuses an overlap.
			for j, b := range n.Ranges[:i] {
				if a.Type == design.RangeStatic || b.Type == design.RangeStatic || !b.Start.IsValid() || !b.End.IsValid() {
					continue
				}
				if !a.End.Less(b.Start) && !b.End.Less(a.Start) {
					r.found(r.at(design.KindNetwork, n.Name, "ranges", i, "start"), "the %s range %s to %s overlaps with the %s range number %d", a.Type, a.Start, a.End, b.Type, j+1)
				}
			}
		}
	}
}

func outside(r *run, n *design.Network, i int, key string, ip netip.Addr) {
	if n.CIDR.IsValid() && !n.CIDR.Contains(ip) {
		r.found(r.at(design.KindNetwork, n.Name, "ranges", i, key), "the %s of the %s range, %s, is outside of %s", key, n.Ranges[i].Type, ip, n.CIDR)
	}
}
