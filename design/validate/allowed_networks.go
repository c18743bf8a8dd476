package validate

import "drydock/design"

var allowedNetworks = Rule{
	Code: "DD1007", Slug: "allowed-networks", Title: "Allowed Network Check", Level: design.LevelError, Profiles: true,
	Why:   "a network is carried by one fabric, and an interface reaches only what its switch port carries",
	Hint:  "each network is allowed on one link, and an interface has networks of its device_link only",
	check: checkAllowedNetworks,
}

func checkAllowedNetworks(r *run) {
	refs := r.linkReferences()
	owner := make(map[string]string)
	for _, l := range r.site.Links {
		for i, network := range l.AllowedNetworks {
			if first := owner[network]; first != "" {
				r.found(r.at(design.KindNetworkLink, l.Name, "allowed_networks", i), "network %s is also allowed on link %s", network, first)
				continue
			}
			owner[network] = l.Name
		}
	}
	for _, node := range r.nodes {
		for _, face := range node.Interfaces {
			path := []any{"interfaces", face.Name}
			switch {
			case face.LinkName == "" && len(face.Networks) > 0:
				r.found(r.of(node, append(path, "networks")...), "interface %s has networks but no device_link", face.Name)
			case face.LinkName != "" && face.Link == nil:
				refs.dangles(r.of(node, append(path, "device_link")...), face.LinkName, "device_link %q of interface %s is not in the design", face.LinkName, face.Name)
			case face.Link != nil:
				for i, network := range face.Networks {
					if r.site.Network(network) != nil && !carries(face.Link, network) {
						r.found(r.of(node, append(path, "networks", i)...), "link %s of interface %s does not allow network %s, only %s", face.LinkName, face.Name, network, listed(face.Link.AllowedNetworks))
					}
				}
			}
		}
	}
}
