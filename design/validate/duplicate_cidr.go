package validate

import (
	"net/netip"

	"drydock/design"
)

var duplicateCIDR = Rule{
	Code: "DD2020", Slug: "duplicate-cidr", Title: "Networks with one CIDR", Level: design.LevelError,
	Why:   "a bootstrapper keeps one subnet per CIDR: the second network would change the first",
	Hint:  "give each network a CIDR of its own, or name one Network in both places",
	check: checkDuplicateCIDR,
}

func checkDuplicateCIDR(r *run) {
	owner := make(map[netip.Prefix]string)
	for _, n := range r.site.Networks {
		if !n.CIDR.IsValid() {
			continue
		}
		if first, taken := owner[n.CIDR]; taken {
			r.found(r.at(design.KindNetwork, n.Name, "cidr"), "%s is also the CIDR of network %s", n.CIDR, first)
			continue
		}
		owner[n.CIDR] = n.Name
	}
}
