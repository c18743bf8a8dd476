package validate

import "drydock/design"

var networkReferences = Rule{
	Code: "DD1021", Slug: "network-references", Title: "References to networks", Level: design.LevelError, Profiles: true,
	Why:   "a reference to a network that is not there configures nothing",
	Hint:  "name a Network document of the design",
	check: checkNetworkReferences,
}

func checkNetworkReferences(r *run) {
	refs := r.networkReferences()
	missing := func(name string) bool { return name != "" && r.site.Network(name) == nil }
	for _, l := range r.site.Links {
		for i, name := range l.AllowedNetworks {
			if missing(name) {
				refs.dangles(r.at(design.KindNetworkLink, l.Name, "allowed_networks", i), name, "allowed network %q is not in the design", name)
			}
		}
		if missing(l.DefaultNetwork) {
			refs.dangles(r.at(design.KindNetworkLink, l.Name, "trunking", "default_network"), l.DefaultNetwork, "default network %q is not in the design", l.DefaultNetwork)
		} else if l.DefaultNetwork != "" && !carries(l, l.DefaultNetwork) {
			r.found(r.at(design.KindNetworkLink, l.Name, "trunking", "default_network"), "default network %s is not among the allowed networks %s", l.DefaultNetwork, listed(l.AllowedNetworks))
		}
	}
	for _, rack := range r.site.Racks {
		for i, name := range rack.LocalNetworks {
			if missing(name) {
				refs.dangles(r.at(design.KindRack, rack.Name, "local_networks", i), name, "local network %q is not in the design", name)
			}
		}
	}
	for _, node := range r.nodes {
		if missing(node.PrimaryNetwork) {
			refs.dangles(r.of(node, "primary_network"), node.PrimaryNetwork, "primary network %q is not in the design", node.PrimaryNetwork)
		}
		if missing(node.OOB.Network) {
			refs.dangles(r.of(node, "oob", "network"), node.OOB.Network, "out-of-band network %q is not in the design", node.OOB.Network)
		}
		for _, face := range node.Interfaces {
			for i, name := range face.Networks {
				if missing(name) {
					refs.dangles(r.of(node, "interfaces", face.Name, "networks", i), name, "network %q of interface %s is not in the design", name, face.Name)
				}
			}
		}
	}
}
