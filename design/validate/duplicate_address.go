package validate

import (
	"net/netip"

	"drydock/design"
)

var duplicateAddress = Rule{
	Code: "DD2005", Slug: "duplicate-address", Title: "Duplicated IP Check", Level: design.LevelError,
	Why:   "two machines with one address take each other's traffic",
	Hint:  "each static address belongs to one node",
	check: checkDuplicateAddress,
}

// Addresses are compared as numbers: fd00::1 and fd00:0::1 are one address.
func checkDuplicateAddress(r *run) {
	type owner struct{ node, network string }
	owners := make(map[netip.Addr]owner)
	for _, node := range r.nodes {
		for i, a := range addressing(r, node) {
			if !a.ip.IsValid() {
				continue
			}
			if first, taken := owners[a.ip]; taken {
				r.found(r.of(node, "addressing", i, "address"), "%s is taken by node %s on network %s", a.ip, first.node, first.network)
				continue
			}
			owners[a.ip] = owner{node.Name, a.network}
		}
	}
}
