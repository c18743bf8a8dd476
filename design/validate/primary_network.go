package validate

import (
	"slices"

	"drydock/design"
)

var primaryNetwork = Rule{
	Code: "DD1023", Slug: "primary-network", Title: "Primary network", Level: design.LevelWarning,
	Hint:  "the primary network gives the default gateway and the domain, so the node has to be on it",
	check: checkPrimaryNetwork,
}

func checkPrimaryNetwork(r *run) {
	for _, node := range r.nodes {
		if node.PrimaryNetwork == "" {
			r.found(r.of(node), "the node has no primary network; its domain is %q and it gets no default gateway", node.Domain)
			continue
		}
		on := slices.ContainsFunc(node.Interfaces, func(i design.Interface) bool { return slices.Contains(i.Networks, node.PrimaryNetwork) })
		if _, addressed := node.Address(node.PrimaryNetwork); !on || !addressed {
			r.found(r.of(node), "the node has no interface with an address on its primary network %s", node.PrimaryNetwork)
		}
	}
}
