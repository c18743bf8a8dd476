package validate

import "drydock/design"

var vlanReuse = Rule{
	Code: "DD2018", Slug: "vlan-reuse", Title: "VLAN tags on a link", Level: design.LevelError,
	Why:   "two networks with one tag on one link are one broadcast domain",
	Hint:  "give each network of a link a tag of its own; one may be untagged, the default_network",
	check: checkVLANReuse,
}

func checkVLANReuse(r *run) {
	for _, l := range r.site.Links {
		owners := make(map[int]string)
		for _, name := range l.AllowedNetworks {
			n := r.site.Network(name)
			switch {
			case n == nil:
			case n.VLAN == 0:
				if l.Trunked && name != l.DefaultNetwork {
					r.warn(r.at(design.KindNetwork, name), "the network has no VLAN tag and is not the default network of its trunked link %s", l.Name)
				}
			case owners[n.VLAN] != "" && owners[n.VLAN] != name:
				r.found(r.at(design.KindNetwork, name, "vlan"), "VLAN %d of link %s is also that of network %s", n.VLAN, l.Name, owners[n.VLAN])
			default:
				owners[n.VLAN] = name
			}
		}
	}
}
