package validate

import (
	"slices"

	"drydock/design"
)

var primaryNetwork = Rule{
	Code: "DD1023", Slug: "primary-network", Title: "Primary network", Level: design.LevelWarning,
	Why:   "the primary network gives the default gateway and the domain",
	Hint:  "name a primary_network, and give the node an interface and an address on it",
	check: checkPrimaryNetwork,
}

func checkPrimaryNetwork(r *run) {
	nameless := func(s subject) bool { return s.PrimaryNetwork == "" }
	detached := func(s subject) bool {
		return !slices.ContainsFunc(s.Interfaces, func(i design.Interface) bool { return slices.Contains(i.Networks, s.PrimaryNetwork) })
	}
	noName, noInterface := r.family(nameless), r.family(detached)
	for _, node := range r.nodes {
		_, addressed := node.Address(node.PrimaryNetwork)
		switch {
		case nameless(node):
			r.found(noName.place(node, "primary_network"), "no primary network is given; the domain is %q and there is no default gateway", node.Domain)
		case r.site.Network(node.PrimaryNetwork) == nil:
			// A reference to nothing is reported as such.
		case detached(node):
			r.found(noInterface.place(node), "no interface has the primary network %s", node.PrimaryNetwork)
		case !addressed:
			r.found(r.of(node, "addressing"), "the node has no address on its primary network %s", node.PrimaryNetwork)
		}
	}
}
