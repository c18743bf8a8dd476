package validate

import (
	"net/netip"

	"drydock/design"
)

var dynamicAddress = Rule{
	Code: "DD2016", Slug: "dynamic-address", Title: "Fixed addresses in DHCP ranges", Level: design.LevelError,
	Why:   "the DHCP server hands out the addresses of a dhcp range to others",
	Hint:  "keep addresses of nodes and gateways out of dhcp ranges, from which the DHCP server hands them to others",
	check: checkDynamicAddress,
}

func checkDynamicAddress(r *run) {
	for _, n := range r.site.Networks {
		for i := range routes(r, n) {
			if a, ok := dynamicRange(n, n.Routes[i].Gateway); ok {
				r.found(r.at(design.KindNetwork, n.Name, "routes", i, "gateway"), "gateway %s is in the dhcp range %s to %s", n.Routes[i].Gateway, a.Start, a.End)
			}
		}
	}
	for _, node := range r.nodes {
		for i, e := range addressing(r, node) {
			network := r.site.Network(e.network)
			if network == nil {
				continue
			}
			if a, ok := dynamicRange(network, e.ip); ok {
				r.found(r.of(node, "addressing", i, "address"), "%s is in the dhcp range %s to %s of network %s", e.ip, a.Start, a.End, network.Name)
			}
		}
	}
}

func dynamicRange(n *design.Network, ip netip.Addr) (design.Range, bool) {
	for _, a := range n.Ranges {
		if a.Type == design.RangeDHCP && ip.IsValid() && a.Start.IsValid() && a.End.IsValid() && !ip.Less(a.Start) && !a.End.Less(ip) {
			return a, true
		}
	}
	return design.Range{}, false
}
