package validate

import "drydock/design"

var cidrOverlap = Rule{
	Code: "DD2014", Slug: "cidr-overlap", Title: "Overlap of networks", Level: design.LevelWarning,
	Why:   "an address in both networks is routed to one of them only",
	Hint:  "give each network an address space of its own",
	check: checkCIDROverlap,
}

func checkCIDROverlap(r *run) {
	for i, a := range r.site.Networks {
		for _, b := range r.site.Networks[:i] {
			// The same network twice is an error of its own, see duplicateCIDR.
			if a.CIDR.IsValid() && b.CIDR.IsValid() && a.CIDR != b.CIDR && a.CIDR.Overlaps(b.CIDR) {
				r.found(r.at(design.KindNetwork, a.Name, "cidr"), "%s overlaps with %s of network %s", a.CIDR, b.CIDR, b.Name)
			}
		}
	}
}
