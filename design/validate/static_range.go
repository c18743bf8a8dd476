package validate

import (
	"fmt"
	"net/netip"
	"strings"

	"drydock/design"
)

// Static ranges are documentation to the bootstrapper, so an address outside of them works; it is not what was agreed upon.
var staticRange = Rule{
	Code: "DD2022", Slug: "static-range", Title: "Addresses outside the static ranges", Level: design.LevelWarning,
	Why:   "the static ranges of a network are what its administrators set aside for nodes",
	Hint:  "take an address of a static range, or extend the range",
	check: checkStaticRange,
}

func checkStaticRange(r *run) {
	for _, node := range r.nodes {
		for i, a := range addressing(r, node) {
			network := r.site.Network(a.network)
			if network == nil || !a.ip.IsValid() || !network.CIDR.Contains(a.ip) || reservedFor(network, a.ip) != "" {
				continue // an error of another rule
			}
			if _, dynamic := dynamicRange(network, a.ip); dynamic {
				continue
			}
			if declared := outsideOf(network, a.ip); declared != "" {
				r.found(r.of(node, "addressing", i, "address"), "%s is outside of the static ranges of network %s, %s", a.ip, network.Name, declared)
			}
		}
	}
}

// outsideOf lists the static ranges of a network; "" when one has the address, or when there is none.
func outsideOf(n *design.Network, ip netip.Addr) string {
	var declared []string
	for _, s := range n.Ranges {
		if s.Type != design.RangeStatic || !s.Start.IsValid() || !s.End.IsValid() {
			continue
		}
		if !ip.Less(s.Start) && !s.End.Less(ip) {
			return ""
		}
		declared = append(declared, fmt.Sprintf("%s to %s", s.Start, s.End))
	}
	return strings.Join(declared, ", ")
}
