package validate

import (
	"net/netip"

	"drydock/design"
)

var reservedAddress = Rule{
	Code: "DD2021", Slug: "reserved-address", Title: "Addresses that no node can have", Level: design.LevelError,
	Why:   "the first and last address of a network, and those of its gateways, belong to nobody or to a router",
	Hint:  "give the node another address of the network",
	check: checkReservedAddress,
}

func checkReservedAddress(r *run) {
	for _, node := range r.nodes {
		for i, a := range addressing(r, node) {
			network := r.site.Network(a.network)
			if network == nil || !a.ip.IsValid() {
				continue
			}
			if what := reservedFor(network, a.ip); what != "" {
				r.found(r.of(node, "addressing", i, "address"), "%s is the %s of network %s (%s)", a.ip, what, network.Name, network.CIDR)
			}
		}
	}
}

// reservedFor says what an address of a network stands for; "" when a node can have it.
func reservedFor(n *design.Network, ip netip.Addr) string {
	for _, route := range n.Routes {
		if route.Gateway == ip {
			return "gateway address"
		}
	}
	// Networks of one or two addresses have neither (RFC 3021, RFC 6164).
	if !n.CIDR.IsValid() || n.CIDR.Addr().BitLen()-n.CIDR.Bits() < 2 {
		return ""
	}
	switch {
	case ip == n.CIDR.Addr():
		return "network address"
	case ip.Is4() && ip == lastOf(n.CIDR):
		return "broadcast address"
	}
	return ""
}

// lastOf is the last address of an IPv4 network.
func lastOf(p netip.Prefix) netip.Addr {
	last := p.Addr().As4()
	for bit := p.Bits(); bit < 32; bit++ {
		last[bit/8] |= 0x80 >> (bit % 8)
	}
	return netip.AddrFrom4(last)
}
