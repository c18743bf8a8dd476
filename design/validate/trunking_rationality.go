package validate

import (
	"slices"

	"drydock/design"
)

var trunkingRationality = Rule{
	Code: "DD2004", Slug: "trunking-rationality", Title: "Network Trunking Rationalty", Level: design.LevelError,
	Why:   "a port without trunking carries one network, without a tag",
	Hint:  "a link without trunking carries one network, its default_network, without a tag; else set trunking.mode to 802.1q",
	check: checkTrunkingRationality,
}

func checkTrunkingRationality(r *run) {
	for _, l := range r.site.Links {
		if l.Trunked {
			continue
		}
		if len(l.AllowedNetworks) > 1 {
			r.found(r.at(design.KindNetworkLink, l.Name, "allowed_networks"), "%d networks are allowed, but trunking is disabled and takes one", len(l.AllowedNetworks))
		}
		if l.DefaultNetwork == "" {
			r.found(r.at(design.KindNetworkLink, l.Name, "trunking"), "trunking is disabled and there is no default_network")
			continue
		}
		if n := r.site.Network(l.DefaultNetwork); n != nil && n.VLAN != 0 {
			r.found(r.at(design.KindNetworkLink, l.Name, "trunking", "default_network"), "trunking is disabled, but default network %s has VLAN %d and must have none", n.Name, n.VLAN)
		}
	}
}

// carries reports whether a link allows a network.
func carries(l *design.NetworkLink, network string) bool {
	return slices.Contains(l.AllowedNetworks, network)
}
